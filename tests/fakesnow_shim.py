"""The SQL API v2 in front of fakesnow, for a second opinion about our statements; runs in an environment of its own.

    FAKESNOW_ENVIRONMENT/bin/python tests/fakesnow_shim.py      prints its URL, serves until its input ends

It only translates the protocol: fakesnow runs the SQL on DuckDB, and judges less strictly than Snowflake in places.
"""

from __future__ import annotations

import json
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import fakesnow
import snowflake.connector


class Shim(BaseHTTPRequestHandler):
    """One statement a request."""

    session: Any = None

    def do_POST(self) -> None:
        """Runs it, and answers rows of texts."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        values = [_value(each) for _, each in sorted(body.get("bindings", {}).items(), key=lambda each: int(each[0]))]
        handle = str(uuid.uuid4())
        try:
            cursor = self.session.cursor().execute(body["statement"], values or None)
            rows = [[None if cell is None else _text(cell) for cell in row] for row in cursor.fetchall()]
            names = [{"name": each.name, "type": "text"} for each in cursor.description or ()]
            answer = {
                "resultSetMetaData": {"rowType": names, "partitionInfo": [{"rowCount": len(rows)}]},
                "data": rows,
                "code": "090001",
                "sqlState": "00000",
                "statementHandle": handle,
            }
            self._answer(200, answer)
        except snowflake.connector.errors.ProgrammingError as refused:
            answer = {"code": f"{refused.errno:06}", "sqlState": refused.sqlstate, "message": refused.raw_msg}
            self._answer(422, {**answer, "statementHandle": handle})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


def _value(binding: dict[str, Any]) -> Any:
    value = binding["value"]
    if value is None or binding["type"] == "TEXT":
        return value
    return value == "true" if binding["type"] == "BOOLEAN" else int(value)


def _text(cell: Any) -> str:
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def main() -> None:
    """Serves a database DB with a schema PUBLIC."""
    with fakesnow.patch():
        snowflake.connector.paramstyle = "qmark"
        Shim.session = snowflake.connector.connect(database="DB", schema="PUBLIC", paramstyle="qmark")
        server = HTTPServer(("127.0.0.1", 0), Shim)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
