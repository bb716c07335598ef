"""A workspace of Databricks as a fake: Unity Catalog's REST for reading, SQL Statement Execution, the Files API, OAuth.

Built from the published REST reference and the shapes in databricks-sdk (service/catalog, service/sql, service/files):
names are folded to lower case, summaries come from all schemas at once, a page may be empty and not the last, a statement
that fails is a 200 that says so, a statement that takes long is asked for again.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from .asgi import FakeServer, Problem, Request, Route
from .unity_oss import table_info
from .unity_sql import SqlCatalog
from .unity_state import UnityState, problem
from .unity_words import SqlError

API = "/api/2.1/unity-catalog"
TOKENS = ("oidc", "v1", "token")
_STATEMENTS = "/api/2.0/sql/statements"
_FILES = "/api/2.0/fs/files/Volumes/{catalog}/{schema}/{volume}/{file}"
_STATEMENT_KEYS = {
    "statement",
    "warehouse_id",
    "catalog",
    "schema",
    "wait_timeout",
    "on_wait_timeout",
    "disposition",
    "format",
    "parameters",
    "byte_limit",
    "row_limit",
}
_SUMMARIES = 10_000


@dataclass
class Statement:
    """One statement under way or done."""

    text: str
    polls: int
    state: str = "PENDING"
    error: SqlError | None = None


class DatabricksFake(FakeServer):
    """One workspace."""

    def __init__(self, *, catalog: str = "main", warehouse: str = "wh-1") -> None:
        self.state = UnityState(folds=True)
        self.state.make_schema(catalog, "default")
        self.warehouses = {warehouse: "Starter Warehouse"}
        self.sql = SqlCatalog(self.state, catalog)
        self.slow_polls = 0
        """How often a statement must be asked for before it is done."""
        self.summaries_at_once = _SUMMARIES
        self.empty_page_at: int | None = None
        """The number of a page of summaries that is empty though more follow."""
        self.executed: list[str] = []
        self._statements: dict[str, Statement] = {}
        self._numbers = itertools.count(1)
        super().__init__()

    def routes(self) -> list[Route]:
        """What a registry of schemas can need."""
        return [
            Route("GET", f"{API}/catalogs/{{name}}", self._catalog),
            Route("GET", f"{API}/table-summaries", self._summaries),
            Route("GET", f"{API}/tables/{{name}}", self._table),
            Route("DELETE", f"{API}/tables/{{name}}", self._drop_table, writes=True),
            Route("GET", "/api/2.0/sql/warehouses", self._list_warehouses),
            Route("POST", _STATEMENTS, self._execute, writes=True),
            Route("GET", f"{_STATEMENTS}/{{id}}", self._statement),
            Route("POST", f"{_STATEMENTS}/{{id}}/cancel", self._cancel),
            Route("PUT", _FILES, self._upload, writes=True),
            Route("GET", _FILES, self._download),
            Route("DELETE", _FILES, self._delete_file, writes=True),
            Route("GET", "/api/2.0/fs/directories/Volumes/{catalog}/{schema}/{volume}", self._directory),
        ]

    def no_such_route(self, other_verb: bool) -> Problem:
        """The workspace's own words."""
        return problem(404, "ENDPOINT_NOT_FOUND", "No API found for this path")

    def unauthorized(self) -> Problem:
        """Not JSON in every case, but here."""
        return problem(401, "UNAUTHENTICATED", "Credential was not sent or was of an unsupported type for this API.")

    def _dispatch(self, request: Request) -> Any:
        if request.segments == TOKENS and request.method == "POST":
            form = dict(parse_qsl(request.body.decode()))
            if form.get("scope") != "all-apis":
                raise Problem(400, {"error": "invalid_scope"})
            return self.door.issue(request)
        return super()._dispatch(request)

    # --- Unity Catalog

    def _catalog(self, request: Request, values: Mapping[str, str]) -> Any:
        if values["name"].lower() not in self.state.catalogs:
            raise problem(404, "CATALOG_DOES_NOT_EXIST", f"Catalog '{values['name']}' does not exist.")
        return {"name": values["name"].lower(), "catalog_type": "MANAGED_CATALOG", "metastore_id": "m-1"}

    def _summaries(self, request: Request, values: Mapping[str, str]) -> Any:
        catalog = request.query.get("catalog_name", "")
        if catalog not in self.state.catalogs:
            raise problem(404, "CATALOG_DOES_NOT_EXIST", f"Catalog '{catalog}' does not exist.")
        given = request.query.get("max_results", "0")
        if not given.isdecimal() or int(given) > _SUMMARIES:
            raise problem(400, "INVALID_PARAMETER_VALUE", f"max_results must be between 0 and {_SUMMARIES}")
        size = min(int(given) or self.summaries_at_once, self.summaries_at_once)
        offset, number = map(int, request.query.get("page_token", "0-0").split("-"))
        every = list(self.state.all_tables(catalog))
        if number == self.empty_page_at:
            return {"next_page_token": f"{offset}-{number + 1}"}
        part = every[offset : offset + size]
        following = f"{offset + size}-{number + 1}" if offset + size < len(every) else None
        tables = [{"full_name": name, "table_type": held.table_type} for name, held in part]
        return {"tables": tables, **({"next_page_token": following} if following else {})}

    def _table(self, request: Request, values: Mapping[str, str]) -> Any:
        table = self.state.table(values["name"])
        catalog, schema, _ = values["name"].lower().split(".")
        more = {"full_name": values["name"].lower(), "metastore_id": "m-1", "securable_kind": "TABLE_DELTA"}
        return {**table_info(catalog, schema, table), **more}

    def _drop_table(self, request: Request, values: Mapping[str, str]) -> Any:
        self.state.table(values["name"])
        catalog, schema, name = values["name"].lower().split(".")
        del self.state.schema(catalog, schema).tables[name]
        return {}

    # --- statements

    def _list_warehouses(self, request: Request, values: Mapping[str, str]) -> Any:
        return {"warehouses": [{"id": key, "name": name, "state": "STOPPED"} for key, name in self.warehouses.items()]}

    def _execute(self, request: Request, values: Mapping[str, str]) -> Any:
        body = json.loads(request.body)
        if set(body) - _STATEMENT_KEYS or not isinstance(body.get("statement"), str):
            raise problem(400, "INVALID_PARAMETER_VALUE", f"Unknown or missing fields: {sorted(body)}")
        if body.get("warehouse_id") not in self.warehouses:
            raise problem(404, "NOT_FOUND", f"SQL warehouse {body.get('warehouse_id')} does not exist")
        seconds = str(body.get("wait_timeout", "10s")).removesuffix("s")
        if not seconds.isdecimal() or not (int(seconds) == 0 or 5 <= int(seconds) <= 50):
            raise problem(400, "INVALID_PARAMETER_VALUE", "wait_timeout must be 0s or between 5s and 50s")
        number = f"01ef-{next(self._numbers)}"
        self._statements[number] = Statement(body["statement"], self.slow_polls)
        return self._told(number)

    def _statement(self, request: Request, values: Mapping[str, str]) -> Any:
        if values["id"] not in self._statements:
            raise problem(404, "NOT_FOUND", f"The statement {values['id']} was not found.")
        self._statements[values["id"]].polls -= 1
        return self._told(values["id"])

    def _cancel(self, request: Request, values: Mapping[str, str]) -> Any:
        statement = self._statements[values["id"]]
        if statement.state == "PENDING":
            statement.state = "CANCELED"
        return {}

    def _told(self, number: str) -> Any:
        statement = self._statements[number]
        if statement.state == "PENDING" and statement.polls <= 0:
            self.executed.append(statement.text)
            try:
                self.sql.execute(statement.text)
                statement.state = "SUCCEEDED"
            except SqlError as error:
                statement.state, statement.error = "FAILED", error
        status: dict[str, Any] = {"state": statement.state}
        if statement.error is not None:
            status["error"] = {"error_code": "BAD_REQUEST", "message": str(statement.error)}
            status["sql_state"] = statement.error.state
        return {"statement_id": number, "status": status}

    # --- files

    def _files(self, values: Mapping[str, str]) -> dict[str, bytes]:
        folder = f"{values['catalog']}/{values['schema']}/{values['volume']}"
        if folder not in self.state.files:
            raise problem(404, "NOT_FOUND", f"Volume '{folder}' does not exist.")
        return self.state.files[folder]

    def _upload(self, request: Request, values: Mapping[str, str]) -> Any:
        files = self._files(values)
        if request.headers.get("content-type") != "application/octet-stream":
            raise problem(400, "INVALID_PARAMETER_VALUE", "the content of a file is application/octet-stream")
        if values["file"] in files and not request.flag("overwrite"):
            raise problem(409, "ALREADY_EXISTS", f"The file {values['file']} already exists.")
        files[values["file"]] = request.body

    def _download(self, request: Request, values: Mapping[str, str]) -> Any:
        return self._file(values)[values["file"]]

    def _delete_file(self, request: Request, values: Mapping[str, str]) -> Any:
        del self._file(values)[values["file"]]

    def _file(self, values: Mapping[str, str]) -> dict[str, bytes]:
        files = self._files(values)
        if values["file"] not in files:
            raise problem(404, "NOT_FOUND", f"The file {values['file']} was not found.")
        return files

    def _directory(self, request: Request, values: Mapping[str, str]) -> Any:
        files = self._files(values)
        size = int(request.query.get("page_size", "1000"))
        token = request.query.get("page_token", "")
        names = sorted(name for name in files if name > token)[:size]
        contents = [
            {"name": name, "path": name, "is_directory": False, "file_size": len(files[name])} for name in names
        ]
        return {"contents": contents, **({"next_page_token": names[-1]} if len(names) == size else {})}
