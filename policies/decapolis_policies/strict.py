"""Configuration that refuses keys it does not know, and names the one that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator


def nearest(name: str, known: Iterable[str]) -> str:
    """What is known instead of a name: the nearest one, or all where none is near."""
    names = list(known)
    near = get_close_matches(name, names, n=1)
    return f"did you mean '{near[0]}'?" if near else f"known: {', '.join(sorted(names)) or 'none'}"


class Strict(BaseModel):
    """A frozen model of a piece of configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown(cls, raw: Any) -> Any:
        if isinstance(raw, dict):
            for key in raw:
                if key not in cls.model_fields:
                    raise ValueError(f"unknown key '{key}' ({nearest(str(key), cls.model_fields)})")
        return raw


def sentences(error: ValidationError, where: str = "") -> list[str]:
    """One sentence for each fault of a validation, with its place."""
    found = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        place = where
        for step in fault["loc"]:
            place += f"[{step}]" if isinstance(step, int) else f".{step}" if place else str(step)
        text = fault["msg"].removeprefix("Value error, ")
        found.append(f"{place}: {text}" if place else text)
    return found
