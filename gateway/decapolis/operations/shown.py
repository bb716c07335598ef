"""What callers see of a version: the public id, the text, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from decapolis.gateway import View
from decapolis.registries.live import LiveRegistry
from decapolis_formats import Schema
from decapolis_translators.contract import StoredVersion


@dataclass(frozen=True, slots=True)
class Shown:
    """One version as a caller sees it."""

    subject: str
    version: int
    id: int
    schema: Schema
    deleted: bool = False
    created_ms: int | None = None


def shown(view: View, registry: LiveRegistry, stored: StoredVersion) -> Shown:
    """A stored version through the eyes of a view."""
    native_id = stored.native_id
    if not isinstance(native_id, int):
        raise TypeError(f"registry {registry.id} has no integer ids and none were given to it")
    public_id = view.public_id(registry, native_id, stored.subject)
    return Shown(stored.subject, stored.version, public_id, stored.schema, stored.deleted, stored.created_ms)
