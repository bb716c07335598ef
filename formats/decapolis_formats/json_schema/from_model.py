"""From the type model to JSON Schema, and what it holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from decapolis_formats.holds import Holds
from decapolis_formats.options import NO_WISHES, Options
from decapolis_formats.types import (
    ABSENT,
    Annotated,
    Duration,
    Enum,
    Field,
    List,
    Map,
    Model,
    Named,
    Null,
    Struct,
    Text,
    Type,
    Union,
    Where,
)

from .model_scalars import exact, written
from .model_values import to_json

DRAFT = "http://json-schema.org/draft-07/schema#"
_TAGS = "confluent:tags"


def holds(options: Options = NO_WISHES) -> Holds:
    """What JSON Schema holds: nearly all, with names on any type; what may be null may be left out."""
    return Holds(
        exact=exact,
        named=lambda _found: True,
        must_name=_must_name,
        unions=frozenset(("root", "field", "member", "item", "value")),
        key=lambda key: key == Text(),
        default=lambda found, _where: not isinstance(found, (Duration, Annotated)),
        docs=frozenset(("root", "field", "member")),
        type_docs=True,
        tags=True,
    )


def _must_name(type: Type, where: Where) -> bool:
    """A description in a field is the field's, so a struct or enum with one of its own stands elsewhere."""
    said = isinstance(type, (Struct, Enum)) and type.doc is not None
    return where in ("field", "member") and (said or (isinstance(type, Struct) and bool(type.tags)))


def write(model: Model, options: Options = NO_WISHES) -> str:
    """The text of a model that fits, in draft 7."""
    return json.dumps({"$schema": DRAFT, **document(model)}, ensure_ascii=False)


def document(model: Model) -> dict[str, Any]:
    """The schema of the root, the definitions beside it."""
    writer = Writer(model, "#/definitions/", model.root.name if isinstance(model.root, Named) else "")
    if writer.root and model.nullable and _names_itself(model):
        # a use of the whole document would mean null too
        writer = Writer(model, "#/definitions/", "")
    found = writer.use(model.meaning(model.root) if writer.root else model.root, nullable=model.nullable)
    rest = {name: writer.use(type, nullable=False) for name, type in model.definitions.items() if name != writer.root}
    head = {"title": writer.root} if writer.root else {}
    return {**head, **found, **({"definitions": rest} if rest else {})}


def _names_itself(model: Model) -> bool:
    """Whether the root, or what it uses, uses the root."""
    return any(model.root in _inside(type) for type in model.definitions.values())


def _inside(type: Type) -> Iterator[Type]:
    """A type and every type that is written in it; names are not followed."""
    yield type
    match type:
        case Struct():
            inner: tuple[Type, ...] = tuple(field.type for field in type.fields)
        case List():
            inner = (type.item,)
        case Map():
            inner = (type.key, type.value)
        case Union():
            inner = tuple(branch.type for branch in type.branches)
        case Annotated():
            inner = (type.base,)
        case _:
            inner = ()
    for each in inner:
        yield from _inside(each)


def spelled(type: Type, options: Options = NO_WISHES) -> str:
    """A type as people write it."""
    match type:
        case Union():
            return "anyOf"
        case Enum():
            return "enum"
        case Named():
            return type.name
        case _:
            found = Writer(Model(type), "#/definitions/", "").type(type)
    said = found.get("format") or found.get("contentEncoding") or found.get("maxLength")
    return f"{found.get('type', 'anything')}{f' ({said})' if said else ''}"


class Writer:
    """One printing; names are used at the given prefix, that of the root at `#`."""

    def __init__(self, model: Model, prefix: str, root: str) -> None:
        self.model = model
        self.prefix = prefix
        self.root = root

    def use(self, type: Type, *, nullable: bool) -> dict[str, Any]:
        """The schema of a type with the null that it may be."""
        found = self.type(type)
        if not nullable or isinstance(self.model.meaning(type), Null):
            return found
        if isinstance(found.get("type"), str) and "properties" not in found:
            return {**found, "type": ["null", found["type"]]}
        inner = found["anyOf"] if isinstance(type, Union) else [found]
        return {"anyOf": [{"type": "null"}, *inner]}

    def type(self, type: Type) -> dict[str, Any]:
        """The schema of a type that is not null."""
        match type:
            case Named():
                last = quote(type.name.replace("~", "~0").replace("/", "~1"))
                return {"$ref": "#" if type.name == self.root else f"{self.prefix}{last}"}
            case Struct():
                return self._struct(type)
            case List():
                return {"type": "array", "items": self.use(type.item, nullable=type.nullable)}
            case Map():
                return {"type": "object", "additionalProperties": self.use(type.value, nullable=type.nullable)}
            case Union():
                return {"anyOf": [self.type(branch.type) for branch in type.branches]}
            case Enum():
                return {"enum": list(type.symbols), **_said(type.doc, ())}
            case Annotated():
                raise AssertionError(f"{type} does not fit JSON Schema")
            case _:
                return written(type)

    def _struct(self, type: Struct) -> dict[str, Any]:
        required = [field.name for field in type.fields if not field.nullable and field.default is ABSENT]
        return {
            "type": "object",
            **_said(type.doc, type.tags),
            "properties": {field.name: self._field(field) for field in type.fields},
            **({"required": required} if required else {}),
            "additionalProperties": False,
        }

    def _field(self, field: Field) -> dict[str, Any]:
        found = self.use(field.type, nullable=field.nullable)
        said = _said(field.doc, field.tags)
        if field.default is not ABSENT and field.default is not None:
            said["default"] = to_json(field.default, field.type, self.model)
        return {**found, **said}


def _said(doc: str | None, tags: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {} if doc is None else {"description": doc}
    return found | ({_TAGS: list(tags)} if tags else {})
