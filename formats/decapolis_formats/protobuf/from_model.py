"""From the type model to Protobuf, and what a file in proto3 holds of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from decapolis_formats.holds import Holds
from decapolis_formats.options import NO_WISHES, Options
from decapolis_formats.types import (
    Binary,
    Boolean,
    Date,
    Decimal,
    Duration,
    Enum,
    Field,
    Floating,
    Integer,
    List,
    Map,
    Model,
    Named,
    Scalar,
    Struct,
    Text,
    Time,
    Timestamp,
    Type,
    Union,
    Unit,
    Variant,
    Where,
)

from .fitting import finished, folded, package_of
from .meta import META_FILE, meta_option
from .nodes import SCALARS, EnumConstant, File, Message, OneOf, Option
from .nodes import Enum as EnumNode
from .nodes import Field as FieldNode
from .printing import printed

_ILLEGAL: Final = re.compile(r"[^A-Za-z0-9_]")
_SCALARS: Final[Mapping[Type, str]] = {
    Boolean(): "bool",
    Integer(32): "int32",
    Integer(64): "int64",
    Integer(32, signed=False): "uint32",
    Integer(64, signed=False): "uint64",
    Floating(32): "float",
    Floating(64): "double",
    Text(): "string",
    Binary(): "bytes",
}
_MESSAGES: Final[Mapping[Type, str]] = {
    Timestamp(Unit.NANOS): "google.protobuf.Timestamp",
    Duration(calendar=False): "google.protobuf.Duration",
    Variant(): "google.protobuf.Value",
    Date(): "google.type.Date",
    Time(Unit.NANOS): "google.type.TimeOfDay",
}
_DECIMAL: Final = "confluent.type.Decimal"
_FILES: Final[Mapping[str, str]] = {
    "google.protobuf.Timestamp": "google/protobuf/timestamp.proto",
    "google.protobuf.Duration": "google/protobuf/duration.proto",
    "google.protobuf.Value": "google/protobuf/struct.proto",
    "google.type.Date": "google/type/date.proto",
    "google.type.TimeOfDay": "google/type/timeofday.proto",
    _DECIMAL: "confluent/type/decimal.proto",
}
_PLAIN: Final = frozenset(("item", "value", "branch"))


def holds(options: Options = NO_WISHES) -> Holds:
    """What proto3 holds: messages with numbered fields; lists and maps are never null, messages always may be."""
    return Holds(
        exact=_exact,
        named=_takes_name,
        must_name=lambda found, _where: _takes_name(found),
        struct_root=True,
        unions=frozenset(("field", "member")),
        inside=lambda inner, where: where not in _PLAIN or not isinstance(inner, (List, Map)),
        nullable=_nullable,
        key=lambda key: isinstance(key, (Text, Integer, Boolean)),
        branch_names=True,
        docs=frozenset(("root", "field", "member")),
        type_docs=True,
        tags=True,
        ids=True,
        enum_numbers=True,
        spell=legal,
        spell_type=lambda name: ".".join(map(legal, name.split("."))),
        fold=folded,
        finish=finished,
    )


def legal(name: str) -> str:
    """The nearest name that Protobuf takes."""
    name = _ILLEGAL.sub("_", name)
    return name if name[:1].isalpha() or name[:1] == "_" else f"_{name}"


def _takes_name(type: Type) -> bool:
    return isinstance(type, (Struct, Enum))


def _exact(type: Scalar) -> bool:
    match type:
        case Enum():
            return bool(type.symbols) and all(symbol == legal(symbol) for symbol in type.symbols)
        case Decimal():
            return type.size is None and (type.precision is not None or not type.scale)
        case _:
            return type in _SCALARS or type in _MESSAGES


def _nullable(type: Type, where: Where, wanted: bool) -> bool:
    if where not in ("field", "member") or isinstance(type, (List, Map)):
        return False
    return wanted or isinstance(type, (Struct, Union, Decimal)) or _is_message(type)


def _is_message(type: Type) -> bool:
    return isinstance(type, (Timestamp, Duration, Variant, Date, Time))


def write(model: Model, options: Options = NO_WISHES) -> str:
    """The text of a model that fits, in the dialect's spelling, its root first."""
    return printed(_Writer(model).file())


def spelled(type: Type, options: Options = NO_WISHES) -> str:
    """A type as people write it."""
    match type:
        case Struct() | Enum() | Union():
            return {Struct: "message", Enum: "enum", Union: "oneof"}[type.__class__]
        case List():
            return f"repeated {spelled(type.item)}"
        case _:
            return _Writer(Model(type)).type(type)


