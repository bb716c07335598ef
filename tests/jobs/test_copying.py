"""Subjects on their way from one registry to another."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from decapolis_translators.testing.fakes import CONFLUENT_8, KARAPACE_6
from tests.gateway.conftest import entry, fake_of, record
from tests.jobs.estate import ended, levels, many, ran, seed

COPY = "/migration/copy"
PERSON = {"type": "record", "name": "Person", "fields": [{"name": "home", "type": "Address"}]}
ADDRESS = {"type": "record", "name": "Address", "fields": [{"name": "street", "type": "string"}]}


async def pair(apis: Any, fakes: Any, profile: Any = CONFLUENT_8, type_: str = "confluent") -> tuple[Any, Any, Any]:
    old, new = fakes(), fakes(profile)
    return await apis(entry("old", old), entry("new", new, type_), home="old"), old, new


def texts(loopback: Any, subject: str) -> list[str]:
    return [version.content.text for version in fake_of(loopback).state.live_history(subject)][::-1]


async def test_versions_levels_and_order_arrive_as_they_were(apis: Any, fakes: Any) -> None:
    api, old, new = await pair(apis, fakes)
    # a history that its own level would not let in, and a level that the target must get after it
    seed(old, {"user-a": (record("a"), record("b"), record("a"))}, level="FULL_TRANSITIVE")
    seed(old, {"user-b": (record("a"),), "other": (record("a"),)})
    body = {"from": "old", "to": "new", "subject_filter": "user-*"}
    plan = await api.post(COPY, {**body, "dry_run": True})
    assert [(each["subject"], each["versions"], each["there"]) for each in plan["subjects"]] == [
        ("user-a", [1, 2, 3], []),
        ("user-b", [1], []),
    ]
    assert fake_of(new).writes == 0
    job = await ran(api, COPY, body)
    assert job["result"] == {"new": {"user-a": "success", "user-b": "success"}}
    assert sorted(fake_of(new).state.subjects) == ["user-a", "user-b"]
    # the first and the third are one text, which a registry answers with its first version
    assert [json.loads(text) for text in texts(new, "user-a")] == [record("a"), record("b")]
    assert levels(new) == {"user-a": "FULL_TRANSITIVE"}
    assert fake_of(old).writes == 0
    writes = fake_of(new).writes
    again = await ran(api, COPY, body)
    assert again["result"] == job["result"]
    assert fake_of(new).writes == writes


async def test_references_come_first_and_are_numbered_as_the_target_does(apis: Any, fakes: Any) -> None:
    api, _, new = await pair(apis, fakes)
    client = api.client
    await client.put("/config", json={"compatibility": "NONE"})
    await client.registered("z-address", record("x"))
    await client.registered("z-address", ADDRESS)
    await client.delete("/subjects/z-address/versions/1")
    reference = [{"name": "Address", "subject": "z-address", "version": 2}]
    await client.registered("a-person", PERSON, references=reference)
    lonely = await ran(api, COPY, {"from": "old", "to": "new", "subject_filter": "a-"})
    assert "refers to version 2 of z-address" in lonely["result"]["new"]["a-person"]
    job = await ran(api, COPY, {"from": "old", "to": "new"})
    assert job["result"] == {"new": {"a-person": "success", "z-address": "success"}}
    person = fake_of(new).state.live_history("a-person")[0]
    assert person.content.references == (("Address", "z-address", 1),)
    await api.post(f"/jobs/{job['id']}/rollback", status=202)
    back = await ended(api, job["id"])
    assert back["steps"] == {"undone": 2}
    assert fake_of(new).state.live_history("a-person") == []
    assert fake_of(new).state.live_history("z-address") == []


async def test_ids_and_numbers_are_kept_where_the_target_can(apis: Any, fakes: Any) -> None:
    api, old, new = await pair(apis, fakes)
    seed(old, {"filler": (record("z"),), "user": (record("a"), record("a", "b=0"))}, level="FULL")
    old_state, new_state = fake_of(old).state, fake_of(new).state
    old_state.subjects["user"][1].deleted = True
    job = await ran(api, COPY, {"from": "old", "to": "new", "subject_filter": "user", "ids": "keep"})
    assert job["result"] == {"new": {"user": "success"}}
    assert {number: each.native_id for number, each in new_state.subjects["user"].items()} == {2: 3}
    assert new_state.modes == {}
    assert levels(new) == {"user": "FULL"}
    seed(new, {"clash": (record("q"),)})
    seed(old, {"clash": (record("q"),)})
    clash = await ran(api, COPY, {"from": "old", "to": "new", "subject_filter": "clash", "ids": "keep"})
    if old_state.subjects["clash"][1].native_id != new_state.subjects["clash"][1].native_id:
        assert "ids cannot be kept any more" in clash["result"]["new"]["clash"]


async def test_what_a_target_cannot_is_refused_with_its_reason(apis: Any, fakes: Any) -> None:
    api, old, new = await pair(apis, fakes, KARAPACE_6, "karapace")
    seed(old, many(2))
    status, code, detail = await api.refused("POST", COPY, {"from": "old", "to": "new", "ids": "keep"})
    assert (status, code) == (422, "unsupported")
    assert "Karapace" in detail
    assert (await api.refused("POST", COPY, {"from": "old", "to": "old"}))[:2] == (422, "not-copyable")
    assert (await api.refused("POST", COPY, {"from": "nope", "to": "new"}))[:2] == (404, "unknown-registry")
    job = await ran(api, COPY, {"from": "old", "to": "new"})
    assert job["steps"] == {"done": 2}
    assert sorted(fake_of(new).state.subjects) == sorted(many(2))


async def test_into_the_gateways_own_registry_with_ids(apis: Any, fakes: Any) -> None:
    old = fakes()
    seed(old, {"user": (record("a"), record("a", "b=0"))}, level="FULL")
    api = await apis({"id": "own", "type": "embedded"}, entry("old", old), home="own")
    job = await ran(api, COPY, {"from": "old", "to": "own", "ids": "keep"})
    assert job["result"] == {"own": {"user": "success"}}
    shown = (await api.client.get("/registries/own/subjects/user/versions/2")).json()
    assert (shown["id"], json.loads(shown["schema"])) == (2, record("a", "b=0"))
    assert (await api.client.get("/registries/own/config/user")).json()["compatibilityLevel"] == "FULL"


async def test_what_was_copied_and_has_grown_since_is_not_taken_away(apis: Any, fakes: Any) -> None:
    api, old, new = await pair(apis, fakes)
    seed(old, many(2))
    job = await ran(api, COPY, {"from": "old", "to": "new"})
    answer = await api.client.post(
        "/registries/new/subjects/user-0001-value/versions", json={"schema": json.dumps(record("a", "b=0"))}
    )
    assert answer.status_code == 200
    await api.post(f"/jobs/{job['id']}/rollback", status=202)
    back = await ended(api, job["id"])
    assert back["steps"] == {"undone": 1, "undo_skipped": 1}
    assert "did not add" in back["result"]["new"]["user-0001-value"]
    assert len(fake_of(new).state.live_history("user-0001-value")) == 2


async def test_both_sides_are_compared_text_by_text(apis: Any, fakes: Any) -> None:
    api, old, new = await pair(apis, fakes)
    seed(old, {"same": (record("a"),), "more": (record("a"), record("b")), "level": (record("a"),)}, level="FULL")
    seed(new, {"same": (record("a"),), "more": (record("a"),), "level": (record("a"),)}, level="FULL")
    fake_of(new).state.configs["level"] = {"compatibilityLevel": "NONE"}
    job = await ran(api, "/migration/compare", {"from": "old", "to": "new"})
    found = {name: facts["differences"] for name, facts in job["result"]["new"].items()}
    assert found == {
        "same": [],
        "more": ["version 2 of more is not in new"],
        "level": ["the level of level is FULL and NONE"],
    }
    assert (fake_of(old).writes, fake_of(new).writes) == (0, 0)


async def test_a_mirror_follows_until_it_is_cancelled(apis: Any, fakes: Any) -> None:
    api, old, new = await pair(apis, fakes)
    seed(old, {"user-a": (record("a"),)})
    job = await api.post("/migration/mirror", {"from": "old", "to": "new", "seconds": 1}, status=202)

    async def arrived(subject: str, count: int) -> None:
        for _ in range(200):
            versions = fake_of(new).state.subjects.get(subject, {})
            if len(versions) == count:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(fake_of(new).state.subjects)

    await arrived("user-a", 1)
    seed(old, {"user-a": (record("a", "b=0"),), "user-b": (record("a"),)})
    await arrived("user-a", 2)
    await arrived("user-b", 1)
    # other jobs on the target are not kept away by it
    other = {"mode": "FULL", "registries": ["new"], "subject_filter": "user-"}
    assert (await ran(api, "/bulk/set-compatibility", other))["state"] == "done"
    await api.post(f"/jobs/{job['id']}/pause", status=202)
    await asyncio.sleep(1.0)
    seed(old, {"user-c": (record("a"),)})
    await asyncio.sleep(1.5)
    assert "user-c" not in fake_of(new).state.subjects
    await api.post(f"/jobs/{job['id']}/resume", status=202)
    await arrived("user-c", 1)
    await api.post(f"/jobs/{job['id']}/cancel", status=202)
    assert (await ended(api, job["id"]))["state"] == "cancelled"
