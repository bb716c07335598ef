"""From JSON Schema to the type model: what describes data comes along, what only forbids values is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote

from decapolis_formats.errors import InvalidSchema
from decapolis_formats.model import Dependency
from decapolis_formats.options import NO_WISHES, Options
from decapolis_formats.types import (
    ABSENT,
    Boolean,
    Branch,
    Enum,
    Field,
    List,
    Loss,
    Map,
    Model,
    Named,
    Null,
    Reading,
    Struct,
    Text,
    Type,
    Union,
    Variant,
)

from .documents import Library, Place
from .model_scalars import integer, number, string
from .model_values import to_value
from .reading import value_of

_TAGS: Final = "confluent:tags"
_DESCRIBED: Final = frozenset(
    (
        *("$schema", "$id", "id", "$ref", "$defs", "definitions", "title", "description", "default", "type", "enum"),
        *("const", "properties", "required", "additionalProperties", "items", "oneOf", "anyOf", "allOf", "format"),
        *("minimum", "maximum", "maxLength", "contentEncoding", "nullable", "multipleOf", "pattern"),
        *("$comment", "examples", "example", "$anchor", _TAGS, "components"),
    )
)
_CHECKS: Final = frozenset(
    (
        *("not", "if", "then", "else", "minLength", "minItems", "maxItems", "uniqueItems", "contains"),
        *("minProperties", "maxProperties", "patternProperties", "propertyNames", "dependencies"),
        *("dependentRequired", "dependentSchemas", "exclusiveMinimum", "exclusiveMaximum"),
        *("prefixItems", "additionalItems", "unevaluatedProperties", "unevaluatedItems"),
    )
)
_NULL: Final = {"type": "null"}


def read(text: str, dependencies: Sequence[Dependency] = (), options: Options = NO_WISHES) -> Reading:
    """The model of a schema's text; InvalidSchema where a reference leads nowhere."""
    value = value_of(text)
    if not isinstance(value, dict | bool):
        raise InvalidSchema("#: a schema must be an object or a boolean")
    return read_value(value, Library(value, dependencies))


def read_value(value: Any, library: Library, start: str = "#", *, keys: bool = False) -> Reading:
    """The model of the schema at a reference into the library's root document.

    `keys` that definitions are called by their keys, whatever their titles are.
    """
    reader = Reader(library, keys=keys)
    place = Place(library.root, "#")
    target, place = (value, place) if start == "#" else library.target(start, place)
    return reader.root(target, place, _last(start) if keys else "")


