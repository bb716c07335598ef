"""Jobs over HTTP: progress, events, pausing, cancelling, reports."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sys
from typing import Any

import pytest

from tests.gateway.conftest import entry, fake_of, record
from tests.jobs.estate import ended, levels, many, ran, seed

SET = "/bulk/set-compatibility"


async def busy(apis: Any, fakes: Any, count: int = 60, latency: float = 0.05) -> tuple[Any, Any, dict[str, Any]]:
    """A gateway that works at a slow job."""
    one = fakes()
    seed(one, many(count))
    slow = {"deadline": 5.0, "retries": 0, "breaker_failures": 1000, "concurrency": 8}
    api = await apis(entry("one", one, resilience=slow), home="one")
    fake_of(one).latency = latency
    return api, one, await api.post(SET, {"mode": "FULL", "subject_filter": "user-"}, status=202)


async def until_moving(api: Any, job: str, least: int = 5) -> dict[str, Any]:
    while True:
        found: dict[str, Any] = await api.get(f"/jobs/{job}")
        if found["done"] >= least:
            return found
        await asyncio.sleep(0.02)


async def test_progress_moves_and_a_pause_holds_it(apis: Any, fakes: Any) -> None:
    api, one, job = await busy(apis, fakes)
    moving = await until_moving(api, job["id"])
    assert moving["state"] == "running"
    assert 0 < moving["done"] < moving["total"] == 60
    paused = await api.post(f"/jobs/{job['id']}/pause", status=202)
    assert paused["state"] == "paused"
    await asyncio.sleep(0.5)
    held = await api.get(f"/jobs/{job['id']}")
    writes = fake_of(one).writes
    assert held["done"] == writes < 60
    await asyncio.sleep(0.5)
    assert fake_of(one).writes == writes
    assert (await api.refused("POST", f"/jobs/{job['id']}/pause"))[:2] == (409, "not-now")
    assert (await api.post(f"/jobs/{job['id']}/resume", status=202))["state"] == "running"
    assert (await ended(api, job["id"]))["steps"] == {"done": 60}
    assert fake_of(one).writes == 60


async def test_a_cancelled_job_keeps_what_it_did_and_can_be_taken_back(apis: Any, fakes: Any) -> None:
    api, one, job = await busy(apis, fakes)
    await until_moving(api, job["id"])
    await api.post(f"/jobs/{job['id']}/cancel", status=202)
    over = await ended(api, job["id"])
    assert over["state"] == "cancelled"
    assert 0 < over["steps"]["done"] == len(levels(one)) < 60
    assert "planned" in over["result"]["one"].values()
    await api.post(f"/jobs/{job['id']}/rollback", status=202)
    assert (await ended(api, job["id"]))["state"] == "rolled_back"
    assert levels(one) == {}
    assert (await api.refused("POST", f"/jobs/{job['id']}/resume"))[:2] == (409, "not-now")


async def test_a_running_job_can_be_taken_back_at_once(apis: Any, fakes: Any) -> None:
    api, one, job = await busy(apis, fakes)
    await until_moving(api, job["id"])
    await api.post(f"/jobs/{job['id']}/rollback", status=202)
    assert (await ended(api, job["id"]))["state"] == "rolled_back"
    assert levels(one) == {}


def parsed(text: str) -> list[tuple[int | None, str, dict[str, Any]]]:
    """Server-sent events: number, name, data."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":"))
        if "event" in lines:
            number = int(lines["id"]) if "id" in lines else None
            found.append((number, lines["event"], json.loads(lines["data"])))
    return found


async def test_events_tell_everything_and_go_on_where_one_was(apis: Any, fakes: Any) -> None:
    api, _, job = await busy(apis, fakes, count=10, latency=0.01)
    path = f"/jobs/{job['id']}/events"
    answer = await api.ask("GET", path)
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = parsed(answer.text)
    told = [data for _, name, data in events if name == "progress"]
    assert told[-1] == {"done": 10, "total": 10}
    assert [each["done"] for each in told] == sorted(each["done"] for each in told)
    events = [each for each in events if each[1] != "progress"]
    assert [number for number, _, _ in events[:-1]] == list(range(1, len(events)))
    names = [name for _, name, _ in events]
    assert names[:2] == ["planned", "started"]
    assert names[-2:] == ["done", "end"]
    assert (names.count("intent"), names.count("outcome")) == (10, 10)
    first = next(data for _, name, data in events if name == "intent")
    assert (first["before"], first["after"]) == ({"level": None}, {"level": "FULL"})
    assert events[-1][2]["state"] == "done"
    rest = parsed((await api.ask("GET", path, headers={"Last-Event-ID": "5"})).text)
    assert [each for each in rest if each[1] != "progress"] == events[5:]
    assert (await api.refused("GET", "/jobs/nobody/events"))[:2] == (404, "unknown-job")


