"""Copies one subject from one registry to another: versions, references, level, and, where the target can, ids.

Everything goes through the same doors as a client's writes: the target's policies hold, its trail tells. Where the ids are
new, the target's own level is lifted while the past is written, because it was judged where it comes from; a policy set's
floor is not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from decapolis.gateway import Gateway, View
from decapolis.registries.held import held_config, held_mode
from decapolis.registries.live import LiveRegistry
from decapolis.registries.references import inside
from decapolis.web import current_call
from decapolis_formats import Reference, Schema
from decapolis_policies import LEVELS, Level
from decapolis_translators.contract import Feature, StoredVersion
from decapolis_translators.errors import Absent, SubjectNotFound
from decapolis_translators.subjects import Subject

from .candidate import Request
from .demanded import LEVEL
from .errors import BelowTheFloor, OperationRefused
from .modes import change_mode
from .register import register
from .set_level import set_level

IMPORT = "IMPORT"
Intend = Callable[[Mapping[str, Any]], Awaitable[None]]


class Differs(OperationRefused):
    """What the target holds is not what the source holds."""


class NotCopyable(OperationRefused):
    """There is nothing to be copied that way."""


class Waits(Exception):
    """A reference leads to a version that the target does not hold yet."""

    def __init__(self, subject: str, version: int) -> None:
        super().__init__(f"it refers to version {version} of {subject}, which the target does not hold: copy that too")
        self.subject = subject
        self.version = version


@dataclass(slots=True)
class Copied:
    """Which version of the target holds which of the source, and what was added."""

    versions: dict[int, int] = field(default_factory=dict)
    added: list[int] = field(default_factory=list)
    verified: int = 0
    level: str | None = None


@dataclass(frozen=True, slots=True)
class There:
    """What the target had before."""

    versions: tuple[int, ...]
    level: str | None
    mode: str | None

    def as_json(self) -> dict[str, Any]:
        """The facts, for a journal."""
        return {"versions": list(self.versions), "level": self.level, "mode": self.mode}


def demand_copyable(source: LiveRegistry, target: LiveRegistry, *, keep_ids: bool) -> None:
    """Refuses what cannot be: a registry onto itself, or ids where the target gives its own."""
    if source is target:
        raise NotCopyable(f"Registry {source.id} is both source and target")
    if keep_ids:
        target.capabilities.demand(Feature.IMPORT_IDS)
        source.capabilities.demand(Feature.INTEGER_IDS)


class Copier:
    """Copies subjects from one registry to another."""

    def __init__(self, gateway: Gateway, source: str, target: str, *, keep_ids: bool, levels: bool) -> None:
        self._source = gateway.registries.at(source)
        self._target = gateway.registries.at(target)
        self._view = View(gateway, self._target.id)
        self._keep_ids = keep_ids
        self._levels = levels

    async def there(self, subject: str) -> There:
        """What the target has of a subject now."""
        try:
            versions = await self._target.versions(subject)
        except SubjectNotFound:
            versions = []
        level = (await held_config(self._target, subject) or {}).get(LEVEL)
        return There(tuple(versions), None if level is None else str(level), await held_mode(self._target, subject))

    async def copy(self, subject: str, before: There) -> Copied:
        """Adds what is missing and verifies everything, text by text; Waits where a reference has to come first.

        `before` is what the target had before the first try: level and mode go back to it, or to the source's level.
        """
        current_call().demand_fresh()
        past = await self._source.history(subject)
        if not past:
            raise SubjectNotFound(subject)
        copied = Copied()
        missing = []
        for version in past:
            found = await self._found(subject, version)
            if found is None:
                missing.append(version)
            else:
                copied.versions[version.version] = found.version
        try:
            if missing:
                await self._lift(subject)
                for version in missing:
                    await self._add(subject, version, copied)
        finally:
            await self._lower(subject, before, copied)
        await self._verify(subject, past, copied)
        return copied

    async def compare(self, subject: str) -> list[str]:
        """What the target holds otherwise than the source, in words; nothing where both are alike."""
        current_call().demand_fresh()
        past = await self._source.history(subject)
        if not past:
            raise SubjectNotFound(subject)
        told = []
        for version in past:
            try:
                found = await self._found(subject, version)
            except Differs as differs:
                told.append(str(differs))
                continue
            if found is None:
                told.append(f"version {version.version} of {subject} is not in {self._target.id}")
        if self._levels:
            ours, theirs = [
                (await held_config(each, subject) or {}).get(LEVEL) for each in (self._source, self._target)
            ]
            if ours != theirs:
                told.append(f"the level of {subject} is {ours or 'unset'} and {theirs or 'unset'}")
        return told

    async def _lift(self, subject: str) -> None:
        """What is past was judged where it comes from."""
        if self._keep_ids:
            await change_mode(self._view, subject, IMPORT, force=True)
            return
        try:
            await set_level(self._view, subject, LEVELS["NONE"])
        except BelowTheFloor:
            return  # then the floor judges each version

    async def _lower(self, subject: str, before: There, copied: Copied) -> None:
        if self._keep_ids and await held_mode(self._target, subject) != before.mode:
            await change_mode(self._view, subject, before.mode)
        level = before.level
        if self._levels:
            own = (await held_config(self._source, subject) or {}).get(LEVEL)
            level = before.level if own is None else str(own)
        copied.level = (await set_level(self._view, subject, None if level is None else Level.named(level))).after

    async def _add(self, subject: str, version: StoredVersion, copied: Copied) -> None:
        schema = await self._as_target(subject, version.schema)
        native = version.native_id if self._keep_ids and isinstance(version.native_id, int) else None
        request = Request(
            schema.text,
            schema.format.schema_type,
            schema.references,
            schema.metadata,
            schema.rule_set,
            id=native,
            version=version.version if native is not None else 0,
        )
        there = await register(self._view, subject, request)
        copied.versions[version.version] = there.version
        copied.added.append(there.version)

    async def _found(self, subject: str, version: StoredVersion) -> StoredVersion | None:
        """The target's version that holds the same, None where none does, or a reference of it is not there either."""
        try:
            schema = await self._as_target(subject, version.schema)
            found = await self._target.lookup(subject, schema)
        except (Waits, Absent):
            return None
        if found is not None and self._keep_ids and found.native_id != version.native_id:
            raise Differs(
                f"version {version.version} of {subject} has the id {version.native_id} in {self._source.id}, and "
                f"{found.native_id} in {self._target.id}: ids cannot be kept any more"
            )
        return found

    async def _as_target(self, subject: str, schema: Schema) -> Schema:
        """The schema with its references as the target numbers them; Waits for one that is not there."""
        if not schema.references:
            return schema
        context = Subject.parse(subject).context
        references = [await self._reference(each, context) for each in schema.references]
        return replace(schema, references=tuple(references))

    async def _reference(self, reference: Reference, context: str) -> Reference:
        name = inside(reference.subject, context)
        stored = await self._source.fetch(name, reference.version, deleted=True)
        found = await self._found(name, stored)
        if found is None:
            raise Waits(name, reference.version)
        return replace(reference, version=found.version)

    async def _verify(self, subject: str, past: Sequence[StoredVersion], copied: Copied) -> None:
        """Reads every copy again, from the target itself."""
        for version in past:
            number = copied.versions[version.version]
            there = await self._target.fetch(subject, number)
            expected = await self._as_target(subject, version.schema)
            same = there.schema.fingerprint == expected.fingerprint
            if not same or (self._keep_ids and there.native_id != version.native_id):
                raise Differs(
                    f"version {number} of {subject} in {self._target.id} is not what version {version.version} is in "
                    f"{self._source.id}"
                )
            copied.verified += 1
