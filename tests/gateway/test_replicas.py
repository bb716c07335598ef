"""Several gateways on one PostgreSQL behave as one."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from tests import postgres

from .conftest import Client, Running, code, entry, fake_of, record
from .test_many_registries import Fakes

pytestmark = pytest.mark.skipif(postgres.binaries() is None, reason="PostgreSQL is not installed")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres.server() as url:
        yield url


@pytest.fixture
def database(server: str) -> str:
    name = f"t{uuid4().hex}"
    engine = create_engine(
        server.replace("postgresql://", "postgresql+psycopg://") + "/postgres", isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{server}/{name}"


async def pair(gateways: Running, database: str, *registries: object, **settings: object) -> tuple[Client, Client]:
    first, second = await asyncio.gather(
        gateways(*registries, store=database, replicas=2, **settings),
        gateways(*registries, store=database, replicas=2, **settings),
    )
    return first, second


async def test_a_write_through_one_is_seen_through_the_other_at_once(gateways: Running, database: str) -> None:
    one, two = await pair(gateways, database)
    for number in range(1, 51):
        writer, reader = (one, two) if number % 2 else (two, one)
        fields = [f"f{index}=0" for index in range(number)]
        new_id = await writer.registered("s", record(*fields))
        assert (await reader.get("/subjects/s/versions/latest")).json()["version"] == number
        assert (await reader.get("/subjects/s/versions")).json() == list(range(1, number + 1))
        assert (await reader.get(f"/schemas/ids/{new_id}/versions")).json() == [{"subject": "s", "version": number}]
        assert (await reader.register("s", record(*fields))).json() == {"id": new_id}
    assert (await two.put("/config/s", json={"compatibility": "NONE"})).status_code == 200
    assert (await one.get("/config/s")).json() == {"compatibilityLevel": "NONE"}
    await one.delete("/subjects/s")
    assert (await two.get("/subjects")).json() == []


async def test_concurrent_registers_are_gapless(gateways: Running, database: str) -> None:
    one, two = await pair(gateways, database)
    await one.put("/config", json={"compatibility": "NONE"})
    answers = await asyncio.gather(
        *((one if index % 2 else two).register("s", record(f"f{index}")) for index in range(40))
    )
    assert Counter(answer.status_code for answer in answers) == {200: 40}, [
        a.text for a in answers if a.status_code != 200
    ][:1]
    assert len({answer.json()["id"] for answer in answers}) == 40
    assert (await one.get("/subjects/s/versions")).json() == list(range(1, 41))


async def test_one_text_registered_at_once_gets_one_id(gateways: Running, database: str) -> None:
    one, two = await pair(gateways, database)
    answers = await asyncio.gather(
        *((one if index % 2 else two).register(f"s{index % 7}", record("same")) for index in range(200))
    )
    assert {answer.status_code for answer in answers} == {200}, [a.text for a in answers if a.status_code != 200][:1]
    assert {answer.json()["id"] for answer in answers} == {1}
    assert await one.registered("next", record("other")) == 2


async def test_two_candidates_that_exclude_each_other_never_both_land(gateways: Running, database: str) -> None:
    one, two = await pair(gateways, database)
    await one.put("/config", json={"compatibility": "FULL_TRANSITIVE"})
    for round_ in range(10):
        subject = f"s{round_}"
        await one.registered(subject, record("a=0"))
        text_field = {"name": "b", "type": "string", "default": ""}
        left, right = await asyncio.gather(
            one.register(subject, record("a=0", "b=0")), two.register(subject, record("a=0", text_field))
        )
        assert sorted([left.status_code, right.status_code]) == [200, 409]


async def test_replicas_in_front_of_another_registry(gateways: Running, database: str, fakes: Fakes) -> None:
    main = fakes()
    one, two = await pair(gateways, database, entry("main", main), home="main")
    for number in range(1, 51):
        fields = [f"f{index}=0" for index in range(number)]
        writer, reader = (one, two) if number % 2 else (two, one)
        new_id = await writer.registered("s", record(*fields))
        assert (await reader.get("/subjects/s/versions/latest")).json()["version"] == number
        assert (await reader.get("/subjects/s/versions")).json() == list(range(1, number + 1))
        assert (await reader.get(f"/schemas/ids/{new_id}/versions")).json() == [{"subject": "s", "version": number}]
    answers = await asyncio.gather(
        *(
            (one if index % 2 else two).register("t", record(*[f"g{n}=0" for n in range(index)]))
            for index in range(1, 9)
        )
    )
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert fake_of(main).writes >= 51


async def test_a_writer_that_lost_its_lock_does_not_write(
    gateways: Running, database: str, fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped for longer than its lease, a gateway finds out before it writes what it judged against an old history."""
    main = fakes()
    one, two = await pair(gateways, database, entry("main", main), home="main")
    await one.registered("s", record("a=0"))
    monkeypatch.setattr("decapolis.locks.LEASE_SECONDS", 0.05)
    assert one.application.gateway is not None
    trail, judged, go_on = one.application.gateway.audit, asyncio.Event(), asyncio.Event()
    intend = trail.intend

    async def stopped(*intent: Any) -> int:
        """The process stands still after it judged and before it writes."""
        number = await intend(*intent)
        judged.set()
        await go_on.wait()
        return number

    monkeypatch.setattr(trail, "intend", stopped)
    before = fake_of(main).writes
    slow = asyncio.create_task(one.register("s", record("a=0", "b=0")))
    await judged.wait()
    await asyncio.sleep(0.1)
    text_field = {"name": "b", "type": "string", "default": ""}
    assert (await two.register("s", record("a=0", text_field))).status_code == 200
    go_on.set()
    assert code(await slow) == (500, 50002)
    assert fake_of(main).writes == before + 1
    assert (await two.get("/subjects/s/versions")).json() == [1, 2]


