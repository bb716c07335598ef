"""Configuration that refuses keys it does not know, and names the one that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

Place = tuple[str | int, ...]
"""The way to a value: keys and indexes from the top."""
Problem = tuple[Place, str]


class Strict(BaseModel):
    """A frozen model of a piece of configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def nearest(name: str, known: Iterable[str]) -> str:
    """What is known instead of a name: the nearest one, or all where none is near."""
    names = list(known)
    near = get_close_matches(name, names, n=1)
    return f"did you mean '{near[0]}'?" if near else f"known: {', '.join(sorted(names)) or 'none'}"


def problems(model: type[BaseModel], error: ValidationError, where: Place = ()) -> list[Problem]:
    """What is wrong where, for each fault of a validation against the model."""
    found: list[Problem] = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        within = fault["loc"]
        text = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            text = f"unknown key ({nearest(str(within[-1]), _keys(model, within[:-1]))})"
        found.append(((*where, *within), text))
    return found


def _keys(model: type[BaseModel], place: Place) -> list[str]:
    """The keys that may stand at a place of the model."""
    inside: Any = model
    for step in place:
        if isinstance(step, str) and step in inside.model_fields:
            inside = _model_in(inside.model_fields[step].annotation) or inside
    return list(inside.model_fields)


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and not get_args(annotation) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _model_in(each)) is not None), None)


def spelled(problem: Problem) -> str:
    """The problem as people read it: `policies[0].match.subjct: unknown key (did you mean 'subject'?)`."""
    place, text = problem
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).removeprefix(".")
    return f"{path}: {text}" if path else text
