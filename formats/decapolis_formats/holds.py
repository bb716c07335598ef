"""What a format can hold, as data: the printers state it, one walk makes any model fit it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from .types import Loss, Model, Scalar, Type, Where


class _ExactScalar(Protocol):
    def __call__(self, type: Scalar, /) -> bool: ...


def _everything(*_: object) -> bool:
    return True


def _nothing(*_: object) -> bool:
    return False


def _as_wanted(type: Type, where: Where, wanted: bool) -> bool:
    return wanted


def _as_written(name: str) -> str:
    return name


def _different(type: Type) -> object:
    return object()


def _finished(model: Model) -> tuple[Model, tuple[Loss, ...]]:
    return model, ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """What one format holds; the types that the callables get have no names or annotations around them.

    `exact`: scalars that come back as they went in.  `named`, `must_name`: which types may, or must, be
    definitions; others stand where they are used.  `root`: whether the root must be a struct, and whether its name
    is kept.  `unions`: where they may stand.  `inside`: whether a type may stand in a place.  `nullable`: what
    becomes of a wish to be null or not.  `clash`: branches of equal answers cannot be told apart.  `default`: of
    which types.  `implied_null`: what may be null is null by default.  `docs`: which
    places take one (root: that of the root struct alone); `type_docs`: every struct and enum.
    `ids`: dropped, or kept as they are.
    `spell`, `spell_type`: the nearest legal name.  `fold`: names of equal answers collide.  `finish`: what only
    the format knows to do, after all else.
    """

    exact: _ExactScalar
    named: Callable[[Type], bool] = _nothing
    must_name: Callable[[Type, Where], bool] = _nothing
    struct_root: bool = False
    root_name: Literal["any", "needed", "dropped"] = "any"
    unions: frozenset[Where] = frozenset()
    inside: Callable[[Type, Where], bool] = _everything
    nullable: Callable[[Type, Where, bool], bool] = _as_wanted
    maps: bool = True
    key: Callable[[Type], bool] = _everything
    clash: Callable[[Type], object] = _different
    branch_names: bool = False
    default: Callable[[Type, Where], bool] = _nothing
    implied_null: bool = True
    docs: frozenset[Where] = frozenset()
    type_docs: bool = False
    tags: bool = False
    properties: bool = False
    ids: bool = False
    enum_numbers: bool = False
    enum_default: bool = False
    empty_structs: bool = True
    spell: Callable[[str], str] = _as_written
    spell_type: Callable[[str], str] = _as_written
    fold: Callable[[str], str] = _as_written
    finish: Callable[[Model], tuple[Model, tuple[Loss, ...]]] = _finished
