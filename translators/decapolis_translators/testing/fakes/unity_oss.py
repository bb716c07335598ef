"""The open-source Unity Catalog server as a strict fake: its classic API and, from 0.5 on, its Delta API.

Built from the published descriptions `api/all.yaml` and `api/delta.yaml` of unitycatalog/unitycatalog and from what its
server is known to do: TABLE_ALREADY_EXISTS is a 400, a missing `nullable` is stored as false, the token of a list is its
last name, properties take 255 characters, etags are times of changes. It evolves columns by no rule at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from .asgi import FakeServer, Problem, Request, Route
from .unity_delta import DeltaApi
from .unity_state import HeldColumn, HeldTable, UnityState, demand_name, now_ms, page, problem
from .unity_types import TYPE_NAMES, IllegalType, checked_field, checked_fields, text, type_name

API = "/api/2.1/unity-catalog"
EXCHANGE = ("api", "1.0", "unity-control", "auth", "tokens")
MOST_AT_ONCE = 100
LONGEST_PROPERTY = 255
_FORMATS = {"DELTA", "CSV", "JSON", "AVRO", "PARQUET", "ORC", "TEXT"}
_TABLE_KEYS = {
    "name",
    "catalog_name",
    "schema_name",
    "table_type",
    "data_source_format",
    "columns",
    "storage_location",
    "comment",
    "properties",
}
_TABLE_NEEDS = _TABLE_KEYS - {"storage_location", "comment", "properties"}
_COLUMN_KEYS = {
    "name",
    "type_text",
    "type_json",
    "type_name",
    "type_precision",
    "type_scale",
    "type_interval_type",
    "position",
    "comment",
    "nullable",
    "partition_index",
}
_FUNCTION_NEEDS = {
    "name",
    "catalog_name",
    "schema_name",
    "input_params",
    "data_type",
    "full_data_type",
    "routine_body",
    "routine_definition",
    "parameter_style",
    "is_deterministic",
    "sql_data_access",
    "is_null_call",
    "security_type",
    "specific_name",
}
_FUNCTION_KEYS = _FUNCTION_NEEDS | {
    "return_params",
    "routine_dependencies",
    "comment",
    "properties",
    "external_language",
}
_LARGEST_BODY = 16_777_215


class UnityOssFake(FakeServer):
    """One server."""

    def __init__(self, *, delta: bool = True, catalog: str = "main") -> None:
        self.state = UnityState()
        self.state.make_schema(catalog, "default")
        self.delta = DeltaApi(self.state) if delta else None
        self.most_at_once = MOST_AT_ONCE
        self.subject_token: str | None = None
        """What may be exchanged for a token of the server's own; None while authorization is off."""
        super().__init__()

    def routes(self) -> list[Route]:
        """Those of the two APIs that a registry of schemas can need."""
        delta = [Route(each.method, API + each.template, each.handler, each.writes) for each in self._delta_routes()]
        return [
            Route("GET", f"{API}/catalogs/{{name}}", self._catalog),
            Route("GET", f"{API}/schemas", self._schemas),
            Route("POST", f"{API}/schemas", self._make_schema, writes=True),
            Route("GET", f"{API}/tables", self._tables),
            Route("POST", f"{API}/tables", self._make_table, writes=True),
            Route("GET", f"{API}/tables/{{name}}", self._table),
            Route("DELETE", f"{API}/tables/{{name}}", self._drop_table, writes=True),
            Route("GET", f"{API}/functions", self._functions),
            Route("POST", f"{API}/functions", self._make_function, writes=True),
            Route("GET", f"{API}/functions/{{name}}", self._function),
            Route("DELETE", f"{API}/functions/{{name}}", self._drop_function, writes=True),
            *delta,
        ]

    def _delta_routes(self) -> list[Route]:
        return [] if self.delta is None else self.delta.routes()

    def no_such_route(self, other_verb: bool) -> Problem:
        """Armeria's own words."""
        return (
            Problem(405, "Method Not Allowed") if other_verb else Problem(404, "Status: 404\nDescription: Not Found\n")
        )

    def unauthorized(self) -> Problem:
        """A token that the server did not sign."""
        return problem(401, "UNAUTHENTICATED", "No authorization found.")

    def _dispatch(self, request: Request) -> Any:
        if request.segments == EXCHANGE and request.method == "POST":
            return self._exchange(request)
        return super()._dispatch(request)

    def _exchange(self, request: Request) -> Any:
        self.door.token_calls += 1
        form = dict(parse_qsl(request.body.decode()))
        kinds = {f"urn:ietf:params:oauth:token-type:{kind}" for kind in ("id_token", "access_token")}
        if self.subject_token is None:
            raise problem(400, "INVALID_ARGUMENT", "Authorization is disabled")
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:token-exchange":
            raise problem(400, "INVALID_ARGUMENT", "Unsupported grant type")
        if form.get("requested_token_type") not in kinds or form.get("subject_token_type") not in kinds:
            raise problem(400, "INVALID_ARGUMENT", "Unsupported token type")
        if form.get("subject_token") != self.subject_token:
            raise problem(401, "UNAUTHENTICATED", f"Invalid subject token: {form.get('subject_token')}")
        token = f"uc-token-{self.door.token_calls}"
        self.door.oauth = self.door.oauth or ("", "")
        self.door.tokens.add(token)
        return {
            "access_token": token,
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "token_type": "Bearer",
            "expires_in": self.door.token_lifetime,
        }

    # --- catalogs and schemas

    def _catalog(self, request: Request, values: Mapping[str, str]) -> Any:
        if values["name"] not in self.state.catalogs:
            raise problem(404, "CATALOG_NOT_FOUND", f"Catalog not found: {values['name']}")
        return {"name": values["name"], "id": "c-1", "created_at": 1}

    def _schemas(self, request: Request, values: Mapping[str, str]) -> Any:
        catalog = request.query.get("catalog_name", "")
        if catalog not in self.state.catalogs:
            raise problem(404, "CATALOG_NOT_FOUND", f"Catalog not found: {catalog}")
        names, token = page(list(self.state.catalogs[catalog]), dict(request.query), self.most_at_once)
        return {"schemas": [{"name": name, "catalog_name": catalog} for name in names], "next_page_token": token}

    def _make_schema(self, request: Request, values: Mapping[str, str]) -> Any:
        body = _body(request, {"name", "catalog_name"}, {"name", "catalog_name", "comment", "properties"})
        name, catalog = demand_name(body["name"], "Schema"), str(body["catalog_name"])
        if catalog not in self.state.catalogs:
            raise problem(404, "CATALOG_NOT_FOUND", f"Catalog not found: {catalog}")
        if name in self.state.catalogs[catalog]:
            raise problem(400, "SCHEMA_ALREADY_EXISTS", f"Schema already exists: {name}")
        self.state.make_schema(catalog, name)
        return {"name": name, "catalog_name": catalog, "full_name": f"{catalog}.{name}"}

    # --- tables

    def _tables(self, request: Request, values: Mapping[str, str]) -> Any:
        catalog, schema = request.query.get("catalog_name", ""), request.query.get("schema_name", "")
        held = self.state.schema(catalog, schema).tables
        names, token = page(list(held), dict(request.query), self.most_at_once)
        told = [table_info(catalog, schema, held[name]) for name in names]
        for each in told:
            for option in ("columns", "properties"):
                if request.flag(f"omit_{option}"):
                    each.pop(option)
        return {"tables": told, "next_page_token": token}

    def _table(self, request: Request, values: Mapping[str, str]) -> Any:
        table = self.state.table(values["name"])
        catalog, schema, _ = values["name"].split(".")
        return table_info(catalog, schema, table)

    def _make_table(self, request: Request, values: Mapping[str, str]) -> Any:
        body = _body(request, _TABLE_NEEDS, _TABLE_KEYS)
        name = demand_name(body["name"], "Table")
        held = self.state.schema(str(body["catalog_name"]), str(body["schema_name"]))
        if name in held.tables:
            raise problem(400, "TABLE_ALREADY_EXISTS", f"Table already exists: {name}")
        if body["table_type"] != "EXTERNAL":
            raise problem(400, "INVALID_ARGUMENT", f"A {body['table_type']} table is made from a staging table")
        if body["data_source_format"] not in _FORMATS:
            raise problem(400, "INVALID_ARGUMENT", f"Unknown data source format: {body['data_source_format']}")
        location = body.get("storage_location")
        if not isinstance(location, str) or ":/" not in location:
            raise problem(400, "INVALID_ARGUMENT", "Storage location is required for external table")
        properties = demand_properties(body.get("properties") or {})
        columns = self._columns(body["columns"])
        table = HeldTable(
            name, "EXTERNAL", body["data_source_format"], columns, body.get("comment"), properties, location
        )
        held.tables[name] = table
        return table_info(body["catalog_name"], body["schema_name"], table)

    def _columns(self, given: Any) -> list[HeldColumn]:
        if not isinstance(given, list):
            raise problem(400, "INVALID_ARGUMENT", "columns must be a list")
        columns = [self._column(each) for each in sorted(given, key=lambda each: each.get("position", 0))]
        try:
            checked_fields([_field(each) for each in columns])
        except IllegalType as illegal:
            raise problem(400, "INVALID_ARGUMENT", str(illegal)) from None
        return columns

    def _column(self, given: Any) -> HeldColumn:
        if not isinstance(given, dict) or not {"name", "type_text", "type_name", "type_json"} <= set(given):
            raise problem(400, "INVALID_ARGUMENT", f"A column needs name, type_text, type_name and type_json: {given}")
        if set(given) - _COLUMN_KEYS or given["type_name"] not in TYPE_NAMES:
            raise problem(400, "INVALID_ARGUMENT", f"Unknown keys or type name in column {given['name']}")
        nullable = given.get("nullable", False)
        try:
            said = checked_field(json.loads(given["type_json"]))
        except ValueError as illegal:
            raise problem(400, "INVALID_ARGUMENT", f"Invalid type_json: {illegal}") from None
        if (said["name"], said["nullable"]) != (given["name"], nullable):
            raise problem(400, "INVALID_ARGUMENT", "type_json must say the column's own name and nullable")
        if type_name(said["type"]) != given["type_name"] or text(said["type"]).lower() != given["type_text"].lower():
            raise problem(400, "INVALID_ARGUMENT", f"type_name, type_text and type_json of {given['name']} differ")
        return HeldColumn(given["name"], said["type"], nullable, given.get("comment"))

    def _drop_table(self, request: Request, values: Mapping[str, str]) -> Any:
        self.state.table(values["name"])
        catalog, schema, name = values["name"].split(".")
        del self.state.schema(catalog, schema).tables[name]
        return b""

    # --- functions

    def _functions(self, request: Request, values: Mapping[str, str]) -> Any:
        held = self.state.schema(request.query.get("catalog_name", ""), request.query.get("schema_name", "")).functions
        names, token = page(list(held), dict(request.query), self.most_at_once)
        return {"functions": [held[name] for name in names], "next_page_token": token}

    def _make_function(self, request: Request, values: Mapping[str, str]) -> Any:
        said = _body(request, {"function_info"}, {"function_info"})["function_info"]
        if not isinstance(said, dict) or not set(said) >= _FUNCTION_NEEDS or set(said) - _FUNCTION_KEYS:
            raise problem(400, "INVALID_ARGUMENT", "function_info lacks keys or has unknown ones")
        if not isinstance(said.get("properties", ""), str) or said["data_type"] not in TYPE_NAMES:
            raise problem(400, "INVALID_ARGUMENT", "properties must be a string, data_type a known one")
        if len(str(said["routine_definition"]).encode()) > _LARGEST_BODY:
            raise problem(400, "INVALID_ARGUMENT", "routine_definition is too long")
        name = demand_name(said["name"], "Function")
        held = self.state.schema(said["catalog_name"], said["schema_name"]).functions
        if name in held:
            raise problem(400, "FUNCTION_ALREADY_EXISTS", f"Function already exists: {name}")
        full_name = f"{said['catalog_name']}.{said['schema_name']}.{name}"
        held[name] = {**said, "full_name": full_name, "created_at": now_ms(), "function_id": f"f-{len(held)}"}
        return held[name]

    def _function(self, request: Request, values: Mapping[str, str]) -> Any:
        held, name = self._held_function(values["name"])
        return held[name]

    def _drop_function(self, request: Request, values: Mapping[str, str]) -> Any:
        held, name = self._held_function(values["name"])
        del held[name]
        return b""

    def _held_function(self, full_name: str) -> tuple[dict[str, dict[str, Any]], str]:
        catalog, schema, name = full_name.split(".")
        held = self.state.schema(catalog, schema).functions
        if name not in held:
            raise problem(404, "FUNCTION_NOT_FOUND", f"Function not found: {full_name}")
        return held, name


