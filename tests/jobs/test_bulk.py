"""Levels on many subjects: plans to look at, jobs that carry them out, and the way back."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.federation.conftest import Api
from tests.gateway.conftest import entry, fake_of, record
from tests.jobs.estate import ended, levels, many, ran, seed

SET, CHECK = "/bulk/set-compatibility", "/bulk/check-compatibility"


async def two(apis: Any, fakes: Any) -> tuple[Api, Any, Any]:
    one, other = fakes(), fakes()
    return await apis(entry("one", one), entry("other", other), home="one"), one, other


@pytest.mark.parametrize("filter_", ["user-", "user-*", "re:^user-"])
async def test_a_prefix_a_glob_and_an_expression_mean_the_same(apis: Any, fakes: Any, filter_: str) -> None:
    api, one, _ = await two(apis, fakes)
    seed(one, {**many(3), "orders-value": (record("a"),), "a-user-value": (record("a"),)})
    job = await ran(api, SET, {"mode": "FULL", "registry_ids": ["one"], "subject_filter": filter_})
    assert job["state"] == "done"
    assert levels(one) == dict.fromkeys(many(3), "FULL")
    assert job["result"] == {"one": dict.fromkeys(many(3), "success")}
    assert (job["done"], job["total"]) == (3, 3)


async def test_a_dry_run_changes_nothing_and_says_what_would_be(apis: Any, fakes: Any) -> None:
    api, one, other = await two(apis, fakes)
    seed(one, {"user-a": (record("a"), record("a", "b"))}, level="FORWARD_TRANSITIVE")
    seed(one, {"user-b": (record("a"),)})
    seed(other, {"user-c": (record("a"),)}, level="FULL_TRANSITIVE")
    body = {"mode": "FORWARD_FULL", "registries": ["one", "other"], "subject_filter": "user-*", "dry_run": True}
    plan = await api.post(SET, body)
    assert (fake_of(one).writes, fake_of(other).writes) == (0, 0)
    assert plan["total"] == 3
    steps = {step["subject"]: step for step in plan["steps"]}
    assert (steps["user-a"]["before"], steps["user-a"]["after"]) == ("FORWARD_TRANSITIVE", "FORWARD_FULL")
    assert steps["user-a"]["is_compatible"] is False
    assert "versions 1 and 2 (backward)" in steps["user-a"]["messages"][0]
    assert (steps["user-b"]["before"], steps["user-b"]["is_compatible"]) == (None, True)
    assert plan["verdicts"] == {"change": 3}
    everywhere = await api.post(SET, {"mode": "FULL", "subject_filter": "user-*", "dry_run": True})
    assert {step["registry"] for step in everywhere["steps"]} == {"one", "other"}


async def test_a_plan_runs_as_it_was_seen(apis: Any, fakes: Any) -> None:
    api, one, _ = await two(apis, fakes)
    seed(one, many(3), level="BACKWARD")
    plan = await api.post(SET, {"mode": "FULL", "subject_filter": "user-", "dry_run": True})
    fake_of(one).state.configs["user-0002-value"] = {"compatibilityLevel": "NONE"}
    job = await ran(api, SET, {"plan_id": plan["plan_id"]})
    assert levels(one) == {"user-0001-value": "FULL", "user-0002-value": "NONE", "user-0003-value": "FULL"}
    assert "was changed meanwhile: BACKWARD was expected, NONE is there" in job["result"]["one"]["user-0002-value"]
    assert job["steps"] == {"done": 2, "skipped": 1}
    assert await api.refused("POST", SET, {"plan_id": plan["plan_id"], "mode": "NONE"}) == (
        422,
        "another-plan",
        f"The plan {plan['plan_id']} sets FULL, not NONE",
    )
    assert (await api.refused("POST", SET, {"plan_id": job["id"]}))[:2] == (409, "dry-run-needed")


async def test_global_levels_need_a_plan_that_was_looked_at(apis: Any, fakes: Any) -> None:
    api, one, other = await two(apis, fakes)
    seed(one, many(2))
    status, code, detail = await api.refused("POST", SET, {"mode": "FULL"})
    assert (status, code) == (409, "dry-run-needed")
    assert "dry_run: true" in detail
    plan = await api.post(SET, {"mode": "FULL", "dry_run": True})
    assert [(step["registry"], step["scope"], step["before"]) for step in plan["steps"]] == [
        ("one", "global", "BACKWARD"),
        ("other", "global", "BACKWARD"),
    ]
    job = await ran(api, SET, {"plan_id": plan["plan_id"]})
    assert job["result"] == {"one": {"global": "success"}, "other": {"global": "success"}}
    assert (levels(one), levels(other)) == ({"": "FULL"}, {"": "FULL"})
    await api.post(f"/jobs/{job['id']}/rollback", status=202)
    assert (await ended(api, job["id"]))["state"] == "rolled_back"
    assert (levels(one), levels(other)) == ({"": "BACKWARD"}, {"": "BACKWARD"})


async def test_rollback_restores_what_was_unset_too_and_names_what_changed_since(apis: Any, fakes: Any) -> None:
    api, one, _ = await two(apis, fakes)
    seed(one, many(3), level="NONE")
    configs = fake_of(one).state.configs
    del configs["user-0001-value"]
    configs["user-0004-value"] = {"normalize": True}
    seed(one, {"user-0004-value": (record("a"),), "user-0005-value": (record("a"),)})
    configs["user-0005-value"] = {"compatibilityLevel": "FULL"}
    job = await ran(api, SET, {"mode": "FULL", "subject_filter": "user-*"})
    assert set(levels(one).values()) == {"FULL"}
    writes = fake_of(one).writes
    configs["user-0003-value"] = {"compatibilityLevel": "FORWARD"}
    await api.post(f"/jobs/{job['id']}/rollback", status=202)
    back = await ended(api, job["id"])
    assert back["state"] == "rolled_back"
    assert fake_of(one).writes == writes + 3
    assert configs == {
        "user-0002-value": {"compatibilityLevel": "NONE"},
        "user-0003-value": {"compatibilityLevel": "FORWARD"},
        # a configuration without a level shows BACKWARD to whoever reads it
        "user-0004-value": {"normalize": True, "compatibilityLevel": "BACKWARD"},
        "user-0005-value": {"compatibilityLevel": "FULL"},
    }
    told = back["result"]["one"]
    assert told["user-0001-value"] == "rolled back"
    assert "was changed meanwhile: FULL was expected, FORWARD is there" in told["user-0003-value"]
    assert told["user-0005-value"] == "success"


async def test_one_failing_subject_does_not_stop_the_rest(apis: Any, fakes: Any) -> None:
    api, one, _ = await two(apis, fakes)
    seed(one, many(5))
    fake_of(one).state.modes["user-0003-value"] = "READONLY"
    fake_of(one).fail_next(422, {"error_code": 42205, "message": "no"}, 9, path="/config/user-0003-value")
    body = {"mode": "FULL", "subject_filter": "user-", "wait": 30}
    answer = await api.post(SET, body)
    assert answer["one"]["user-0003-value"].startswith("error: ")
    assert [answer["one"][name] for name in many(5) if "0003" not in name] == ["success"] * 4


async def test_automatic_rollback(apis: Any, fakes: Any) -> None:
    api, one, _ = await two(apis, fakes)
    seed(one, many(5), level="NONE")
    fake_of(one).fail_next(422, {"error_code": 42205, "message": "no"}, 9, path="/config/user-0004-value")
    job = await ran(api, SET, {"mode": "FULL", "subject_filter": "user-", "on_failure": "rollback"})
    assert job["state"] == "rolled_back"
    assert set(levels(one).values()) == {"NONE"}
    assert "take everything back" in job["reason"]


async def test_what_cannot_be_asked(apis: Any, fakes: Any) -> None:
    api, one, _ = await two(apis, fakes)
    seed(one, many(2))
    assert await api.refused("POST", SET, {"mode": "SIDEWAYS", "subject_filter": "u"}) == (
        400,
        "invalid-level",
        "Invalid compatibility mode: SIDEWAYS",
    )
    status, code, detail = await api.refused("POST", SET, {"mode": "FULL", "registry_ids": ["nope"]})
    assert (status, code) == (404, "unknown-registry")
    assert "one" in detail
    assert await api.refused("POST", SET, {"mode": "FULL", "subject_filter": "nobody-*"}) == (
        404,
        "nothing-matches",
        "None of the registries one, other has a subject that matches 'nobody-*'",
    )
    assert (await api.refused("POST", SET, {"mode": "FULL", "subject_filter": "re:("}))[:2] == (400, "invalid-filter")
    seed(one, {"a" * 60: (record("a"),)})
    began = time.monotonic()
    refused = await api.refused("POST", SET, {"mode": "FULL", "subject_filter": "re:^(a+)+$b"})
    assert refused[:2] == (400, "invalid-filter")
    assert time.monotonic() - began < 10
    long = await api.refused("POST", SET, {"mode": "FULL", "subject_filter": "x" * 501})
    assert long[:2] == (400, "invalid-filter")


async def test_a_registry_that_is_down_hides_nobody(apis: Any, fakes: Any) -> None:
    api, one, other = await two(apis, fakes)
    seed(one, many(2))
    other.stop()
    job = await ran(api, SET, {"mode": "FULL", "subject_filter": "user-"})
    assert job["result"]["one"] == dict.fromkeys(many(2), "success")
    assert job["result"]["other"].startswith("error: ")


async def test_one_key_is_one_job(apis: Any, fakes: Any) -> None:
    api, one, _ = await two(apis, fakes)
    seed(one, many(2))
    body, key = {"mode": "FULL", "subject_filter": "user-"}, {"Idempotency-Key": "k1"}
    first = await api.post(SET, body, status=202, headers=key)
    again = await api.ask("POST", SET, body, headers=key)
    assert again.json()["id"] == first["id"]
    await ended(api, first["id"])
    assert (await api.ask("POST", SET, body, headers=key)).json()["id"] == first["id"]
    refused = await api.refused("POST", SET, {**body, "mode": "NONE"}, headers=key)
    assert refused[:2] == (422, "idempotency-key-reused")
    refused = await api.refused("POST", CHECK, {"target_mode": "FULL"}, headers=key)
    assert refused[:2] == (422, "idempotency-key-reused")
    assert fake_of(one).calls["PUT /config/{subject}"] == 2


async def test_two_jobs_on_a_subject_do_not_interleave(apis: Any, fakes: Any) -> None:
    api, one, other = await two(apis, fakes)
    seed(one, many(40))
    seed(other, many(2))
    fake_of(one).latency = 0.05
    first = await api.post(SET, {"mode": "FULL", "registries": ["one"], "subject_filter": "user-"}, status=202)
    status, code, detail = await api.refused("POST", SET, {"mode": "NONE", "subject_filter": "user-0001"})
    assert (status, code) == (409, "jobs-overlap")
    assert first["id"] in detail
    plan = await api.post(SET, {"mode": "NONE", "registries": ["one"], "dry_run": True})
    assert (await api.refused("POST", SET, {"plan_id": plan["plan_id"]}))[:2] == (409, "jobs-overlap")
    elsewhere = await ran(api, SET, {"mode": "NONE", "registries": ["other"], "subject_filter": "user-"})
    assert elsewhere["state"] == "done"
    assert (await ended(api, first["id"]))["state"] == "done"
    assert (await ran(api, SET, {"mode": "NONE", "subject_filter": "user-0001"}))["state"] == "done"


async def test_a_floor_holds_for_jobs_too(apis: Any, fakes: Any, tmp_path: Any) -> None:
    path = tmp_path / "policies.yaml"
    path.write_text("policies:\n- {name: strict, match: {subject: 'user-0001*'}, floor: FULL}\n")
    one = fakes()
    api = await apis(entry("one", one), home="one", policies_file=str(path))
    seed(one, many(2))
    plan = await api.post(SET, {"mode": "NONE", "subject_filter": "user-", "dry_run": True})
    assert [(step["verdict"], step["after"]) for step in plan["steps"]] == [("refused", None), ("change", "NONE")]
    job = await ran(api, SET, {"mode": "NONE", "subject_filter": "user-"})
    assert "below the floor FULL of policy set 'strict'" in job["result"]["one"]["user-0001-value"]
    assert levels(one) == {"user-0002-value": "NONE"}


async def test_whole_histories_are_asked_and_not_the_registry(apis: Any, fakes: Any) -> None:
    api, one, other = await two(apis, fakes)
    seed(one, {"good": (record("a"), record("a", "b=0")), "bad": (record("a"), record("a", "b"))})
    seed(other, {"proto": ('syntax = "proto3"; message M { int32 a = 1; }',)})
    job = await ran(api, CHECK, {"registry_ids": ["one", "other"], "target_mode": "full_transitive"})
    found = job["result"]
    assert found["one"]["good"]["is_compatible"] is True
    assert found["one"]["bad"]["is_compatible"] is False
    assert (found["one"]["bad"]["broken"][0]["older"], found["one"]["bad"]["broken"][0]["newer"]) == (1, 2)
    assert found["other"]["proto"]["is_compatible"] is True
    assert found["other"]["proto"]["schema_type"] == "PROTOBUF"
    own = await ran(api, CHECK, {"registry_ids": ["one"], "subject_filter": "bad"})
    assert own["result"]["one"]["bad"]["target"] == "BACKWARD"
    assert (fake_of(one).writes, fake_of(other).writes) == (0, 0)
    assert (await api.refused("POST", f"/jobs/{own['id']}/rollback"))[:2] == (409, "not-now")


async def test_many_subjects_over_three_registries_there_and_back(apis: Any, fakes: Any) -> None:
    three = {name: fakes() for name in ("one", "two", "three")}
    api = await apis(*(entry(name, loopback) for name, loopback in three.items()), home="one")
    for loopback in three.values():
        seed(loopback, many(400), level="BACKWARD")
    body = {"mode": "FULL_TRANSITIVE", "subject_filter": "user-"}
    plan = await api.post(SET, {**body, "dry_run": True, "check_history": False})
    assert plan["verdicts"] == {"change": 1_200}
    job = await ran(api, SET, {"plan_id": plan["plan_id"]}, seconds=120)
    assert job["steps"] == {"done": 1_200}
    assert all(levels(loopback) == dict.fromkeys(many(400), "FULL_TRANSITIVE") for loopback in three.values())
    await api.post(f"/jobs/{job['id']}/rollback", status=202)
    assert (await ended(api, job["id"], seconds=120))["steps"] == {"undone": 1_200}
    assert all(levels(loopback) == dict.fromkeys(many(400), "BACKWARD") for loopback in three.values())
