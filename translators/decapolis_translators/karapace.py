"""The type `karapace`: Aiven's registry.

- Ids, metadata and rule sets in a registration are accepted and dropped, so they are refused here before
  anything is sent; JSON schemas with references are refused by the server and so here too.
- Contexts, modes and paging do not exist; level names must be upper-case.
- A lookup leaves the references out, a list with deleted subjects names some that only have a level, clearing
  a level that was never set succeeds: each is made right here.
- A denied subject looks absent on purpose, and `/_health` waits for the broker: it has a deadline of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from decapolis_formats import Format, Schema

from .confluent.faults import Asked
from .confluent.questions import ChecksVersions
from .confluent.registry import NO_SERVER_RULES
from .confluent.settings import KeepsLevels
from .contract import Capabilities, Feature, NativeVerdict, Ping, StoredVersion
from .errors import ConfigNotFound, Garbled, RegistryFault, SubjectNotFound, Unreachable
from .fanout import ask_each
from .http import Call

_HEALTH_SECONDS = 2.0
_DROPS = "Karapace accepts {} and drops them without a word."


class KarapaceRegistry(KeepsLevels, ChecksVersions):
    """A Karapace registry."""

    type = "karapace"
    declared: ClassVar[Capabilities] = Capabilities(
        formats=frozenset({Format.AVRO, Format.JSON_SCHEMA, Format.PROTOBUF}),
        references=frozenset({Format.AVRO, Format.PROTOBUF}),
        missing={
            Feature.IMPORT_IDS: _DROPS.format("ids that a client chooses"),
            Feature.CONFIG: "Karapace keeps compatibility levels and no other setting.",
            Feature.MODES: "Karapace is always in READWRITE mode; it has no route to change it.",
            Feature.CONTEXTS: "Karapace takes a qualified subject for an ordinary name; it has no contexts.",
            Feature.METADATA: _DROPS.format("metadata"),
            Feature.METADATA_TAGS: _DROPS.format("tags"),
            Feature.RULE_SETS: _DROPS.format("rule sets"),
            Feature.SERVER_SIDE_RULES: NO_SERVER_RULES,
        },
    )

    async def subjects(self, *, deleted: bool = False) -> list[str]:
        """All subjects; of the deleted ones only those with a version, not those that merely have a level."""
        live = await super().subjects()
        if not deleted:
            return live
        candidates = sorted(set(await super().subjects(deleted=True)) - set(live))
        held = await ask_each(self._holds_any, candidates)
        return sorted({*live, *(name for name, any_held in zip(candidates, held, strict=True) if any_held)})

    async def lookup(self, subject: str, schema: Schema, *, deleted: bool = False) -> StoredVersion | None:
        """The version that holds the schema, with the references that the answer to a lookup lacks."""
        found = await super().lookup(subject, schema, deleted=deleted)
        if found is None or not schema.references or found.schema.references:
            return found
        whole = await self.fetch(subject, found.version, deleted=deleted)
        return replace(found, schema=whole.schema)

    async def config(self, subject: str | None) -> Mapping[str, Any] | None:
        """What is set exactly there; a subject without schemas and without a level is told as unknown."""
        try:
            return await super().config(subject)
        except SubjectNotFound:
            return None

    async def clear_config(self, subject: str | None) -> None:
        """Removes a subject's level; the server would answer success for one that was never set."""
        if subject is not None and await self.config(subject) is None:
            raise ConfigNotFound(subject)
        await super().clear_config(subject)

    async def _check_all(self, subject: str, schema: Schema) -> NativeVerdict:
        """`latest` obeys the level here: under a transitive one it compares with all versions."""
        return await self._verdict(subject, schema, "/latest", -1)

    async def _holds_any(self, subject: str) -> bool:
        try:
            await self.versions(subject, deleted=True)
        except SubjectNotFound:
            return False
        return True

    async def _probe(self) -> tuple[Ping, Mapping[Feature, str]]:
        """Lists the subjects, because denials of other questions look like absence."""
        await self._ask(Call("GET", "/subjects"), Asked())
        health = await self._health()
        version = health.get("karapace_version")
        facts = {"healthy": health.get("healthy", "unknown")}
        return Ping(version if isinstance(version, str) else None, None, facts), {}

    async def _health(self) -> Mapping[str, Any]:
        """Its own report; a sick broker makes it hang, which is not the registry's credentials' fault."""
        try:
            answer = await self._ask_if_there(Call("GET", "/_health", timeout=_HEALTH_SECONDS))
        except (Unreachable, Garbled, RegistryFault):
            return {}
        return answer if isinstance(answer, dict) else {}
