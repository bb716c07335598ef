"""Adding, replacing and removing registries and registry types while the gateway runs: what may be asked, and why not.

PluggingRefused
├── EntryInvalid          the body of a registry cannot be used; every problem is named
│   └── AddressNotAllowed a URL in it must not be called from here
├── SecretsNeedKey        secrets cannot be kept as they are, and there is no key
├── NotReachable          it was asked and did not answer as a registry of that type should
├── RegistryTaken         the id is in use
├── RegistryInUse         the home, or named by a route
├── DeclaredInFile        a file declares it, so the file decides
├── EntryChanged          somebody else changed it meanwhile
├── PluginsOff            types may not be loaded at run time
├── ModuleUnusable        a module brings no usable type
└── TypeInUse             a registry of that type exists, or the type is installed
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from decapolis.registries.live import LiveRegistry
from decapolis_translators.discovery import KnownType

from .pinged import Tested


class PluggingRefused(Exception):
    """Something that the caller has to change."""


class EntryInvalid(PluggingRefused):
    """The body cannot be used as a registry's entry; each problem has its place and its sentence."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{place}: {what}" if place else what for place, what in problems))
        self.problems = tuple(problems)


class AddressNotAllowed(EntryInvalid):
    """A URL in it must not be called from here."""

    def __init__(self, reason: str) -> None:
        super().__init__([("config", reason)])


class SecretsNeedKey(PluggingRefused):
    """Secrets are only kept encrypted, or as references to variables."""


class NotReachable(PluggingRefused):
    """The registry did not answer as it should; what was there before stays."""


class RegistryTaken(PluggingRefused):
    """The id belongs to another registry."""


class RegistryInUse(PluggingRefused):
    """It is the home, or routes name it; the text says which."""


class DeclaredInFile(PluggingRefused):
    """A file declares it; the text says which one to edit."""


class EntryChanged(PluggingRefused):
    """The entry is another than the caller saw."""


class PluginsOff(PluggingRefused):
    """Types may not be loaded at run time; the text says how to allow it."""


class ModuleUnusable(PluggingRefused):
    """The module brings no usable type; nothing was changed."""


class TypeInUse(PluggingRefused):
    """The type cannot go."""


@dataclass(frozen=True, slots=True)
class Plugged:
    """A registry as it is configured now, without its secrets."""

    live: LiveRegistry
    config: Mapping[str, Any]
    metadata: Mapping[str, Any]
    source: str
    """`file` or `api`."""
    declared_in: str | None
    """The file to edit, where a file declares it."""
    revision: str
    """Another one with every change."""
    problem: str | None = None
    """Why it cannot be asked, where it could not be opened."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What came of reading the files again."""

    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    failures: Mapping[str, str] = field(default_factory=dict)
    """By registry: why the old one was left in place, or why a new one does not answer yet."""
    problems: tuple[str, ...] = ()
    """What is wrong with the files; where there is something, everything was left as it was."""
    policies: str | None = None
    """Why the policies are still the old ones, None where they are in force as they stand in the file."""
    types: Mapping[str, str | None] = field(default_factory=dict)
    """By module of the plug-in folder: why it brings no type, None where it does."""
    needs_restart: tuple[str, ...] = ()
    """Keys of the gateway file that changed and count from the next start on."""


class Plugging(Protocol):
    """Registries and types that come and go while the gateway runs; every change and refusal is in the trail."""

    def plugged(self, registry_id: str) -> Plugged:
        """A registry with its configuration; UnknownRegistry otherwise."""

    def everything(self) -> list[Plugged]:
        """Every registry, in the order of the files, then those that were added at run time."""

    async def add(self, body: Mapping[str, Any], *, test: bool = True) -> Plugged:
        """Opens, asks and adds a registry; unless `test` it need not answer yet."""

    async def replace(
        self, registry_id: str, body: Mapping[str, Any], *, expected: str | None = None, test: bool = True
    ) -> Plugged:
        """Puts another entry in place of the one there; what is under way ends with the old one."""

    async def switch(self, registry_id: str, *, enabled: bool, test: bool = True) -> Plugged:
        """Enables or disables it."""

    async def remove(self, registry_id: str, *, expected: str | None = None) -> None:
        """Removes it; its ids keep their meaning, and its range stays reserved."""

    async def test_body(self, body: Mapping[str, Any]) -> Tested:
        """Asks a registry that is not added; nothing is kept."""

    async def reload(self) -> Reloaded:
        """Reads the files again."""

    async def route(self, subject: str, registry_id: str | None) -> None:
        """Gives a subject to a registry, before every rule and in all replicas; None leaves it to the rules again."""

    def types(self) -> list[KnownType]:
        """Every registry type that is known, usable or not."""

    async def load_type(self, module: str) -> list[KnownType]:
        """Loads the types of a module of the plug-in folder."""

    async def unload_type(self, name: str) -> None:
        """Forgets a type that was loaded at run time."""
