"""The route of a subject moves to another registry while clients write and read, and back."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.gateway.conftest import entry, fake_of, record
from tests.jobs.estate import ended, ran, seed


async def estate(apis: Any, fakes: Any) -> tuple[Any, Any, Any]:
    old, new = fakes(), fakes()
    return await apis(entry("old", old), entry("new", new), home="old", cache={"seconds": 0}), old, new


async def owner(api: Any, subject: str) -> str:
    """Whom the front asks for a subject."""
    return str((await api.get("/routes/explain", subject=subject))["registry"])


async def test_clients_notice_nothing_while_a_subject_moves(apis: Any, fakes: Any) -> None:
    api, old, new = await estate(apis, fakes)
    client = api.client
    await client.put("/config", json={"compatibility": "NONE"})
    for at in range(5):
        await client.registered("orders-value", record(*(f"f{n}=0" for n in range(at + 1))))
    stop = asyncio.Event()
    written: list[int] = []
    statuses: set[int] = set()

    async def write() -> None:
        at = 100
        while not stop.is_set():
            at += 1
            answer = await client.register("orders-value", record(f"w{at}=0"))
            statuses.add(answer.status_code)
            written.append(at)

    async def read() -> None:
        while not stop.is_set():
            statuses.add((await client.get("/subjects/orders-value/versions/latest")).status_code)
            statuses.add((await client.get("/schemas/ids/1?subject=orders-value")).status_code)
            await asyncio.sleep(0)

    busy = [asyncio.create_task(write()), asyncio.create_task(read())]
    try:
        body = {"from": "old", "to": "new", "subject_filter": "orders-value"}
        job = await ran(api, "/migration/cutover", body)
    finally:
        stop.set()
        await asyncio.gather(*busy)
    assert job["result"] == {"new": {"orders-value": "success"}}
    assert statuses == {200}
    assert await owner(api, "orders-value") == "new"
    before = len(fake_of(old).state.subjects["orders-value"])
    after = await client.register("orders-value", record("later=0"))
    assert after.status_code == 200
    assert len(fake_of(old).state.subjects["orders-value"]) == before
    texts = {version.content.text for version in fake_of(new).state.live_history("orders-value")}
    assert all(any(f'"w{at}"' in text for text in texts) for at in written)
    # ids that messages carry mean what they meant
    assert json.loads((await client.get("/schemas/ids/1")).json()["schema"]) == record("f0=0")


async def test_one_step_back_takes_along_what_was_written_meanwhile(apis: Any, fakes: Any) -> None:
    api, old, new = await estate(apis, fakes)
    client = api.client
    seed(old, {"orders-value": (record("a"),)})
    body = {"from": "old", "to": "new", "subject_filter": "orders-value"}
    job = await ran(api, "/migration/cutover", body)
    await client.registered("orders-value", record("a", "b=0"))
    assert len(fake_of(old).state.subjects["orders-value"]) == 1
    await api.post(f"/jobs/{job['id']}/rollback", status=202)
    assert (await ended(api, job["id"]))["steps"] == {"undone": 1}
    assert await owner(api, "orders-value") == "old"
    assert len(fake_of(old).state.subjects["orders-value"]) == 2
    await client.registered("orders-value", record("a", "b=0", "c=0"))
    assert len(fake_of(old).state.subjects["orders-value"]) == 3
    assert len(fake_of(new).state.subjects["orders-value"]) == 2


async def test_the_old_place_is_retired_only_once_it_was_left(apis: Any, fakes: Any) -> None:
    api, old, new = await estate(apis, fakes)
    seed(old, {"orders-value": (record("a"),)})
    early = await ran(api, "/migration/retire", {"from": "old", "subject_filter": "orders-value"})
    assert "still belongs to registry old" in early["result"]["old"]["orders-value"]
    await ran(api, "/migration/cutover", {"from": "old", "to": "new", "subject_filter": "orders-value"})
    job = await ran(api, "/migration/retire", {"from": "old", "subject_filter": "orders-value"})
    assert fake_of(old).state.modes == {"orders-value": "READONLY"}
    assert fake_of(new).state.modes == {}
    await api.post(f"/jobs/{job['id']}/rollback", status=202)
    await ended(api, job["id"])
    assert fake_of(old).state.modes == {}


async def test_without_routes_that_can_change_there_is_no_cut(apis: Any, fakes: Any) -> None:
    api, old, _ = await estate(apis, fakes)
    seed(old, {"orders-value": (record("a"),)})
    api.client.application.jobs.routes = None
    refused = await api.refused("POST", "/migration/cutover", {"from": "old", "to": "new"})
    assert refused[:2] == (501, "routes-fixed")
