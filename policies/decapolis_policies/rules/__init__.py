"""The rules beside compatibility: ours, and those that packages offer through the entry points `decapolis.rules`.

Ours come through the same door: an entry point each, loaded when a policy set names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from decapolis_policies.rule import Rule
from decapolis_policies.strict import nearest

GROUP: Final = "decapolis.rules"

_OURS: Final = {
    "cel": "cel",
    "depth-limit": "depth_limit",
    "enum-growth": "enum_growth",
    "field-limit": "field_limit",
    "keep-rule-set": "keep_rule_set",
    "logical-types": "logical_types",
    "naming-strategy": "naming_strategy",
    "owner-metadata": "owner_metadata",
    "pii-tags": "pii_tags",
    "record-naming": "record_naming",
    "reference-limit": "reference_limit",
    "removal-needs-deprecation": "removal_needs_deprecation",
    "required-defaults": "required_defaults",
    "required-docs": "required_docs",
    "reserved-words": "reserved_words",
    "size-limit": "size_limit",
    "subject-naming": "subject_naming",
    "types": "types",
}


class UnknownRule(LookupError):
    """No rule has that name, or its package cannot be loaded; the text says which and what is known."""


def ours() -> Iterator[EntryPoint]:
    """The entry points of the rules that come with this package."""
    for name, module in _OURS.items():
        yield EntryPoint(name, f"{__name__}.{module}:rule", GROUP)


class Rules:
    """Every rule that can be named: ours and those of installed packages; a name of ours cannot be taken over."""

    def __init__(self, offered: Iterable[EntryPoint] | None = None) -> None:
        strangers = entry_points(group=GROUP) if offered is None else offered
        self._points = {point.name: point for point in strangers} | {point.name: point for point in ours()}

    @property
    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._points)

    def named(self, name: str) -> Rule[Any]:
        """The rule of that name; UnknownRule names the nearest one, or says why its package does not load."""
        point = self._points.get(name)
        if point is None:
            raise UnknownRule(f"unknown rule '{name}' ({nearest(name, self._points)})")
        try:
            found = point.load()
        except Exception as error:
            # a stranger's package must not take the others down
            raise UnknownRule(f"the rule '{name}' cannot be loaded from {point.value}: {error}") from error
        if not isinstance(found, Rule):
            raise UnknownRule(f"the rule '{name}' at {point.value} is not a decapolis_policies.Rule")
        return found
