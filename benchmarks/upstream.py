"""A registry that costs next to nothing: every id has a schema of its own, whatever is asked besides is not there."""

from __future__ import annotations

from typing import Any

_FIELDS = ",".join(
    rf"{{\"name\":\"field_{index}\",\"type\":[\"null\",\"string\"],\"default\":null}}" for index in range(20)
)
_ABSENT = b'{"error_code":40403,"message":"Schema not found"}'


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answers `/schemas/ids/N` as a registry of the dialect does."""
    path = scope["path"]
    status, body = 404, _ABSENT
    if path.startswith("/schemas/ids/"):
        name = path.rsplit("/", 1)[1]
        status = 200
        body = rf'{{"schema":"{{\"type\":\"record\",\"name\":\"R{name}\",\"fields\":[{_FIELDS}]}}"}}'.encode()
    headers = [
        (b"content-type", b"application/vnd.schemaregistry.v1+json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
