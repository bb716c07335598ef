"""Compares strings, numbers, enumerations, constants and limits (compatibility.md section 4.4)."""

from __future__ import annotations

from decimal import Context, Decimal, DecimalException
from typing import TYPE_CHECKING, Any

from .findings import Findings
from .nodes import Constant, Enumeration, Numeric, Text
from .strictness import stricter_numbers, stricter_texts, values_as_numbers

if TYPE_CHECKING:
    from .comparing import Comparison

Number = int | Decimal
EXACT = Context(prec=5_000)


def compare_texts(comparison: Comparison, found: Findings, old: Text, new: Text) -> None:
    """The limits of strings, and patterns by their text."""
    limit(found, "MAX_LENGTH", "maxLength", old.max_length, new.max_length)
    limit(found, "MIN_LENGTH", "minLength", old.min_length, new.min_length)
    if old.pattern != new.pattern:
        change = "ADDED" if old.pattern is None else "REMOVED" if new.pattern is None else "CHANGED"
        found.add(f"PATTERN_{change}", "pattern", f"{old.pattern} → {new.pattern}")
    if comparison.strict:
        stricter_texts(found, old, new)


def compare_numbers(comparison: Comparison, found: Findings, old: Numeric, new: Numeric) -> None:
    """The limits of numbers, what they are multiples of, and whether they are integers."""
    exact = comparison.strict
    limit(found, "MAXIMUM", "maximum", old.maximum, new.maximum, exact=exact)
    limit(found, "MINIMUM", "minimum", old.minimum, new.minimum, exact=exact)
    _exclusive_maximum(found, old, new, exact=exact)
    limit(
        found,
        "EXCLUSIVE_MINIMUM",
        "exclusiveMinimum",
        old.exclusive_minimum,
        new.exclusive_minimum,
        exact=exact,
    )
    if old.multiple_of != new.multiple_of:
        change = _multiple_change(old.multiple_of, new.multiple_of)
        found.add(f"MULTIPLE_OF_{change}", "multipleOf", f"{old.multiple_of} → {new.multiple_of}")
    if old.integer is not new.integer:
        found.add("TYPE_EXTENDED" if old.integer else "TYPE_NARROWED")
    if comparison.strict:
        stricter_numbers(found, old, new)


def compare_enumerations(comparison: Comparison, found: Findings, old: Enumeration, new: Enumeration) -> None:
    """Enumerations as sets; `1` and `1.0` are two values unless semantics are strict."""
    before, after = old.values, new.values
    if comparison.strict:
        before, after = values_as_numbers(old.raw), values_as_numbers(new.raw)
    if before == after:
        return
    change = "EXTENDED" if before < after else "NARROWED" if before > after else "CHANGED"
    gone, come = sorted(before - after)[:5], sorted(after - before)[:5]
    found.add(f"ENUM_ARRAY_{change}", "enum", f"{', '.join(gone)} → {', '.join(come)}")


def compare_constants(comparison: Comparison, found: Findings, old: Constant, new: Constant) -> None:
    """Constants by value; a change is the difference that a changed enumeration is."""
    before, after = frozenset({old.value}), frozenset({new.value})
    if comparison.strict:
        before, after = values_as_numbers([old.raw]), values_as_numbers([new.raw])
    if before != after:
        found.add("ENUM_ARRAY_CHANGED", "const", f"{old.value} → {new.value}")


def limit(found: Findings, name: str, path: str, old: Number | None, new: Number | None, *, exact: bool = True) -> None:
    """The change of a limit: `_ADDED`, `_REMOVED`, `_INCREASED` or `_DECREASED`."""
    if old == new:
        return
    if old is None or new is None:
        change = "ADDED" if old is None else "REMOVED"
    else:
        before, after = (old, new) if exact else (as_double(old), as_double(new))
        if before == after:
            return
        change = "INCREASED" if before < after else "DECREASED"
    found.add(f"{name}_{change}", path, f"{old} → {new}")


def _exclusive_maximum(found: Findings, old: Numeric, new: Numeric, *, exact: bool) -> None:
    before, after = old.exclusive_maximum, new.exclusive_maximum
    lowered = before is not None and after is not None and as_double(before) > as_double(after)
    if lowered and before is not None and new.maximum is not None and not exact:
        # the reference looks at the wrong limit here (section 4.6)
        lowered = as_double(before) > as_double(new.maximum)
        if not lowered:
            return
    limit(found, "EXCLUSIVE_MAXIMUM", "exclusiveMaximum", before, after, exact=exact)


def as_double(number: Number) -> float:
    """The number as the reference compares it; what is too large is infinite."""
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def _multiple_change(old: Number | None, new: Number | None) -> str:
    if old is None or new is None:
        return "ADDED" if old is None else "REMOVED"
    if _divides(old, new):
        return "EXPANDED"
    return "REDUCED" if _divides(new, old) else "CHANGED"


def _divides(divisor: Any, number: Any) -> bool:
    try:
        return not EXACT.remainder(Decimal(number), Decimal(divisor))
    except DecimalException:
        return False
