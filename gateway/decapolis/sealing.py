"""Seals the trail in the background: no change waits for it, and a stop leaves nothing unsealed behind."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from decapolis.chain import ENTRY, FIRST, INTENT, OUTCOME, digest, link_hash
from decapolis.store import Store, StoreUnavailable
from decapolis.store.seals import (
    Link,
    add_links,
    closed_among,
    first_floor,
    floor_after,
    hold_chain,
    last_link,
    open_links,
    unsealed,
)

log = logging.getLogger(__name__)

SEAL_SECONDS = 1.0
SETTLE_SECONDS = 2.0
"""How long an intent may wait for its outcome, so that one link covers both."""
LATE_SECONDS = 30.0
"""How long, on a shared database, an entry may turn up after one with a higher number."""
BATCH = 100
"""How many links one transaction adds: other writes wait for it."""


class Sealer:
    """Adds links for what is not sealed yet; one gateway at a time does it for all."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: set[int] = set()
        """Entries whose intent is sealed and whose outcome is not."""
        self._looked_at = 0
        self._floor: int | None = None
        """Up to which entry everything is sealed for good, so that nobody looks there again."""

    async def run(self) -> None:
        """Seals for as long as the gateway runs."""
        while True:
            await asyncio.sleep(SEAL_SECONDS)
            try:
                await self._seal_all()
            except StoreUnavailable as away:
                log.debug("nothing can be sealed now", extra={"reason": str(away)})

    async def _seal_all(self, *, everything: bool = False) -> None:
        while await self.seal(everything=everything) == BATCH:
            continue

    async def close(self) -> None:
        """Seals everything, intents that are still open too."""
        try:
            await self._seal_all(everything=True)
        except StoreUnavailable as away:
            log.warning("the trail is not sealed to its end", extra={"reason": str(away)})

    async def seal(self, *, everything: bool = False) -> int:
        """Seals what can be sealed now and answers how many links that took."""
        now = time.time()
        settled = None if everything else int((now - SETTLE_SECONDS) * 1000)
        sealed = 0
        if await self._store.read(lambda c: self._found(c, settled, 1)):
            # found again in the transaction that seals it: another gateway may have been faster
            sealed = await self._store.write(lambda c: self._sealed(c, settled))
        late = None if self._store.exclusive else int((now - LATE_SECONDS) * 1000)
        self._floor = await self._store.read(lambda c: floor_after(c, self._floor or 0, late))
        return sealed

    def _found(self, connection: Connection, settled: int | None, limit: int) -> list[tuple[str, Mapping[str, Any]]]:
        if self._floor is None:
            self._floor = first_floor(connection)
        for number, entry, part in open_links(connection, self._looked_at):
            if part == INTENT:
                self._open.add(entry)
            else:
                self._open.discard(entry)
            self._looked_at = max(self._looked_at, number)
        rows = unsealed(connection, self._floor, settled, limit)
        found = [(INTENT if entry["outcome"] is None else ENTRY, entry) for entry in rows]
        if self._open and len(found) < limit:
            found += [(OUTCOME, entry) for entry in closed_among(connection, self._open, limit - len(found))]
        return found

    def _sealed(self, connection: Connection, settled: int | None) -> int:
        if not hold_chain(connection):
            return 0
        found = self._found(connection, settled, BATCH)
        if not found:
            return 0
        last = last_link(connection)
        number, previous = (0, FIRST) if last is None else (last.number, last.hash)
        sealed_ms = int(time.time() * 1000)
        links = []
        for part, entry in found:
            number += 1
            digested = digest(part, entry)
            previous = link_hash(previous, number, entry["id"], part, digested, sealed_ms)
            links.append(Link(number, entry["id"], part, digested, previous, sealed_ms))
        add_links(connection, links)
        return len(links)
