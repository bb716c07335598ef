"""reserved-words: names that languages and databases keep for themselves are avoided."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from pydantic import Field

from decapolis_policies.rule import Change, Fault, Rule, RuleOptions

_WORDS: Final = {
    "java": "abstract assert boolean break byte case catch char class const continue default do double else enum extends "
    "false final finally float for goto if implements import instanceof int interface long native new null package "
    "private protected public return short static strictfp super switch synchronized this throw throws transient true "
    "try void volatile while",
    "python": "False None True and as assert async await break class continue def del elif else except finally for from "
    "global if import in is lambda nonlocal not or pass raise return try while with yield",
    "sql": "all alter and any as asc between by case check column constraint create cross current_date current_time "
    "current_timestamp default delete desc distinct drop else end exists false for foreign from full grant group having "
    "in inner insert into is join left like limit not null on or order outer primary references revoke right rows select "
    "set some table then to true union unique update user using values view when where with",
}


class Options(RuleOptions):
    """Whose words are reserved, and which more."""

    languages: list[Literal["java", "python", "sql"]] = Field(
        default=["sql"], description="languages whose words are reserved; case counts but for sql"
    )
    words: list[str] = Field(default_factory=list, description="more words, in any case")


def check(change: Change, options: Options) -> Iterator[Fault]:
    """A fault for each type and field with a reserved name."""
    exact = {word: name for name in options.languages if name != "sql" for word in _WORDS[name].split()}
    any_case = {word.lower(): "this policy" for word in options.words}
    if "sql" in options.languages:
        any_case |= dict.fromkeys(_WORDS["sql"].split(), "sql")
    names = [(each.path, each.simple_name) for each in change.outline.types]
    names += [(each.path, each.name) for each in change.outline.fields]
    for path, name in dict.fromkeys(names):
        owner = exact.get(name) or any_case.get(name.lower())
        if owner is not None:
            yield Fault(path, f"the name '{name}' is a reserved word of {owner}")


rule = Rule("reserved-words", "Reserved words are not used as names.", Options, check)
