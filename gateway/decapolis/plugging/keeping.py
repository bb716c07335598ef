"""How an entry that came over the wire is kept: as it was given, variables unfilled, its secrets sealed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from decapolis.files import UnusableBody, entry_of_body, filled_config
from decapolis.operations.plugging import EntryInvalid, SecretsNeedKey
from decapolis.safe import KEY, KEY_FILE, Safe
from decapolis.settings import RegistryEntry
from decapolis_translators.discovery import BrokenTypeError, Types, UnknownTypeError

from .secret_places import MASK, Place, changed_at, is_reference, leaves, masked, secret_places, unmasked

_SEALED = "$sealed"
_KEYS = frozenset(RegistryEntry.model_fields)


@dataclass(frozen=True, slots=True)
class Given:
    """An entry as it was given and as it is meant."""

    body: Mapping[str, Any]
    entry: RegistryEntry
    secrets: frozenset[Place]
    """Where secrets stand in its `config`."""

    @property
    def shown(self) -> dict[str, Any]:
        """Its configuration as anybody may see it."""
        return masked(self.body.get("config") or {}, set(self.secrets))


class Keeper:
    """Reads bodies, and turns them into what the store may hold."""

    def __init__(self, types: Types, safe: Safe, environ: Mapping[str, str]) -> None:
        self._types = types
        self._safe = safe
        self._environ = environ

    def read(self, body: Mapping[str, Any], *, before: Mapping[str, Any] | None = None) -> Given:
        """A body as an entry; EntryInvalid, or UnknownTypeError for a type that is not there.

        Masks that were sent back stand for the secrets of `before`.
        """
        known = json.loads(json.dumps({key: value for key, value in body.items() if key in _KEYS}))
        strange = sorted(set(body) - _KEYS)
        if strange:
            raise EntryInvalid([(key, f"unknown key (known: {', '.join(sorted(_KEYS))})") for key in strange])
        self._demand_type(known)
        config = known.get("config") or {}
        if isinstance(config, dict) and before is not None:
            known["config"] = config = unmasked(config, before.get("config") or {})
        unknown = [place for place, text in leaves(config) if text == MASK]
        if unknown:
            raise EntryInvalid(
                [(_named(place), "is hidden, and what it hides is not known: give it") for place in unknown]
            )
        try:
            entry = entry_of_body(known, self._environ, self._types)
        except UnusableBody as unusable:
            raise EntryInvalid(unusable.problems) from unusable
        places = secret_places(config, filled_config(known, self._environ), self.model(entry.type))
        return Given(known, entry, frozenset(places))

    def _demand_type(self, body: Mapping[str, Any]) -> None:
        name, wanted = body.get("type"), body.get("enabled", True) is not False
        if not isinstance(name, str):
            return  # the entry's own check says so
        found = self._types.find(name)
        if found is None:
            raise UnknownTypeError(name, self._types.names())
        if wanted:
            self._types.named(name)

    def model(self, type_: str) -> type[BaseModel] | None:
        """What a type's configuration is made of, None where the type cannot be used here."""
        try:
            return self._types.named(type_).Config
        except (UnknownTypeError, BrokenTypeError):
            return None

    def to_keep(self, given: Given) -> dict[str, Any]:
        """What the store gets; SecretsNeedKey for a secret that is there as it is while there is no key."""
        config = given.body.get("config") or {}
        open_secrets = {place for place, text in leaves(config) if place in given.secrets and not is_reference(text)}
        if open_secrets and not self._safe.has_key:
            names = ", ".join(sorted(map(_named, open_secrets)))
            raise SecretsNeedKey(
                f"{names} would be kept as it is: give a reference to a variable of the gateway (`${{VAR}}`), or "
                f"set {KEY} or {KEY_FILE} for the gateway so that secrets are encrypted (`openssl rand -base64 32`)"
            )
        purpose = given.entry.id
        sealed = changed_at(config, open_secrets, lambda _, text: {_SEALED: self._safe.seal(purpose, text)})
        return {**given.body, "config": sealed}

    def from_kept(self, registry_id: str, kept: Mapping[str, Any]) -> dict[str, Any]:
        """The body again; NoKey or UnusableKey where its secrets cannot be opened."""
        return {**kept, "config": self._opened(registry_id, kept.get("config") or {})}

    def _opened(self, registry_id: str, value: Any) -> Any:
        if isinstance(value, dict):
            if set(value) == {_SEALED}:
                return self._safe.open(registry_id, value[_SEALED])
            return {key: self._opened(registry_id, each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._opened(registry_id, each) for each in value]
        return value


def _named(place: Place) -> str:
    return ".".join(map(str, ("config", *place)))


def without_secrets(kept: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of a kept body whose secrets cannot be opened, as it may be shown."""
    hidden: dict[str, Any] = _hidden(kept.get("config") or {})
    return hidden


def _hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return MASK if set(value) == {_SEALED} else {key: _hidden(each) for key, each in value.items()}
    return [_hidden(each) for each in value] if isinstance(value, list) else value