class Reader:
    """One walk over one document."""

    def __init__(self, library: Library, *, keys: bool = False) -> None:
        self.library = library
        self.keys = keys
        self.losses: list[Loss] = []
        self.definitions: dict[str, Type] = {}
        self.nullable: dict[str, bool] = {}
        self.names: dict[int, str] = {}

    def root(self, schema: Any, place: Place, name: str) -> Reading:
        """The model with this schema as its root, which its title or the given name names."""
        name = name or _title(schema)
        if name and isinstance(schema, dict):
            type, nullable = self._definition(schema, place, name, "")
        else:
            type, nullable = self.use(schema, place, "")
        return Reading(Model(type, nullable, self.definitions), tuple(dict.fromkeys(self.losses)))

    def use(self, schema: Any, place: Place, path: str) -> tuple[Type, bool]:
        """The type that a schema describes, and whether null is one of its values."""
        if schema is True or schema == {}:
            return Variant(), False
        if not isinstance(schema, dict):
            self._lose(path, "that no value is allowed", "it is read as null")
            return Null(), True
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self._referred(reference, schema, place, path)
        title = "" if self.keys else _title(schema)
        if title and "properties" in schema and title not in self.definitions:
            return self._definition(schema, place, title, path)
        return self._read(schema, place, path)

    def _referred(self, reference: str, schema: Mapping[str, Any], place: Place, path: str) -> tuple[Type, bool]:
        target, at = self.library.target(reference, place)
        if not isinstance(target, dict):
            return self.use(target, at, path)
        extra = sorted(set(schema) - {"$ref", "description", "title", "default", "$comment", _TAGS})
        if extra:
            self._lose(path, f"{', '.join(extra)} beside the reference", "a reference stands alone here")
        title = "" if self.keys else _title(target)
        return self._definition(target, at, title or _last(reference), path)

    def _definition(self, schema: dict[str, Any], place: Place, name: str, path: str) -> tuple[Type, bool]:
        known = self.names.get(id(schema))
        if known is None:
            known = self._free(name)
            self.names[id(schema)] = known
            self.definitions[known] = Null()  # so that uses inside of it end here
            self.nullable[known] = _allows_null(schema)
            found, nullable = self._read(schema, place, path)
            self.definitions[known], self.nullable[known] = found, nullable
        return Named(known), self.nullable[known]

    def _free(self, name: str) -> str:
        candidates = (name, *(f"{name}_{n}" for n in range(2, len(self.definitions) + 3)))
        return next(each for each in candidates if each not in self.definitions)

    def _read(self, schema: dict[str, Any], place: Place, path: str) -> tuple[Type, bool]:
        self._tell(schema, path)
        nullable = schema.get("nullable") is True
        for keyword in ("oneOf", "anyOf"):
            if isinstance(schema.get(keyword), list):
                return self._union(schema, keyword, place, path, nullable)
        if isinstance(schema.get("allOf"), list):
            return self._merged(schema, place, path)
        types = schema.get("type")
        if isinstance(types, list):
            return self._listed(schema, types, place, path, nullable)
        if "enum" in schema or "const" in schema:
            found, null = self._enumeration(schema, path)
            return found, nullable or null
        return self._typed(schema, types, place, path), nullable or types == "null"

    def _listed(
        self, schema: dict[str, Any], types: list[Any], place: Place, path: str, nullable: bool
    ) -> tuple[Type, bool]:
        nullable = nullable or "null" in types
        others = [each for each in types if each != "null"]
        if len(others) == 1:
            found, null = self._read({**schema, "type": others[0]}, place, path)
            return found, nullable or null
        if not others:
            return Null(), True
        branches = tuple(Branch(self._typed({**schema, "type": each}, each, place, path)) for each in others)
        return Union(branches), nullable

    def _typed(self, schema: dict[str, Any], name: Any, place: Place, path: str) -> Type:
        match name:
            case "object":
                return self._object(schema, place, path)
            case "array":
                return self._array(schema, place, path)
            case "string":
                return string(schema, lambda what, why: self._lose(path, what, why))
            case "integer":
                return integer(schema, lambda what, why: self._guess(path, what, why))
            case "number":
                return number(schema, lambda what, why: self._guess(path, what, why))
            case "boolean":
                return Boolean()
            case "null":
                return Null()
            case _:
                return self._untyped(schema, place, path)

    def _untyped(self, schema: dict[str, Any], place: Place, path: str) -> Type:
        for keyword, name in (("properties", "object"), ("items", "array"), ("additionalProperties", "object")):
            if keyword in schema:
                self._guess(path, "no type", f"it is read as {name} because of {keyword}")
                return self._typed(schema, name, place, path)
        return Variant()

    def _object(self, schema: dict[str, Any], place: Place, path: str) -> Type:
        properties = schema.get("properties")
        additional = schema.get("additionalProperties")
        if not isinstance(properties, dict):
            if additional is False:
                return Struct((), _text(schema.get("description")), _tags(schema))
            inner = {} if additional is None else additional
            value, nullable = self.use(inner, place.at("additionalProperties"), f"{path}{{}}")
            return Map(Text(), value, nullable)
        if isinstance(additional, dict):
            self._lose(path, "the further properties", "a struct has only its own fields")
        fields = tuple(self._fields(schema, properties, place, path))
        return Struct(fields, _text(schema.get("description")), _tags(schema))

    def _fields(self, schema: dict[str, Any], properties: dict[str, Any], place: Place, path: str) -> Iterator[Field]:
        required = schema.get("required")
        needed = frozenset(each for each in required if isinstance(each, str)) if isinstance(required, list) else ()
        for name, inner in properties.items():
            inner_path = f"{path}.{name}" if path else name
            yield self._field(name, inner, name in needed, place.at("properties").at(name), inner_path)

    def _field(self, name: str, schema: Any, required: bool, place: Place, path: str) -> Field:
        type, null = self.use(schema, place, path)
        said = schema if isinstance(schema, dict) else {}
        value = to_value(said["default"], type, self._model()) if "default" in said else ABSENT
        nullable = null or (not required and value is ABSENT)
        if nullable and not null:
            self._guess(path, "that it may be absent", "it is read as what may be null")
        if value is ABSENT and nullable:
            value = None
        if id(schema) in self.names:
            return Field(name, type, nullable, value)
        type, doc, tags = _parted(type)
        return Field(name, type, nullable, value, _text(said.get("description", doc)), _tags(said) or tags)

    def _model(self) -> Model:
        return Model(Null(), True, self.definitions)

    def _array(self, schema: dict[str, Any], place: Place, path: str) -> Type:
        items = schema.get("items", {})
        if isinstance(items, list):
            self._lose(path, "the types of the places", "a list has items of one type")
            items = {"anyOf": items} if len(items) > 1 else items[0] if items else {}
        item, nullable = self.use(items, place.at("items"), f"{path}[]")
        return List(item, nullable)

    def _union(
        self, schema: dict[str, Any], keyword: str, place: Place, path: str, nullable: bool
    ) -> tuple[Type, bool]:
        members = [each for each in schema[keyword] if not (isinstance(each, dict) and each.get("type") == "null")]
        nullable = nullable or len(members) < len(schema[keyword])
        if not members:
            return Null(), True
        branches: list[Branch] = []
        for index, member in enumerate(members):
            type, null = self.use(member, place.at(keyword).at(str(index)), path)
            nullable = nullable or null
            branches += type.branches if isinstance(type, Union) else (Branch(type),)
        return (branches[0].type if len(branches) == 1 else Union(tuple(branches))), nullable

    def _merged(self, schema: dict[str, Any], place: Place, path: str) -> tuple[Type, bool]:
        """`allOf`: the properties of all parts together, as inheritance is spelled."""
        rest = {key: value for key, value in schema.items() if key != "allOf"}
        parts = schema["allOf"]
        if len(parts) == 1 and not set(rest) - {"description", "title", "default", "nullable", "$comment"}:
            type, null = self.use(parts[0], place.at("allOf").at("0"), path)
            return type, null or rest.get("nullable") is True
        self._guess(path, "that all of several schemas hold", "their properties stand in one struct")
        fields: dict[str, Field] = {}
        for index, part in enumerate([*parts, rest]):
            at = place.at("allOf").at(str(index)) if index < len(parts) else place
            type, _ = self.use(part, at, path) if part else (Variant(), False)
            meaning = self._model().meaning(type)
            if isinstance(meaning, Struct):
                fields |= {field.name: field for field in meaning.fields}
        return Struct(tuple(fields.values()), _text(schema.get("description")), _tags(schema)), False

    def _enumeration(self, schema: dict[str, Any], path: str) -> tuple[Type, bool]:
        listed = schema.get("enum", [schema.get("const")])
        values = listed if isinstance(listed, list) else []
        symbols = [each for each in values if isinstance(each, str)]
        null = None in values
        if symbols and len(symbols) + null == len(values):
            return Enum(tuple(dict.fromkeys(symbols)), doc=_text(schema.get("description"))), null
        shown = json.dumps(values, default=str)[:60]
        self._lose(path, f"that it is one of {shown}", "only strings can be symbols")
        kinds = {type(each) for each in values if each is not None}
        if kinds == {bool}:
            return Boolean(), null
        return (integer({}, lambda *_: None) if kinds == {int} else Variant()), null

    def _tell(self, schema: Mapping[str, Any], path: str) -> None:
        for keyword in schema:
            if keyword in _CHECKS:
                self._lose(path, keyword, "it only forbids values")
            elif keyword not in _DESCRIBED and not keyword.startswith("x-"):
                self._lose(path, keyword, "it has no place in the model")

    def _lose(self, path: str, what: str, why: str) -> None:
        self.losses.append(Loss(path, what, why))

    def _guess(self, path: str, what: str, why: str) -> None:
        self.losses.append(Loss(path, what, why, guessed=True))


