"""How the reference puts the parts of 2019-09 and 2020-12 schemas together (compatibility.md section 4.3).

It adds one keyword after the other, in the order of a hash table. A keyword joins its type in a list of
types only while nothing but the list and that one kind has been met; afterwards it stays a part of its own,
and schemas that drop types from the list then pass (section 4.6). Members of `allOf`, `anyOf` and `oneOf`
that consist of several parts are taken apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import Any

from .identities import Identities
from .modern import FAMILIES
from .nodes import (
    Body,
    Boolean,
    Combined,
    Conditional,
    Constant,
    Enumeration,
    Negation,
    Node,
    Null,
    Numeric,
    Record,
    Referring,
    Sequence,
    Text,
)

FAMILY_OF = {keyword: family for family, words in FAMILIES.items() for keyword in words if keyword != "format"}
OTHER_PARTS = frozenset({"$ref", "allOf", "anyOf", "const", "enum", "format", "if", "not", "oneOf"})
# these count only when they are true; format counts although nothing comes of it
FLAGS = frozenset({"readOnly", "writeOnly"})
LAST = ("properties", "patternProperties", "unevaluatedItems", "unevaluatedProperties")
NAMED = frozenset({"properties", "patternProperties"})


def apart_from_types(listed: Set[str], value: dict[str, Any], *, hashed: bool) -> set[str]:
    """The keywords that stay apart from a list of types; `listed` are the families of its types.

    `hashed` is True in the document itself; documents that are referred to keep the order of their text.
    """
    apart: set[str] = set()
    before: set[str] = set()
    alone, met = True, False
    for keyword in _in_turn(value, hashed=hashed):
        family = FAMILY_OF.get(keyword)
        if keyword == "type":
            alone = alone and len({FAMILY_OF[each] for each in before}) <= 1
            apart = set() if alone else before
            met = True
        elif keyword in OTHER_PARTS or (keyword in FLAGS and value[keyword] is True):
            alone = False
        elif family is None:
            continue
        elif family not in listed:
            alone = False
        elif not met:
            before.add(keyword)
        elif not alone:
            apart.add(keyword)
    return apart


def _in_turn(value: dict[str, Any], *, hashed: bool) -> Iterator[str]:
    names = hash_order(value) if hashed else list(value)
    yield from (name for name in names if name not in LAST)
    yield from (name for name in LAST if name in value and not (name in NAMED and value[name] == {}))


def hash_order(names: Iterable[str]) -> list[str]:
    """The names in the order in which a Java hash map walks through them."""
    listed = list(names)
    size = 16
    while len(listed) > size * 3 // 4:
        size *= 2
    return sorted(listed, key=lambda name: _spread(name) & (size - 1))


def _spread(name: str) -> int:
    number = 0
    encoded = name.encode("utf-16-be", "surrogatepass")
    for high, low in zip(encoded[::2], encoded[1::2], strict=True):
        number = (31 * number + (high << 8 | low)) & 0xFFFFFFFF
    return number ^ number >> 16


def spread_parts(combined: Combined, identities: Identities) -> None:
    """Notes what the reference takes for the members: the parts of members that are implied `allOf`s."""
    if not any(_parts(member) for member in combined.members):
        return
    parts = [part for member in combined.members for part in _parts(member) or (member,)]
    distinct: dict[Any, Node] = {}
    for part in parts:
        distinct.setdefault(_own_text(part, identities), part)
    combined.loose, combined.loose_distinct = tuple(parts), tuple(distinct.values())


def _parts(member: Node) -> tuple[Node, ...]:
    body = member.body
    return body.members if isinstance(body, Combined) and body.implied else ()


KEYWORDS: dict[type[Body], Set[str]] = {
    Text: FAMILIES["string"],
    Numeric: FAMILIES["number"],
    Record: FAMILIES["object"],
    Sequence: FAMILIES["array"] | {"minContains", "maxContains"},
    Enumeration: frozenset({"enum"}),
    Constant: frozenset({"const"}),
    Negation: frozenset({"not"}),
    Conditional: frozenset({"if", "then", "else"}),
    Referring: frozenset({"$ref", "$dynamicRef"}),
    Boolean: frozenset(),
    Null: frozenset(),
}


def _own_text(part: Node, identities: Identities) -> Any:
    """What tells a part from others: the keywords that it comes from, with their values."""
    body, source = part.body, part.source
    known = KEYWORDS.get(type(body))
    typed = isinstance(source, dict) and isinstance(source.get("type"), str)
    if isinstance(body, Combined):
        by_types = any(isinstance(member.source, str) for member in body.members)
        known, typed = (frozenset({"type"} if by_types else {body.criterion}), False)
    if known is None or not isinstance(source, dict):
        return identities.of(source)
    names = known | {"type"} if typed else known
    return frozenset((name, identities.of(source[name])) for name in names if name in source)
