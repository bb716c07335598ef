"""Edits of JSON Schemas: each breaking difference is mended at its path, with what the old schema says there.

References are followed inside the document; what lies in another one stays as it is.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final

from decapolis_formats.json_schema.engine import JsonSchema
from decapolis_formats.json_schema.printing import printed

from . import Broken, Edits
from .json_places import Pair, along, child_at, items_of

BEYOND: Final[tuple[str, ...]] = ("SCHEMA_TYPE_CHANGED", "HISTORY_UNREADABLE")
"""Beginnings of the names of differences that no edit here undoes."""
MOST_MENDED: Final = 50
KEPT_AT_THE_ROOT: Final = ("$schema", "$id", "id", "definitions", "$defs")
COUNTS: Final = ("contains", "minContains", "maxContains")
DEPENDENT: Final = ("dependencies", "dependentRequired", "dependentSchemas")


def edited(new: JsonSchema, old: JsonSchema, edits: Edits) -> str:
    """The text of `new`, edited so that it may follow `old` in the directions asked for, as far as the list goes."""
    value = copy.deepcopy(new.value)
    for broken in edits.broken[:MOST_MENDED]:
        _mend(value, old.value, broken, edits)
    return printed(value)


def _mend(new: Any, old: Any, broken: Broken, edits: Edits) -> None:
    steps = broken.path[2:].split("/") if len(broken.path) > 2 else []
    for beginnings, length, mend in MENDS:
        if broken.type.startswith(beginnings):
            if len(steps) < length:
                return
            pair = along(new, old, steps[: len(steps) - length])
            if pair is not None:
                mend(pair, steps[len(steps) - length :], broken, edits)
            return


def _property(pair: Pair, tail: list[str], broken: Broken, edits: Edits) -> None:
    """A property that is gone is kept; one that old data may hold in any form takes any."""
    name = tail[-1]
    kept = _named(pair.old, "properties").get(name)
    properties = pair.new.setdefault("properties", {})
    if kept is not None and name not in properties:
        properties[name] = copy.deepcopy(kept)
        edits.tell(f"keep the property '{name}'")
        if broken.direction == "forward" and name in pair.old.get("required", ()):
            _require(pair, name, edits)
    elif name in properties and broken.direction == "backward":
        if broken.type.startswith("REQUIRED_"):
            _no_longer_required(pair, name, edits)
        if not broken.type.endswith("_UNOPEN_CONTENT_MODEL"):
            properties[name] = _annotations(properties[name])
            edits.tell(f"let the property '{name}' hold anything, as the old schema does")


def _required(pair: Pair, tail: list[str], broken: Broken, edits: Edits) -> None:
    if broken.direction == "forward":
        _require(pair, tail[-1], edits)
    else:
        _no_longer_required(pair, tail[-1], edits)


def _require(pair: Pair, name: str, edits: Edits) -> None:
    if name not in pair.new.setdefault("required", []):
        pair.new["required"].append(name)
        edits.tell(f"keep the property '{name}' required")


def _no_longer_required(pair: Pair, name: str, edits: Edits) -> None:
    left = [each for each in pair.new.get("required", ()) if each != name]
    if left == pair.new.get("required"):
        return
    pair.new["required"] = left
    if not left:
        del pair.new["required"]
    edits.tell(f"make the property '{name}' optional")


def _item(pair: Pair, tail: list[str], broken: Broken, edits: Edits) -> None:
    """An item's place that is gone is kept; one that old data may fill with anything takes anything."""
    index, now, before = int(tail[-1]), items_of(pair.new), items_of(pair.old)
    if before is not None and now is not None and len(now) == index < len(before):
        now.append(copy.deepcopy(before[index]))
        edits.tell(f"keep the item {index} of {pair.where}")
    elif now is not None and index < len(now) and broken.direction == "backward":
        now[index] = _annotations(now[index])
        edits.tell(f"let the item {index} of {pair.where} be anything, as the old schema does")


