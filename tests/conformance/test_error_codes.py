"""The error table of the dialect, row by row, as far as a server without exporters, keys and associations has it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from decapolis.store import StoreUnavailable
from tests.gateway.conftest import Client, Running, code, record

Call = Callable[[Client], Awaitable[httpx.Response]]


def get(path: str, **named: Any) -> Call:
    return lambda client: client.get(path, **named)


def delete(path: str) -> Call:
    return lambda client: client.delete(path)


def put(path: str, body: Any) -> Call:
    return lambda client: client.put(path, json=body)


def post(path: str, body: Any) -> Call:
    return lambda client: client.post(path, json=body)


def register(subject: str, schema: Any, **fields: Any) -> Call:
    return lambda client: client.register(subject, schema, **fields)


def raw(path: str, content: bytes, **headers: str) -> Call:
    return lambda client: client.post(path, content=content, headers=headers)


MODE_WORDS = "Invalid mode. Valid values are READWRITE, READONLY, IMPORT and FORWARD."
VERSION_WORDS = (
    "The specified version '0' is not a valid version id. "
    'Allowed values are between [1, 2^31-1] and the string "latest"'
)
SOFT = "was soft deleted.Set permanent=true to delete permanently"
NOT_YET = "was not deleted first before being permanently deleted"
RULE = {"name": "r", "type": "CEL", "kind": "CONDITION", "mode": "WRITE"}

ROWS: dict[str, tuple[Call, int, int, str | None]] = {
    # what is asked of the gateway that `filled` prepares, then status, code and (where it is fixed) the sentence
    "404 unknown path": (get("/nowhere"), 404, 404, "HTTP 404 Not Found"),
    "404 an id that is no integer": (get("/schemas/ids/abc"), 404, 404, "HTTP 404 Not Found"),
    "404 a limit that is no integer": (get("/subjects?limit=x"), 404, 404, "HTTP 404 Not Found"),
    "405 wrong verb": (put("/subjects", {}), 405, 405, "HTTP 405 Method Not Allowed"),
    "406": (get("/subjects", headers={"Accept": "text/html"}), 406, 406, "HTTP 406 Not Acceptable"),
    "415": (raw("/subjects/s", b"x", **{"Content-Type": "text/plain"}), 415, 415, "HTTP 415 Unsupported Media Type"),
    "400 malformed JSON": (raw("/subjects/s", b"{"), 400, 400, None),
    "400 wrong JSON type": (post("/subjects/s", []), 400, 400, None),
    "400 unknown enum value": (
        register("s", '"int"', ruleSet={"domainRules": [{**RULE, "mode": "SIDEWAYS"}]}),
        400,
        400,
        None,
    ),
    "400 colon in a context": (get("/contexts/a:b/mode"), 400, 400, "Context name 'a:b' cannot contain a colon"),
    "422 no body": (raw("/subjects/s", b""), 422, 422, None),
    "422 null body": (raw("/subjects/s", b"null"), 422, 422, None),
    "40401 unknown subject": (get("/subjects/nobody/versions"), 404, 40401, "Subject 'nobody' not found."),
    "40401 only soft-deleted": (get("/subjects/gone/versions/1"), 404, 40401, "Subject 'gone' not found."),
    "40401 config that is not set": (delete("/config/s"), 404, 40401, "Subject 's' not found."),
    "40401 mode that is not set": (delete("/mode/s"), 404, 40401, "Subject 's' not found."),
    "40402": (get("/subjects/s/versions/9"), 404, 40402, "Version 9 not found."),
    "40402 before 40401 in checks": (
        post("/compatibility/subjects/nobody/versions/3", {"schema": '"int"'}),
        404,
        40402,
        "Version 3 not found.",
    ),
    "40403 id": (get("/schemas/ids/77"), 404, 40403, "Schema 77 not found"),
    "40403 uses of an id": (get("/schemas/ids/77/subjects"), 404, 40403, "Schema not found"),
    "40403 lookup": (post("/subjects/s", {"schema": '"bytes"'}), 404, 40403, "Schema not found"),
    "40403 guid": (
        get("/schemas/guids/00000000-0000-0000-0000-000000000000"),
        404,
        40403,
        "Schema 00000000-0000-0000-0000-000000000000 not found",
    ),
    "40404": (delete("/subjects/gone"), 404, 40404, f"Subject 'gone' {SOFT}"),
    "40405": (delete("/subjects/s?permanent=true"), 404, 40405, f"Subject 's' {NOT_YET}"),
    "40406": (delete("/subjects/s/versions/2"), 404, 40406, f"Subject 's' Version 2 {SOFT}"),
    "40407": (delete("/subjects/s/versions/1?permanent=true"), 404, 40407, f"Subject 's' Version 1 {NOT_YET}"),
    "40408": (get("/config/s"), 404, 40408, "Subject 's' does not have subject-level compatibility configured"),
    "40409": (get("/mode/s"), 404, 40409, "Subject 's' does not have subject-level mode configured"),
    "exporters are an extension": (get("/exporters/x"), 404, 404, "HTTP 404 Not Found"),
    "keys are an extension": (get("/dek-registry/v1/keks"), 404, 404, "HTTP 404 Not Found"),
    "400 a number beyond 32 bits": (register("s", '"int"', version=2**31), 400, 400, None),
    "400 underscores in a number": (register("s", '"int"', version="1_0"), 400, 400, None),
    "42201 type": (register("s", "x", schemaType="XML"), 422, 42201, None),
    "42201 empty": (register("new", ""), 422, 42201, "Empty schema"),
    "42201 unparsable": (register("s", "nonsense"), 422, 42201, None),
    "42201 version": (register("new", '"int"', version=9), 422, 42201, None),
    "42201 reference": (
        register("s", '"int"', references=[{"name": "n", "subject": "nobody", "version": 1}]),
        422,
        42201,
        None,
    ),
    "42202": (
        get("/subjects/s/versions/0"),
        422,
        42202,
        VERSION_WORDS,
    ),
    "42203": (put("/config/s", {"compatibility": "SIDEWAYS"}), 422, 42203, None),
    "42204": (put("/mode/s", {"mode": "SIDEWAYS"}), 422, 42204, MODE_WORDS),
    "42204 forward": (put("/mode/s", {"mode": "FORWARD"}), 422, 42204, "Forward mode only supported on global level"),
    "42205 read-only": (
        register("still", '"int"'),
        422,
        42205,
        "Subject still in context . is in read-only mode",
    ),
    "42205 not importing": (
        register("s", '"int"', id=70),
        422,
        42205,
        "Subject s in context . is not in import mode",
    ),
    "42205 importing": (
        register("import", '"bytes"'),
        422,
        42205,
        "Subject import in context . is not in read-write mode",
    ),
    "42205 config while read-only": (
        put("/config/still", {"compatibility": "NONE"}),
        422,
        42205,
        "Subject still in context . is in read-only mode",
    ),
    "42205 import on living ground": (
        put("/mode/s", {"mode": "IMPORT"}),
        422,
        42205,
        "Cannot import since found existing subjects",
    ),
    "42205 an id of something else": (
        register("import", '"bytes"', id=1, version=1),
        422,
        42205,
        "Overwrite new schema with id 1 in context . is not permitted.",
    ),
    "42206": (
        delete("/subjects/b/versions/1"),
        422,
        42206,
        "One or more references exist to the schema {magic=1,keytype=SCHEMA,subject=b,version=1}.",
    ),
    "42208": (register("__GLOBAL", '"int"'), 422, 42208, "The specified subject '__GLOBAL' is not a valid."),
    "42210": (register("s", '"int"', ruleSet={"domainRules": [{"name": "r"}]}), 422, 42210, None),
    "42210 twice": (
        register("s", '"int"', ruleSet={"domainRules": [RULE, RULE]}),
        422,
        42210,
        "Found rule with duplicate name 'r'",
    ),
    "42211": (delete("/contexts/.c"), 422, 42211, None),
}


@pytest.fixture
async def filled(client: Client) -> Client:
    """`s` with 1 and 3 live and 2 soft-deleted, `gone` soft-deleted, `a` refers to `b`, `still` may not be written."""
    for number in range(3):
        await client.registered("s", record("a", *[f"f{each}=0" for each in range(number)]))
    await client.delete("/subjects/s/versions/2")
    await client.registered("gone", '"long"')
    await client.delete("/subjects/gone")
    inner = {"type": "record", "name": "B", "fields": [{"name": "x", "type": "int"}]}
    outer = {"type": "record", "name": "A", "fields": [{"name": "b", "type": "B"}]}
    await client.registered("b", inner)
    await client.registered("a", outer, references=[{"name": "B", "subject": "b", "version": 1}])
    await client.registered(":.c:s", '"int"')
    await client.put("/mode/still", json={"mode": "READONLY"})
    await client.put("/mode/import", json={"mode": "IMPORT"})
    return client


@pytest.mark.parametrize("row", list(ROWS))
async def test_row(filled: Client, row: str) -> None:
    call, status, number, sentence = ROWS[row]
    answer = await call(filled)
    assert code(answer) == (status, number), answer.text
    assert answer.headers["content-type"] == "application/vnd.schemaregistry.v1+json"
    if sentence is not None:
        assert answer.json()["message"] == sentence


async def test_409(filled: Client) -> None:
    answer = await filled.register("s", record("a", "new"))
    assert code(answer) == (409, 409)
    assert answer.json()["message"].startswith(
        'Schema being registered is incompatible with an earlier schema for subject "s", details: [{errorType:'
    )


async def test_40901_by_setting(gateways: Running) -> None:
    client = await gateways(dialect={"incompatible_code": 40901})
    await client.registered("s", record("a"))
    assert code(await client.register("s", record("a", "new"))) == (409, 40901)


async def test_42203_lists_the_levels(client: Client) -> None:
    message = (await client.put("/config", json={"compatibility": "x"})).json()["message"]
    assert message.startswith("Invalid compatibility level. Valid values are none, backward, ")
    for level in ("forward", "full", "backward_transitive", "forward_transitive", "full_transitive"):
        assert level in message


async def test_42205_when_modes_are_fixed(gateways: Running) -> None:
    client = await gateways(dialect={"mode_mutability": False})
    answer = await client.put("/mode", json={"mode": "READONLY"})
    assert (code(answer), answer.json()["message"]) == ((422, 42205), "Mode changes are not allowed")


async def test_42206_when_import_would_erase_what_is_referred_to(filled: Client) -> None:
    await filled.delete("/subjects/a")
    await filled.delete("/subjects/b")
    assert code(await filled.put("/mode/b", json={"mode": "IMPORT"})) == (422, 42206)


async def test_413(gateways: Running) -> None:
    client = await gateways(limits={"body_bytes": 2048})
    assert code(await client.register("s", json.dumps("x" * 4096))) == (413, 413)


async def test_5000x_when_the_store_fails(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.application.gateway is not None

    async def fails(_: Any) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(client.application.gateway.store, "write", fails)
    status, number = code(await client.register("s", '"int"'))
    assert (status, number) == (500, 50001)


async def test_500_for_what_nobody_foresaw(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.application.gateway is not None

    async def fails(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(client.application.gateway.registries.all[0], "versions", fails)
    answer = await client.get("/subjects/s/versions")
    assert (code(answer), answer.json()["message"]) == ((500, 500), "Internal Server Error")
