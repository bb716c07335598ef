"""What goes wrong on the way to Snowflake, told in our errors; and what is left of a write that failed."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any, Literal

import pytest

from decapolis_formats import Format
from decapolis_translators import errors
from decapolis_translators.catalog import Document, Step
from decapolis_translators.snowflake import SnowflakeCatalog
from decapolis_translators.testing.catalog_suite import FIRST, WIDER
from decapolis_translators.testing.fakes.asgi import Fault, Request
from decapolis_translators.testing.fakes.snowflake import PAT, SnowflakeFake
from decapolis_translators.testing.samples import sample

from .snowflake import follow, opened

HTML = "<html><h1>Welcome</h1></html>"
DOCUMENT = Document("orders-value", 1, 7, sample(Format.AVRO), created_ms=1)
DROP = Step("drop", "a", 'ALTER TABLE "DB"."PUBLIC"."orders" DROP COLUMN IF EXISTS "a"')


@pytest.fixture
def fake() -> SnowflakeFake:
    return SnowflakeFake()


@pytest.fixture
async def catalog(fake: SnowflakeFake) -> AsyncIterator[SnowflakeCatalog]:
    async with opened(fake) as catalog:
        yield catalog


def said(code: str, message: str = "words", state: str = "") -> dict[str, str]:
    return {"code": code, "sqlState": state, "message": message, "statementHandle": "0" * 36}


FAULTS: list[tuple[int, Any, type[errors.RegistryError], str]] = [
    (429, said("390505"), errors.Throttled, "fewer calls: words"),
    (429, HTML, errors.Throttled, "too many requests"),
    (401, said("390144", "JWT token is invalid."), errors.CredentialsRefused, "JWT token is invalid.*only key pairs"),
    (401, said("390318", "OAuth access token expired."), errors.CredentialsRefused, "expired"),
    (401, said("394400", "Programmatic access token is invalid."), errors.CredentialsRefused, "token is invalid"),
    (401, HTML, errors.CredentialsRefused, "refused our credentials"),
    (403, said("390422", "IP 10.0.0.1 is not allowed"), errors.CredentialsRefused, "network policy.*10.0.0.1"),
    (403, HTML, errors.CredentialsRefused, "policies"),
    (401, said("390189", "Role 'X'"), errors.CredentialsRefused, "role is not granted.*Role 'X'"),
    (
        422,
        said("003001", "SQL access control error:\nInsufficient privileges to operate on schema 'PUBLIC'", "42501"),
        errors.CredentialsRefused,
        "lacks a privilege: .* on schema 'PUBLIC'",
    ),
    (422, said("002002", "Object 'X' already exists."), errors.WriteConflict, "already exists"),
    (422, said("000625", "Statement has locked table"), errors.WriteConflict, "locked"),
    (422, said("000606", "No active warehouse selected", "57P03"), errors.RegistryFault, "configure `warehouse`"),
    (422, said("090073", "resource monitor 'M' has exceeded its quota"), errors.RegistryFault, "resource monitor"),
    (422, said("000604", "canceled", "57014"), errors.Unreachable, "was ended"),
    (422, said("000630", "timeout"), errors.Unreachable, "was ended"),
    (422, said("001003", "syntax error"), errors.RegistryFault, "001003: syntax error"),
    (422, said("999999"), errors.Incompatible, "words"),
    (422, said("002003", "Database 'DB' does not exist or not authorized."), errors.NotPermitted, "Database DB"),
    (400, said("391902", "Unable to read the body"), errors.RegistryFault, "400: Unable"),
    (404, said("390404"), errors.RegistryFault, "404"),
    (404, HTML, errors.Garbled, "404 without"),
    (408, said("000630"), errors.Unreachable, "408"),
    (413, b"", errors.TooLarge, "size"),
    (500, HTML, errors.RegistryFault, "no explanation"),
    (502, HTML, errors.Unreachable, "502"),
    (503, said("390503", "maintenance"), errors.Unreachable, "maintenance"),
    (504, b"", errors.Unreachable, "504"),
    (302, b"", errors.Garbled, "302"),
    (200, HTML, errors.Garbled, "Expected JSON, got 29 bytes"),
    (200, '{"data": [', errors.Garbled, "Expected JSON"),
    (200, {"data": []}, errors.Garbled, "no rows"),
    (200, [], errors.Garbled, "no object"),
    (200, {"resultSetMetaData": {"rowType": [{"name": "a"}]}, "data": [["1", "2"]]}, errors.Garbled, "other columns"),
    (202, {"statementHandle": "../../x"}, errors.Garbled, "no handle"),
]


@pytest.mark.parametrize(("status", "body", "kind", "words"), FAULTS)
async def test_faults_are_told(
    catalog: SnowflakeCatalog, fake: SnowflakeFake, status: int, body: Any, kind: type[errors.RegistryError], words: str
) -> None:
    fake.fail_next(status, body, 100)
    with pytest.raises(kind, match=words) as caught:
        await catalog.apply("DB.PUBLIC.orders", DROP)
    assert type(caught.value) is kind or kind is errors.NotPermitted
    if isinstance(caught.value, errors.Unreachable):
        assert caught.value.sent


@pytest.mark.parametrize("code", ["999999", "001003"])
async def test_a_question_that_fails_is_no_change_that_the_engine_refuses(
    catalog: SnowflakeCatalog, fake: SnowflakeFake, code: str
) -> None:
    fake.refuse_next(code, "42000", "words", times=5)
    with pytest.raises(errors.RegistryFault, match=code):
        await catalog.tables()


async def test_throttling_says_for_how_long(catalog: SnowflakeCatalog, fake: SnowflakeFake) -> None:
    fake.throttle(retry_after="7")
    with pytest.raises(errors.Throttled) as caught:
        await catalog.tables()
    assert caught.value.retry_after == 7
    assert await catalog.tables() == []


async def test_a_privilege_that_is_missing(catalog: SnowflakeCatalog, fake: SnowflakeFake) -> None:
    fake.account.denied["create"] = "Insufficient privileges to operate on schema 'PUBLIC'."
    with pytest.raises(errors.CredentialsRefused, match="schema 'PUBLIC'"):
        await follow(catalog, "orders-value", FIRST)
    assert fake.tables() == {}


async def test_a_warehouse_is_needed_for_the_history_only(fake: SnowflakeFake) -> None:
    async with opened(fake, warehouse=None) as catalog:
        await follow(catalog, "orders-value", FIRST)
        await catalog.ping()
        with pytest.raises(errors.RegistryFault, match="configure `warehouse`"):
            await catalog.mirror(DOCUMENT)


@pytest.mark.parametrize("kind", ["hang", "reset"])
async def test_no_answer(fake: SnowflakeFake, kind: str) -> None:
    async with opened(fake, timeout=0.3) as catalog:
        fake.hang(3) if kind == "hang" else fake.reset(3)
        with pytest.raises(errors.Unreachable) as caught:
            await catalog.apply("DB.PUBLIC.orders", DROP)
        assert caught.value.sent
        with pytest.raises(errors.Unreachable) as caught:
            await catalog.tables()
        assert not caught.value.sent
    fake.calm()


Work = Callable[[SnowflakeCatalog], Awaitable[Any]]


async def _widened(catalog: SnowflakeCatalog) -> None:
    await follow(catalog, "orders-value", WIDER)


async def _mirrored(catalog: SnowflakeCatalog) -> None:
    await catalog.mirror(DOCUMENT)


async def _forgotten(catalog: SnowflakeCatalog) -> None:
    await catalog.unmirror("orders-value", 1)


@pytest.mark.parametrize("side", ["before", "after", "throttled"])
@pytest.mark.parametrize("passing", range(5))
@pytest.mark.parametrize("work", [_widened, _mirrored, _forgotten])
async def test_a_fault_at_any_call_leaves_nothing_half(
    catalog: SnowflakeCatalog,
    fake: SnowflakeFake,
    work: Work,
    passing: int,
    side: Literal["before", "after", "throttled"],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same again ends in the same: the steps and the copies may be repeated."""
    await follow(catalog, "orders-value", FIRST)
    if work is _forgotten:
        await catalog.mirror(DOCUMENT)
    fail = {"before": fake.reset, "after": fake.lose_answers, "throttled": fake.throttle}[side]
    seen = fake.calls.total()

    original = fake._next_fault

    def next_fault(request: Request) -> Fault | None:
        if fake.calls.total() == seen + passing:
            fail(2)
        return original(request)

    with monkeypatch.context() as patched, suppress(errors.RegistryError):
        patched.setattr(fake, "_next_fault", next_fault)
        await work(catalog)
    fake.calm()
    await work(catalog)
    table = await catalog.table("DB.PUBLIC.orders")
    assert table is not None
    assert len(table.columns) == (3 if work is _widened else 2)
    assert list(await catalog.mirrored()) == ([DOCUMENT] if work is _mirrored else [])


async def test_no_secret_is_told_or_logged(fake: SnowflakeFake, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with opened(fake) as catalog:
        fake.fail_next(401, said("390144", f"your token {PAT} is wrong"))
        with pytest.raises(errors.CredentialsRefused) as caught:
            await catalog.ping()
        assert PAT not in str(caught.value)
        assert "***" in str(caught.value)
        await follow(catalog, "orders-value", FIRST)
        await catalog.mirror(DOCUMENT)
    assert PAT not in caplog.text
    assert PAT not in repr(catalog.settings)
