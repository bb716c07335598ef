"""A registry's configuration as it may be shown: every secret hidden."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from decapolis.settings import RegistryEntry
from decapolis_translators.discovery import BrokenTypeError, Types, UnknownTypeError

HIDDEN = "**********"


def shown_config(entry: RegistryEntry, types: Types) -> dict[str, Any]:
    """The keys that were configured; what the type declares to be secret, or what cannot be told from one, is hidden."""
    try:
        kind = types.named(entry.type)
        config = kind.Config.model_validate(entry.config)
    except (UnknownTypeError, BrokenTypeError, ValidationError):
        return {key: _guarded(key, value) for key, value in entry.config.items()}  # a disabled entry may be incomplete
    return {key: _plain(value, _member(config, key)) for key, value in entry.config.items()}


def _plain(given: Any, understood: Any) -> Any:
    """What was written, except where the type understood it as a secret."""
    if isinstance(understood, SecretStr):
        return HIDDEN
    if isinstance(given, Mapping) and isinstance(understood, (BaseModel, Mapping)):
        return {str(key): _plain(value, _member(understood, str(key))) for key, value in given.items()}
    return given


def _member(whole: BaseModel | Mapping[str, Any], key: str) -> Any:
    """The part of that name; one that the type calls otherwise may be anything, and is hidden."""
    if isinstance(whole, BaseModel):
        return getattr(whole, key, SecretStr(""))
    return whole.get(key, SecretStr(""))


_HARMLESS = frozenset(
    {"url", "urls", "region", "registry_name", "account_name", "catalog", "username", "type", "project"}
)


def _guarded(key: str, value: Any) -> Any:
    if key in _HARMLESS or (isinstance(value, str) and value.startswith("${") and value.endswith("}")):
        return value
    if isinstance(value, Mapping):
        return {name: _guarded(str(name), each) for name, each in value.items()}
    return HIDDEN
