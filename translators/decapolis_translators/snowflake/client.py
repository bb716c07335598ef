"""Statements over the SQL API v2: sent under an id of their own, waited for, and read in all their parts."""

from __future__ import annotations

import asyncio
import math
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from decapolis_translators.errors import Garbled, Unreachable
from decapolis_translators.http import Answer, Call, Credentials, HttpClient

from .config import SnowflakeConfig
from .faults import refusal
from .login import KeyPair, credentials
from .statements import Statement

STATEMENTS = "/api/v2/statements"
_AGENT = "decapolis"
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
_HANDLE = re.compile(r"[A-Za-z0-9-]{8,64}")

Row = Mapping[str, str | None]


class SnowflakeClient(HttpClient):
    """One account."""

    def __init__(self, config: SnowflakeConfig, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._snowflake = config
        super().__init__(config, transport)

    def credentials(self) -> Credentials:
        """What the configuration asks for."""
        return credentials(self._snowflake, self.send)

    def own_headers(self) -> Mapping[str, str]:
        """The API demands a name."""
        return {"User-Agent": _AGENT}

    def needs_tls(self) -> bool:
        """An identity provider is secure even where the account beside us is not."""
        return super().needs_tls() or self._snowflake.oauth is not None

    def open(self) -> None:
        """Prepares the pool and reads the key."""
        if isinstance(self._credentials, KeyPair):
            self._credentials.load()
        super().open()

    async def run(self, statement: Statement) -> list[Row]:
        """The rows of a statement by the names of their columns, once it has ended.

        When the answer to a write is lost, the same request is sent once more under the same id: Snowflake then gives the
        answer that it gave, instead of running the statement again.
        """
        request = str(uuid.uuid4())
        try:
            async with asyncio.timeout(self._config.timeout):
                try:
                    answer = await self._submitted(statement, request, again=False)
                except Unreachable as fault:
                    if not fault.sent:
                        raise
                    answer = await self._submitted(statement, request, again=True)
                return await self._read(await self._ended(answer, statement), statement)
        except TimeoutError:
            raise Unreachable(f"No answer within {self._config.timeout:g} s", sent=statement.write) from None

    async def _submitted(self, statement: Statement, request: str, *, again: bool) -> Answer:
        query = {"requestId": request, "nullable": "true"} | ({"retry": "true"} if again else {})
        return await self.call(Call("POST", STATEMENTS, query, self._body(statement), write=statement.write))

    def _body(self, statement: Statement) -> dict[str, Any]:
        config = self._snowflake
        context = {"database": config.database, "schema": config.schema_name}
        context |= {"warehouse": config.warehouse} if config.warehouse else {}
        context |= {"role": config.role} if config.role else {}
        return {
            "statement": statement.text,
            "timeout": math.ceil(config.timeout),
            **context,
            **({"bindings": statement.bindings()} if statement.bound else {}),
            "parameters": {"query_tag": _AGENT},
        }

    async def _ended(self, answer: Answer, statement: Statement) -> dict[str, Any]:
        """Asks again, with growing pauses, for as long as the statement runs."""
        pause = _FIRST_PAUSE
        while answer.status == 202:
            path = f"{STATEMENTS}/{_handle(_object(answer))}"
            await asyncio.sleep(pause)
            pause = min(pause * 1.6, _LONGEST_PAUSE)
            answer = await self.call(Call("GET", path, write=statement.write))
        if answer.status != 200:
            raise refusal(answer, statement, self.scrub)
        return _object(answer)

    async def _read(self, body: dict[str, Any], statement: Statement) -> list[Row]:
        try:
            described = body["resultSetMetaData"]
            names = [str(each["name"]) for each in described["rowType"]]
            rows = list(body["data"])
            further = len(described.get("partitionInfo") or [None]) - 1
        except (KeyError, TypeError):
            raise Garbled("The answer to a statement has no rows") from None
        for number in range(1, further + 1):
            path = f"{STATEMENTS}/{_handle(body)}"
            answer = await self.call(Call("GET", path, {"partition": str(number)}))
            if answer.status != 200:
                raise refusal(answer, statement, self.scrub)
            rows.extend(_data(_object(answer)))
        return [_row(names, row) for row in rows]


def _object(answer: Answer) -> dict[str, Any]:
    body = answer.json()
    if not isinstance(body, dict):
        raise Garbled("The answer to a statement is no object")
    return body


def _handle(body: Mapping[str, Any]) -> str:
    """The statement's handle; the addresses that the answer gives are not followed."""
    handle = body.get("statementHandle")
    if not isinstance(handle, str) or not _HANDLE.fullmatch(handle):
        raise Garbled("The answer to a statement has no handle")
    return handle


def _data(body: Mapping[str, Any]) -> Sequence[Any]:
    data = body.get("data")
    if not isinstance(data, list):
        raise Garbled("A part of an answer has no rows")
    return data


def _row(names: Sequence[str], row: Any) -> Row:
    if not isinstance(row, list) or len(row) != len(names):
        raise Garbled("A row has other columns than the answer says")
    return {name: None if cell is None else str(cell) for name, cell in zip(names, row, strict=True)}
