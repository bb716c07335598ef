"""Databricks' SQL Statement Execution: a statement is sent, waited for, and cancelled when it takes too long."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from decapolis_translators.errors import Garbled, NotPermitted, RegistryError, RegistryFault, Unreachable
from decapolis_translators.http import Call

from .calls import UnityCalls, segment
from .config import UnityConfig
from .faults import Asked, NotThere, failed

_PATH: Final = "/api/2.0/sql/statements"
_WAREHOUSES: Final = "/api/2.0/sql/warehouses"
_SERVER_WAITS: Final = 5
"""Seconds, the fewest that the server waits before it answers that a statement is not done."""
_ASK_AGAIN: Final = (0.25, 0.5, 1.0, 2.0)
_GOING_ON: Final = frozenset({"PENDING", "RUNNING"})


class Statements:
    """One warehouse."""

    def __init__(self, config: UnityConfig, calls: UnityCalls) -> None:
        self._config = config
        self._calls = calls
        self._found: str | None = config.warehouse_id
        self.why_not: str | None = None
        """Why there is no warehouse, None where there is one or nobody has looked."""

    async def find(self) -> None:
        """Without a configured warehouse the only one that we may use is taken; several are a question to people."""
        if self._found is not None:
            return
        asked = Asked("the list of warehouses", "CAN USE on a SQL warehouse")
        said = await self._calls.told(Call("GET", _WAREHOUSES), asked)
        listed = said.get("warehouses") or []
        if not isinstance(listed, list) or not all(isinstance(each, Mapping) and "id" in each for each in listed):
            raise Garbled("Expected a list of warehouses")
        if len(listed) == 1:
            self._found, self.why_not = str(listed[0]["id"]), None
            return
        names = ", ".join(f"{each.get('name')} ({each['id']})" for each in listed[:10])
        which = f"there are several: {names}" if listed else "we may use none"
        self.why_not = f"warehouse_id is not configured, and {which}"

    async def run(self, statement: str, table: str) -> None:
        """Runs a statement of which nothing but success is wanted."""
        await self.find()
        if self._found is None:
            raise NotPermitted(f"No SQL warehouse: {self.why_not}")
        asked = Asked(f"a statement about {table}", f"CAN USE on the warehouse {self._found}", write=True)
        body = {
            "statement": statement,
            "warehouse_id": self._found,
            "wait_timeout": f"{_SERVER_WAITS}s",
            "on_wait_timeout": "CONTINUE",
            "disposition": "INLINE",
            "format": "JSON_ARRAY",
        }
        patience = max(self._config.timeout, _SERVER_WAITS + 3.0)
        try:
            said = await self._calls.told(Call("POST", _PATH, body=body, write=True, timeout=patience), asked)
        except NotThere:
            raise RegistryFault(f"warehouse_id: there is no SQL warehouse {self._found}") from None
        status = await self._ended(said, asked)
        if status.get("state") != "SUCCEEDED":
            raise failed(status, self._calls.scrub)

    async def _ended(self, said: Mapping[str, Any], asked: Asked) -> Mapping[str, Any]:
        """The status of a statement that goes on no more."""
        number = said.get("statement_id")
        loop = asyncio.get_running_loop()
        until = loop.time() + self._config.statement_timeout
        asks = 0
        while (status := _status(said)).get("state") in _GOING_ON:
            if not isinstance(number, str):
                raise Garbled("A statement goes on without an id")
            if loop.time() >= until:
                await self._cancel(number, asked)
                raise Unreachable(
                    f"The warehouse did not finish {asked.what} within {self._config.statement_timeout:g} s", sent=True
                )
            await asyncio.sleep(_ASK_AGAIN[min(asks, len(_ASK_AGAIN) - 1)])
            asks += 1
            said = await self._calls.told(Call("GET", f"{_PATH}/{segment(number)}"), asked)
        return status

    async def _cancel(self, number: str, asked: Asked) -> None:
        with suppress(RegistryError):  # it may have ended meanwhile; that it took too long is what is told
            await self._calls.sent(Call("POST", f"{_PATH}/{segment(number)}/cancel", write=True), asked)


def _status(said: Mapping[str, Any]) -> Mapping[str, Any]:
    status = said.get("status")
    if not isinstance(status, Mapping) or not isinstance(status.get("state"), str):
        raise Garbled("A statement was answered without its state")
    return status
