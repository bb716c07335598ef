"""Logical types: which annotation means something on its type; any other one is to be ignored."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .nodes import Fixed, Primitive, Type

_UUID_BYTES = 16
_DURATION_BYTES = 12


def logical_type(node: Type) -> tuple[Any, ...] | None:
    """Name and parameters of the logical type that holds for the type, None where there is none."""
    if not isinstance(node, (Primitive, Fixed)) or not node.properties:
        return None
    name = node.properties.get("logicalType")
    holds = _BASES.get(name) if isinstance(name, str) else None
    if holds is None or not holds(node):
        return None
    return ("decimal", *_decimal(node)) if name == "decimal" else (name,)


def _on(*kinds: str) -> Callable[[Primitive | Fixed], bool]:
    return lambda node: node.kind in kinds


def _is_uuid(node: Primitive | Fixed) -> bool:
    return node.kind == "string" or (isinstance(node, Fixed) and node.size == _UUID_BYTES)


def _is_duration(node: Primitive | Fixed) -> bool:
    return isinstance(node, Fixed) and node.size == _DURATION_BYTES


def _is_decimal(node: Primitive | Fixed) -> bool:
    precision, scale = _decimal(node)
    if node.kind not in ("bytes", "fixed") or not (_is_whole(precision) and _is_whole(scale)):
        return False
    if isinstance(node, Fixed) and precision > math.floor(math.log10(2) * (8 * node.size - 1)):
        return False
    return bool(precision > 0 and 0 <= scale <= precision)


def _decimal(node: Primitive | Fixed) -> tuple[Any, Any]:
    return node.properties.get("precision"), node.properties.get("scale", 0)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_BASES: dict[str, Callable[[Primitive | Fixed], bool]] = {
    "decimal": _is_decimal,
    "big-decimal": _on("bytes"),
    "uuid": _is_uuid,
    "duration": _is_duration,
    "date": _on("int"),
    "time-millis": _on("int"),
    "time-micros": _on("long"),
    **{f"{local}timestamp-{unit}": _on("long") for local in ("", "local-") for unit in ("millis", "micros", "nanos")},
}
