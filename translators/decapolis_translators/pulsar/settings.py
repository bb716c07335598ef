"""Levels: the strategy of the namespace is the global one, that of a topic its subject's.

UNDEFINED, and a topic without a strategy, mean that what is above holds: the namespace's, then the brokers' own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from decapolis_translators.contract import Feature
from decapolis_translators.errors import ConfigNotFound, Garbled, NotPermitted, Refused, SubjectNotFound
from decapolis_translators.http import Call

from .faults import FROZEN
from .reading import ReadsVersions

TO_PULSAR = {
    "NONE": "ALWAYS_COMPATIBLE",
    "BACKWARD": "BACKWARD",
    "BACKWARD_TRANSITIVE": "BACKWARD_TRANSITIVE",
    "FORWARD": "FORWARD",
    "FORWARD_TRANSITIVE": "FORWARD_TRANSITIVE",
    "FULL": "FULL",
    "FULL_TRANSITIVE": "FULL_TRANSITIVE",
}
_FROM_PULSAR = {native: level for level, native in TO_PULSAR.items()}
_UNDEFINED = "UNDEFINED"
_STRATEGY = "schemaCompatibilityStrategy"
_ASKING = "decapolis-asks"
"""A topic that need not exist: any check tells which strategy holds."""

LEVEL = "compatibilityLevel"


class KeepsLevels(ReadsVersions):
    """Pulsar's strategies as levels."""

    async def config(self, subject: str | None) -> Mapping[str, Any] | None:
        """The level that is set there; the global one falls back to the brokers' own. A frozen one cannot be told."""
        strategy = await self._strategy(subject)
        if subject is None and strategy == _UNDEFINED:
            strategy = await self._enforced()
        level = _FROM_PULSAR.get(strategy)
        return None if level is None else {LEVEL: level}

    async def set_config(self, subject: str | None, changes: Mapping[str, Any]) -> None:
        """Sets the level; a None clears it."""
        if set(changes) - {LEVEL}:
            self.capabilities.demand(Feature.CONFIG)
        if LEVEL not in changes:
            return
        given = changes[LEVEL]
        level = None if given is None else str(given).upper()
        if level is not None and level not in TO_PULSAR:
            raise Refused(f"Invalid compatibility level: {level}")
        await self._changeable(subject)
        await self._put(subject, None if level is None else TO_PULSAR[level])

    async def clear_config(self, subject: str | None) -> None:
        """Removes the strategy; ConfigNotFound where none was set."""
        try:
            strategy = await self._changeable(subject)
        except SubjectNotFound:
            raise ConfigNotFound(subject or "") from None
        if strategy == _UNDEFINED:
            raise ConfigNotFound(subject or "")
        await self._put(subject, None)

    async def _put(self, subject: str | None, strategy: str | None) -> None:
        """A topic's is deleted, the namespace's set to UNDEFINED."""
        path, asked = self._place(subject), self._asked(subject or "", write=True)
        if strategy is None and subject is not None:
            await self._ask(Call("DELETE", path, write=True), asked)
        else:
            await self._ask(Call("PUT", path, body=f'"{strategy or _UNDEFINED}"', write=True), asked)

    async def _changeable(self, subject: str | None) -> str:
        """What an administrator of Pulsar froze is not thawed by a change of the level."""
        strategy = await self._strategy(subject)
        if strategy == FROZEN:
            raise NotPermitted(
                f"{'The namespace' if subject is None else repr(subject)} is FROZEN: its strategy in Pulsar is {FROZEN}, "
                "which only Pulsar's own tools may end"
            )
        return strategy

    async def _strategy(self, subject: str | None) -> str:
        """What is set exactly there; SubjectNotFound for a topic that does not exist."""
        answer = await self._ask(Call("GET", self._place(subject)), self._asked(subject or ""))
        return _told(answer.json()) if answer.content.strip() else _UNDEFINED

    async def _enforced(self) -> str:
        body = {"type": "AVRO", "schema": '"string"', "properties": {}}
        call = Call("POST", f"{self._schemas(_ASKING)}/compatibility", body=body)
        answer = (await self._ask(call, self._asked())).json()
        return _told(answer.get(_STRATEGY) if isinstance(answer, Mapping) else answer)

    def _place(self, subject: str | None) -> str:
        if subject is None:
            return f"{self._namespace}/{_STRATEGY}"
        return f"{self._topic(self._topics.topic_of(subject))}/{_STRATEGY}"


def _told(answer: Any) -> str:
    if answer is None:
        return _UNDEFINED
    if not isinstance(answer, str) or answer not in {*_FROM_PULSAR, _UNDEFINED, FROZEN}:
        raise Garbled(f"Answered a strategy that is none: {orjson.dumps(answer)[:100]!r}")
    return answer
