"""Notes every change of what runs in the trail, and every one that was refused."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection

from decapolis.audit import Audit
from decapolis.ids import LedgerConflict
from decapolis.operations.plugging import PluggingRefused
from decapolis.registries.routing import UnknownRegistry
from decapolis_translators.discovery import BrokenTypeError, UnknownTypeError

log = logging.getLogger(__name__)

_REFUSALS = (PluggingRefused, LedgerConflict, UnknownTypeError, BrokenTypeError, UnknownRegistry)


class Noted:
    """One change on its way into the trail."""

    def __init__(self, audit: Audit, action: str, registry: str, target: str) -> None:
        self.facts: dict[str, Any] = {}
        self.target = target
        self.written = False
        self._audit = audit
        self._action = action
        self._registry = registry

    def within(self, connection: Connection) -> None:
        """Notes that it is done, in the transaction that does it."""
        self._audit.alongside(self._action, self._registry, self.target, self.facts)(connection, {})
        self.written = True

    async def end(self, outcome: str, **result: Any) -> None:
        """Notes how it ended."""
        await self._audit.note(self._action, self._registry, self.target, self.facts, outcome, **result)


@asynccontextmanager
async def audited(audit: Audit, action: str, registry: str, target: str) -> AsyncIterator[Noted]:
    """Notes what becomes of a change, also of one that is refused or fails."""
    noted = Noted(audit, action, registry[:255], target)
    try:
        yield noted
    except _REFUSALS as refused:
        await noted.end("refused", reason=str(refused))
        raise
    except Exception as fault:  # whatever ends a change is in the trail, then raised on
        await noted.end("failed", reason=f"{type(fault).__name__}: {fault}")
        raise
    if not noted.written:
        await noted.end("done")
    log.info("changed at run time", extra={"action": action, "registry": registry, "target": target})
