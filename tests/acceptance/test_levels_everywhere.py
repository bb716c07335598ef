"""Levels by jobs before every type of registry: rows 73, 174, 176, 180, 184, 188, 189, 191, 198 (KF2, KF4)."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from .conftest import Door, Estate

FIRST = {"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long"}]}
OPTIONAL = {"name": "note", "type": ["null", "string"], "default": None}
SECOND = {"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long"}, OPTIONAL]}


@pytest.fixture
def api(estate: Estate) -> Any:
    with httpx.Client(base_url=f"{estate.gateway.url}/api/v1", timeout=60) as client:
        yield client


def over(api: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    """The job that a request begins or tells something, once it is over."""
    answer = api.request(method, path, json=body)
    assert answer.status_code == 202, answer.text
    until = time.monotonic() + 60
    while True:
        job = api.get(f"/jobs/{answer.json()['id']}").json()
        if job["state"] in {"done", "failed", "rolled_back"}:
            return job
        assert time.monotonic() < until, job
        time.sleep(0.05)


def own_level(door: Door, subject: str) -> str | None:
    answer = door.ask("GET", f"/config/{subject}")
    return None if answer.status_code == 404 else str(answer.json()["compatibilityLevel"])


def test_levels_move_and_come_back_on_every_type(api: httpx.Client, own_door: Door) -> None:
    name, subject = own_door.name, own_door.subject()
    own_door.registered(subject, FIRST)
    own_door.registered(subject, SECOND)
    before = own_level(own_door, subject)
    where = {"registries": [name], "subject_filter": subject}
    checked = over(api, "POST", "/bulk/check-compatibility", {**where, "target_mode": "full_transitive"})
    assert checked["result"][name][subject]["is_compatible"] is True
    plan = api.post("/bulk/set-compatibility", json={**where, "mode": "FORWARD_FULL", "dry_run": True}).json()
    assert [(each["before"], each["after"], each["is_compatible"]) for each in plan["steps"]] == [
        (before, "FORWARD_FULL", True)
    ]
    analysis = over(api, "POST", "/migration/analyze", {**where, "target_mode": "FORWARD_FULL"})
    assert analysis["result"][name][subject]["status"] == "READY"
    job = over(api, "POST", "/migration/execute", {"analysis_id": analysis["id"]})
    assert job["result"] == {name: {subject: "success"}}
    assert own_level(own_door, subject) == "FORWARD_FULL"
    assert api.post(f"/migration/{job['id']}/validate").json()["valid"] is True
    back = over(api, "POST", f"/migration/{job['id']}/rollback", {"scope": "all"})
    assert back["result"] == {name: {subject: "rolled back"}}
    assert own_level(own_door, subject) == before
    put = api.put(f"/compatibility/{name}/mode", json={"mode": "full", "subject": subject})
    assert (put.status_code, put.json()["after"]) == (200, "FULL")
    assert own_level(own_door, subject) == "FULL"
