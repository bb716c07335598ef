"""From JSON to nodes: what a schema must be, for a new one (strict) and for one that is stored already (lax).

Names may be used before they are defined, because the reference resolves them when the text has ended; a
definition is known to the text around it only when it is complete (compatibility.md section 3.1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from decapolis_formats.errors import InvalidSchema

from .defaults import as_number, fits
from .json_text import check_depth, shown
from .names import check_name, check_space, joined, split
from .nodes import (
    ABSENT,
    BARE,
    NO_PROPERTIES,
    PRIMITIVES,
    USUAL_UNIONS,
    Array,
    Definition,
    Enum,
    Field,
    Fixed,
    Map,
    Named,
    Pending,
    Primitive,
    Record,
    Type,
    Union,
    union_of,
)
from .printing import MAX_DEPTH, Shape
from .resolving import resolved

MAX_FIXED = (1 << 31) - 9

_RESERVED = frozenset(("doc", "fields", "items", "name", "namespace", "size", "symbols", "values", "type", "aliases"))
_RESERVED_IN_ENUM = _RESERVED | {"default"}
_RESERVED_IN_FIELD = frozenset(("default", "doc", "name", "order", "type", "aliases"))
_PLAIN = 2
"""How many keys a field has that is a name and a type."""
_ORDERS = frozenset(("ascending", "descending", "ignore"))
_TOO_DEEP = f"the schema nests more than {MAX_DEPTH} types inside one another"

D = TypeVar("D", Record, Enum, Fixed)


class _FaultError(Exception):
    """What is wrong, told without the place; the record around it knows that."""


class Reader:
    """Reads the texts of one schema: those it refers to first, then its own."""

    def __init__(self, *, strict: bool) -> None:
        self.forward_names = False
        self._strict = strict
        self._finished: dict[str, Definition] = {}
        self._fresh: dict[str, Definition] = {}
        self._depth = 0

    def read(self, source: Any) -> Type:
        """The type of one text, every name in it resolved; the texts that follow may use its definitions."""
        self._fresh, self.forward_names, self._depth = {}, False, 0
        try:
            root = self._type(source, "")
        except _FaultError as fault:
            raise InvalidSchema(f"Not an Avro schema: {fault}") from None
        except RecursionError:
            raise InvalidSchema(f"Not an Avro schema: {_TOO_DEEP}") from None
        known = self._finished | self._fresh
        if self.forward_names:
            root = resolved(root, self._fresh.values(), known, check_defaults=self._strict)
        self._finished = known
        return root

    def _type(self, source: Any, space: str) -> Type:
        if source.__class__ is str:
            return BARE.get(source) or self._named(source, space)
        if source.__class__ is list:
            return self._union(source, space)
        if not isinstance(source, dict):
            raise _FaultError(f"{shown(source)} is not a type (a name, an object or a list of branches)")
        kind = source.get("type")
        if not isinstance(kind, str):
            raise _FaultError(f"{shown(source)} has no name of a type under 'type'")
        if kind in PRIMITIVES:
            properties = _properties(source, _RESERVED)
            return Primitive(kind, properties) if properties else BARE[kind]
        shape = self.SHAPES.get(kind)
        if shape is None:
            return self._named(kind, space)
        self._enter()
        found = shape(self, source, space)
        self._depth -= 1
        return found

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _FaultError(_TOO_DEEP)

    def _named(self, name: str, space: str) -> Type:
        full = name if "." in name or not space else f"{space}.{name}"
        for candidate in (full, name):
            found = self._finished.get(candidate) or self._fresh.get(candidate)
            if found is not None:
                return found
        self.forward_names = True
        return Pending(full)

    def _array(self, source: dict[str, Any], space: str) -> Array:
        if "items" not in source:
            raise _FaultError(f"the array {shown(source)} has no 'items'")
        return Array(self._type(source["items"], space), _properties(source, _RESERVED))

    def _map(self, source: dict[str, Any], space: str) -> Map:
        if "values" not in source:
            raise _FaultError(f"the map {shown(source)} has no 'values'")
        return Map(self._type(source["values"], space), _properties(source, _RESERVED))

    def _union(self, source: list[Any], space: str) -> Union:
        try:
            # nearly every union is a primitive or two and null, read a moment ago
            usual = USUAL_UNIONS.get(tuple(source))
        except TypeError:
            usual = None  # a branch that is no name
        if usual is not None and self._depth < MAX_DEPTH:
            return usual.twin()
        branches: list[Type] = []
        seen = set()
        self._enter()
        for each in source:
            branch = self._type(each, space)
            name = branch.full if isinstance(branch, (Named, Pending)) else branch.kind
            if name in seen:
                raise _FaultError(f"a union has the branch {name!r} twice")
            seen.add(name)
            branches.append(branch)
        if "union" in seen and any(isinstance(branch, Union) for branch in branches):
            raise _FaultError("a union has another union as its branch")
        self._depth -= 1
        return union_of(branches)

    def _record(self, source: dict[str, Any], space: str) -> Record:
        record = self._begun(Record, source, space, _RESERVED)
        entries = source.get("fields")
        if not isinstance(entries, list):
            raise _FaultError(f"the record {record.full} has no list of 'fields'")
        fields = {field.name: field for field in self._fields(entries, record)}
        if len(fields) < len(entries):
            raise _FaultError(f"the record {record.full} has two fields of one name")
        record.fields, record.by_name = tuple(fields.values()), fields
        record.error = source["type"] == "error"
        return self._known(record)

    def _fields(self, entries: list[Any], record: Record) -> list[Field]:
        fields = []
        name = None
        try:
            for entry in entries:
                try:
                    name, source = entry["name"], entry["type"]
                except (KeyError, TypeError, IndexError):
                    raise _FaultError(f"{shown(entry)} has no 'name' or no 'type'") from None
                if name.__class__ is not str or not (name.isascii() and name.isidentifier()):
                    check_name(name, "a field", strict=self._strict)
                if source.__class__ is str:
                    node = BARE.get(source) or self._type(source, record.space)
                elif source.__class__ is list:
                    node = self._union(source, record.space)
                else:
                    node = self._type(source, record.space)
                # most fields are a name and a type; everything else costs only where it is written
                fields.append(Field(name, node) if len(entry) == _PLAIN else self._field(name, node, entry))
        except _FaultError as fault:
            raise InvalidSchema(f"In the field {name!r} of the record {record.full}: {fault}") from None
        return fields

    def _field(self, name: str, node: Type, entry: dict[str, Any]) -> Field:
        told = len(entry)
        default: Any = entry.get("default", ABSENT)
        if default is not ABSENT:
            told -= 1
            if default is not None or node.__class__ is not Union or "null" not in node.reads:
                default = self._default(node, default)
        doc = None
        if "doc" in entry:
            told -= 1
            doc = entry["doc"]
            if doc.__class__ is not str:
                doc = None
        if told == _PLAIN:
            return Field(name, node, default, doc)
        return Field(
            name,
            node,
            default,
            doc,
            _order(entry["order"]) if "order" in entry else "ascending",
            _aliases(entry) if "aliases" in entry else (),
            _properties(entry, _RESERVED_IN_FIELD),
        )

    def _default(self, node: Type, value: Any) -> Any:
        if isinstance(value, str) and node.kind in ("float", "double"):
            value = as_number(value)
            if value is None:
                raise _FaultError("the default is a text that spells no number")
        elif isinstance(value, (dict, list)):
            check_depth(value)
        if self._strict and not fits(node, value):
            raise _FaultError(f"the default {shown(value)} does not fit the type {node.kind}")
        return value

    def _enum(self, source: dict[str, Any], space: str) -> Enum:
        enum = self._begun(Enum, source, space, _RESERVED_IN_ENUM)
        symbols = source.get("symbols")
        if not isinstance(symbols, list):
            raise _FaultError(f"the enum {enum.full} has no list of 'symbols'")
        seen = set()
        for symbol in symbols:
            check_name(symbol, f"a symbol of the enum {enum.full}", strict=self._strict)
            if symbol in seen:
                raise _FaultError(f"the enum {enum.full} has the symbol {symbol!r} twice")
            seen.add(symbol)
        default = _text(source, "default")
        if default is not None and default not in seen:
            raise _FaultError(f"the default {default!r} of the enum {enum.full} is none of its symbols")
        enum.symbols, enum.default = tuple(symbols), default
        return self._known(enum)

    def _fixed(self, source: dict[str, Any], space: str) -> Fixed:
        fixed = self._begun(Fixed, source, space, _RESERVED)
        size = source.get("size")
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= MAX_FIXED:
            raise _FaultError(f"the 'size' of the fixed {fixed.full} is no number of bytes: {shown(size)}")
        fixed.size = size
        return self._known(fixed)

    def _begun(self, shape: type[D], source: dict[str, Any], space: str, reserved: frozenset[str]) -> D:
        written = _text(source, "name")
        if written is None:
            raise _FaultError(f"the {source['type']} {shown(source)} has no 'name'")
        own_space = _text(source, "namespace")
        name, space = split(written, space if own_space is None else own_space)
        check_name(name, f"the {source['type']} {written!r}", strict=self._strict)
        if self._strict and space:
            check_space(space)
        if not space and name in PRIMITIVES:
            raise _FaultError(f"a {source['type']} has the name of the primitive type {name}")
        aliases = _aliases(source) if "aliases" in source else ()
        aliases = tuple(dict.fromkeys(self._absolute(alias, space) for alias in aliases))
        return shape(name, space, _text(source, "doc"), aliases, _properties(source, reserved))

    def _absolute(self, alias: str, space: str) -> str:
        name, space = split(alias, space)
        check_name(name, f"the alias {alias!r}", strict=self._strict)
        return joined(name, space)

    def _known(self, definition: D) -> D:
        full = definition.full
        if full in self._fresh:
            raise _FaultError(f"the type {full} is defined twice")
        other = self._finished.get(full)
        if other is None:
            self._fresh[full] = definition
        elif Shape().text(other) != Shape().text(definition):
            raise _FaultError(f"the type {full} is defined here and, differently, in a reference")
        return definition

    # methods of the class: a reader that held its own bound ones would be a cycle, and every schema it read with it
    SHAPES: ClassVar[Mapping[str, Callable[[Reader, dict[str, Any], str], Type]]] = {
        "record": _record,
        "error": _record,
        "array": _array,
        "map": _map,
        "enum": _enum,
        "fixed": _fixed,
    }


def _text(source: dict[str, Any], key: str) -> str | None:
    value = source.get(key)
    return value if isinstance(value, str) else None


def _order(order: object) -> str:
    if not isinstance(order, str) or order.lower() not in _ORDERS:
        raise _FaultError(f"the order {shown(order)} is none of ascending, descending and ignore")
    return order.lower()


def _aliases(source: dict[str, Any]) -> tuple[str, ...]:
    aliases = source["aliases"]
    if not isinstance(aliases, list) or not all(isinstance(alias, str) for alias in aliases):
        raise _FaultError(f"the aliases {shown(aliases)} are not a list of names")
    return tuple(dict.fromkeys(aliases))


def _properties(source: dict[str, Any], reserved: frozenset[str]) -> Mapping[str, Any]:
    if source.keys() <= reserved:
        return NO_PROPERTIES
    found = {key: value for key, value in source.items() if key not in reserved}
    for value in found.values():
        if isinstance(value, (dict, list)):
            check_depth(value)
    return found