async def test_jobs_are_listed_newest_first_in_pages(apis: Any, fakes: Any) -> None:
    one = fakes()
    seed(one, many(3))
    api = await apis(entry("one", one), home="one")
    made = [(await ran(api, SET, {"mode": level, "subject_filter": "user-"}))["id"] for level in ("FULL", "NONE")]
    made.append((await ran(api, "/bulk/check-compatibility", {"target_mode": "FULL"}))["id"])
    page = await api.get("/jobs", limit=2)
    assert [each["id"] for each in page["items"]] == [made[2], made[1]]
    rest = await api.get("/jobs", limit=2, cursor=page["next_cursor"])
    assert [each["id"] for each in rest["items"]] == [made[0]]
    assert rest["next_cursor"] is None
    assert [each["id"] for each in (await api.get("/jobs", kind="check"))["items"]] == [made[2]]
    assert (await api.get("/jobs", state="failed"))["items"] == []
    steps = await api.get(f"/jobs/{made[0]}/steps", limit=2)
    assert [(each["step"], each["state"], each["before"]) for each in steps["items"]] == [
        (1, "done", {"level": None}),
        (2, "done", {"level": None}),
    ]
    assert (await api.get(f"/jobs/{made[0]}/steps", cursor=steps["next_cursor"]))["items"][0]["step"] == 3
    assert (await api.refused("GET", "/jobs?cursor=abc"))[:2] == (400, "invalid-cursor")


async def test_reports_in_every_form(apis: Any, fakes: Any) -> None:
    one = fakes()
    odd = {'=cmd|x,"y"': (record("a"),), "<b>ü z": (record("a"), record("a", "b"))}
    seed(one, odd)
    api = await apis(entry("one", one), home="one")
    job = (await ran(api, "/bulk/check-compatibility", {"target_mode": "FULL_TRANSITIVE"}))["id"]
    whole = await api.get(f"/jobs/{job}/report")
    assert {each["subject"] for each in whole["results"]} == set(odd)
    assert [each["event"] for each in whole["journal"]][:2] == ["planned", "started"]
    text = (await api.ask("GET", f"/jobs/{job}/report?format=csv")).text

    rows = {row["subject"]: row for row in csv.DictReader(io.StringIO(text))}
    assert rows['\'=cmd|x,"y"']["result"] == "compatible"
    assert rows["<b>ü z"]["result"] == "incompatible"
    assert "versions 1 and 2 (backward)" in rows["<b>ü z"]["reason"]
    page = (await api.ask("GET", f"/jobs/{job}/report?format=html")).text
    assert "&lt;b&gt;ü" in page
    assert "<b>" not in page
    assert "http" not in page
    document = (await api.ask("GET", f"/jobs/{job}/report?format=pdf")).content
    assert document.startswith(b"%PDF-")
    assert len(document) > 2_000
    assert (await api.refused("GET", f"/jobs/{job}/report?format=docx"))[:2] == (400, "invalid-request")


async def test_without_its_library_a_document_says_what_brings_it(
    apis: Any, fakes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = fakes()
    seed(one, many(1))
    api = await apis(entry("one", one), home="one")
    job = (await ran(api, SET, {"mode": "FULL", "subject_filter": "user-"}))["id"]
    for name in [name for name in sys.modules if name.partition(".")[0] == "reportlab"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "reportlab", None)
    status, code, detail = await api.refused("GET", f"/jobs/{job}/report?format=pdf")
    assert (status, code) == (501, "library-missing")
    assert "decapolis[reports]" in detail


async def test_a_step_with_a_passing_fault_is_tried_again(apis: Any, fakes: Any) -> None:
    one = fakes()
    seed(one, many(3))
    api = await apis(entry("one", one), home="one")
    fake_of(one).fail_next(500, {"error_code": 50001, "message": "later"}, path="/config/user-0001-value")
    fake_of(one).lose_answers(path="/config/user-0002-value", method="PUT")
    fake_of(one).reset(path="/config/user-0003-value")
    job = await ran(api, SET, {"mode": "FULL", "subject_filter": "user-"})
    assert job["steps"] == {"done": 3}
    assert fake_of(one).writes == 3
    assert levels(one) == dict.fromkeys(many(3), "FULL")
    trail = api.client.application.gateway.audit
    outcomes = [each["outcome"] for each in await trail.newest() if each["action"] == "set-config"]
    assert outcomes == ["done"] * 3
