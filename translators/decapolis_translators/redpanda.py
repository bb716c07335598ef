"""The type `redpanda`: the registry inside Redpanda.

- Its reader is strict: unknown keys and nulls are refused, so nothing is sent that it does not know.
- Metadata (properties only) and contexts came with 26.1, the mode IMPORT with 25.3; before, an imposed id was
  accepted in any mode.
- An invalid schema is 422 (not 42201) at registration and 500 at lookup; two writers at once are 503/50301,
  told as a conflict.
- Its check compares with one version only, and it lists no deleted uses of an id: both are asked one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from decapolis_formats import Format, Schema

from .confluent import wire
from .confluent.faults import Asked, Words
from .confluent.probe import Probes
from .confluent.questions import ChecksVersions, HasOwnContexts
from .confluent.registry import NO_SERVER_RULES
from .confluent.settings import KeepsModes
from .contract import Capabilities, Feature, NativeId, NativeVerdict, Ping
from .errors import Absent, RegistryError, SchemaRefused
from .fanout import ask_each
from .http import Answer, Call
from .subjects import DEFAULT_CONTEXT

_FORMATS = frozenset({Format.AVRO, Format.JSON_SCHEMA, Format.PROTOBUF})
_SINCE_26_1 = "Redpanda has {} from release 26.1 on; this server is older."
_UNPROVEN = "Redpanda has {} from release 26.1 on; this server has not been probed yet."
_INVALID_AT_LOOKUP = "Error while looking up schema under subject"


class RedpandaRegistry(KeepsModes, ChecksVersions, HasOwnContexts, Probes):
    """A Redpanda schema registry."""

    type = "redpanda"
    declared: ClassVar[Capabilities] = Capabilities(
        formats=_FORMATS,
        references=_FORMATS,
        missing={
            Feature.CONFIG: "Redpanda keeps compatibility levels and no other setting.",
            Feature.METADATA_TAGS: "Redpanda keeps metadata properties, but no tags and no sensitive marks.",
            Feature.RULE_SETS: "Redpanda refuses schemas with rule sets.",
            Feature.SERVER_SIDE_RULES: NO_SERVER_RULES,
        },
    )
    unproven: ClassVar[Mapping[Feature, str]] = {
        Feature.CONTEXTS: _UNPROVEN.format("contexts"),
        Feature.METADATA: _UNPROVEN.format("metadata properties"),
    }

    async def usages(
        self, native_id: NativeId, context: str = DEFAULT_CONTEXT, *, deleted: bool = False
    ) -> list[tuple[str, int]]:
        """Subjects and versions that hold the schema of that id, the deleted ones found one by one."""
        live = await super().usages(native_id, context)
        if not deleted:
            return live
        query = self._in_context(context) | {"deleted": "true"}
        call = Call("GET", f"/schemas/ids/{native_id}/subjects", query)
        names = wire.listed(await self._ask(call, Asked(native_id=native_id, context=context)), str)

        async def held(subject: str) -> list[tuple[str, int]]:
            return await self._versions_with(subject, native_id)

        return sorted({*live, *(pair for pairs in await ask_each(held, names) for pair in pairs)})

    async def _versions_with(self, subject: str, native_id: NativeId) -> list[tuple[str, int]]:
        try:
            numbers = await self.versions(subject, deleted=True)
            stored = [await self.fetch(subject, number, deleted=True) for number in numbers]
        except Absent:
            return []
        return [(subject, each.version) for each in stored if each.native_id == native_id]

    async def _check_all(self, subject: str, schema: Schema) -> NativeVerdict:
        """The newest version alone, or all of them under a transitive level, newest first."""
        level = await self._effective_level(subject)
        if not level.endswith("_TRANSITIVE"):
            return await self._verdict(subject, schema, "/latest", -1)
        for version in reversed(await self.versions(subject)):
            verdict = await self._verdict(subject, schema, f"/{version}", version)
            if not verdict.compatible:
                return verdict
        return NativeVerdict(True)

    async def _effective_level(self, subject: str) -> str:
        call = Call("GET", self._settings("config", subject), {"defaultToGlobal": "true"})
        answer = wire.typed(await self._ask(call, Asked(subject)), dict, "config")
        return wire.typed(answer.get("compatibilityLevel"), str, "compatibilityLevel")

    def _refusal(self, call: Call, answer: Answer, asked: Asked) -> RegistryError:
        """An unreadable schema makes a lookup fail with 500; only the words tell it from a real fault."""
        if answer.status == 500 and call.method == "POST":
            words = Words.of(answer, self._client.scrub)
            if words.message.startswith(_INVALID_AT_LOOKUP):
                return SchemaRefused(words.message)
        return super()._refusal(call, answer, asked)

    async def _probe(self) -> tuple[Ping, Mapping[Feature, str]]:
        """The product version lives on another port; the routes tell the age."""
        await self._prove_credentials()
        contexts = await self._has_contexts()
        missing: dict[Feature, str] = {}
        if not contexts:
            missing[Feature.CONTEXTS] = _SINCE_26_1.format("contexts")
            missing[Feature.METADATA] = _SINCE_26_1.format("metadata properties")
        return Ping(None, None, {"contexts": contexts}), missing
