"""A stateful, strict fake of one Snowflake account: its SQL API v2, and Horizon's Iceberg face where that is switched on.

    fake = SnowflakeFake()
    with Loopback(fake) as served: ...           # url: served.url, token: PAT

Sources: https://docs.snowflake.com/en/developer-guide/sql-api/reference and the published description of the API
(snowflakedb/snowflake-rest-api-specs, sqlapi.yaml). Statements are run by `snowflake_engine`. A request that comes again
under its id with `retry=true` gets the answer that it got. Nobody outside can tell for how long Snowflake remembers ids (here:
for ever), nor where it cuts a result into parts (here: `partition_rows`).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from .asgi import FakeServer, Problem, Request, Route
from .snowflake_engine import Engine, Result, Session, seeded
from .snowflake_login import Guard
from .snowflake_tables import HeldColumn, HeldTable, Refusal

PAT = "eyJraWQiOiIxIn0.eyJwIjoiMSJ9.c2lnbmF0dXJl"
_KNOWN = {"statement", "timeout", "database", "schema", "warehouse", "role", "bindings", "parameters"}
_ICEBERG = "/polaris/api/catalog/v1"


class SnowflakeFake(FakeServer):
    """One account with the database DB and its schema PUBLIC."""

    def __init__(self) -> None:
        super().__init__()
        self.account = seeded({"DB": ["PUBLIC"]})
        self.engine = Engine(self.account)
        self.guard = Guard(pats={PAT})
        self.partition_rows = 1_000
        self.polls = 0
        """How often a statement is said to be running still."""
        self.horizon = False
        self.accepts_oauth = False
        self._answers: dict[str, tuple[int, dict[str, Any]]] = {}
        self._results: dict[str, Result] = {}
        self._waiting: dict[str, tuple[int, tuple[int, dict[str, Any]]]] = {}

    # --- for tests

    def tables(self, schema: str = "PUBLIC", database: str = "DB") -> dict[str, HeldTable]:
        """The tables of a schema."""
        return self.account.databases[database][schema]

    def put(self, name: str, *columns: HeldColumn, schema: str = "PUBLIC", **more: Any) -> HeldTable:
        """Makes or replaces a table, as somebody else would."""
        made = HeldTable(name, list(columns), uuid=str(uuid.uuid4()), **more)
        self.tables(schema)[name] = made
        return made

    def throttle(self, times: int = 1, retry_after: str | None = None) -> None:
        """Lets the next statements be too many."""
        headers = {} if retry_after is None else {"retry-after": retry_after}
        body = {"code": "390505", "message": "Too many requests"}
        self.fail_next(429, body, times, headers=headers, path="/api/v2/statements")

    def refuse_next(self, code: str, state: str, message: str, times: int = 1) -> None:
        """Lets the next statements fail."""
        self.fail_next(422, _failure(code, state, message, str(uuid.uuid4())), times, path="/api/v2/statements")

    # --- the interface

    def routes(self) -> list[Route]:
        """Statements; and Iceberg's catalog, read only."""
        return [
            Route("POST", "/api/v2/statements", self._submit, writes=True),
            Route("GET", "/api/v2/statements/{handle}", self._ask),
            Route("GET", f"{_ICEBERG}/config", self._iceberg_config),
            Route("GET", f"{_ICEBERG}/{{prefix}}/namespaces/{{schema}}/tables/{{table}}", self._iceberg_table),
        ]

    def no_such_route(self, other_verb: bool) -> Problem:
        """The API's own shape."""
        return Problem(405 if other_verb else 404, {"code": "390404", "message": "Not found"})

    def _submit(self, request: Request, _: Mapping[str, str]) -> Any:
        self._demand_headers(request)
        self.guard.admit(request.headers, self.door)
        number = request.query.get("requestId", str(uuid.uuid4()))
        _demand_uuid(number)
        if not (request.flag("retry") and number in self._answers):
            self._answers[number] = self._run(_body(request))
        status, answer = self._answers[number]
        handle = answer["statementHandle"]
        if self.polls and status == 200:
            self._waiting[handle] = (self.polls, (status, answer))
            raise Problem(202, _running(handle))
        return _given(status, answer)

    def _ask(self, request: Request, values: Mapping[str, str]) -> Any:
        self._demand_headers(request)
        self.guard.admit(request.headers, self.door)
        handle = values["handle"]
        if handle in self._waiting:
            left, answer = self._waiting.pop(handle)
            if left > 1:
                self._waiting[handle] = (left - 1, answer)
                raise Problem(202, _running(handle))
            return _given(*answer)
        result = self._results.get(handle)
        if result is None:
            raise Problem(404, {"code": "390404", "message": "Statement handle not found."})
        part = int(request.query.get("partition", "0"))
        rows = result.rows[part * self.partition_rows : (part + 1) * self.partition_rows]
        return {"data": rows}

    def _run(self, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        handle = str(uuid.uuid4())
        try:
            session = Session(body.get("database"), body.get("schema"), body.get("warehouse"), self._role(body))
            result = self.engine.run(body["statement"], _bound(body.get("bindings") or {}), session)
        except Refusal as refused:
            return 422, _failure(refused.code, refused.state, refused.message, handle)
        self._results[handle] = result
        return 200, self._success(handle, result)

    def _role(self, body: Mapping[str, Any]) -> str:
        role = body.get("role") or min(self.account.roles)
        if role not in self.account.roles:
            raise Problem(
                401, {"code": "390189", "message": f"Role '{role}' specified in the connect string is not granted."}
            )
        return str(role)

    def _success(self, handle: str, result: Result) -> dict[str, Any]:
        size = self.partition_rows
        parts = [min(size, len(result.rows) - at) for at in range(0, len(result.rows), size)] or [0]
        types = [{"name": name, "type": "text", "nullable": True} for name in result.names]
        return {
            "resultSetMetaData": {
                "format": "jsonv2",
                "numRows": len(result.rows),
                "rowType": types,
                "partitionInfo": [{"rowCount": count} for count in parts],
            },
            "data": result.rows[:size],
            "code": "090001",
            "sqlState": "00000",
            "statementHandle": handle,
            "statementStatusUrl": f"/api/v2/statements/{handle}?requestId={handle}",
            "createdOn": 1_700_000_000_000,
            "message": "Statement executed successfully.",
        }

    @staticmethod
    def _demand_headers(request: Request) -> None:
        if not request.headers.get("user-agent"):
            raise Problem(400, {"code": "390004", "message": "The header User-Agent is missing."})
        if not request.headers.get("authorization", "").startswith("Bearer "):
            raise Problem(401, {"code": "390101", "message": "Authorization header is missing."})

    # --- Iceberg

    def _demand_horizon(self, request: Request) -> None:
        if not self.horizon:
            raise self.no_such_route(False)
        self.guard.admit(request.headers, self.door)

    def _iceberg_config(self, request: Request, _: Mapping[str, str]) -> Any:
        self._demand_horizon(request)
        if request.query.get("warehouse") not in self.account.databases:
            raise Problem(404, {"error": {"message": "No such warehouse", "type": "NotFoundException", "code": 404}})
        return {"defaults": {}, "overrides": {"prefix": request.query["warehouse"]}}

    def _iceberg_table(self, request: Request, values: Mapping[str, str]) -> Any:
        self._demand_horizon(request)
        schemas = self.account.databases.get(values["prefix"], {})
        table = schemas.get(values["schema"], {}).get(values["table"])
        if table is None or not table.iceberg:
            raise Problem(404, {"error": {"message": "No such table", "type": "NoSuchTableException", "code": 404}})
        fields = [
            {"id": number, "name": each.name, "required": not each.nullable, "type": _iceberg_type(each.type)}
            for number, each in enumerate(table.columns, 1)
        ]
        schema = {"type": "struct", "schema-id": 0, "fields": fields}
        metadata = {"format-version": 2, "table-uuid": table.uuid, "current-schema-id": 0, "schemas": [schema]}
        return {"metadata-location": "s3://elsewhere/metadata.json", "metadata": metadata}


def _body(request: Request) -> Mapping[str, Any]:
    try:
        body = json.loads(request.body)
    except ValueError:
        raise Problem(400, {"code": "391908", "message": "The body is no JSON."}) from None
    if not isinstance(body, dict) or not isinstance(body.get("statement"), str) or set(body) - _KNOWN:
        raise Problem(400, {"code": "391902", "message": f"Unable to read the body: {sorted(set(body) - _KNOWN)}"})
    if not isinstance(body.get("timeout", 0), int):
        raise Problem(400, {"code": "391903", "message": "timeout is a number of whole seconds"})
    return body


def _bound(bindings: Mapping[str, Any]) -> list[Any]:
    if sorted(bindings, key=int) != [str(number) for number in range(1, len(bindings) + 1)]:
        raise Problem(400, {"code": "391914", "message": "Bindings are numbered from 1."})
    return [_value(bindings[str(number)]) for number in range(1, len(bindings) + 1)]


def _value(binding: Mapping[str, Any]) -> Any:
    value = binding["value"]
    if value is not None and not isinstance(value, str):
        raise Problem(400, {"code": "391914", "message": "Values of bindings are texts."})
    match binding["type"], value:
        case _, None:
            return None
        case "FIXED", text:
            return int(text)
        case "BOOLEAN", text:
            return text == "true"
        case "TEXT", text:
            return text
        case other, _:
            raise Problem(400, {"code": "391914", "message": f"Unsupported type of a binding: {other}"})


def _demand_uuid(text: str) -> None:
    try:
        uuid.UUID(text)
    except ValueError:
        raise Problem(400, {"code": "391920", "message": "requestId is no UUID."}) from None


def _given(status: int, answer: dict[str, Any]) -> Any:
    if status != 200:
        raise Problem(status, answer)
    return answer


def _running(handle: str) -> dict[str, Any]:
    url = f"/api/v2/statements/{handle}"
    words = "Asynchronous execution in progress. Use provided query id to perform query monitoring and management."
    return {"code": "333334", "message": words, "statementHandle": handle, "statementStatusUrl": url}


def _failure(code: str, state: str, message: str, handle: str) -> dict[str, Any]:
    return {
        "code": code,
        "sqlState": state,
        "message": message,
        "statementHandle": handle,
        "statementStatusUrl": f"/api/v2/statements/{handle}",
        "createdOn": 1_700_000_000_000,
    }


def _iceberg_type(text: str) -> str:
    name, _, rest = text.partition("(")
    if name == "NUMBER":
        precision, scale = rest.rstrip(")").split(",")
        return {("10", "0"): "int", ("19", "0"): "long"}.get((precision, scale), f"decimal({precision}, {scale})")
    return {"VARCHAR": "string", "FLOAT": "double", "BOOLEAN": "boolean", "DATE": "date", "BINARY": "binary"}[name]