def _dependency(pair: Pair, tail: list[str], broken: Broken, edits: Edits) -> None:
    name = tail[-1]
    for keyword in DEPENDENT:
        now, before = _named(pair.new, keyword), _named(pair.old, keyword)
        if name in before:
            pair.new.setdefault(keyword, {})[name] = copy.deepcopy(before[name])
        elif name in now:
            del pair.new[keyword][name]
    edits.tell(f"keep what the property '{name}' depends on")


def _values(pair: Pair, tail: list[str], broken: Broken, edits: Edits) -> None:
    """Values of an enum come back; a constant, and an enum that old readers know, stays."""
    values, before = pair.new.get("enum"), pair.old.get("enum")
    if tail[-1] == "const" or edits.forward or not (isinstance(values, list) and isinstance(before, list)):
        _restore(pair, tail, broken, edits)
        return
    known = {printed(value) for value in values}
    missing = [value for value in before if printed(value) not in known]
    pair.new["enum"] = [*values, *missing]
    edits.tell(f"re-add the value{'s' * (len(missing) > 1)} {', '.join(map(printed, missing))} to the enum")


def _restore(pair: Pair, tail: list[str], broken: Broken, edits: Edits) -> None:
    """A limit, or what is said of everything else, as it was."""
    keyword = child_at(pair.new, tail[-1])
    keywords = COUNTS if keyword in COUNTS and "contains" not in pair.old else (keyword,)
    for each in keywords:
        if each in pair.old:
            pair.new[each] = copy.deepcopy(pair.old[each])
        else:
            pair.new.pop(each, None)
    if keyword in pair.old:
        edits.tell(f"keep {keyword} of {pair.where} at {_short(pair.old[keyword])}")
    else:
        edits.tell(f"leave {keyword} out of {pair.where}")


def _node(pair: Pair, tail: list[str], broken: Broken, edits: Edits) -> None:
    """A type is widened where only data matters; else what the old schema says stays."""
    now, before = _types(pair.new), _types(pair.old)
    if not edits.forward and now and before and broken.type in {"TYPE_CHANGED", "TYPE_NARROWED"}:
        wider = [*now, *(name for name in before if not _fits(name, now))]
        if "number" in wider and "integer" in wider:
            wider.remove("integer")
        if wider != now:
            pair.new["type"] = wider if len(wider) > 1 else wider[0]
            edits.tell(f"widen the type to {' or '.join(wider)}")
            return
    kept = {name: value for name, value in pair.new.items() if pair.is_root and name in KEPT_AT_THE_ROOT}
    pair.new.clear()
    pair.new.update(kept | copy.deepcopy({name: each for name, each in pair.old.items() if name not in kept}))
    edits.tell(f"keep the type of {pair.where}")


def _annotations(schema: Any) -> Any:
    told = ("title", "description", "default")
    return {name: schema[name] for name in told if name in schema} if isinstance(schema, dict) else {}


def _named(value: dict[str, Any], keyword: str) -> dict[str, Any]:
    found = value.get(keyword)
    return found if isinstance(found, dict) else {}


def _types(value: dict[str, Any]) -> list[str]:
    stated = value.get("type")
    if isinstance(stated, str):
        return [stated]
    return [name for name in stated if isinstance(name, str)] if isinstance(stated, list) else []


def _fits(name: str, types: list[str]) -> bool:
    return name in types or (name == "integer" and "number" in types)


def _short(value: Any) -> str:
    text = printed(value)
    return text if len(text) <= 40 else "what it was"


Mend = Callable[[Pair, list[str], Broken, Edits], None]

MENDS: Final[tuple[tuple[tuple[str, ...], int, Mend], ...]] = (
    (("PROPERTY_", "OPTIONAL_PROPERTY_", "REQUIRED_PROPERTY_"), 2, _property),
    (("REQUIRED_ATTRIBUTE_",), 2, _required),
    (("ITEM_",), 2, _item),
    (("DEPENDENCY_",), 2, _dependency),
    (("ENUM_ARRAY_",), 1, _values),
    (("TYPE_", "COMBINED_", "SUM_TYPE_", "PRODUCT_TYPE_"), 0, _node),
    (("",), 1, _restore),
)
"""By the beginning of a difference's name: how many steps at the end of its path are no node, and what mends it."""
