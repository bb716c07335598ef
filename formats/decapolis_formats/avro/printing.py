"""From nodes back to text: the canonical string, its normalised form, and forms to tell equality by.

Key order and spelling follow compatibility.md sections 3.3 and 3.4: they decide ids, so every byte counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from decapolis_formats.errors import InvalidSchema

from .defaults import retyped
from .json_text import dumped, quoted
from .logical import logical_type
from .names import written
from .nodes import ABSENT, Array, Definition, Enum, Field, Fixed, Map, Pending, Primitive, Record, Type, Union

MAX_DEPTH = 200


class Canonical:
    """The stored text: compact, keys in a fixed order, names of `known` types never spelled out."""

    _ordered = False

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known = set(known)
        self._pieces: list[str] = []
        self._depth = 0

    def text(self, node: Type) -> str:
        """The text of a type; InvalidSchema where it would nest deeper than a text may."""
        try:
            self._type(node, "")
        except RecursionError:
            raise InvalidSchema("The schema nests too many types to be printed here") from None
        return "".join(self._pieces)

    def _type(self, node: Type, space: str) -> None:
        if isinstance(node, Primitive):
            self._primitive(node)
            return
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise InvalidSchema(f"The text of the schema would nest more than {MAX_DEPTH} types")
        match node:
            case Union(text=str(text)):
                self._pieces.append(text)
            case Record() | Enum() | Fixed():
                self._definition(node, space)
            case Union():
                self._union(node, space)
            case Array():
                self._container("items", node.items, node, space)
            case Map():
                self._container("values", node.values, node, space)
            case Pending():
                self._pieces.append(f'"{node.full}" of {id(node)}')
        self._depth -= 1

    def _primitive(self, node: Primitive) -> None:
        if not node.properties:
            self._pieces.append(f'"{node.kind}"')
            return
        self._pieces.append(f'{{"type":"{node.kind}"')
        self._properties(self._properties_of(node))
        self._pieces.append("}")

    def _union(self, node: Union, space: str) -> None:
        opening = "["
        for branch in node.branches:
            self._pieces.append(opening)
            opening = ","
            self._type(branch, space)
        self._pieces.append("]" if node.branches else "[]")

    def _container(self, key: str, inner: Type, node: Array | Map, space: str) -> None:
        self._pieces.append(f'{{"type":"{node.kind}","{key}":')
        self._type(inner, space)
        self._properties(self._properties_of(node))
        self._pieces.append("}")

    def _definition(self, node: Definition, space: str) -> None:
        full = node.full
        if full in self._known:
            self._pieces.append(quoted(written(full, space)))
            return
        self._known.add(full)
        kind = self._kind(node)
        self._pieces.append(f'{{"type":"{kind}","name":"{node.name}"{self._space(node, space)}')
        doc = self._doc(node)
        if doc is not None:
            self._pieces.append(f',"doc":{quoted(doc)}')
        self._body(node)
        self._properties(self._properties_of(node))
        self._aliases([written(alias, node.space) for alias in self._sorted(node.aliases)])
        self._pieces.append("}")

    def _body(self, node: Definition) -> None:
        if isinstance(node, Record):
            self._fields(node)
        elif isinstance(node, Fixed):
            self._pieces.append(f',"size":{node.size}')
        else:
            symbols = '","'.join(node.symbols)
            self._pieces.append(f',"symbols":["{symbols}"]' if symbols else ',"symbols":[]')
            if node.default is not None:
                self._pieces.append(f',"default":"{node.default}"')

    def _fields(self, record: Record) -> None:
        opening = ',"fields":['
        for field in record.fields:
            node = field.type
            if node.__class__ is Union and node.text is not None and self._depth < MAX_DEPTH:
                self._pieces.append(f'{opening}{{"name":"{field.name}","type":{node.text}')
            else:
                self._pieces.append(f'{opening}{{"name":"{field.name}","type":')
                self._type(node, record.space)
            opening = ","
            self._field_details(field)
            self._pieces.append("}")
        self._pieces.append("]" if record.fields else ',"fields":[]')

    def _field_details(self, field: Field) -> None:
        if field.doc is not None:
            self._pieces.append(f',"doc":{quoted(field.doc)}')
        default = self._default(field)
        if default is None:
            self._pieces.append(',"default":null')
        elif default is not ABSENT:
            self._pieces.append(f',"default":{dumped(default, ordered=self._ordered)}')
        if field.order != "ascending":
            self._pieces.append(f',"order":"{field.order}"')
        if field.aliases:
            self._aliases(self._sorted(field.aliases))
        if field.properties:
            self._properties(sorted(field.properties.items()) if self._ordered else field.properties.items())

    def _aliases(self, aliases: Sequence[str]) -> None:
        if aliases:
            self._pieces.append(f',"aliases":[{",".join(map(quoted, aliases))}]')

    def _properties(self, properties: Iterable[tuple[str, Any]]) -> None:
        for key, value in properties:
            self._pieces.append(f",{quoted(key)}:{dumped(value, ordered=self._ordered)}")

    # what the other forms do otherwise

    def _kind(self, node: Definition) -> str:
        return "error" if isinstance(node, Record) and node.error else node.kind

    def _space(self, node: Definition, space: str) -> str:
        return "" if node.space == space else f',"namespace":{quoted(node.space)}'

    def _doc(self, node: Definition) -> str | None:
        return node.doc

    def _default(self, field: Field) -> Any:
        return field.default

    def _sorted(self, aliases: Sequence[str]) -> Sequence[str]:
        return aliases

    def _properties_of(self, node: Primitive | Array | Map | Definition) -> Iterable[tuple[str, Any]]:
        return node.properties.items()


class Normal(Canonical):
    """The text under `normalize=true`: what says the same is spelled the same."""

    _ordered = True

    def _kind(self, node: Definition) -> str:
        return node.kind

    def _space(self, node: Definition, space: str) -> str:
        # the reference loses an empty namespace here, so that the type joins the one around it
        return "" if not node.space or node.space == space else f',"namespace":{quoted(node.space)}'

    def _doc(self, node: Definition) -> str | None:
        return node.doc or None

    def _default(self, field: Field) -> Any:
        return ABSENT if field.default is ABSENT else retyped(field.type, field.default)

    def _sorted(self, aliases: Sequence[str]) -> Sequence[str]:
        return sorted(aliases)

    def _properties_of(self, node: Primitive | Array | Map | Definition) -> Iterable[tuple[str, Any]]:
        if not node.properties:
            return ()
        in_order = dict(sorted(node.properties.items()))
        logical = logical_type(node)
        if logical is None:
            return in_order.items()
        # a logical type that holds goes first, with the parameters it was understood by
        first = ["logicalType"]
        if logical[0] == "decimal":
            first += ["precision", "scale"] if logical[2] else ["precision"]
        return {key: in_order[key] for key in [*first, *in_order]}.items()


class Identity(Canonical):
    """A text that two schemas share exactly when the reference takes them for equivalent (never shown)."""

    _ordered = True

    def _kind(self, node: Definition) -> str:
        return node.kind

    def _sorted(self, aliases: Sequence[str]) -> Sequence[str]:
        return sorted(aliases)

    def _properties_of(self, node: Primitive | Array | Map | Definition) -> Iterable[tuple[str, Any]]:
        return sorted(node.properties.items())


class Shape(Identity):
    """As Identity, but blind for documentation, aliases and enum defaults: who may be defined again."""

    def _doc(self, node: Definition) -> str | None:
        return None

    def _sorted(self, aliases: Sequence[str]) -> Sequence[str]:
        return ()

    def _body(self, node: Definition) -> None:
        if isinstance(node, Enum):
            self._pieces.append(f',"symbols":{node.symbols}')
        else:
            super()._body(node)

    def _field_details(self, field: Field) -> None:
        default = "none" if field.default is ABSENT else dumped(field.default, ordered=True)
        self._pieces.append(f"{default} {field.order} {dumped(dict(field.properties), ordered=True)}")