def demand_properties(given: Any) -> dict[str, str]:
    """Properties that the server's database takes."""
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise problem(400, "INVALID_ARGUMENT", "properties are texts by name")
    if any(len(value) > LONGEST_PROPERTY for value in given.values()):
        raise problem(500, "INTERNAL", "Value too long for column PROPERTY_VALUE CHARACTER VARYING(255)")
    return dict(given)


def _body(request: Request, needs: set[str], keys: set[str]) -> dict[str, Any]:
    try:
        body = json.loads(request.body)
    except ValueError:
        body = None
    if not isinstance(body, dict) or not set(body) >= needs or set(body) - keys:
        raise problem(400, "INVALID_ARGUMENT", f"Expected an object with {sorted(needs)}, got {request.body[:200]!r}")
    return body


def _field(column: HeldColumn) -> dict[str, Any]:
    metadata = {} if column.comment is None else {"comment": column.comment}
    return {"name": column.name, "type": column.type, "nullable": column.nullable, "metadata": metadata}


def table_info(catalog: str, schema: str, table: HeldTable) -> dict[str, Any]:
    """A TableInfo."""
    return {
        "name": table.name,
        "catalog_name": catalog,
        "schema_name": schema,
        "table_type": table.table_type,
        "data_source_format": table.format,
        "columns": [
            {
                "name": each.name,
                "type_text": text(each.type),
                "type_json": json.dumps(_field(each)),
                "type_name": type_name(each.type),
                "type_precision": 0,
                "type_scale": 0,
                "position": position,
                "nullable": each.nullable,
                "comment": each.comment,
                "partition_index": None,
            }
            for position, each in enumerate(table.columns)
        ],
        "storage_location": table.location,
        "comment": table.comment,
        "properties": dict(table.properties),
        "owner": None,
        "created_at": table.created_at,
        "updated_at": table.updated_at,
        "table_id": table.id,
    }
