"""The Delta API of the fake open-source server (`api/delta.yaml`): what it offers, a table with its etag, an update of it.

All requirements are asserted before anything is changed, and all updates take effect together.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from .asgi import Problem, Request, Route
from .unity_state import HeldColumn, HeldTable, UnityState
from .unity_types import IllegalType, camel, checked_fields, kebab

_TABLE = "/delta/v1/catalogs/{catalog}/schemas/{schema}/tables/{table}"
_ENDPOINTS = [
    "POST /v1/catalogs/{catalog}/schemas/{schema}/tables",
    "GET /v1/catalogs/{catalog}/schemas/{schema}/tables/{table}",
    "POST /v1/catalogs/{catalog}/schemas/{schema}/tables/{table}",
    "DELETE /v1/catalogs/{catalog}/schemas/{schema}/tables/{table}",
]
_ERRORS = {
    "CATALOG_NOT_FOUND": "NoSuchCatalogException",
    "SCHEMA_NOT_FOUND": "NoSuchSchemaException",
    "TABLE_NOT_FOUND": "NoSuchTableException",
}


def delta_problem(status: int, kind: str, message: str) -> Problem:
    """A refusal in the envelope of this API."""
    return Problem(status, {"error": {"message": message, "type": kind, "code": status}})


class DeltaApi:
    """Answers for one state."""

    def __init__(self, state: UnityState) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """Config, load, update."""
        return [
            Route("GET", "/delta/v1/config", self._config),
            Route("GET", _TABLE, self._load),
            Route("POST", _TABLE, self._update, writes=True),
        ]

    def _config(self, request: Request, values: Mapping[str, str]) -> Any:
        if "catalog" not in request.query or "protocol-versions" not in request.query:
            raise delta_problem(400, "InvalidParameterValueException", "catalog and protocol-versions are required")
        if request.query["catalog"] not in self._state.catalogs:
            raise delta_problem(404, "NoSuchCatalogException", f"No catalog {request.query['catalog']}")
        return {"endpoints": _ENDPOINTS, "protocol-version": "1.0"}

    def _held(self, values: Mapping[str, str]) -> HeldTable:
        full_name = f"{values['catalog']}.{values['schema']}.{values['table']}"
        try:
            table = self._state.table(full_name)
        except Problem as missing:
            kind = _ERRORS.get(missing.body["error_code"], "InvalidParameterValueException")
            raise delta_problem(missing.status, kind, missing.body["message"]) from None
        if table.format != "DELTA":
            raise delta_problem(400, "UnsupportedTableFormatException", f"{full_name} is no Delta table")
        return table

    def _load(self, request: Request, values: Mapping[str, str]) -> Any:
        return _loaded(self._held(values))

    def _update(self, request: Request, values: Mapping[str, str]) -> Any:
        table = self._held(values)
        try:
            body = json.loads(request.body)
            requirements, updates = body["requirements"], body["updates"]
            kinds, actions = [each["type"] for each in requirements], [each["action"] for each in updates]
        except (ValueError, KeyError, TypeError):
            raise delta_problem(400, "InvalidParameterValueException", "requirements and updates are needed") from None
        if "assert-table-uuid" not in kinds:
            raise delta_problem(400, "InvalidParameterValueException", "assert-table-uuid is mandatory")
        if len(set(kinds)) != len(kinds) or len(set(actions)) != len(actions):
            raise delta_problem(400, "InvalidParameterValueException", "at most one of each kind")
        for each in requirements:
            _assert_met(table, each)
        doings = [_DOINGS.get(action, _unknown)(each) for action, each in zip(actions, updates, strict=True)]
        for doing in doings:
            doing(table)
        table.touch()
        return _loaded(table)


Doing = Callable[[HeldTable], None]


def _assert_met(table: HeldTable, requirement: Mapping[str, Any]) -> None:
    met = {
        "assert-table-uuid": requirement.get("uuid") == table.id,
        "assert-etag": requirement.get("etag") == _etag(table),
    }
    if requirement["type"] not in met:
        raise delta_problem(400, "InvalidParameterValueException", f"Unknown requirement {requirement['type']}")
    if not met[requirement["type"]]:
        raise delta_problem(409, "UpdateRequirementConflictException", f"{requirement['type']} does not hold")


def _set_columns(update: Mapping[str, Any]) -> Doing:
    columns = update.get("columns")
    try:
        fields = checked_fields(camel(columns)["fields"]) if isinstance(columns, dict) else None
    except (IllegalType, KeyError) as illegal:
        raise delta_problem(400, "InvalidParameterValueException", str(illegal)) from None
    if fields is None:
        raise delta_problem(400, "InvalidParameterValueException", "columns must be a struct")
    made = [
        HeldColumn(each["name"], each["type"], each["nullable"], each["metadata"].get("comment")) for each in fields
    ]

    def doing(table: HeldTable) -> None:
        table.columns = made

    return doing


def _set_properties(update: Mapping[str, Any]) -> Doing:
    given = update.get("updates")
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise delta_problem(400, "InvalidParameterValueException", "updates are texts by name")
    if any(len(value) > 255 for value in given.values()):
        raise delta_problem(500, "InternalServerErrorException", "Value too long for column PROPERTY_VALUE")
    return lambda table: table.properties.update(given)


def _set_comment(update: Mapping[str, Any]) -> Doing:
    if not isinstance(update.get("comment"), str):
        raise delta_problem(400, "InvalidParameterValueException", "comment must be a text")

    def doing(table: HeldTable) -> None:
        table.comment = update["comment"]

    return doing


def _unknown(update: Mapping[str, Any]) -> Doing:
    raise delta_problem(400, "InvalidParameterValueException", f"Unknown action {update['action']}")


_DOINGS: dict[str, Callable[[Mapping[str, Any]], Doing]] = {
    "set-columns": _set_columns,
    "set-properties": _set_properties,
    "set-table-comment": _set_comment,
}


def _etag(table: HeldTable) -> str:
    return f"etag-{table.updated_at}"


def _loaded(table: HeldTable) -> dict[str, Any]:
    fields = [
        {
            "name": each.name,
            "type": kebab(each.type),
            "nullable": each.nullable,
            "metadata": {} if each.comment is None else {"comment": each.comment},
        }
        for each in table.columns
    ]
    return {
        "metadata": {
            "etag": _etag(table),
            "table-type": table.table_type,
            "table-uuid": table.id,
            "location": table.location,
            "created-time": table.created_at,
            "updated-time": table.updated_at,
            "columns": {"type": "struct", "fields": fields},
            "partition-columns": [],
            "properties": dict(table.properties),
        },
        "commits": [],
        "latest-table-version": 0,
    }
