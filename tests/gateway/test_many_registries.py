"""Several registries behind one front: routes, doors, ids, and what is decided where they could be confused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from decapolis.ids import LedgerConflict
from decapolis.operations.reconcile import reconcile
from decapolis_translators.testing.fakes import CONFLUENT_7, CONFLUENT_8, KARAPACE_6, REDPANDA_24, REDPANDA_26, Loopback

from .conftest import EXTRA, Running, code, entry, fake_of, record

Fakes = Callable[..., Loopback]

TWO = {
    "home": "main",
    "routes": [{"match": "orders-*", "registry": "side"}, {"registry": "main"}],
}


async def direct(loopback: Loopback, subject: str, schema: object) -> int:
    """Registers at the registry itself, past the gateway."""
    import httpx

    async with httpx.AsyncClient(base_url=loopback.url) as client:
        answer = await client.post(f"/subjects/{subject}/versions", json={"schema": json.dumps(schema)})
        assert answer.status_code == 200, answer.text
        number: int = answer.json()["id"]
        return number


async def test_each_subject_is_written_to_its_owner_alone(gateways: Running, fakes: Fakes) -> None:
    main, side = fakes(), fakes()
    client = await gateways(entry("main", main), entry("side", side), **TWO)
    assert await client.registered("users-value", record("a")) == 1
    assert (fake_of(main).writes, fake_of(side).writes) == (1, 0)
    number = await client.registered("orders-value", record("a"))
    assert (fake_of(main).writes, fake_of(side).writes) == (1, 1)
    assert number == 1_000_000_001
    assert (await client.get("/subjects")).json() == ["orders-value", "users-value"]
    assert (await client.get(f"/schemas/ids/{number}/versions")).json() == [{"subject": "orders-value", "version": 1}]


async def test_one_id_in_two_registries(gateways: Running, fakes: Fakes) -> None:
    """Id 1 means one thing at home and another one in the side registry; nobody ever gets the wrong one."""
    main, side = fakes(), fakes()
    await direct(main, "users-value", record("home"))
    await direct(side, "orders-value", record("side"))
    client = await gateways(entry("main", main), entry("side", side), **TWO)
    text = {name: json.dumps(record(name), separators=(",", ":")) for name in ("home", "side")}
    assert (await client.get("/schemas/ids/1")).json()["schema"] == text["home"]
    assert (await client.get("/schemas/ids/1?subject=users-value")).json()["schema"] == text["home"]
    assert (await client.get("/schemas/ids/1?subject=orders-value")).json()["schema"] == text["side"]
    assert (await client.get("/schemas/ids/1000000001?subject=orders-value")).json()["schema"] == text["side"]
    assert (await client.get("/schemas/ids/1000000001")).json()["schema"] == text["side"]
    assert (await client.get("/registries/main/schemas/ids/1")).json()["schema"] == text["home"]
    assert (await client.get("/registries/side/schemas/ids/1")).json()["schema"] == text["side"]
    assert (await client.get("/registries/side/subjects/orders-value/versions/latest")).json()["id"] == 1
    assert (await client.get("/subjects/orders-value/versions/latest")).json()["id"] == 1_000_000_001
    assert code(await client.get("/schemas/ids/5")) == (404, 40403)
    assert code(await client.get("/schemas/ids/2000000000")) == (404, 40403)
    assert code(await client.get("/registries/nobody/subjects")) == (404, 404)


async def test_a_changed_base_is_refused_with_both_values(gateways: Running, fakes: Fakes) -> None:
    main, side = fakes(), fakes()
    async with AsyncExitStack() as first:
        ids = {"base": 500_000_000, "span": 1000}
        client = await gateways(entry("main", main), entry("side", side, ids=ids), stack_on=first, home=None)
        await client.get("/registries/side/subjects")
    with pytest.raises(LedgerConflict, match=r"600000000.*500000000"):
        await gateways(entry("main", main), entry("side", side, ids={"base": 600_000_000, "span": 1000}), home=None)


async def test_another_home_is_refused(gateways: Running, fakes: Fakes) -> None:
    main = fakes()
    async with AsyncExitStack() as first:
        await gateways(stack_on=first)
    with pytest.raises(LedgerConflict, match="embedded"):
        await gateways(entry("main", main), home="main")


async def test_a_reissued_id_is_refused_until_decided(gateways: Running, fakes: Fakes) -> None:
    side = fakes(CONFLUENT_7)
    fake_of(side).reissue_ids = True
    client = await gateways(entry("side", side), home="side", cache={"seconds": 0})
    number = await client.registered("a", record("old"))
    await client.delete("/subjects/a")
    await client.delete("/subjects/a?permanent=true")
    assert await direct(side, "b", record("new")) == number
    answer = await client.get("/subjects/b/versions/latest")
    assert code(answer) == (500, 50003)
    assert f"Id {number}" in answer.json()["message"]
    assert code(await client.get(f"/schemas/ids/{number}")) == (500, 50003)


async def test_a_reissued_id_is_relearned_where_that_is_wanted(gateways: Running, fakes: Fakes) -> None:
    side = fakes(CONFLUENT_7)
    fake_of(side).reissue_ids = True
    client = await gateways(entry("side", side, on_reissued_id="relearn"), home="side", cache={"seconds": 0})
    number = await client.registered("a", record("old"))
    await client.delete("/subjects/a")
    await client.delete("/subjects/a?permanent=true")
    await direct(side, "b", record("new"))
    assert "new" in (await client.get("/subjects/b/versions/latest")).json()["schema"]
    assert "new" in (await client.get(f"/schemas/ids/{number}")).json()["schema"]


async def test_producers_restart_while_the_registry_is_down(gateways: Running, fakes: Fakes) -> None:
    main = fakes()
    client = await gateways(entry("main", main), home="main", cache={"seconds": 0})
    number = await client.registered("a", record("a"))
    main.stop()
    answers = await asyncio.gather(*(client.register("a", record("a")) for _ in range(200)))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["id"] for answer in answers} == {number}
    assert all("x-decapolis-stale" in answer.headers for answer in answers)
    assert code(await client.register("a", record("a", "b=0"))) == (500, 50003)


async def test_everything_that_was_known_is_served_after_a_restart(gateways: Running, fakes: Fakes) -> None:
    main = fakes()
    async with AsyncExitStack() as first:
        client = await gateways(entry("main", main), home="main", stack_on=first)
        for index in range(20):
            await client.registered(f"s{index}", record(f"f{index}"))
        await client.get("/subjects")
    main.stop()
    client = await gateways(entry("main", main), home="main")
    for index in range(20):
        answer = await client.get(f"/schemas/ids/{index + 1}")
        assert (answer.status_code, "x-decapolis-stale" in answer.headers) == (200, False)
        for path in (f"/subjects/s{index}/versions/latest", f"/subjects/s{index}/versions"):
            answer = await client.get(path)
            assert answer.status_code == 200
            assert int(answer.headers["x-decapolis-stale"]) >= 0
    assert (await client.register("s1", record("f1"))).json() == {"id": 2}
    found = await client.post("/subjects/s1", json={"schema": json.dumps(record("f1"))})
    assert (found.status_code, found.json()["id"]) == (200, 2)
    assert len((await client.get("/subjects")).json()) == 20
    assert code(await client.get("/schemas/ids/99")) == (500, 50003)
    assert code(await client.get("/subjects/unknown/versions/latest")) == (500, 50003)
    assert (await client.get("/health/ready")).json()["status"] == "degraded"
    assert (await client.get("/health/live")).status_code == 200


async def test_listings_with_a_dead_registry(gateways: Running, fakes: Fakes) -> None:
    loopbacks = {name: fakes() for name in ("main", "side", "third")}
    routes = [{"match": "s-*", "registry": "side"}, {"match": "t-*", "registry": "third"}, {"registry": "main"}]
    registries = [entry(name, loopback) for name, loopback in loopbacks.items()]
    client = await gateways(*registries, home="main", routes=routes, cache={"seconds": 0})
    for subject in ("m-1", "s-1", "t-1"):
        await client.registered(subject, record("a"))
    assert (await client.get("/subjects")).json() == ["m-1", "s-1", "t-1"]
    loopbacks["third"].stop()
    answer = await client.get("/subjects")
    assert (answer.json(), "x-decapolis-stale" in answer.headers) == (["m-1", "s-1", "t-1"], True)
    loopbacks["third"].start()
    for subject in answer.json():
        assert (await client.delete(f"/subjects/{subject}")).status_code == 200


async def test_a_listing_without_a_snapshot_names_the_dead_registry(gateways: Running, fakes: Fakes) -> None:
    main, side = fakes(), fakes()
    side.stop()
    client = await gateways(entry("main", main), entry("side", side), **TWO)
    answer = await client.get("/subjects")
    assert code(answer) == (500, 50003)
    assert "side" in answer.json()["message"]


async def test_references_stay_inside_one_registry(gateways: Running, fakes: Fakes) -> None:
    main, side = fakes(), fakes()
    client = await gateways(entry("main", main), entry("side", side), **TWO)
    await client.registered("inner", record("x", name="B"))
    outer = {"type": "record", "name": "A", "fields": [{"name": "b", "type": "B"}]}
    reference = [{"name": "B", "subject": "inner", "version": 1}]
    answer = await client.register("orders-value", outer, references=reference)
    assert code(answer) == (422, 42201)
    for word in ("main", "side", "inner", "orders-value", "Route both"):
        assert word in answer.json()["message"]


async def test_shadowed_subjects_are_hidden_but_their_ids_resolve(gateways: Running, fakes: Fakes) -> None:
    main, side = fakes(), fakes()
    await direct(main, "orders-value", record("hidden"))
    client = await gateways(entry("main", main), entry("side", side), **TWO)
    assert (await client.get("/subjects")).json() == []
    assert "hidden" in (await client.get("/schemas/ids/1")).json()["schema"]
    assert (await client.get("/schemas/ids/1/versions")).json() == []
    assert (await client.get("/registries/main/subjects")).json() == ["orders-value"]


async def test_no_route_is_42208(gateways: Running, fakes: Fakes) -> None:
    main, side = fakes(), fakes()
    client = await gateways(
        entry("main", main), entry("side", side), routes=[{"match": "re:^orders-", "registry": "side"}]
    )
    assert code(await client.register("users", record("a"))) == (422, 42208)
    assert await client.registered("orders-x", record("a")) == 1_010_000_001


async def test_contexts_belong_to_the_home(gateways: Running, fakes: Fakes) -> None:
    main, side = fakes(), fakes(KARAPACE_6)
    client = await gateways(entry("main", main), entry("side", side, "karapace"), **TWO)
    assert await client.registered(":.c:orders-value", record("a")) == 1
    assert (fake_of(main).writes, fake_of(side).writes) == (1, 0)
    assert code(await client.post("/registries/side/subjects/:.c:x/versions", json={"schema": '"int"'})) == (422, 42208)


@pytest.mark.parametrize(
    ("type_", "profile", "kept"),
    [
        ("confluent", CONFLUENT_8, False),
        ("karapace", KARAPACE_6, False),
        ("redpanda", REDPANDA_24, False),
        ("redpanda", REDPANDA_26, False),
    ],
)
async def test_an_encrypt_rule_is_kept_or_refused(
    gateways: Running, fakes: Fakes, type_: str, profile: object, kept: bool
) -> None:
    """The fake of confluent drops rules as the community edition does; that must show before anything is sent."""
    loopback = fakes(profile)
    client = await gateways(entry("main", loopback, type_), home="main")
    rule = {"name": "r", "kind": "TRANSFORM", "mode": "WRITEREAD", "type": "ENCRYPT", "tags": ["PII"]}
    answer = await client.register("s", record("a"), ruleSet={"domainRules": [rule]})
    if answer.status_code == 200:
        shown = (await client.get("/subjects/s/versions/latest")).json()
        assert shown["ruleSet"]["domainRules"][0]["type"] == "ENCRYPT"
    else:
        assert code(answer) == (422, 42205)
        assert fake_of(loopback).writes == 0


async def test_front_readonly_stops_writes_to_every_registry(gateways: Running, fakes: Fakes) -> None:
    main, side = fakes(), fakes()
    client = await gateways(entry("main", main), entry("side", side), **TWO)
    assert (await client.put("/mode", json={"mode": "READONLY"})).status_code == 200
    assert code(await client.register("orders-value", record("a"))) == (422, 42205)
    assert fake_of(side).writes == 0


async def test_forward_full_keeps_its_name_and_is_sent_as_full_transitive(gateways: Running, fakes: Fakes) -> None:
    main = fakes()
    client = await gateways(entry("main", main), home="main")
    assert (await client.put("/config/s", json={"compatibility": "forward_full"})).json() == {
        "compatibility": "FORWARD_FULL"
    }
    assert (await client.get("/config/s")).json()["compatibilityLevel"] == "FORWARD_FULL"
    import httpx

    async with httpx.AsyncClient(base_url=main.url) as there:
        assert (await there.get("/config/s")).json()["compatibilityLevel"] == "FULL_TRANSITIVE"


async def test_one_cold_id_is_asked_for_once(gateways: Running, fakes: Fakes) -> None:
    main = fakes()
    number = await direct(main, "s", record("a"))
    client = await gateways(entry("main", main), home="main")
    fake_of(main).latency = 0.05
    answers = await asyncio.gather(*(client.get(f"/schemas/ids/{number}") for _ in range(100)))
    assert {answer.status_code for answer in answers} == {200}
    asked = sum(count for what, count in fake_of(main).calls.items() if "/schemas/ids/{id}" in str(what))
    assert asked == 1


async def test_a_hanging_registry_does_not_slow_another(gateways: Running, fakes: Fakes) -> None:
    main, side = fakes(), fakes()
    client = await gateways(entry("main", main), entry("side", side), **TWO)
    await client.registered("users", record("a"))
    await client.registered("orders-x", record("a"))
    fake_of(side).hang(1000)
    slow = asyncio.create_task(client.get("/subjects/orders-x/versions/1"))
    await asyncio.sleep(0)
    answer = await asyncio.wait_for(client.get("/subjects/users/versions/1"), 1)
    assert answer.status_code == 200
    answer = await slow
    assert (answer.status_code, "x-decapolis-stale" in answer.headers) == (200, True)


async def test_a_lost_answer_is_found_again(gateways: Running, fakes: Fakes) -> None:
    """The registry took the write, its answer was lost: the same request again gives the same id, one change."""
    main = fakes()
    client = await gateways(entry("main", main), home="main")
    fake_of(main).lose_answers(path="/subjects/s/versions", method="POST")
    assert code(await client.register("s", record("a"))) == (500, 50003)
    number = await client.registered("s", record("a"))
    assert number == 1
    assert (await client.get("/subjects/s/versions")).json() == [1]
    assert client.application.gateway is not None
    trail = [each for each in await client.application.gateway.audit.newest() if each["action"] == "register"]
    assert len(trail) == 1


async def test_upstream_that_answers_html(gateways: Running, fakes: Fakes) -> None:
    main = fakes()
    client = await gateways(entry("main", main), home="main")
    fake_of(main).fail_next(200, b"<html>hello</html>", times=50)
    assert code(await client.get("/schemas/ids/1")) == (500, 50003)
    assert code(await client.register("s", record("a"))) == (500, 50003)


async def test_throttling_is_passed_on(gateways: Running, fakes: Fakes) -> None:
    main = fakes()
    client = await gateways(entry("main", main), home="main")
    fake_of(main).fail_next(429, {"error_code": 429, "message": "slow down"}, headers={"Retry-After": "7"}, times=50)
    answer = await client.get("/schemas/ids/1")
    assert (code(answer), answer.headers["retry-after"]) == ((429, 429), "7")


async def test_request_id_and_trace_travel_upstream(gateways: Running, fakes: Fakes) -> None:
    main = fakes()
    client = await gateways(entry("main", main), home="main")
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await client.get("/schemas/ids/1", headers={"X-Request-ID": "rid-1", "traceparent": trace})
    seen = next(each for each in fake_of(main).requests if each.raw_path == "/schemas/ids/1").headers
    assert seen["x-request-id"] == "rid-1"
    assert "0af7651916cd43dd8448eb211c80319c" in seen["traceparent"]


async def test_old_records_keep_decoding_with_native_ids(gateways: Running, fakes: Fakes) -> None:
    side = fakes()
    main = fakes()
    native = await direct(side, "orders-value", record("old"))
    client = await gateways(entry("main", main), entry("side", side), **TWO)
    answer = await client.get(f"/schemas/ids/{native}?fetchMaxId=false&subject=orders-value", headers=EXTRA)
    assert (answer.status_code, answer.json()["subject"]) == (200, "orders-value")
    assert "old" in answer.json()["schema"]


async def test_a_full_range_refuses_the_write_beforehand(gateways: Running, fakes: Fakes) -> None:
    main, side = fakes(), fakes()
    registries = [entry("main", main), entry("side", side, ids={"base": 1_500_000_000, "span": 2})]
    client = await gateways(*registries, home="main", routes=TWO["routes"])
    assert await client.registered("orders-1", record("a")) == 1_500_000_001
    assert await client.registered("orders-2", record("b")) == 1_500_000_002
    answer = await client.register("orders-3", record("c"))
    assert code(answer) == (422, 42205)
    assert "range of 2 ids" in answer.json()["message"]
    assert fake_of(side).writes == 2
    assert 'decapolis_id_range_used_ratio{registry="side"} 1.0' in (await client.get("/metrics")).text


async def test_a_disabled_registry_takes_no_traffic_but_its_ids_resolve(gateways: Running, fakes: Fakes) -> None:
    main, side = fakes(), fakes()
    async with AsyncExitStack() as first:
        client = await gateways(entry("main", main), entry("side", side), stack_on=first, **TWO)
        number = await client.registered("orders-x", record("a"))
    before = len(fake_of(side).requests)
    client = await gateways(entry("main", main), entry("side", side, enabled=False), **TWO)
    assert (await client.get("/subjects")).json() == []
    assert code(await client.register("orders-x", record("z"))) == (500, 50003)
    assert (await client.get(f"/schemas/ids/{number}")).status_code == 200
    assert len(fake_of(side).requests) == before


async def test_an_unplugged_registry_keeps_its_range(gateways: Running, fakes: Fakes) -> None:
    main, side, third = fakes(), fakes(), fakes()
    async with AsyncExitStack() as first:
        client = await gateways(entry("main", main), entry("side", side), stack_on=first, **TWO)
        number = await client.registered("orders-x", record("a"))
    client = await gateways(
        entry("main", main), entry("third", third), home="main", routes=[{"match": "t-*", "registry": "third"}]
    )
    assert (await client.get(f"/schemas/ids/{number}")).status_code == 200
    assert code(await client.get(f"/schemas/ids/{number + 1}")) == (500, 50003)
    assert await client.registered("t-1", record("a")) == 1_010_000_001


async def test_another_cluster_under_the_same_address_is_quarantined(gateways: Running, fakes: Fakes) -> None:
    main = fakes()
    async with AsyncExitStack() as first:
        client = await gateways(entry("main", main), home="main", stack_on=first)
        number = await client.registered("s", record("a"))
        await asyncio.sleep(0.3)
    fake_of(main).cluster_id = "somebody-else"
    client = await gateways(entry("main", main), home="main")
    for _ in range(50):
        answer = await client.register("t", record("b"))
        if answer.status_code == 500:
            break
        await asyncio.sleep(0.05)
    assert code(answer) == (500, 50003)
    assert "somebody-else" in answer.json()["message"]
    assert (await client.get(f"/schemas/ids/{number}")).status_code == 200


async def test_a_change_whose_answer_was_lost_is_closed_in_the_trail(
    gateways: Running, fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = fakes()
    client = await gateways(entry("main", main), home="main")
    fake_of(main).lose_answers(path="/subjects/s/versions", method="POST")
    assert code(await client.register("s", record("a"))) == (500, 50003)
    monkeypatch.setattr("decapolis.operations.reconcile.LEASE_SECONDS", -1.0)
    gateway = client.application.gateway
    assert gateway is not None
    registry = gateway.registries.at("main")
    assert await reconcile(gateway, registry) == 1
    assert await client.registered("s", record("a")) == 1
    trail = [(each["action"], each["outcome"]) for each in await gateway.audit.newest()]
    assert trail == [("register", "done")]


async def test_an_id_beyond_the_range_is_not_imposed_through_the_door_either(gateways: Running, fakes: Fakes) -> None:
    main, side = fakes(), fakes()
    ranged = entry("side", side, ids={"base": 1_000_000_000, "span": 100})
    client = await gateways(entry("main", main), ranged, **TWO)
    await client.put("/registries/side/mode", json={"mode": "IMPORT"})
    body = {"schema": json.dumps(record("a")), "version": 1}
    path = "/registries/side/subjects/orders-value/versions"
    refused = await client.post(path, json={**body, "id": 101})
    assert code(refused) == (422, 42205)
    assert "(1 to 100)" in refused.json()["message"]
    assert (await client.post(path, json={**body, "id": 50})).json()["id"] == 50
    await client.put("/registries/main/mode", json={"mode": "IMPORT"})
    refused = await client.post("/subjects/orders-value/versions", json={**body, "id": 5})
    assert "(1000000001 to 1000000100)" in refused.json()["message"]