class _Writer:
    """One printing of one file."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.package = package_of(model)
        self.root = model.root.name if isinstance(model.root, Named) else ""
        self.imports: set[str] = set()

    def file(self) -> File:
        names = sorted(self._inside(self.package), key=lambda name: name != self.root)
        messages = tuple(self._message(name) for name in names if isinstance(self.model.definitions[name], Struct))
        enums = tuple(self._enum(name) for name in names if isinstance(self.model.definitions[name], Enum))
        imports = tuple(sorted(self.imports))
        return File("proto3", self.package or None, imports, messages=messages, enums=enums)

    def _inside(self, space: str) -> Iterator[str]:
        return (name for name in self.model.definitions if name.rpartition(".")[0] == space)

    def _message(self, name: str) -> Message:
        type = self.model.definitions[name]
        assert isinstance(type, Struct)
        inner = list(self._inside(name))
        return Message(
            name.rpartition(".")[2],
            tuple(self._field(field) for field in type.fields if not isinstance(field.type, Union)),
            tuple(self._oneof(field) for field in type.fields if isinstance(field.type, Union)),
            messages=tuple(self._message(each) for each in inner if isinstance(self.model.definitions[each], Struct)),
            enums=tuple(self._enum(each) for each in inner if isinstance(self.model.definitions[each], Enum)),
            options=self._meta("message_meta", type.doc, type.tags),
        )

    def _enum(self, name: str) -> EnumNode:
        type = self.model.definitions[name]
        assert isinstance(type, Enum)
        numbers = type.numbers or range(len(type.symbols))
        constants = tuple(EnumConstant(symbol, number) for symbol, number in zip(type.symbols, numbers, strict=True))
        return EnumNode(name.rpartition(".")[2], constants, self._meta("enum_meta", type.doc, ()))

    def _field(self, field: Field) -> FieldNode:
        inner = self._inner(field.type)
        decimal = inner if isinstance(inner, Decimal) else None
        options = self._meta("field_meta", field.doc, field.tags, decimal)
        return FieldNode(self._label(field), self.type(field.type), field.name, field.id or 0, options)

    def _label(self, field: Field) -> str | None:
        if isinstance(field.type, List):
            return "repeated"
        meaning = self.model.meaning(field.type)
        always = isinstance(meaning, (Struct, Decimal)) or _is_message(meaning)
        return "optional" if field.nullable and not always else None

    def _inner(self, type: Type) -> Type:
        match type:
            case List():
                return type.item
            case Map():
                return type.value
            case _:
                return type

    def _oneof(self, field: Field) -> OneOf:
        assert isinstance(field.type, Union)
        return OneOf(
            field.name,
            tuple(
                FieldNode(None, self.type(each.type), each.name, each.id or 0, self._measures(each.type))
                for each in field.type.branches
            ),
        )

    def _measures(self, type: Type) -> tuple[Option, ...]:
        return self._meta("field_meta", None, (), type if isinstance(type, Decimal) else None)

    def _meta(
        self, name: str, doc: str | None, tags: tuple[str, ...], decimal: Decimal | None = None
    ) -> tuple[Option, ...]:
        found = meta_option(name, doc, tags, decimal)
        if found:
            self.imports.add(META_FILE)
        return found

    def type(self, type: Type) -> str:
        """The name of a type where a field uses it."""
        match type:
            case Named():
                return self._use(type.name)
            case List():
                return self.type(type.item)
            case Map():
                return f"map<{self.type(type.key)}, {self.type(type.value)}>"
            case Decimal():
                return self._imported(_DECIMAL)
            case Struct() | Union() | Enum():
                raise AssertionError(f"{type} does not fit Protobuf")
            case _:
                return _SCALARS.get(type) or self._imported(_MESSAGES[type])

    def _imported(self, name: str) -> str:
        self.imports.add(_FILES[name])
        return name

    def _use(self, name: str) -> str:
        """The shortest name that means the type everywhere in the file."""
        local = name.removeprefix(f"{self.package}.") if self.package else name
        first = local.partition(".")[0]
        same = sum(first == each.rpartition(".")[2] for each in self.model.definitions)
        is_top = f"{self.package}.{first}".lstrip(".") in self.model.definitions
        clear = same == 1 and is_top and first not in SCALARS and first not in ("google", "confluent", "map", "group")
        return local if clear else f".{name}"
