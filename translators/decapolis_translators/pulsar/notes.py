"""Short texts pinned to versions (as properties of the topic) and to the namespace (as a property of its own).

A property's name carries the version's number and time, so that no note outlives its version: after an erasure numbers
begin again. Other properties of topics are left alone; Pulsar merges what is put.
"""

from __future__ import annotations

from collections.abc import Mapping

from decapolis_translators.fanout import ask_both
from decapolis_translators.http import Call

from .faults import refusal
from .wire import Entry, texts_in
from .writing import WritesVersions

KEY = "decapolis"


class KeepsNotesInProperties(WritesVersions):
    """Notes, of which a new one replaces the one before."""

    async def notes(self, subject: str) -> Mapping[int, str]:
        """The note of each version, in two calls."""
        topic = self._topics.topic_of(subject)
        pair = self._topics.pair_of(subject)
        live, held = await ask_both(self._live(subject), self._properties(subject, topic))
        if pair is not None and live[-1].topic == pair[0]:
            held = await self._properties(subject, pair[0])
        return {entry.number: held[_name(entry)] for entry in live if _name(entry) in held}

    async def note(self, subject: str, version: int, text: str) -> None:
        """Puts the property; SubjectNotFound where the schema has no topic to pin it to."""
        entry = self._numbered(await self._live(subject), subject, version)
        call = Call("PUT", f"{self._topic(entry.topic)}/properties", body={_name(entry): text}, write=True)
        await self._ask(call, self._asked(subject, write=True))

    async def own_note(self) -> str | None:
        """The namespace's property."""
        answer = await self._ask(Call("GET", f"{self._namespace}/properties"), self._asked())
        return texts_in(answer.json() if answer.content.strip() else None).get(KEY)

    async def set_own_note(self, text: str) -> None:
        """Sets the property, which replaces the one before and leaves others alone."""
        call = Call("PUT", f"{self._namespace}/properties", body={KEY: text}, write=True)
        await self._ask(call, self._asked(write=True))

    async def _properties(self, subject: str, topic: str) -> dict[str, str]:
        """The topic's properties; a schema without a topic has none."""
        answer = await self._client.call(Call("GET", f"{self._topic(topic)}/properties"))
        if answer.status == 404:
            return {}
        if not 200 <= answer.status < 300:
            raise refusal(answer, self._asked(subject), self._client.scrub)
        return texts_in(answer.json() if answer.content.strip() else None)


def _name(entry: Entry) -> str:
    side = f".{entry.side}" if entry.side else ""
    return f"{KEY}.{entry.native}.{entry.made_ms}{side}"