async def test_a_slow_fill_that_began_before_a_write_does_not_win(
    gateways: Running, database: str, fakes: Fakes
) -> None:
    main = fakes()
    one, two = await pair(gateways, database, entry("main", main), home="main", cache={"seconds": 60})
    await one.registered("s", record("a"))
    fake_of(main).latency = 0.2
    slow = asyncio.create_task(two.get("/subjects/s/versions/latest"))
    await asyncio.sleep(0.05)
    fake_of(main).latency = 0
    await one.registered("s", record("a", "b=0"))
    await slow
    assert (await two.get("/subjects/s/versions/latest")).json()["version"] == 2


async def test_ledger_is_shared(gateways: Running, database: str, fakes: Fakes) -> None:
    main, side = fakes(), fakes()
    settings = {"home": "main", "routes": [{"match": "x-*", "registry": "side"}, {"registry": "main"}]}
    one, two = await pair(gateways, database, entry("main", main), entry("side", side), **settings)
    number = await one.registered("x-1", record("a"))
    assert json.loads((await two.get(f"/schemas/ids/{number}")).json()["schema"])["name"] == "R"
    assert code(await two.get("/schemas/ids/1999999999")) == (404, 40403)


async def test_restart_keeps_everything(gateways: Running, database: str) -> None:
    async with AsyncExitStack() as first:
        client = await gateways(store=database, stack_on=first)
        await client.registered("s", record("a"))
    client = await gateways(store=database)
    assert (await client.get("/subjects/s/versions/1")).json()["id"] == 1
    assert await client.registered("s", record("a", "b=0")) == 2


def test_migrations_make_the_same_tables(database: str, tmp_path: Path) -> None:
    """What an upgrade from nothing makes is what a fresh start makes."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from decapolis.store.schema import prepare
    from decapolis.store.tables import metadata

    for url in (database.replace("postgresql://", "postgresql+psycopg://"), f"sqlite:///{tmp_path}/x.db"):
        engine = create_engine(url)
        prepare(engine)
        prepare(engine)
        with engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        engine.dispose()
