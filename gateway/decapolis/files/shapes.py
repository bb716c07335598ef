"""Holds values against pydantic models and says in our words, with places and known keys, what does not fit."""

from __future__ import annotations

from collections.abc import Iterable
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .faults import Place, Problem, listed

M = TypeVar("M", bound=BaseModel)


def fitted(model: type[M], value: Any, place: Place = ()) -> tuple[M | None, list[Problem]]:
    """The model made of the value, or everything that keeps it from fitting."""
    try:
        return model.model_validate(value), []
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        return None, [_problem(model, fault, value, place) for fault in found]


def beside(first: Iterable[Problem], others: Iterable[Problem]) -> list[Problem]:
    """The other problems but those of places that have one already: a value that is missing also fits badly."""
    places = {problem.place for problem in first}
    return [problem for problem in others if problem.place not in places]


def _problem(model: type[BaseModel], fault: ErrorDetails, value: Any, place: Place) -> Problem:
    within = _within(fault, value)
    at = (*place, *within)
    if fault["type"] == "extra_forbidden":
        known = known_keys(model, within[:-1])
        return Problem(at, f"unknown key{listed(known)}", known)
    if fault["type"] == "missing":
        return Problem(at, "is required")
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "string_type" and isinstance(_at(value, within), int | float):
        message += "; put it in quotes"
    return Problem(at, message[:1].lower() + message[1:])


def _within(fault: ErrorDetails, value: Any) -> Place:
    # pydantic's way also names validators and members of unions, which no file has
    way: list[str | int] = []
    for part in fault["loc"]:
        inside = _step(value, part)
        if inside is not _NOTHING:
            value = inside
            way.append(part)
    if fault["type"] == "missing":
        way.append(fault["loc"][-1])
    return tuple(way)


_NOTHING = object()


def _step(value: Any, part: str | int) -> Any:
    if isinstance(value, dict) and part in value:
        return value[part]
    if isinstance(value, list | tuple) and isinstance(part, int) and part < len(value):
        return value[part]
    return _NOTHING


def _at(value: Any, place: Place) -> Any:
    for part in place:
        value = _step(value, part)
    return value


def known_keys(model: type[BaseModel], place: Place = ()) -> list[str]:
    """The keys that may stand at a place of the model; empty where any may."""
    inside: type[BaseModel] | None = model
    for part in place:
        if inside is None:
            return []
        if isinstance(part, str):
            field = inside.model_fields.get(part)
            inside = None if field is None else model_of(field.annotation)
    return [] if inside is None else sorted(inside.model_fields)


def model_of(annotation: Any) -> type[BaseModel] | None:
    """The model within an annotation such as `Tls | None` or `list[RouteEntry]`."""
    if isinstance(annotation, type) and get_origin(annotation) is None and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in {Union, UnionType, list, tuple}:
        found = [model_of(each) for each in get_args(annotation)]
        return next((each for each in found if each is not None), None)
    return None


def all_keys(model: type[BaseModel]) -> set[str]:
    """Every key that may stand anywhere in the model."""
    keys = set(model.model_fields)
    for field in model.model_fields.values():
        inside = model_of(field.annotation)
        keys |= all_keys(inside) if inside is not None else set()
    return keys
