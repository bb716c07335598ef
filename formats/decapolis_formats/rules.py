"""The type table of a pair of formats, made by transforming a sample of each type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from .fitting import fitted
from .holds import Holds
from .model import Format
from .options import NO_WISHES, Options
from .transform import printer_of
from .types import (
    Binary,
    Boolean,
    Branch,
    Date,
    Decimal,
    Duration,
    Enum,
    Field,
    Fixed,
    Floating,
    Integer,
    List,
    Loss,
    Map,
    Model,
    Named,
    Null,
    Struct,
    Text,
    Time,
    Timestamp,
    Type,
    Union,
    Unit,
    Uuid,
    Variant,
)
from .wording import shown


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: what is transformed, how both formats write it, and what is lost."""

    what: str
    source: str
    target: str
    lossy: bool
    losses: tuple[str, ...] = ()


_F: Final = "f"
_ID: Final = "a field's id"
_NAME: Final = "a type's name"
_DEFINITIONS: Final[Mapping[str, Type]] = {
    "Row": Struct(()),
    "Color": Enum(("RED", "GREEN")),
    "Inner": Struct((Field("a", Integer(32), nullable=True, default=None),)),
    "Hash": Fixed(16),
    "Money": Decimal(9, 2, 8),
    "Span": Duration(),
    "Key": Uuid(binary=True),
    "Tree": Struct((Field("children", List(Named("Tree"))),)),
}
_SCALARS: Final[tuple[Type, ...]] = (
    Boolean(),
    *(Integer(bits, signed) for signed in (True, False) for bits in (8, 16, 32, 64)),
    *(Floating(16), Floating(32), Floating(64), Text(), Text(10), Binary(), Binary(10), Fixed(16)),
    *(Decimal(9, 2), Decimal(38, 10), Decimal(60, 2), Decimal(9, 2, 8), Decimal(None), Date()),
    *(Time(unit, utc) for unit in Unit for utc in (False, True)),
    *(Timestamp(unit, zoned) for unit in Unit for zoned in (True, False)),
    *(Duration(calendar=True), Duration(calendar=False), Uuid(), Uuid(binary=True), Variant(), Null()),
)
_COMPOSITES: Final[Mapping[str, Type]] = {
    "enum": Enum(("RED", "GREEN")),
    "list": List(Integer(32)),
    "list of items that may be null": List(Integer(32), nullable=True),
    "list of lists": List(List(Integer(32))),
    "map of strings": Map(Text(), Integer(32)),
    "map with whole numbers as keys": Map(Integer(32), Text()),
    "struct": Struct((Field("a", Integer(32), nullable=True, default=None),)),
    "union": Union((Branch(Text()), Branch(Integer(64)))),
    "recursive struct": Named("Tree"),
}
_INNER: Final = Named("Inner")
_FEATURES: Final[Mapping[str, Field]] = {
    "a field that is never null": Field(_F, Text()),
    "a field that may be null": Field(_F, Text(), nullable=True, default=None),
    "a list that may be null": Field(_F, List(Text(), nullable=True), nullable=True, default=None),
    "a struct that is never null": Field(_F, _INNER),
    "a default": Field(_F, Text(), default="x"),
    "a field's doc": Field(_F, Text(), doc="what it is"),
    "a field's tags": Field(_F, Text(), tags=("PII",)),
    "a field's own properties": Field(_F, Text(), properties={"owner": "a team"}),
    _ID: Field(_F, Text(), id=7),
    _NAME: Field(_F, _INNER, nullable=True, default=None),
}


def rules(source: Format, target: Format, options: Options = NO_WISHES) -> tuple[Rule, ...]:
    """A row for each type and feature that the source holds, as `transform` treats it."""
    return tuple(_Table(source, target, options).rows())


class _Table:
    """The table of one pair."""

    def __init__(self, source: Format, target: Format, options: Options) -> None:
        self.source = printer_of(source)
        self.target = printer_of(target)
        self.options = options
        self.source_options = _for_source(options)
        self.from_ = self.source.holds(self.source_options)
        self.to = self.target.holds(options)

    def rows(self) -> Iterator[Rule]:
        """Types first, then what is said about fields."""
        for what, type in ((shown(each), each) for each in _SCALARS):
            yield from self._type_row(what, type)
        for what, type in _COMPOSITES.items():
            yield from self._type_row(what, type)
        for what, field in _FEATURES.items():
            yield from self._feature_row(what, field)

    def _type_row(self, what: str, type: Type) -> Iterator[Rule]:
        for field in _uses(type):
            held = self._held(field)
            if held is None:
                continue
            model, losses = _fit(held, self.to)
            lost = tuple(dict.fromkeys(_told(loss) for loss in losses if _is_about_type(loss)))
            source = self.source.spelled(_type_of(held), self.source_options)
            target = self.target.spelled(_type_of(model), self.options)
            yield Rule(what, source, target, bool(lost), lost)
            return

    def _feature_row(self, what: str, field: Field) -> Iterator[Rule]:
        held = self._held(field)
        if held is None:
            return
        _, losses = _fit(held, self.to)
        lost = tuple(dict.fromkeys(_told(loss) for loss in losses if _concerns(loss, what)))
        yield Rule(what, "kept", "lost" if lost else "kept", bool(lost), lost)

    def _held(self, field: Field) -> Model | None:
        """The sample as the source has it, None where the source does not hold it."""
        root = Model(Named("Row"), False, {**_DEFINITIONS, "Row": Struct((field,))})
        model, losses = fitted(root, self.from_, name="Row")
        return None if any(loss.path.startswith(_F) or _is_id(loss) for loss in losses) else model


def _for_source(options: Options) -> Options:
    """The options as they hold for the source: its own dialect."""
    return Options(dialect=options.read_dialect, iceberg_version=options.iceberg_version, payload=options.payload)


def _uses(type: Type) -> Iterator[Field]:
    """The ways to have a type in a field: named or not, null or not; a source holds one of them."""
    names = [name for name, each in _DEFINITIONS.items() if each == type]
    for each in (*(Named(name) for name in names), type):
        yield Field(_F, each, nullable=True, default=None)
        yield Field(_F, each, nullable=True)
        yield Field(_F, each)


def _fit(model: Model, holds: Holds) -> tuple[Model, tuple[Loss, ...]]:
    fits, losses = fitted(model, holds, name="Row")
    return fits, losses


def _type_of(model: Model) -> Type:
    root = model.meaning(model.root)
    assert isinstance(root, Struct)
    return model.meaning(root.fields[0].type)


def _is_about_type(loss: Loss) -> bool:
    """Names of types have a row of their own."""
    return loss.path.startswith(_F) and not loss.what.startswith(("no name of a type", "the type name"))


def _concerns(loss: Loss, feature: str) -> bool:
    """Whether a loss is of the feature that a row is about."""
    match feature:
        case "a field's id":
            return _is_id(loss)
        case "a type's name":
            return loss.what.startswith("the type name")
        case _:
            return loss.path == _F and not loss.guessed and _is_about_type(loss)


def _is_id(loss: Loss) -> bool:
    return loss.what == "the ids of the fields"


def _told(loss: Loss) -> str:
    return f"{loss.what}: {loss.why}"
