"""size-limit: a schema's text stays small."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from decapolis_policies.rule import Change, Fault, Rule, RuleOptions


class Options(RuleOptions):
    """How large a text may be."""

    characters: int = Field(default=100_000, ge=1, description="of the stored text, references excluded")


def check(change: Change, options: Options) -> Iterator[Fault]:
    """A fault where the text is longer."""
    length = len(change.candidate.schema.text)
    if length > options.characters:
        yield Fault("", f"the schema has {length} characters, more than {options.characters}")


rule = Rule("size-limit", "Texts stay small.", Options, check)
