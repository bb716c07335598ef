"""Models of the type model for property tests: every kind, names that need spelling, recursion, defaults."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as Number
from typing import Any

from hypothesis import strategies as st

from decapolis_formats.types import (
    ABSENT,
    Annotated,
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

NAMES = st.sampled_from(
    [
        "id",
        "Id",
        "value",
        "user_name",
        "userName",
        "order-line",
        "größe",
        "1st",
        "a b",
        "string",
        "type",
        "key",
        "items",
    ]
)
TYPE_NAMES = ("com.acme.User", "com.acme.Order", "Color", "other.Color", "order-line", "com.acme.hash")
DOCS = st.none() | st.sampled_from(["", "what it is", 'a "quoted" \\ word', "it's", "two\nlines", "ünïcode"])
UNITS = st.sampled_from(list(Unit))
SYMBOLS = st.lists(
    st.sampled_from(["RED", "GREEN", "blue", "in-progress", "NONE", "_x"]), min_size=1, max_size=4, unique=True
).map(tuple)
PROPERTIES = st.sampled_from(
    [{}, {}, {}, {"owner": "team"}, {"aliases": ["a.old"]}, {"connect.name": {"a": [1, None]}}]
)


@st.composite
def enums(draw: st.DrawFn) -> Enum:
    symbols = draw(SYMBOLS)
    numbers = draw(st.none() | st.permutations(range(len(symbols))).map(tuple))
    return Enum(symbols, draw(st.none() | st.sampled_from(symbols)), numbers, draw(DOCS))


SIMPLE = st.one_of(
    st.just(Boolean()),
    st.builds(Integer, st.sampled_from([8, 16, 32, 64]), st.booleans()),
    st.builds(Floating, st.sampled_from([16, 32, 64])),
    st.builds(Text, st.sampled_from([None, None, 1, 36])),
    st.builds(Binary, st.sampled_from([None, 16])),
    st.builds(Decimal, st.sampled_from([1, 5, 10, 19, 38, 50]), st.sampled_from([0, 1])),
    st.just(Decimal(None)),
    st.just(Decimal(9, 2, 8)),
    st.just(Date()),
    st.builds(Time, UNITS, st.booleans()),
    st.builds(Timestamp, UNITS, st.booleans()),
    st.builds(Duration, st.booleans()),
    st.builds(Uuid, st.booleans()),
)
SCALARS = SIMPLE | st.sampled_from([Null(), Variant(), Fixed(4), Fixed(16)]) | enums()
KEYS = st.sampled_from([Text(), Text(), Text(), Integer(32), Integer(64), Uuid(), Boolean(), Floating(64)])


VALUES: dict[type, list[Any]] = {
    Boolean: [True, False],
    Integer: [0, 1, 127],
    Floating: [0.0, 1.5, -2.25],
    Text: ["", "x", "'", "ü", '"'],
    Binary: [b"", b"\x00\xff"],
    Date: [0, 19000, -1],
    Time: [0, 3_600_000],
    Timestamp: [0, 1_700_000_000_123, -1],
    List: [[]],
    Map: [{}],
}


def _value(type_: Type) -> st.SearchStrategy[Any]:
    match type_:
        case Fixed():
            return st.just(b"\x01" * type_.size)
        case Decimal(precision=int()):
            return st.sampled_from([Number(0), Number(7), Number(-3)]).map(lambda n: n.scaleb(-type_.scale))
        case Enum():
            return st.sampled_from(type_.symbols)
        case Uuid(binary=False):
            return st.just("123e4567-e89b-12d3-a456-426614174000")
        case _:
            return st.sampled_from(VALUES.get(type(type_), [ABSENT]))


@st.composite
def fields(draw: st.DrawFn, types: st.SearchStrategy[Type]) -> Field:
    type = draw(types)
    nullable = isinstance(type, Null) or draw(st.booleans())
    default = draw(st.just(ABSENT) | _value(type) | (st.none() if nullable else st.just(ABSENT)))
    if isinstance(type, Null) and default is not ABSENT:
        default = None
    return Field(
        draw(NAMES),
        type,
        nullable,
        default,
        draw(DOCS),
        draw(st.sampled_from([(), (), ("PII",), ("PII", "GDPR")])),
        draw(PROPERTIES),
        draw(st.none() | st.integers(1, 50)),
    )


def structs(types: st.SearchStrategy[Type], least: int = 0) -> st.SearchStrategy[Struct]:
    members = st.lists(fields(types), min_size=least, max_size=4, unique_by=lambda field: field.name).map(tuple)
    return st.builds(Struct, members, DOCS, st.sampled_from([(), ("PII",)]), PROPERTIES)


def _nested(types: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    branches = st.lists(st.builds(Branch, types.filter(_may_be_branch)), min_size=2, max_size=3).map(tuple)
    return st.one_of(
        types.flatmap(lambda each: st.builds(List, st.just(each), _nullable(each))),
        types.flatmap(lambda each: st.builds(Map, KEYS, st.just(each), _nullable(each))),
        structs(types),
        branches.map(Union),
        types.filter(_may_be_annotated).map(lambda each: Annotated(each, {"x.y": [1]})),
    )


def _may_be_branch(type: Type) -> bool:
    return not isinstance(type, (Union, Null)) and not (
        isinstance(type, Annotated) and isinstance(type.base, (Union, Null, Named))
    )


def _nullable(type: Type) -> st.SearchStrategy[bool]:
    return st.just(True) if isinstance(type, Null) else st.booleans()


@st.composite
def models(draw: st.DrawFn) -> Model:
    """A model; definitions may use one another and themselves."""
    names = draw(st.lists(st.sampled_from(TYPE_NAMES), max_size=3, unique=True))
    uses = [Named(name) for name in names]
    leaves = SCALARS | st.sampled_from(uses) if uses else SCALARS
    types = st.recursive(leaves, _nested, max_leaves=5)
    inner = {name: draw(structs(types, 1) | enums() | st.just(Fixed(8))) for name in names}
    root: Type = draw(st.sampled_from(uses)) if uses and draw(st.booleans()) else draw(structs(types, 1) | types)
    return Model(root, isinstance(root, Null) or draw(st.booleans()), inner)


def _may_be_annotated(type: Type) -> bool:
    """Structs and enums have properties of their own; what stands for others has none."""
    return not isinstance(type, (Annotated, Named, Union, Null, Struct, Enum))


def reachable(model: Model) -> Model:
    """The model without definitions that nothing uses."""
    found: dict[str, Type] = {}
    _reach(model.root, model, found)
    return replace(model, definitions=found)


def _reach(type: Type, model: Model, found: dict[str, Type]) -> None:
    match type:
        case Named() if type.name not in found and type.name in model.definitions:
            found[type.name] = model.definitions[type.name]
            _reach(found[type.name], model, found)
        case Annotated():
            _reach(type.base, model, found)
        case List():
            _reach(type.item, model, found)
        case Map():
            _reach(type.key, model, found)
            _reach(type.value, model, found)
        case Struct():
            for field in type.fields:
                _reach(field.type, model, found)
        case Union():
            for branch in type.branches:
                _reach(branch.type, model, found)
