"""From Avro to the type model; nothing is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from decapolis_formats import types as middle
from decapolis_formats.model import Dependency
from decapolis_formats.options import NO_WISHES, Options

from .logical import logical_type
from .model_values import to_value
from .nodes import ABSENT, Array, Enum, Field, Fixed, Map, Named, Pending, Primitive, Record, Type, Union
from .schema import parsed
from .tags import TAGS

_PLAIN: Final[Mapping[str, middle.Scalar]] = {
    "null": middle.Null(),
    "boolean": middle.Boolean(),
    "int": middle.Integer(32),
    "long": middle.Integer(64),
    "float": middle.Floating(32),
    "double": middle.Floating(64),
    "bytes": middle.Binary(),
    "string": middle.Text(),
}
_LOGICAL: Final[Mapping[str, middle.Scalar]] = {
    "big-decimal": middle.Decimal(None),
    "uuid": middle.Uuid(),
    "duration": middle.Duration(),
    "date": middle.Date(),
    "time-millis": middle.Time(middle.Unit.MILLIS),
    "time-micros": middle.Time(middle.Unit.MICROS),
    **{
        f"{local}timestamp-{unit}": middle.Timestamp(unit, zoned=not local)
        for local in ("", "local-")
        for unit in middle.Unit
    },
}
_PARAMETERS: Final = frozenset(("logicalType", "precision", "scale"))


def read(text: str, dependencies: Sequence[Dependency] = (), options: Options = NO_WISHES) -> middle.Reading:
    """The model of a schema's text; InvalidSchema where it is none."""
    return middle.Reading(_Reader().model(parsed(text, dependencies, strict=False).root))


class _Reader:
    """One walk over one tree."""

    def __init__(self) -> None:
        self.definitions: dict[str, middle.Type] = {}

    def model(self, root: Type) -> middle.Model:
        type, nullable = self._use(root)
        return middle.Model(type, nullable, self.definitions)

    def _use(self, node: Type) -> tuple[middle.Type, bool]:
        """The type of a node, and whether it may be null there."""
        if not isinstance(node, Union):
            return self._type(node), node.kind == "null"
        branches = [branch for branch in node.branches if branch.kind != "null"]
        nullable = len(branches) < len(node.branches)
        if not branches:
            return middle.Null(), True
        if len(branches) == 1:
            return self._type(branches[0]), nullable
        return middle.Union(tuple(middle.Branch(self._type(branch)) for branch in branches)), nullable

    def _type(self, node: Type) -> middle.Type:
        match node:
            case Primitive():
                return _annotated(_PLAIN[node.kind], node)
            case Array():
                return _annotated(middle.List(*self._use(node.items)), node)
            case Map():
                value, nullable = self._use(node.values)
                return _annotated(middle.Map(middle.Text(), value, nullable), node)
            case Record() | Enum() | Fixed():
                return self._named(node)
            case Union():
                return self._use(node)[0]
            case Pending():
                raise AssertionError("resolving replaces what is pending")

    def _named(self, node: Record | Enum | Fixed) -> middle.Named:
        if node.full not in self.definitions:
            self.definitions[node.full] = middle.Null()  # so that uses inside of it end here
            self.definitions[node.full] = self._definition(node)
        return middle.Named(node.full)

    def _definition(self, node: Record | Enum | Fixed) -> middle.Type:
        match node:
            case Fixed():
                return _annotated(middle.Fixed(node.size), node, _spoken(node, "doc"))
            case Enum():
                return middle.Enum(tuple(node.symbols), node.default, None, node.doc, _spoken(node))
        properties = _spoken(node) | ({"error": True} if node.error else {})
        tags, properties = _parted(properties)
        return middle.Struct(tuple(self._fields(node)), node.doc, tags, properties)

    def _fields(self, record: Record) -> Iterator[middle.Field]:
        for field in record.fields:
            type, nullable = self._use(field.type)
            tags, properties = _parted(_said(field))
            default = middle.ABSENT if field.default is ABSENT else to_value(field.default, field.type)
            yield middle.Field(field.name, type, nullable, default, field.doc, tags, properties)


def _spoken(node: Named, *more: str) -> dict[str, Any]:
    """Properties with the aliases, and other attributes where they are set."""
    found = {name: getattr(node, name) for name in more if getattr(node, name) is not None}
    if node.aliases:
        found["aliases"] = list(node.aliases)
    return found | dict(node.properties)


def _said(field: Field) -> dict[str, Any]:
    found: dict[str, Any] = {"aliases": list(field.aliases)} if field.aliases else {}
    if field.order != "ascending":
        found["order"] = field.order
    return found | dict(field.properties)


def _parted(properties: Mapping[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The tags, and the properties without them."""
    tags = properties.get(TAGS)
    if not (isinstance(tags, list) and all(isinstance(tag, str) for tag in tags) and tags):
        return (), dict(properties)
    return tuple(tags), {name: value for name, value in properties.items() if name != TAGS}


def _annotated(
    plain: middle.Type, node: Primitive | Fixed | Array | Map, said: Mapping[str, Any] | None = None
) -> middle.Type:
    """The logical type of a node; properties that it does not explain stay with it."""
    properties = node.properties if said is None else said
    logical = logical_type(node)
    if logical is not None:
        plain = _meant(logical, node)
        properties = {name: value for name, value in properties.items() if name not in _PARAMETERS}
    return middle.Annotated(plain, dict(properties)) if properties else plain


def _meant(logical: tuple[Any, ...], node: Primitive | Fixed | Array | Map) -> middle.Type:
    name, *parameters = logical
    size = node.size if isinstance(node, Fixed) else None
    if name == "decimal":
        return middle.Decimal(parameters[0], parameters[1], size)
    if name == "uuid":
        return middle.Uuid(binary=size is not None)
    return _LOGICAL[name]
