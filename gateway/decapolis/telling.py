"""Sends the trail to places outside, in the order of its chain and each link at least once; no change waits for it."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol
from uuid import uuid4

import orjson

from decapolis.chain import INTENT
from decapolis.settings import AuditSettings
from decapolis.sinks import FileSink, SinkFault, SyslogSink, WebhookSink
from decapolis.store import Store, StoreUnavailable
from decapolis.store.coordination import give_lock, take_lock
from decapolis.store.seals import chain, cursor_of, keep_cursor, last_link
from decapolis.told import entry_of

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
LONGEST_PAUSE = 60.0
BATCH = 200
LEASE_SECONDS = 60.0


class Sink(Protocol):
    """A place that the trail is sent to."""

    name: str
    """What it is called in the store; two gateways with the same name share the work."""
    from_start: bool
    """Whether it wants what was there before it."""

    async def reached(self) -> int:
        """The number of the last link that it is known to have, 0 where it cannot tell."""

    async def send(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Takes entries; SinkFault when it did not."""

    async def close(self) -> None:
        """Gives everything back."""


class Teller:
    """Follows the chain for every sink."""

    def __init__(self, store: Store, settings: AuditSettings) -> None:
        self._store = store
        self._holder = str(uuid4())
        self._sinks: list[Sink] = []
        if settings.file is not None:
            self._sinks.append(FileSink(settings.file, socket.gethostname()))
        if settings.syslog is not None:
            self._sinks.append(SyslogSink(settings.syslog.host, settings.syslog.port, settings.syslog.protocol))
        self._sinks += [WebhookSink(each.url, each.secret.get_secret_value()) for each in settings.webhooks]

    def telling(self) -> list[Coroutine[Any, Any, None]]:
        """The work of each sink, for as long as the gateway runs."""
        return [self._follow(sink) for sink in self._sinks]

    async def close(self) -> None:
        """Sends once more what is there, where that can be had quickly."""
        for sink in self._sinks:
            try:
                async with asyncio.timeout(LOOK_SECONDS * 2):
                    await self.tell(sink)
            except (SinkFault, StoreUnavailable, TimeoutError) as fault:
                log.warning("the trail was not told to its end", extra={"sink": sink.name, "reason": str(fault)})
            await sink.close()

    async def _follow(self, sink: Sink) -> None:
        pause = LOOK_SECONDS
        while True:
            await asyncio.sleep(pause)
            try:
                await self.tell(sink)
                pause = LOOK_SECONDS
            except StoreUnavailable as away:
                log.debug("the trail cannot be told now", extra={"sink": sink.name, "reason": str(away)})
            except SinkFault as fault:
                pause = min(pause * 2, LONGEST_PAUSE)
                log.warning("the trail cannot be told", extra={"sink": sink.name, "reason": str(fault), "again": pause})

    async def tell(self, sink: Sink) -> None:
        """Sends everything that the sink does not have yet; one gateway at a time."""
        name = f"~told/{sink.name}"
        token = None
        if not self._store.exclusive:
            token = await self._store.write(lambda c: take_lock(c, name, self._holder, LEASE_SECONDS))
            if token is None:
                return
        try:
            while await self._some(sink):
                continue
        finally:
            if token is not None:
                held = token
                await self._store.write(lambda c: give_lock(c, name, held))

    async def _some(self, sink: Sink) -> bool:
        cursor = await self._store.read(lambda c: cursor_of(c, sink.name))
        if cursor is None:
            cursor = 0 if sink.from_start else await self._newest()
            await self._store.write(lambda c: keep_cursor(c, sink.name, cursor))
        after = max(cursor, await sink.reached())
        rows = await self._store.read(lambda c: chain(c, after, BATCH))
        if not rows:
            return False
        await sink.send([_told(dict(row._mapping)) for row in rows])
        await self._store.write(lambda c: keep_cursor(c, sink.name, rows[-1].number))
        return len(rows) == BATCH

    async def _newest(self) -> int:
        link = await self._store.read(last_link)
        return 0 if link is None else link.number


def _told(link: Mapping[str, Any]) -> dict[str, Any]:
    """A link with the entry that it covers; one over an intent tells nothing of how it ended."""
    row = {name.removeprefix("entry_"): value for name, value in link.items() if name.startswith("entry_")}
    if row["id"] is None:
        return {"link": link["number"], "hash": link["hash"], "part": link["part"], "id": link["entry"], "gone": True}
    row |= {name: orjson.loads(row[name]) if row[name] else None for name in ("intent", "result")}
    if link["part"] == INTENT:
        row |= {"outcome": None, "result": None}
    told = asdict(entry_of({**row, "link": link["number"]}))
    return {**told, "part": link["part"], "hash": link["hash"]}
