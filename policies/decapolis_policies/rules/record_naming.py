"""record-naming: types, fields, symbols and namespaces are called as agreed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import Field

from decapolis_policies.rule import Change, Expression, Fault, Rule, RuleOptions


class Options(RuleOptions):
    """An expression that the whole name must match, for each kind of name; None asks nothing."""

    type: Expression | None = Field(default=r"[A-Z][A-Za-z0-9]*", description="simple names of types")
    field: Expression | None = Field(default=None, description="names of fields")
    symbol: Expression | None = Field(default=None, description="symbols of enums")
    namespace: Expression | None = Field(
        default=None, description="namespaces of types; a type without one has an empty one"
    )


def check(change: Change, options: Options) -> Iterator[Fault]:
    """A fault for each name that does not match; types of JSON Schemas have names only where they have titles."""
    for each in change.outline.types:
        named = not each.path.startswith("#") or each.simple_name != each.path.rpartition("/")[2].lstrip("#")
        if named:
            yield from _named(each.path, "type", each.simple_name, options.type)
            yield from _named(each.path, "namespace", each.name.rpartition(".")[0], options.namespace)
        for symbol in each.symbols:
            yield from _named(f"{each.path}.{symbol}", "symbol", symbol, options.symbol)
    for field in change.outline.fields:
        yield from _named(field.path, "field", field.name, options.field)


def _named(path: str, kind: str, name: str, pattern: str | None) -> Iterator[Fault]:
    if pattern is not None and re.fullmatch(pattern, name) is None:
        yield Fault(path, f"the {kind} name '{name}' must match {pattern}")


rule = Rule("record-naming", "Types and fields have agreed names.", Options, check)
