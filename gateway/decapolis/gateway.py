"""What operations receive: everything that a gateway is made of, frozen once it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from decapolis.audit import Audit
from decapolis.cache import Changes, EstateMemory, ReadyAnswers, SettingsMemory
from decapolis.ids import Ledger
from decapolis.judge import Judge
from decapolis.locks import Locks
from decapolis.metrics import Metrics
from decapolis.registries.live import LiveRegistry
from decapolis.registries.routing import Registries
from decapolis.registries.stored import StoredRegistry
from decapolis.settings import Configuration
from decapolis.store import Store
from decapolis_translators.discovery import Types
from decapolis_translators.subjects import DEFAULT_CONTEXT, Subject

if TYPE_CHECKING:
    from decapolis.sharing import SharedAnswers


@dataclass(frozen=True, slots=True)
class Gateway:
    """The parts of a running gateway."""

    configuration: Configuration
    store: Store
    ledger: Ledger
    registries: Registries
    changes: Changes
    answers: ReadyAnswers
    shared_answers: SharedAnswers | None
    settings_memory: SettingsMemory
    estate: EstateMemory
    locks: Locks
    audit: Audit
    judge: Judge
    metrics: Metrics
    types: Types
    front: StoredRegistry
    """Keeps `/config` and `/mode` of a front that has no home."""


@dataclass(frozen=True, slots=True)
class View:
    """From where a caller looks: the front with its routes, or one registry's door."""

    gateway: Gateway
    door: str | None = None

    def owner(self, subject: str) -> LiveRegistry:
        """The registry that a subject belongs to as seen from here; NoRoute or UnknownRegistry."""
        registries = self.gateway.registries
        return registries.owner(subject) if self.door is None else registries.at(self.door)

    def home(self) -> LiveRegistry | None:
        """The registry whose global settings are meant by paths without a subject."""
        registries = self.gateway.registries
        return registries.home if self.door is None else registries.at(self.door)

    def shows_native_ids(self, registry: LiveRegistry, context: str) -> bool:
        """Whether ids are the registry's own from here: through its door, of the home, and in named contexts."""
        return (
            self.door is not None or context != DEFAULT_CONTEXT or self.gateway.ledger.range_of(registry.id).base == 0
        )

    def public_id(self, registry: LiveRegistry, native_id: int, subject: str) -> int:
        """The id that a caller sees for a schema of a registry."""
        if self.shows_native_ids(registry, Subject.parse(subject).context):
            return native_id
        return self.gateway.ledger.public(registry.id, native_id)

    def native_id(self, registry: LiveRegistry, seen_id: int, context: str) -> int | None:
        """What the registry calls an id that a caller uses here, None where it is not of its range."""
        if self.shows_native_ids(registry, context):
            return seen_id
        return self.gateway.ledger.native(registry.id, seen_id)

    def registries(self) -> list[LiveRegistry]:
        """The registries that can be seen from here."""
        if self.door is not None:
            return [self.gateway.registries.at(self.door)]
        return [registry for registry in self.gateway.registries.all if registry.entry.enabled]
