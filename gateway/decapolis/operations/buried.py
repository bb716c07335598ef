"""Versions deleted for good that a floor still asks about: deleting and registering again is no way round it.

They are kept beside the subject's settings, references resolved, and only where a floor holds at the time of deletion.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from decapolis.gateway import Gateway
from decapolis.registries.live import LiveRegistry
from decapolis.store.settings import keep_setting, setting
from decapolis_formats import Dependency, Format
from decapolis_policies import PastVersion, Text
from decapolis_translators.errors import SubjectNotFound
from decapolis_translators.subjects import Subject

from .demanded import facts_of
from .versions import past_versions

KIND = "buried"


@dataclass(frozen=True, slots=True)
class Buried:
    """A version that is gone; `below` is the highest number that was left when it went."""

    past: PastVersion
    below: int

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands among versions that stand at `(number, 1)`: numbers are given again after a deletion."""
        return (self.past.number, 0) if self.past.number <= self.below else (self.below, 2)


async def bury(
    gateway: Gateway, registry: LiveRegistry, subject: Subject, version: int | None = None
) -> Callable[[], Awaitable[None]]:
    """Keeps what is about to be deleted for good, where a floor wants to ask it later.

    Answers what takes it back, for a deletion that was refused; one whose outcome is unknown stays buried.
    """
    before = await _buried(gateway, registry, subject)
    if not before and not any(asks_deleted(gateway, registry, subject, each) for each in registry.capabilities.formats):
        return _nothing
    try:
        everything = await registry.history(str(subject), deleted=True)
    except SubjectNotFound:
        everything = []
    gone = [each for each in everything if version in {None, each.version}]
    below = max((each.version for each in everything if each not in gone), default=0)
    asked = [each for each in gone if asks_deleted(gateway, registry, subject, each.schema.format)]
    fresh = [Buried(replace(past, deleted=True), past.number) for past in await past_versions(registry, subject, asked)]
    if fresh or before:
        ordered = sorted([*before, *fresh], key=lambda each: each.place)
        await _keep(gateway, registry, subject, [replace(each, below=min(each.below, below)) for each in ordered])

    async def undone() -> None:
        if fresh or before:
            await _keep(gateway, registry, subject, before)

    return undone


async def _nothing() -> None:
    """What has to be taken back where nothing was kept."""


def asks_deleted(gateway: Gateway, registry: LiveRegistry, subject: Subject, format: Format) -> bool:
    """Whether a floor over schemas of that format would ask deleted versions."""
    return gateway.judge.demands(facts_of(registry, subject, format), {}).asks_deleted


async def with_buried(
    gateway: Gateway, registry: LiveRegistry, subject: Subject, versions: Sequence[PastVersion]
) -> list[PastVersion]:
    """The versions (ascending) and those that were deleted for good, each in the place that it had."""
    known = await _buried(gateway, registry, subject)
    if not known:
        return list(versions)
    placed = [(each.place, each.past) for each in known] + [((past.number, 1), past) for past in versions]
    return [past for _, past in sorted(placed, key=lambda each: each[0])]


async def _buried(gateway: Gateway, registry: LiveRegistry, subject: Subject) -> list[Buried]:
    body = await gateway.store.read(lambda c: setting(c, registry.id, subject.context, subject.name, KIND))
    return [_from_json(each) for each in body["versions"]] if body else []


async def _keep(gateway: Gateway, registry: LiveRegistry, subject: Subject, buried: Sequence[Buried]) -> None:
    body = {"versions": [_to_json(each) for each in buried]}
    await gateway.store.write(lambda c: keep_setting(c, registry.id, subject.context, subject.name, KIND, body))


def _to_json(buried: Buried) -> dict[str, Any]:
    past = buried.past
    return {
        "number": past.number,
        "below": buried.below,
        "format": past.schema.format.value,
        "text": past.schema.text,
        "dependencies": [
            [each.name, each.text, each.subject, each.version, each.indirect] for each in past.schema.dependencies
        ],
    }


def _from_json(raw: dict[str, Any]) -> Buried:
    dependencies = tuple(Dependency(*each) for each in raw["dependencies"])
    text = Text(Format(raw["format"]), raw["text"], dependencies)
    return Buried(PastVersion(raw["number"], text, deleted=True), raw["below"])
