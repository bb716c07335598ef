"""cel: rules written as expressions in the Common Expression Language, for what no other rule says. Needs the extra `cel`.

An expression sees nothing but the change: it cannot call, read or write anything. Its work is bounded beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from functools import lru_cache
from importlib import import_module
from typing import Any, Final, Literal

from pydantic import Field, field_validator

from decapolis_policies.rule import Change, Fault, Rule, RuleOptions
from decapolis_policies.strict import Strict

MOST_CHARACTERS: Final = 1_000
MOST_STEPS: Final = 1_000_000
_MACROS: Final = (".all(", ".exists(", ".exists_one(", ".filter(", ".map(")


class Expression(Strict):
    """One expression that must be true, of the schema as a whole or of each of its fields or types."""

    expression: str = Field(max_length=MOST_CHARACTERS, description="must be true; anything else is a fault")
    each: Literal["schema", "field", "type"] = Field(default="schema", description="what it is asked of")
    message: str = Field(default="", description="what would be right; without it the expression itself is shown")

    @field_validator("expression")
    @classmethod
    def _compiles(cls, expression: str) -> str:
        _program(expression)
        return expression

    @property
    def text(self) -> str:
        """What a fault says."""
        return self.message or f"{self.expression} must be true"


class Options(RuleOptions):
    """The expressions by name. They see `subject`, `format`, `name`, `fields`, `types`, `depth`, `metadata` and `previous`
    (the same of the version before, or null), and `field` or `type` where they are asked of each.
    """

    expressions: dict[str, Expression] = Field(min_length=1, description="the expressions by name")


@lru_cache(maxsize=256)
def _program(expression: str) -> Any:
    try:
        language = import_module("cel")
    except ImportError:
        raise ValueError("expressions need the extra decapolis[cel] to be installed") from None
    try:
        return language.compile(expression)
    except ValueError as error:
        raise ValueError(f"not an expression: {str(error).splitlines()[0][:200]}") from error


def check(change: Change, options: Options) -> Iterator[Fault]:
    """A fault for each expression, and each field or type that it is asked of, where it is not true."""
    facts = _facts(change)
    for name, each in options.expressions.items():
        places = [("", facts)]
        if each.each != "schema":
            places = [(one["path"], facts | {each.each: one}) for one in facts[f"{each.each}s"]]
        if _steps(each, len(places), len(facts["fields"]) + len(facts["types"])) > MOST_STEPS:
            yield Fault("", f"{name}: the schema is too large for this expression")
            continue
        for path, known in places:
            problem = _problem(each, known)
            if problem is not None:
                yield Fault(path, f"{name}: {problem}")


def _problem(each: Expression, known: dict[str, Any]) -> str | None:
    try:
        result = _program(each.expression).execute(known)
    except (RuntimeError, ValueError, TypeError) as error:
        return f"the expression fails: {str(error).splitlines()[0][:200]}"
    return None if result is True else each.text


def _steps(each: Expression, places: int, things: int) -> int:
    """At most how often the innermost part is reached, were all loops nested."""
    loops = sum(each.expression.replace(" ", "").count(macro) for macro in _MACROS)
    return int(places * max(things, 1) ** loops)


def _facts(change: Change) -> dict[str, Any]:
    candidate, outline = change.candidate, change.outline
    metadata = {} if candidate.metadata is None else dict(candidate.metadata.properties)
    before = change.previous_outline
    return {
        "subject": candidate.subject,
        "format": candidate.schema.format.schema_type,
        "metadata": metadata,
        "previous": None if before is None else _seen(before),
        **_seen(outline),
    }


def _seen(outline: Any) -> dict[str, Any]:
    fields = [{**_plain(asdict(field)), "type": field.type} for field in outline.fields]
    types = [_plain(asdict(each)) for each in outline.types]
    return {"name": outline.name, "depth": outline.depth, "fields": fields, "types": types}


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    """Only what the language has: a default is given as its text."""
    facts = {key: list(value) if isinstance(value, tuple) else value for key, value in facts.items()}
    if "default" in facts:
        facts["default"] = None if facts["default"] is None else str(facts["default"])
    return facts


rule = Rule("cel", "Expressions are true.", Options, check)
