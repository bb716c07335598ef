"""The trail: every change and every refusal is in it, nothing in it changes, and a chain over it proves that."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DatabaseError

from decapolis.chain import FIRST
from decapolis.sealing import Sealer
from decapolis.store import StoreUnavailable
from tests.gateway.conftest import Running

from .conftest import Api, Apis, entry, fake_of, record


@contextmanager
def database(folder: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(folder / "store.db")) as connection:
        yield connection
        connection.commit()


def without_guards(connection: sqlite3.Connection) -> None:
    """What somebody with the database in hand would do first."""
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")


async def entries(api: Api, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.get("/audit", **query))["items"]
    return found


async def sealed(api: Api) -> None:
    gateway = api.client.application.gateway
    assert gateway is not None
    sealer = Sealer(gateway.store)
    while await sealer.seal(everything=True):
        continue


class TestWhatIsNoted:
    async def test_who_what_where_before_and_after(self, api: Api) -> None:
        await api.client.put("/config/s", json={"compatibility": "FULL"}, headers={"X-Request-ID": "mine-1"})
        await api.client.put("/config/s", json={"compatibility": "NONE"}, headers={"X-Request-ID": "mine-2"})
        (found,) = await entries(api, request_id="mine-2")
        assert (found["action"], found["registry"], found["target"], found["outcome"]) == (
            "set-config",
            "embedded",
            "s",
            "done",
        )
        assert found["before"]["compatibilityLevel"] == "FULL"
        assert found["after"]["compatibilityLevel"] == "NONE"
        assert (found["actor"], found["request_id"]) == ("anonymous", "mine-2")

    async def test_every_refused_change_is_there(self, api: Api) -> None:
        client = api.client
        await client.registered("s", record("a"))
        schema = {"schema": json.dumps(record("a", "b"))}
        refusals = [
            ("register", 409, client.post("/subjects/s/versions", json=schema)),
            ("register", 422, client.post("/subjects/s/versions", json={"schema": "{"})),
            ("register", 422, client.post("/subjects/s/versions", json={**schema, "id": 7})),
            ("delete", 404, client.delete("/subjects/s", params={"permanent": "true"})),
            ("set-config", 422, client.put("/config/s", json={"compatibility": "SIDEWAYS"})),
            ("set-mode", 422, client.put("/mode/s", json={"mode": "SIDEWAYS"})),
        ]
        for action, status, asking in refusals:
            answer = await asking
            assert answer.status_code == status, answer.text
            newest = (await entries(api, limit=1))[0]
            assert (newest["action"], newest["outcome"], newest["target"]) == (action, "refused", "s"), answer.text
            assert newest["registry"] == "embedded"
            assert newest["result"]
        await client.put("/mode/s", json={"mode": "READONLY"})
        assert (await client.register("s", record("a", "b=0"))).status_code == 422
        assert "read-only" in (await entries(api, limit=1))[0]["result"]["reason"]
        assert len(await entries(api, outcome="refused")) == len(refusals) + 1

    async def test_settings_of_a_front_without_home_are_there(self, apis: Apis, fakes: Any) -> None:
        api = await apis(entry("one", fakes()), entry("two", fakes()))
        await api.client.put("/config", json={"compatibility": "FULL"})
        await api.client.put("/mode", json={"mode": "READONLY"})
        await api.client.delete("/mode")
        await api.client.delete("/config")
        found = [(each["action"], each["registry"], each["before"], each["after"]) for each in await entries(api)]
        assert found == [
            ("clear-config", "", {"compatibilityLevel": "FULL"}, {}),
            ("set-mode", "", "READONLY", None),
            ("set-mode", "", None, "READONLY"),
            ("set-config", "", {}, {"compatibilityLevel": "FULL"}),
        ]

    async def test_a_refusal_of_the_registry_itself_is_there_once(self, apis: Apis, fakes: Any) -> None:
        fake = fakes()
        api = await apis(entry("one", fake), home="one")
        await api.client.registered("s", record("a"))
        fake_of(fake).judge = lambda *_: ["not this one"]
        answer = await api.client.register("s", record("a", "b=0"))
        assert answer.status_code == 409
        found = await entries(api, action="register")
        assert [each["outcome"] for each in found] == ["refused", "done"]
        assert "not this one" in json.dumps(found[0]["result"])


class TestSearch:
    async def test_filters_and_pages(self, api: Api) -> None:
        for index in range(7):
            await api.client.registered(f"s-{index}", record("a"))
        await api.client.register("s-0", record("a", "b"))
        first = await api.get("/audit", limit=3)
        second = await api.get("/audit", limit=3, cursor=first["next_cursor"])
        third = await api.get("/audit", limit=3, cursor=second["next_cursor"])
        ids = [each["id"] for page in (first, second, third) for each in page["items"]]
        assert ids == sorted(ids, reverse=True)
        assert (len(ids), third["next_cursor"]) == (8, None)
        assert [each["outcome"] for each in await entries(api, subject="s-0")] == ["refused", "done"]
        assert len(await entries(api, outcome="done", registry="embedded", action="register")) == 7
        assert await entries(api, actor="somebody") == []
        assert [each["target"] for each in await entries(api, q="S-4")] == ["s-4"]
        assert len(await entries(api, q="%")) == 0
        moment = (await entries(api, subject="s-3"))[0]["at"]
        assert {each["target"] for each in await entries(api, since=moment)} >= {"s-3", "s-6"}
        assert "s-6" not in {each["target"] for each in await entries(api, to=moment)}
        for wrong in ({"cursor": "!"}, {"since": "yesterday"}, {"limit": 0}):
            assert (await api.refused("GET", "/audit", params=wrong))[0] == 400

    async def test_export(self, api: Api) -> None:
        await api.client.registered("=cmd()", record("a"))
        await api.client.registered("s", record("a"))
        lines = (await api.ask("GET", "/audit/export")).text.splitlines()
        assert [json.loads(line)["target"] for line in lines] == ["s", "=cmd()"]
        page = (await api.ask("GET", "/audit/export", params={"format": "csv", "subject": "=cmd()"})).text
        (row,) = csv.DictReader(io.StringIO(page))
        assert row["target"] == "'=cmd()"
        assert json.loads(row["result"])["version"] == 1


class TestChain:
    async def test_it_covers_everything_and_holds(self, api: Api) -> None:
        assert (await api.get("/audit/verify"))["head"] == FIRST
        for index in range(5):
            await api.client.registered(f"s-{index}", record("a"))
        gateway = api.client.application.gateway
        assert gateway is not None
        number = await gateway.audit.intend("delete", "embedded", "s-0", {"version": 1})
        await sealed(api)
        found = await api.get("/audit/verify")
        assert (found["intact"], found["links"], found["unsealed"]) == (True, 6, 0)
        await gateway.audit.close(number, "done")
        await sealed(api)
        found = await api.get("/audit/verify")
        assert (found["intact"], found["links"], found["unsealed"]) == (True, 7, 0)
        assert all(each["link"] for each in await entries(api))
        assert (await api.get("/audit/verify", head=found["head"]))["intact"]
        assert "cut off" in (await api.get("/audit/verify", head="0" * 63 + "1"))["reason"]

    async def test_it_is_sealed_without_being_asked(
        self, apis: Apis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr("decapolis.sealing.SEAL_SECONDS", 0.05)
        from .test_reloading import until

        api = await apis()
        await api.client.registered("s", record("a"))

        async def is_sealed() -> bool:
            found = await api.get("/audit/verify")
            return bool(found["links"] and not found["unsealed"])

        await until(is_sealed)

    async def test_a_stop_seals_what_is_left(self, gateways: Running, tmp_path: Path) -> None:
        async with AsyncExitStack() as stack:
            client = await gateways(stack_on=stack)
            await client.registered("s", record("a"))
            gateway = client.application.gateway
            await gateway.audit.intend("delete", "embedded", "s", {"version": 1})
        with database(tmp_path) as connection:
            found = connection.execute("SELECT entry, part FROM audit_seals ORDER BY number").fetchall()
        assert found == [(1, "entry"), (2, "intent")]

    @pytest.mark.parametrize(
        "statement",
        [
            "DELETE FROM audit WHERE id = 1",
            "UPDATE audit SET actor = 'somebody' WHERE id = 1",
            "UPDATE audit SET outcome = 'refused' WHERE id = 1",
            "UPDATE audit SET result = '{}' WHERE id = 1",
            "UPDATE audit SET intent = '{}' WHERE id = 2",
            "DELETE FROM audit_seals",
            "UPDATE audit_seals SET hash = 'x'",
        ],
    )
    async def test_the_database_refuses_to_change_it(self, api: Api, statement: str) -> None:
        gateway = api.client.application.gateway
        assert gateway is not None
        await api.client.registered("s", record("a"))
        await gateway.audit.intend("delete", "embedded", "s", {"version": 1})
        await sealed(api)
        with pytest.raises((DatabaseError, StoreUnavailable), match="append-only"):
            await gateway.store.write(lambda connection: connection.exec_driver_sql(statement))
        assert (await api.get("/audit/verify"))["intact"]

    async def test_a_second_outcome_is_an_entry_beside_the_first(self, api: Api) -> None:
        gateway = api.client.application.gateway
        assert gateway is not None
        number = await gateway.audit.intend("delete", "embedded", "s", {"version": 1})
        await gateway.audit.close(number, "not done")
        await gateway.audit.close(number, "done")
        newest, first = await entries(api)
        assert (first["outcome"], newest["outcome"], newest["facts"]) == ("not done", "done", {"corrects": number})

    @pytest.mark.parametrize(
        ("statements", "broken", "says"),
        [
            (["UPDATE audit SET actor = 'somebody' WHERE id = 3"], 3, "not what was sealed"),
            (["UPDATE audit SET result = '{\"id\": 7}' WHERE id = 2"], 2, "not what was sealed"),
            (["DELETE FROM audit WHERE id = 4"], 4, "is gone"),
            (["DELETE FROM audit_seals WHERE number = 2"], 3, "link 2 is missing"),
            (["UPDATE audit_seals SET sealed_ms = sealed_ms - 1 WHERE number = 5"], 5, "does not follow"),
            (
                ["UPDATE audit SET actor = 'x' WHERE id = 1", "UPDATE audit_seals SET digest = 'x' WHERE number = 1"],
                1,
                "not what was sealed",
            ),
        ],
    )
    async def test_what_is_changed_all_the_same_is_found(
        self, gateways: Running, tmp_path: Path, statements: list[str], broken: int, says: str
    ) -> None:
        async with AsyncExitStack() as stack:
            client = await gateways(stack_on=stack)
            for index in range(5):
                await client.registered(f"s-{index}", record("a"))
        with database(tmp_path) as connection:
            without_guards(connection)
            for statement in statements:
                connection.execute(statement)
        client = await gateways()
        api = Api(client, (await client.get("/openapi.json")).json())
        found = await api.get("/audit/verify")
        assert (found["intact"], found["broken_entry"]) == (False, broken)
        assert says in found["reason"]
