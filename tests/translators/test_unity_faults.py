"""What goes wrong on the way to Unity Catalog, told in our errors; and what is left of a write that failed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest

from decapolis_translators import errors
from decapolis_translators.testing.fakes.asgi import Fault, Problem, Request
from decapolis_translators.testing.fakes.unity_databricks import DatabricksFake
from decapolis_translators.testing.fakes.unity_oss import UnityOssFake
from decapolis_translators.unity_catalog import UnityCatalog

from .conftest import ConnectingUnity
from .test_unity_catalog import BRICKS, OSS, model, optional

HTML = "<html><h1>Welcome</h1></html>"


def said(status: int, code: str, words: str = "words") -> tuple[int, Any]:
    return status, {"error_code": code, "message": words, "details": []}


FAULTS: list[tuple[int, Any, type[errors.RegistryError], str]] = [
    (*said(401, "UNAUTHENTICATED"), errors.CredentialsRefused, "does not know our credentials"),
    (401, HTML, errors.CredentialsRefused, "no explanation"),
    (*said(403, "PERMISSION_DENIED"), errors.CredentialsRefused, "the right SELECT on main.default.s is missing"),
    (*said(403, "PERMISSION_DENIED", "Invalid access token."), errors.CredentialsRefused, "does not know our"),
    (*said(429, "RESOURCE_EXHAUSTED"), errors.Throttled, "fewer calls"),
    (429, HTML, errors.Throttled, "fewer calls"),
    (*said(400, "INVALID_ARGUMENT"), errors.Refused, "INVALID_ARGUMENT: words"),
    (*said(400, "QUOTA_EXCEEDED"), errors.NotPermitted, "A quota of Unity Catalog is reached"),
    (*said(409, "CONFLICT"), errors.WriteConflict, "words"),
    (*said(500, "INTERNAL"), errors.RegistryFault, "500: words"),
    (500, HTML, errors.RegistryFault, "500: no explanation"),
    (502, HTML, errors.Unreachable, "502"),
    (*said(503, "TEMPORARILY_UNAVAILABLE", "under maintenance"), errors.Unreachable, "under maintenance"),
    (504, b"", errors.Unreachable, "504"),
    (200, HTML, errors.Garbled, "Expected JSON, got 29 bytes"),
    (200, '{"name": "', errors.Garbled, "Expected JSON"),
    (200, b"", errors.Garbled, "Expected JSON"),
    (200, ["not", "an", "object"], errors.Garbled, "object"),
    (200, {"columns": 3}, errors.Garbled, "list"),
    (200, {"columns": ["a"]}, errors.Garbled, "no name"),
    (200, {"properties": [1]}, errors.Garbled, "no object"),
    (302, b"", errors.Garbled, "redirect"),
    (307, HTML, errors.Garbled, "redirect"),
    (404, HTML, errors.Garbled, "is `url` that of Unity Catalog?"),
    (413, HTML, errors.TooLarge, "too large"),
]


@pytest.mark.parametrize("kind", ["oss", "databricks"])
@pytest.mark.parametrize(("status", "body", "error", "words"), FAULTS)
async def test_a_read_ends_in_one_of_our_errors(
    status: int, body: Any, error: type[errors.RegistryError], words: str, kind: str, connect_unity: ConnectingUnity
) -> None:
    server: Any = UnityOssFake() if kind == "oss" else DatabricksFake()
    catalog = await connect_unity(server, **(OSS if kind == "oss" else BRICKS))
    await catalog.ping()
    asked = len(server.requests)
    server.fail_next(status, body, headers={"location": "http://elsewhere.test/", "retry-after": "7"})
    with pytest.raises(error) as raised:
        await catalog.table("main.default.s")
    assert type(raised.value) is error
    assert words in str(raised.value)
    assert "html" not in str(raised.value)
    assert not getattr(raised.value, "sent", False), "a read writes nothing"
    assert getattr(raised.value, "retry_after", 7.0) == 7.0
    assert len(server.requests) == asked + 1, "nothing is tried twice"


DELTA: list[tuple[int, str, type[errors.RegistryError]]] = [
    (404, "NoSuchTableException", errors.WriteConflict),
    (409, "UpdateRequirementConflictException", errors.WriteConflict),
    (409, "CommitVersionConflictException", errors.WriteConflict),
    (400, "InvalidParameterValueException", errors.Refused),
    (400, "UnsupportedTableFormatException", errors.Refused),
    (403, "ForbiddenException", errors.CredentialsRefused),
    (429, "ResourceExhausted", errors.Throttled),
    (500, "CommitStateUnknownException", errors.RegistryFault),
    (503, "ServiceUnavailableException", errors.Unreachable),
]


@pytest.mark.parametrize(("status", "kind", "error"), DELTA)
async def test_the_delta_api_has_an_envelope_of_its_own(
    status: int, kind: str, error: type[errors.RegistryError], connect_unity: ConnectingUnity
) -> None:
    fake = UnityOssFake()
    catalog = await connect_unity(fake, **OSS)
    step = await prepared(catalog)
    fake.fail_next(
        status, {"error": {"message": "words", "type": kind, "code": status}}, path="/api/2.1/unity-catalog/delta"
    )
    with pytest.raises(error) as raised:
        await catalog.apply("main.default.s", step)
    assert type(raised.value) is error
    assert getattr(raised.value, "sent", None) in {None, True}


STATEMENTS: list[tuple[Mapping[str, Any], type[errors.RegistryError], str]] = [
    ({"sql_state": "42P01", "message": "[TABLE_OR_VIEW_NOT_FOUND] gone"}, errors.WriteConflict, "meanwhile"),
    (
        {"sql_state": "42704", "message": "[SCHEMA_NOT_FOUND] x"},
        errors.NotPermitted,
        "Schema main.default does not exist",
    ),
    ({"message": "[SCHEMA_NOT_FOUND] x"}, errors.NotPermitted, "does not exist"),
    ({"sql_state": "42710", "message": "exists"}, errors.WriteConflict, "exists"),
    ({"sql_state": "42703", "message": "no such column"}, errors.WriteConflict, "column"),
    ({"sql_state": "0AKDC", "message": "unsupported"}, errors.Incompatible, "unsupported"),
    ({"message": "unsupported SQLSTATE: 0AKDE"}, errors.Incompatible, "unsupported"),
    ({"sql_state": "23502", "message": "nulls"}, errors.Incompatible, "nulls"),
    ({"sql_state": "42501", "message": "MODIFY on x"}, errors.CredentialsRefused, "MODIFY on x"),
    ({"sql_state": "42601", "message": "syntax"}, errors.SchemaRefused, "syntax"),
    ({"error_code": "RESOURCE_EXHAUSTED", "message": "busy"}, errors.Throttled, "busy"),
    ({"error_code": "TEMPORARILY_UNAVAILABLE", "message": "starting"}, errors.Unreachable, "starting"),
    ({"error_code": "DEADLINE_EXCEEDED", "message": "slow"}, errors.Unreachable, "slow"),
    ({"error_code": "INTERNAL_ERROR", "message": "oh"}, errors.RegistryFault, "oh"),
    ({}, errors.RegistryFault, "ended as FAILED"),
]


@pytest.mark.parametrize(("told", "error", "words"), STATEMENTS)
async def test_a_statement_fails_under_a_200(
    told: Mapping[str, Any], error: type[errors.RegistryError], words: str, connect_unity: ConnectingUnity
) -> None:
    bricks = DatabricksFake()
    catalog = await connect_unity(bricks, **BRICKS)
    step = await prepared(catalog)
    status: dict[str, Any] = {"state": "FAILED", "error": {key: told[key] for key in told if key != "sql_state"}}
    status |= {"sql_state": told["sql_state"]} if "sql_state" in told else {}
    bricks.fail_next(200, {"statement_id": "x", "status": status}, path="/api/2.0/sql")
    with pytest.raises(error) as raised:
        await catalog.apply("main.default.s", step)
    assert type(raised.value) is error
    assert words in str(raised.value)


@pytest.mark.parametrize("state", ["CANCELED", "CLOSED"])
async def test_a_statement_that_somebody_stopped(state: str, connect_unity: ConnectingUnity) -> None:
    bricks = DatabricksFake()
    catalog = await connect_unity(bricks, **BRICKS)
    step = await prepared(catalog)
    bricks.fail_next(200, {"statement_id": "x", "status": {"state": state}}, path="/api/2.0/sql")
    with pytest.raises(errors.RegistryFault, match=f"ended as {state}"):
        await catalog.apply("main.default.s", step)


@pytest.mark.parametrize("body", [{}, {"status": "SUCCEEDED"}, {"status": {"state": "RUNNING"}}, {"statement_id": "x"}])
async def test_a_statement_without_its_state(body: Any, connect_unity: ConnectingUnity) -> None:
    bricks = DatabricksFake()
    catalog = await connect_unity(bricks, **BRICKS)
    step = await prepared(catalog)
    bricks.fail_next(200, body, path="/api/2.0/sql")
    with pytest.raises(errors.Garbled):
        await catalog.apply("main.default.s", step)


async def test_what_is_missing_is_told(connect_unity: ConnectingUnity) -> None:
    for server, settings in ((UnityOssFake(catalog="other"), OSS), (DatabricksFake(catalog="other"), BRICKS)):
        catalog = await connect_unity(server, **settings)
        for asking in (catalog.ping, catalog.tables):
            with pytest.raises(errors.RegistryFault, match="Catalog 'main' does not exist"):
                await asking()
        assert await catalog.table("main.default.s") is None
    bricks = DatabricksFake()
    gone = await connect_unity(bricks, **{**BRICKS, "warehouse_id": "wh-9"}, mirror_volume="main.sr.none")
    plan = gone.plan("s-value", model("a"), await gone.table("main.default.s"))
    with pytest.raises(errors.RegistryFault, match="no SQL warehouse wh-9"):
        await gone.apply("main.default.s", plan.steps[0])
    with pytest.raises(errors.RegistryFault, match=r"no volume main\.sr\.none"):
        await gone.mirrored()
    functions = await connect_unity(UnityOssFake(), **OSS, mirror_functions="main.none")
    with pytest.raises(errors.RegistryFault, match=r"no schema main\.none"):
        await functions.mirrored()


@pytest.mark.parametrize("kind", ["oss", "databricks"])
@pytest.mark.parametrize("body", [{"tables": 3}, {"tables": ["s"]}, {"schemas": "x"}, {"schemas": [1]}])
async def test_an_odd_listing_is_no_empty_catalog(body: Any, kind: str, connect_unity: ConnectingUnity) -> None:
    if ("tables" in body) is not (kind == "databricks"):
        body = {("tables" if kind == "databricks" else "schemas"): next(iter(body.values()))}
    server: Any = UnityOssFake() if kind == "oss" else DatabricksFake()
    catalog = await connect_unity(server, **(OSS if kind == "oss" else BRICKS))
    server.fail_next(200, body)
    with pytest.raises(errors.Garbled):
        await catalog.tables()


async def test_a_listing_that_repeats_its_page_ends(connect_unity: ConnectingUnity) -> None:
    bricks = DatabricksFake()
    catalog = await connect_unity(bricks, **BRICKS)
    bricks.fail_next(200, {"tables": [], "next_page_token": "again"}, times=2)
    with pytest.raises(errors.Garbled, match="twice"):
        await catalog.tables()


@pytest.mark.parametrize("write", [False, True])
async def test_a_reset_and_a_silence(write: bool, connect_unity: ConnectingUnity) -> None:
    bricks = DatabricksFake()
    catalog = await connect_unity(bricks, **BRICKS, timeout=0.5)
    for breaking in (bricks.reset, bricks.hang):
        breaking()
        with pytest.raises(errors.Unreachable) as raised:
            await (catalog.drop("main.default.s") if write else catalog.table("main.default.s"))
        assert raised.value.sent is write
        bricks.calm()


# --- a fault at every call of every write


async def prepared(catalog: UnityCatalog) -> Any:
    """Makes a table; answers the step that adds a column to it."""
    name = catalog.table_of("s-value")
    for step in catalog.plan("s-value", model("a"), await catalog.table(name)).steps:
        await catalog.apply(name, step)
    return catalog.plan("s-value", model("a", optional("b")), await catalog.table(name)).steps[0]


class Breaking:
    """Breaks one call of those that follow, of whatever fake stands behind it."""

    left: int | None = None
    how = ""

    def _next_fault(self, request: Request) -> Fault | None:
        if self.left is None:
            return None
        self.left -= 1
        if self.left != -1:
            return None
        answer = Problem(500, {"error_code": "INTERNAL", "message": "words"})
        return Fault(self.how if self.how in {"hang", "reset", "lose"} else "answer", 1, answer)


class BreakingOss(Breaking, UnityOssFake):
    """The open-source server."""


class BreakingDatabricks(Breaking, DatabricksFake):
    """Databricks."""


async def brought_up(catalog: UnityCatalog, wanted: Any) -> None:
    """As the projection does it."""
    name = catalog.table_of("s-value")
    for _ in range(4):
        plan = catalog.plan("s-value", wanted, await catalog.table(name))
        assert not plan.impossible
        with suppress(errors.WriteConflict):
            for step in plan.steps:
                await catalog.apply(name, step)
    assert not catalog.plan("s-value", wanted, await catalog.table(name)).steps


@pytest.mark.parametrize("how", ["reset", "lose", "hang", "fault"])
@pytest.mark.parametrize("server", [BreakingOss, BreakingDatabricks])
async def test_a_broken_write_is_made_good_by_the_next_one(
    server: Any, how: str, connect_unity: ConnectingUnity
) -> None:
    wanted = model(("a", "long"), optional("b"), optional("c"))
    for place in range(12):
        fake = server()
        catalog = await connect_unity(fake, **(OSS if server is BreakingOss else BRICKS))
        await prepared(catalog)
        fake.left, fake.how = place, how
        try:
            async with asyncio.timeout(0.4 if how == "hang" else 20):
                await brought_up(catalog, wanted)
        except (errors.RegistryFault, TimeoutError):
            pass
        reached = fake.left is not None and fake.left < 0
        fake.left = None
        fake.calm()
        again = await connect_unity(fake, **(OSS if server is BreakingOss else BRICKS))
        await brought_up(again, wanted)
        table = await again.table("main.default.s")
        assert table is not None
        assert [each.name for each in table.columns] == ["a", "b", "c"]
        if not reached:
            assert place >= 4
            return
