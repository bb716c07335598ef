"""Registering and deleting.

A registration lists the topic's versions first: that answers the usual identical one in one call, and tells the topic's
type. Afterwards the new version is read back: Pulsar answers an older number where its own comparison, which overlooks
documentation and properties, calls both the same; then the schema goes once more with a digest that tells them apart.
"""

from __future__ import annotations

from collections.abc import Sequence

from decapolis_formats import Dependency, Format, Schema
from decapolis_translators.contract import Feature, NativeVerdict, StoredVersion
from decapolis_translators.errors import (
    Absent,
    NotPermitted,
    RegistryFault,
    SchemaRefused,
    SubjectNotFound,
    Unsupported,
    WriteConflict,
)
from decapolis_translators.http import Call

from .documents import Payload, payload_of
from .faults import is_incompatibility, refusal
from .reading import ReadsVersions
from .wire import Entry, entry_in, same_meaning, version_in

_STAYS = {
    "inactiveTopicDeleteMode": "delete_when_no_subscriptions",
    "maxInactiveDurationSeconds": 60,
    "deleteWhileInactive": False,
}
"""The policy of topics that we make: brokers remove idle topics by default, and their schemas with them."""


class WritesVersions(ReadsVersions):
    """The half of the contract that changes something."""

    async def register(
        self, subject: str, schema: Schema, *, native_id: int | None = None, version: int | None = None
    ) -> StoredVersion:
        """Adds a version, or answers the one that holds the schema; Pulsar cannot compare the number beforehand."""
        self._refuse_what_would_be_lost(schema, native_id)
        return await self._registered(subject, schema, ())

    async def register_document(
        self, subject: str, schema: Schema, dependencies: tuple[Dependency, ...]
    ) -> StoredVersion:
        """The same with references, metadata and rules, which go into the version's properties."""
        self._demand_format(schema)
        return await self._registered(subject, schema, dependencies)

    async def delete(self, subject: str, version: int | None = None, *, permanent: bool = False) -> list[int]:
        """Deletes all versions for good, a single one only where there is no other.

        They are hidden behind Pulsar's own mark, or, with `erase`, go from its storage.
        """
        if not permanent:
            self.capabilities.demand(Feature.SOFT_DELETE)
        live = await self._live(subject)
        if version is not None:
            self._numbered(live, subject, version)
            if len(live) > 1:
                self.capabilities.demand(Feature.DELETE_VERSION)
        self._demand_writable(subject, live)
        force = {"force": "true"} if self.settings.erase else {}
        topic = live[-1].topic
        call = Call("DELETE", f"{self._schemas(topic)}/schema", force, write=True)
        await self._ask(call, self._asked(subject, write=True))
        self._remember(topic, None)
        return [entry.number for entry in live]

    async def check(self, subject: str, schema: Schema, version: int | None = None) -> NativeVerdict:
        """Pulsar's verdict under its own strategy; it cannot be asked about any version but the newest."""
        self._demand_format(schema)
        live = await self._all(subject)
        if version is not None:
            if not live:
                raise SubjectNotFound(subject)
            if self._numbered(live, subject, version) is not live[-1]:
                raise Unsupported(
                    Feature.NATIVE_CHECK, "Pulsar judges under its own strategy, from the newest version."
                )
        topic = live[-1].topic if live else self._topics.topic_of(subject)
        payload = payload_of(schema, (), live[-1].type if live else None)
        call = Call("POST", f"{self._schemas(topic)}/compatibility", body=payload.body())
        answer = await self._client.call(call)
        if is_incompatibility(answer):
            return NativeVerdict(False, (self._words(answer),))
        if not 200 <= answer.status < 300:
            raise refusal(answer, self._asked(subject), self._client.scrub)
        body = answer.json()
        return NativeVerdict(isinstance(body, dict) and body.get("compatibility") is True)

    # --- a new version

    async def _registered(self, subject: str, schema: Schema, dependencies: Sequence[Dependency]) -> StoredVersion:
        if not schema.text.strip():
            raise SchemaRefused("The schema is empty")
        live = await self._all(subject)
        found = self._same(live, schema)
        if found is not None:
            return found.told(subject)
        self._demand_writable(subject, live)
        topic = live[-1].topic if live else self._topics.topic_of(subject)
        payload = payload_of(schema, dependencies, live[-1].type if live else None)
        if not live:
            await self._make_topic(subject, topic)
        entry = await self._added(subject, topic, payload)
        if not same_meaning(schema, entry.schema, dependencies) and schema.format is Format.AVRO:
            payload = payload_of(schema, dependencies, entry.type, apart=True)
            entry = await self._added(subject, topic, payload)
        if not same_meaning(schema, entry.schema, dependencies):
            raise WriteConflict(f"Version {entry.number} of '{subject}' holds something else than what was sent")
        self._remember(topic, entry.type)
        return entry.told(subject)

    async def _added(self, subject: str, topic: str, payload: Payload) -> Entry:
        """Sends it and reads the version back that Pulsar names."""
        call = Call("POST", f"{self._schemas(topic)}/schema", body=payload.body(), write=True)
        asked = self._asked(subject, write=True, schema=True, right="a producer, or the tenant's administrator")
        number = version_in((await self._ask(call, asked)).json())
        if number < 0:
            raise RegistryFault("Pulsar took the schema without a version")
        try:
            read = Call("GET", f"{self._schemas(topic)}/schema/{number}", write=True)
            answer = await self._ask(read, self._asked(subject, number + 1, write=True))
            entry = entry_in(answer.json(), topic, None)
        except Absent:
            entry = None
        if entry is None:
            raise WriteConflict(f"Version {number + 1} of '{subject}' was deleted as soon as it was there")
        return entry

    async def _make_topic(self, subject: str, topic: str) -> None:
        """Without a topic a schema is in no listing; one that we make is kept from the brokers' tidying."""
        if not self.settings.create_topics:
            return
        answer = await self._client.call(Call("PUT", self._topic(topic), body={}, write=True))
        if answer.status == 409:
            return  # it is there already
        if not 200 <= answer.status < 300:
            raise refusal(answer, self._asked(subject, write=True), self._client.scrub)
        await self._keep_topic(subject, topic)

    async def _keep_topic(self, subject: str, topic: str) -> None:
        call = Call("POST", f"{self._topic(topic)}/inactiveTopicPolicies", body=_STAYS, write=True)
        try:
            await self._ask(call, self._asked(subject, write=True))
        except Unsupported:
            return  # topics have no policies of their own here; the page says what to set for the namespace

    # --- what is refused before anything is sent

    def _demand_writable(self, subject: str, live: list[Entry]) -> None:
        if live and live[-1].read_only:
            raise NotPermitted(f"'{subject}' holds Pulsar's type {live[-1].type}, which can only be read here")

    def _demand_format(self, schema: Schema) -> None:
        if schema.format not in self.capabilities.formats:
            raise Unsupported("formats", f"This {self.type} registry does not hold {schema.format} schemas.")

    def _refuse_what_would_be_lost(self, schema: Schema, native_id: int | None) -> None:
        self._demand_format(schema)
        capabilities = self.capabilities
        if schema.references:
            raise Unsupported("references", "Pulsar keeps every schema alone; references are held in whole documents.")
        if native_id is not None:
            capabilities.demand(Feature.IMPORT_IDS)
        if schema.metadata is not None:
            capabilities.demand(Feature.METADATA)
            if schema.metadata.tags or schema.metadata.sensitive:
                capabilities.demand(Feature.METADATA_TAGS)
        if schema.rule_set is not None:
            capabilities.demand(Feature.RULE_SETS)