def _title(schema: Any) -> str:
    title = schema.get("title") if isinstance(schema, dict) else None
    return title if isinstance(title, str) else ""


def _parted(type: Type) -> tuple[Type, str | None, tuple[str, ...]]:
    """An inline struct or enum without its description and tags: those are its field's."""
    match type:
        case Struct():
            return replace(type, doc=None, tags=()), type.doc, type.tags
        case Enum():
            return replace(type, doc=None), type.doc, ()
        case _:
            return type, None, ()


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _last(reference: str) -> str:
    """The last part of a reference, which names the schema that it leads to."""
    address, _, fragment = reference.partition("#")
    last = (fragment if fragment.strip("/") else address.removesuffix(".json")).rstrip("/").rpartition("/")[2]
    return unquote(last).replace("~1", "/").replace("~0", "~") or "Root"


def _tags(schema: Mapping[str, Any]) -> tuple[str, ...]:
    tags = schema.get(_TAGS)
    return tuple(str(tag) for tag in tags) if isinstance(tags, list) else ()


def _allows_null(schema: Mapping[str, Any]) -> bool:
    """Whether null is allowed, as far as it can be told before the schema is read; for uses inside of it."""
    types = schema.get("type")
    if schema.get("nullable") is True or types == "null" or (isinstance(types, list) and "null" in types):
        return True
    members = [*schema.get("oneOf", ()), *schema.get("anyOf", ())]
    return _NULL in members
