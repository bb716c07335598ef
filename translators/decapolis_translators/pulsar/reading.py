"""Finding and reading versions: what the rest of the type builds on.

All versions of a topic come in one call with their texts, and only those behind its latest deletion, so that call answers
nearly everything.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar
from urllib.parse import quote

import httpx

from decapolis_formats import Schema
from decapolis_translators.contract import Capabilities, Feature, Listed, NativeId, Ping, StoredVersion, Translator
from decapolis_translators.errors import RegistryError, SchemaNotFound, SubjectNotFound, VersionNotFound
from decapolis_translators.fanout import ask_both, ask_each
from decapolis_translators.http import Answer, Call
from decapolis_translators.subjects import DEFAULT_CONTEXT

from .config import PulsarConfig
from .documents import KEY_VALUE
from .faults import Asked, refusal, words_of
from .login import PulsarClient
from .topics import Side, Topics, folded
from .wire import Entry, entries_in, named_in, names_in, same_meaning, typed

_FRESH = 60.0
"""Seconds for which a topic without a schema is believed to have none, as far as listings go."""


class ReadsVersions(Translator[PulsarConfig]):
    """The half of the contract that changes nothing."""

    declared: ClassVar[Capabilities]

    def __init__(
        self, registry_id: str, config: PulsarConfig, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        super().__init__(registry_id, config)
        self._client = PulsarClient(config, transport)
        self._topics = Topics(config.subjects)
        self._kinds: dict[str, tuple[str | None, float]] = {}

    async def open(self) -> None:
        """Prepares the connection pool; reads certificate files, and no network."""
        self._client.open()

    async def close(self) -> None:
        """Closes the connection pool."""
        await self._client.close()

    async def ping(self) -> Ping:
        """Reads the namespace's strategy, which proves credentials, rights and the namespace itself."""
        version, strategy = await ask_both(
            self._ask(Call("GET", "/admin/v2/brokers/version"), self._asked()),
            self._ask(Call("GET", f"{self._namespace}/schemaCompatibilityStrategy"), self._asked()),
        )
        facts = {"tenant": self.settings.tenant, "namespace": self.settings.namespace, "strategy": strategy.json()}
        return Ping(version.text().strip().strip('"') or None, None, facts)

    async def subjects(self, *, deleted: bool = False) -> list[str]:
        """The topics of the namespace, in two calls, and a few more that find out which of them have no schema."""
        names, partitioned = await ask_both(
            self._ask(Call("GET", self._persistent), self._asked()),
            self._ask(Call("GET", f"{self._persistent}/partitioned"), self._asked()),
        )
        prefix = f"persistent://{self.settings.tenant}/{self.settings.namespace}/"
        topics = folded(names_in(names.json()) + names_in(partitioned.json()), prefix)
        await self._probe(topics)
        return sorted({subject for topic in topics for subject in self._standing_for(topic)})

    async def versions(self, subject: str, *, deleted: bool = False) -> list[int]:
        """The numbers of the live versions."""
        return [entry.number for entry in await self._live(subject)]

    async def listed(self, subject: str) -> list[Listed]:
        """The live versions with their texts."""
        return [entry.listed() for entry in await self._live(subject)]

    async def fetch(self, subject: str, version: int | None = None, *, deleted: bool = False) -> StoredVersion:
        """One version; deleted ones cannot be read."""
        live = await self._live(subject)
        if version is None:
            return live[-1].told(subject)
        return self._numbered(live, subject, version).told(subject)

    async def fetch_by_id(self, native_id: NativeId, context: str = DEFAULT_CONTEXT) -> Schema:
        """The schema of a version's id, as long as Pulsar still tells it."""
        if context != DEFAULT_CONTEXT:
            self.capabilities.demand(Feature.CONTEXTS)
        place = named_in(native_id)
        if place is None:
            raise SchemaNotFound(native_id)
        topic, side = place
        with suppress(SubjectNotFound):
            for entry in await self._entries(topic, topic, side):
                if entry.id == native_id:
                    return entry.schema
        raise SchemaNotFound(native_id)

    async def lookup(self, subject: str, schema: Schema, *, deleted: bool = False) -> StoredVersion | None:
        """The version that holds this schema; Pulsar's own search compares bytes, so it is not asked."""
        found = self._same(await self._live(subject), schema)
        return None if found is None else found.told(subject)

    # --- finding versions

    def _same(self, live: list[Entry], schema: Schema) -> Entry | None:
        return next((entry for entry in live if same_meaning(schema, entry.schema)), None)

    def _numbered(self, live: list[Entry], subject: str, version: int) -> Entry:
        for entry in live:
            if entry.number == version:
                return entry
        raise VersionNotFound(subject, version)

    async def _live(self, subject: str) -> list[Entry]:
        """The live versions, ascending; SubjectNotFound where there is none."""
        found = await self._all(subject)
        if not found:
            raise SubjectNotFound(subject)
        return found

    async def _all(self, subject: str) -> list[Entry]:
        """Those of the subject's own topic, else those of its side of a topic of keys and values; may be empty."""
        topic = self._topics.topic_of(subject)
        own_side: Side | None = "value" if self.settings.subjects == "strip-value" else None
        answer = await self._versions_of(topic, subject)
        found = entries_in(answer, topic, None) or (entries_in(answer, topic, own_side) if own_side else [])
        self._learn(topic, answer)
        pair = None if found else self._topics.pair_of(subject)
        if pair is not None:
            found = await self._entries(pair[0], subject, pair[1])
        return found

    async def _entries(self, topic: str, subject: str, side: Side | None) -> list[Entry]:
        return entries_in(await self._versions_of(topic, subject), topic, side)

    async def _versions_of(self, topic: str, subject: str) -> Any:
        asked = self._asked(subject, right="somebody who may produce or consume, or the tenant's administrator")
        return (await self._ask(Call("GET", f"{self._schemas(topic)}/schemas"), asked)).json()

    # --- which topics are subjects

    async def _probe(self, topics: list[str]) -> None:
        """Asks a few topics of which nothing is known, or nothing new; the others keep what was known of them."""
        now = time.monotonic()
        self._kinds = {topic: self._kinds[topic] for topic in topics if topic in self._kinds}
        unknown = [topic for topic in topics if topic not in self._kinds and self._topics.subject_of(topic)]
        old = [topic for topic, (kind, at) in self._kinds.items() if kind is None and now - at > _FRESH]
        old.sort(key=lambda topic: self._kinds[topic][1])

        async def one(topic: str) -> None:
            with suppress(RegistryError):  # a listing shall not fail for one topic; it is asked again the next time
                self._learn(topic, await self._versions_of(topic, topic))

        await ask_each(one, (unknown + old)[: self.settings.probes])

    def _learn(self, topic: str, answer: Any) -> None:
        """Remembers the type of the newest schema, None where there is none."""
        items = typed(answer, "getSchemaResponses", list) if isinstance(answer, Mapping) else []
        kind = items[-1].get("type") if items and isinstance(items[-1], Mapping) else None
        self._remember(topic, kind if isinstance(kind, str) else None)

    def _remember(self, topic: str, kind: str | None) -> None:
        """Only for listings, which leave out topics that are known to have no schema."""
        self._kinds[topic] = (kind, time.monotonic())

    def _standing_for(self, topic: str) -> list[str]:
        """The subjects of a topic; one of which nothing is known counts as having a schema."""
        kind, _ = self._kinds.get(topic, ("", 0.0))
        if kind == KEY_VALUE:
            return self._topics.sides_of(topic)
        subject = self._topics.subject_of(topic)
        return [] if subject is None or kind is None else [subject]

    # --- the calls

    @property
    def _namespace(self) -> str:
        return f"/admin/v2/namespaces/{self._where}"

    @property
    def _persistent(self) -> str:
        return f"/admin/v2/persistent/{self._where}"

    @property
    def _where(self) -> str:
        return f"{quote(self.settings.tenant, safe='')}/{quote(self.settings.namespace, safe='')}"

    def _schemas(self, topic: str) -> str:
        return f"/admin/v2/schemas/{self._where}/{quote(topic, safe='')}"

    def _topic(self, topic: str) -> str:
        return f"{self._persistent}/{quote(topic, safe='')}"

    def _asked(
        self,
        subject: str = "",
        version: int = -1,
        *,
        write: bool = False,
        schema: bool = False,
        right: str = "the tenant's administrator",
    ) -> Asked:
        where = f"{self.settings.tenant}/{self.settings.namespace}"
        return Asked(subject, version, write, right, where, schema)

    async def _ask(self, call: Call, asked: Asked) -> Answer:
        answer = await self._client.call(call)
        if 200 <= answer.status < 300:
            return answer
        raise refusal(answer, asked, self._client.scrub)

    def _words(self, answer: Answer) -> str:
        return words_of(answer, self._client.scrub) or "no explanation"
