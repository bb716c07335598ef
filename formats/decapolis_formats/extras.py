"""Libraries that only some formats need: loaded at first use, missed in words that help."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .errors import FormatError


class MissingLibrary(FormatError):
    """A format needs a library that is not installed; the message names the extra that brings it."""


def library(module: str, format: str) -> Any:
    """The module; MissingLibrary where it is not installed."""
    try:
        return import_module(module)
    except ImportError:
        raise MissingLibrary(f"{format} needs {module.partition('.')[0]}: install decapolis[transform]") from None
