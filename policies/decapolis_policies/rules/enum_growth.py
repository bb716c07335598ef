"""enum-growth: enums grow only so that readers cope."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from decapolis_policies.rule import Change, Fault, Rule, RuleOptions


class Options(RuleOptions):
    """How enums may grow."""

    allowed: bool = Field(default=True, description="false refuses every new symbol")
    needs_default: bool = Field(default=True, description="an enum may grow only if it has a symbol for unknown ones")
    most_symbols: int = Field(default=1_000, ge=1, description="how many symbols an enum may have")


def check(change: Change, options: Options) -> Iterator[Fault]:
    """A fault for each enum that is too large or grew in a way that is not allowed."""
    before = {each.path: each for each in change.previous_outline.types} if change.previous_outline else {}
    for enum in change.outline.types:
        if enum.kind != "enum":
            continue
        if len(enum.symbols) > options.most_symbols:
            yield Fault(enum.path, f"the enum has {len(enum.symbols)} symbols, more than {options.most_symbols}")
        old = before.get(enum.path)
        new = [symbol for symbol in enum.symbols if symbol not in old.symbols] if old is not None else []
        if old is None or not new:
            continue
        named = ", ".join(new)
        if not options.allowed:
            yield Fault(enum.path, f"the enum must not grow, by {named}", about_previous=True)
        elif options.needs_default and not old.default_symbol:
            yield Fault(enum.path, f"an enum without a default must not grow, by {named}", about_previous=True)


rule = Rule("enum-growth", "Enums grow so that readers cope.", Options, check)
