"""Several gateways on one PostgreSQL: what comes and goes at one of them comes and goes at all, and the trail is one chain."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import DatabaseError

from decapolis.plugging import following
from decapolis.sealing import Sealer
from decapolis.store.schema import REVISION, prepare
from tests import postgres
from tests.gateway.conftest import Client, Running
from tests.gateway.test_replicas import database, server

from .conftest import Api, entry, record
from .test_reloading import until

__all__ = ["database", "server"]
pytestmark = pytest.mark.skipif(postgres.binaries() is None, reason="PostgreSQL is not installed")
OWN = {"id": "embedded", "type": "embedded"}


@pytest.fixture
async def pair(gateways: Running, database: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Api, Api]:
    monkeypatch.setattr(following, "POLL_SECONDS", 0.1)
    settings = {"store": database, "replicas": 2, "home": "embedded", "allow_private_networks": True}

    async def start() -> Api:
        client: Client = await gateways(OWN, **settings)
        return Api(client, (await client.get("/openapi.json")).json())

    first, second = await asyncio.gather(start(), start())
    return first, second


async def test_all_follow(pair: tuple[Api, Api], fakes: Any) -> None:
    one, two = pair
    fake, other = fakes(), fakes()

    async def status(api: Api) -> int:
        return (await api.client.get("/api/v1/registries/x")).status_code

    await one.post("/registries", entry("x", fake, routes=["x-*"]), 201)

    async def is_there() -> bool:
        return await status(two) == 200

    await until(is_there)
    number = await two.client.registered("x-1", record("a"))
    assert (await one.client.get(f"/schemas/ids/{number}")).status_code == 200
    # what is changed through the other one is compared with what the first one did
    tag = (await two.ask("GET", "/registries/x")).headers["etag"]
    moved = await two.ask("PUT", "/registries/x", entry("x", other, routes=["x-*"]), headers={"If-Match": tag})
    assert moved.status_code == 200, moved.text
    assert (await one.refused("POST", "/registries", entry("x", fake)))[1] == "registry-exists"

    async def has_moved() -> bool:
        return bool((await one.get("/registries/x"))["config"]["url"] == other.url)

    await until(has_moved)
    plugging = one.client.application.plugging
    assert plugging is not None
    await one.client.registered("s", record("a"))
    assert (await two.client.get("/subjects/s/versions")).json() == [1]
    await plugging.route("s", "x")

    async def is_routed() -> bool:
        return (await two.client.get("/subjects/s/versions")).status_code == 404

    await until(is_routed)
    await plugging.route("s", None)

    async def is_back() -> bool:
        return (await two.client.get("/subjects/s/versions")).status_code == 200

    await until(is_back)
    assert (await two.ask("DELETE", "/registries/x")).status_code == 204

    async def is_gone() -> bool:
        return await status(one) == 404

    await until(is_gone)


async def test_two_that_add_the_same_id_at_once_end_with_one(pair: tuple[Api, Api], fakes: Any) -> None:
    one, two = pair
    first, second = fakes(), fakes()
    answers = await asyncio.gather(
        one.ask("POST", "/registries", entry("x", first)), two.ask("POST", "/registries", entry("x", second))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_the_trail_is_one_chain_that_the_database_protects(pair: tuple[Api, Api]) -> None:
    one, two = pair
    await asyncio.gather(
        *((one if index % 2 else two).client.registered(f"s-{index}", record("a")) for index in range(20))
    )
    stores = [api.client.application.gateway.store for api in pair if api.client.application.gateway is not None]

    async def is_sealed() -> bool:
        await asyncio.gather(*(Sealer(store).seal(everything=True) for store in stores))
        found = await one.get("/audit/verify")
        return bool(found["intact"] and found["links"] == 20 and not found["unsealed"])

    await until(is_sealed)
    for statement in (
        "DELETE FROM audit WHERE id = 1",
        "UPDATE audit SET actor = 'x' WHERE id = 1",
        "TRUNCATE audit",
        "UPDATE audit_seals SET hash = 'x'",
        "DELETE FROM audit_seals",
        "TRUNCATE audit_seals",
    ):
        with pytest.raises(DatabaseError, match="append-only"):
            await stores[0].write(lambda connection, text=statement: connection.exec_driver_sql(text))
    assert (await two.get("/audit/verify"))["intact"]


def test_a_store_of_the_release_before_is_brought_up_to_date(database: str, tmp_path: Path) -> None:
    """Its stamp is the first one, whatever tables it has: releases before never moved it."""
    for url in (database.replace("postgresql://", "postgresql+psycopg://"), f"sqlite:///{tmp_path}/old.db"):
        engine = create_engine(url)
        prepare(engine)
        with engine.begin() as connection:
            for table in ("plugged_registries", "pinned_routes", "audit_seals", "audit_cursors", "estate"):
                connection.execute(text(f"DROP TABLE {table}"))
            connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
            if connection.dialect.name == "sqlite":
                connection.execute(text("DROP TRIGGER audit_keeps_entries"))
                connection.execute(text("DROP TRIGGER audit_keeps_facts"))
            else:
                connection.execute(text("DROP FUNCTION audit_refuse CASCADE"))
        prepare(engine)
        with engine.begin() as connection:
            assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == REVISION
            assert {"plugged_registries", "audit_seals"} <= set(inspect(connection).get_table_names())
            connection.execute(
                text(
                    "INSERT INTO audit (at_ms, request_id, actor, action, registry, target, outcome) "
                    "VALUES (1, 'r', 'a', 'x', 'r', 't', 'done')"
                )
            )
        with pytest.raises(DatabaseError, match="append-only"), engine.begin() as connection:
            connection.execute(text("DELETE FROM audit"))
        engine.dispose()
