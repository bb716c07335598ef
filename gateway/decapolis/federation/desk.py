"""What every handler of the face works with."""

from __future__ import annotations

from dataclasses import dataclass

from decapolis.gateway import Gateway, View
from decapolis.jobs import Jobs
from decapolis.operations.plugging import Plugging
from decapolis.registries.asking import RegistryDisabled
from decapolis.registries.live import LiveRegistry


@dataclass(frozen=True, slots=True)
class Desk:
    """The running gateway and the services above it."""

    gateway: Gateway
    jobs: Jobs
    plugging: Plugging

    @property
    def front(self) -> View:
        """The routed view over all registries."""
        return View(self.gateway)

    def door(self, registry_id: str) -> View:
        """One registry as if it were direct; UnknownRegistry for an id that nobody configured."""
        return View(self.gateway, self.gateway.registries.at(registry_id).id)

    def registry(self, registry_id: str) -> LiveRegistry:
        """The registry of that id; UnknownRegistry names the known ones."""
        return self.gateway.registries.at(registry_id)

    def enabled(self, registry_id: str) -> LiveRegistry:
        """The same, and RegistryDisabled for one whose subjects are not served now."""
        registry = self.registry(registry_id)
        if not registry.entry.enabled:
            raise RegistryDisabled(registry.id)
        return registry

    def chosen(self, registry_ids: list[str] | None) -> list[LiveRegistry]:
        """The named registries, or all enabled ones where none are named; UnknownRegistry for any that does not exist."""
        registries = self.gateway.registries
        if registry_ids is None:
            return [registry for registry in registries.all if registry.entry.enabled]
        return [registries.at(name) for name in dict.fromkeys(registry_ids)]
