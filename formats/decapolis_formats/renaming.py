"""New names for the fields and the root of a model, as a caller wishes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from .errors import InvalidSchema
from .fitting.names import numbered
from .options import Naming, Options
from .types import Annotated, Field, List, Loss, Map, Model, Named, Struct, Type, Union

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS: Final = re.compile(r"[_\-\s]+")


def renamed(model: Model, options: Options) -> tuple[Model, tuple[Loss, ...]]:
    """The model with its new names; InvalidSchema where a mapping names no field."""
    losses: tuple[Loss, ...] = ()
    if options.field_mappings or options.naming is not Naming.AS_IS:
        walk = _Renaming(model, options)
        model, losses = walk.run(), tuple(walk.losses)
    return _root_named(model, options), losses


def spelled(name: str, naming: Naming) -> str:
    """A name in snake_case or camelCase."""
    words = [word for part in _SEPARATORS.split(name) for word in _HUMP.split(part) if word]
    if naming is Naming.SNAKE:
        return "_".join(word.lower() for word in words) or name
    first, *rest = words or [name]
    return first.lower() + "".join(word[:1].upper() + word[1:].lower() for word in rest)


class _Renaming:
    """One walk; a definition gets the names of its first use's path."""

    def __init__(self, model: Model, options: Options) -> None:
        self.model = model
        self.mappings = options.field_mappings
        self.naming = options.naming
        self.used: set[str] = set()
        self.definitions: dict[str, Type] = {}
        self.losses: list[Loss] = []

    def run(self) -> Model:
        """The whole walk."""
        root = self._type(self.model.root, "")
        unknown = sorted(set(self.mappings) - self.used)
        if unknown:
            raise InvalidSchema(f"field_mappings: the schema has no field {', '.join(unknown)}")
        return replace(self.model, root=root, definitions=self.definitions)

    def _type(self, type: Type, path: str) -> Type:
        match type:
            case Named():
                return self._named(type, path)
            case Annotated():
                return replace(type, base=self._type(type.base, path))
            case List():
                return replace(type, item=self._type(type.item, f"{path}[]"))
            case Map():
                key = self._type(type.key, f"{path}{{key}}")
                return replace(type, key=key, value=self._type(type.value, f"{path}{{}}"))
            case Union():
                return Union(tuple(replace(each, type=self._type(each.type, path)) for each in type.branches))
            case Struct():
                return replace(type, fields=tuple(self._field(each, path) for each in type.fields))
            case _:
                return type

    def _named(self, use: Named, path: str) -> Named:
        if use.name in self.model.definitions and use.name not in self.definitions:
            self.definitions[use.name] = self.model.definitions[use.name]  # so that uses inside of it end here
            self.definitions[use.name] = self._type(self.model.definitions[use.name], path)
        return use

    def _field(self, field: Field, outer: str) -> Field:
        path = f"{outer}.{field.name}" if outer else field.name
        name = self._new_name(field.name, path)
        kept = replace(field, name=name, type=self._type(field.type, path))
        meaning = self.model.meaning(field.type)
        if isinstance(meaning, Struct) and isinstance(field.default, dict) and field.default:
            self.losses.append(Loss(path, "the default", "its fields have new names"))
            kept = Field(name, kept.type, field.nullable, doc=field.doc, tags=field.tags, properties=field.properties)
        return kept

    def _new_name(self, name: str, path: str) -> str:
        for key in (path, name):
            if key in self.mappings:
                self.used.add(key)
                return self.mappings[key]
        return name if self.naming is Naming.AS_IS else spelled(name, self.naming)


def _root_named(model: Model, options: Options) -> Model:
    """The model with the wished name or namespace on its root, where that has a name."""
    if not isinstance(model.root, Named) or (options.name is None and options.namespace is None):
        return model
    old = model.root.name
    space, _, last = old.rpartition(".")
    new = full_name(options.name or last, space if options.namespace is None else options.namespace)
    if new == old:
        return model
    moved = {new: numbered(new, model.definitions, str)} if new in model.definitions else {}
    return called(model, {old: new, **moved})


def full_name(name: str, space: str) -> str:
    """A name in its namespace; one with a dot has its own."""
    return name if "." in name or not space else f"{space}.{name}"


def called(model: Model, new: Mapping[str, str]) -> Model:
    """The model with other names on definitions."""
    definitions = {new.get(name, name): _called(type, new) for name, type in model.definitions.items()}
    return Model(_called(model.root, new), model.nullable, definitions)


def _called(type: Type, new: Mapping[str, str]) -> Type:
    match type:
        case Named():
            return Named(new.get(type.name, type.name))
        case Annotated():
            return replace(type, base=_called(type.base, new))
        case List():
            return replace(type, item=_called(type.item, new))
        case Map():
            return replace(type, key=_called(type.key, new), value=_called(type.value, new))
        case Union():
            return Union(tuple(replace(each, type=_called(each.type, new)) for each in type.branches))
        case Struct():
            return replace(type, fields=tuple(replace(each, type=_called(each.type, new)) for each in type.fields))
        case _:
            return type
