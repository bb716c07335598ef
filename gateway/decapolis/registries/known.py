"""What a registry was last seen to list: the versions of a subject, its latest, and who joined or left since the last listing.

A single version that was read says nothing about the others. So version lists and the latest are only known where they were
seen as such, or follow from what was seen and then changed through the gateway.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete

from decapolis.store import settings
from decapolis.store.tables import settings as rows
from decapolis_translators.subjects import Subject

Stands = Callable[[Connection], bool]
"""Whether nobody changed, through any gateway, what was asked about since it was asked."""

_VERSIONS = "known-versions"
LIVE, ALL = "live", "all"


@dataclass(slots=True)
class Known:
    """What is known of one subject; None for what was never seen."""

    live: list[int] | None = None
    all: list[int] | None = None
    latest: int | None = None
    seen: float = 0.0
    """Wall-clock seconds of when that was seen."""

    def listed(self, *, deleted: bool) -> list[int] | None:
        """The numbers as last seen."""
        return self.all if deleted else self.live

    def seen_list(self, numbers: Sequence[int], *, deleted: bool) -> None:
        """A list that the registry gave."""
        if deleted:
            self.all = list(numbers)
        else:
            self.live = list(numbers)
            self.latest = numbers[-1] if numbers else None

    def seen_latest(self, version: int) -> None:
        """A latest that the registry gave; lists that do not have it yet are older."""
        self.latest = version
        for numbers in (self.live, self.all):
            if numbers is not None and version not in numbers:
                numbers.append(version)
                numbers.sort()

    def added(self, version: int) -> None:
        """A version that was registered through the gateway."""
        if self.latest is None or version >= self.latest:
            self.seen_latest(version)
            return
        for numbers in (self.live, self.all):
            if numbers is not None and version not in numbers:
                numbers.append(version)
                numbers.sort()

    def removed(self, gone: Iterable[int], *, permanent: bool) -> None:
        """Versions that were deleted through the gateway."""
        lost = set(gone)
        if self.live is not None:
            self.live = [number for number in self.live if number not in lost]
        if permanent and self.all is not None:
            self.all = [number for number in self.all if number not in lost]
        if self.live is not None:
            self.latest = self.live[-1] if self.live else None
        elif self.latest in lost:
            self.latest = None


def known_of(connection: Connection, registry: str, subject: str) -> Known:
    """What is known of a subject."""
    context, name = Subject.parse(subject)
    body = settings.setting(connection, registry, context, name, _VERSIONS)
    return Known(**body) if body else Known()


def keep_known(connection: Connection, registry: str, subject: str, known: Known) -> None:
    """Keeps it, as seen now."""
    known.seen = time.time()
    context, name = Subject.parse(subject)
    settings.keep_setting(connection, registry, context, name, _VERSIONS, asdict(known))


def note_listed(connection: Connection, registry: str, subject: str, **listed: bool) -> None:
    """Notes that a subject belongs into the next listing (of `live` or of `all` subjects), or not any more."""
    context, name = Subject.parse(subject)
    for kind, is_there in listed.items():
        body = {"there": is_there, "at": time.time()}
        settings.keep_setting(connection, registry, context, name, f"listed-{kind}", body)


def listing_since(connection: Connection, registry: str, kind: str, names: Iterable[str]) -> list[str]:
    """A listing, with what changed through the gateway since it was taken."""
    found = set(names)
    for context, name, body in settings.all_settings(connection, registry, f"listed-{kind}"):
        (found.add if body["there"] else found.discard)(str(Subject(context, name)))
    return sorted(found)


def settle_listing(connection: Connection, registry: str, kind: str, before: float) -> None:
    """Forgets changes that were over before a new listing was asked for."""
    noted: list[tuple[str, str, dict[str, Any]]] = settings.all_settings(connection, registry, f"listed-{kind}")
    for context, name, body in noted:
        if body["at"] < before:
            settings.drop_setting(connection, registry, context, name, f"listed-{kind}")


def forget_settings(connection: Connection, registry: str, subject: str) -> None:
    """Forgets the configuration and the mode that were last read there."""
    context, name = Subject.parse(subject)
    connection.execute(
        delete(rows).where(
            rows.c.registry == registry,
            rows.c.context == context,
            rows.c.subject == name,
            rows.c.kind.in_(("known-config", "known-mode")),
        )
    )
