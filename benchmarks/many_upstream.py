"""Ten registries of three thousand subjects each, in one process that costs next to nothing; it counts what it is asked."""

from __future__ import annotations

import json
from typing import Any

SUBJECTS = 3000
NAMES = [f"team{index % 30:02}.topic-{index:04}-value" for index in range(SUBJECTS)]
_LISTING = json.dumps(NAMES).encode()
_PLACES = {name: index for index, name in enumerate(NAMES)}
_CALLS = {"count": 0}


def _fields(index: int) -> str:
    own = {"name": f"field_{index % 100}", "type": "string"}
    more = [{"name": f"common_{n}", "type": ["null", "long"], "default": None} for n in range(12)]
    return json.dumps({"type": "record", "name": f"R{index}", "fields": [own, *more]})


def _answer(path: str) -> tuple[int, bytes]:
    parts = path.strip("/").split("/")[1:]  # the first names the registry
    match parts:
        case ["subjects"]:
            return 200, _LISTING
        case ["subjects", name, "versions", "latest" | "1" | "-1"] if name in _PLACES:
            index = _PLACES[name]
            body = {"subject": name, "version": 1, "id": index + 1, "schemaType": "AVRO", "schema": _fields(index)}
            return 200, json.dumps(body).encode()
        case ["subjects", name, "versions"] if name in _PLACES:
            return 200, b"[1]"
        case ["config"]:
            return 200, b'{"compatibilityLevel":"BACKWARD"}'
        case ["mode"]:
            return 200, b'{"mode":"READWRITE"}'
        case ["config", name] if name in _PLACES and _PLACES[name] % 10 == 0:
            return 200, b'{"compatibilityLevel":"FULL"}'
        case ["config", _]:
            return 404, b'{"error_code":40408,"message":"Subject does not have subject-level compatibility configured"}'
        case ["calls"]:
            return 200, json.dumps(_CALLS).encode()
    return 404, b'{"error_code":404,"message":"HTTP 404 Not Found"}'


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answers `/rN/…` as a registry of the dialect does."""
    if scope["type"] != "http":
        return
    status, body = _answer(scope["path"])
    _CALLS["count"] += not scope["path"].endswith("/calls")
    headers = [
        (b"content-type", b"application/vnd.schemaregistry.v1+json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
