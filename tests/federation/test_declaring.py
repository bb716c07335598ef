"""A folder under version control: plan, apply, and nothing left to do; drift made by hand is seen and taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway.command import ran, serving

from .conftest import Api, Apis, entry, fake_of, record

ONE, TWO = json.dumps(record("a")), json.dumps(record("a", "b=0"))


def declared(**subjects: Any) -> dict[str, Any]:
    return {"registries": {"embedded": {"level": "FULL", "subjects": subjects}}}


async def test_plan_apply_and_nothing_left(api: Api) -> None:
    wanted = declared(
        order={
            "schema_content": '{"type":"record","name":"O","fields":[{"name":"k","type":"Key"}]}',
            "references": [{"name": "Key", "subject": "key", "version": 1}],
        },
        key={"schema_content": '{"type":"fixed","name":"Key","size":4}', "level": "NONE", "metadata": {"owner": "x"}},
    )
    planned = await api.post("/declared/plan", wanted)
    assert not planned["in_step"]
    actions = [(step["subject"], step["action"]) for step in planned["steps"]]
    assert actions == [
        (None, "set-level"),
        ("key", "register"),
        ("key", "set-level"),
        ("key", "set-metadata"),
        ("order", "register"),
    ]
    assert (await api.get("/registries/embedded/subjects"))["items"] == []
    done = await api.post("/declared/apply", wanted)
    assert done["in_step"], done
    assert await api.post("/declared/plan", wanted) == {"steps": [], "in_step": True}
    assert (await api.client.get("/config/key")).json()["compatibilityLevel"] == "NONE"


async def test_what_was_done_by_hand_is_seen_and_taken_back(api: Api) -> None:
    wanted = declared(s={"schema_content": ONE, "level": "FORWARD_FULL"}, t={"level": ""})
    assert (await api.post("/declared/apply", wanted))["in_step"]
    await api.client.put("/config/s", json={"compatibility": "NONE"})
    await api.client.put("/config/t", json={"compatibility": "NONE"})
    await api.client.registered("s", TWO)
    steps = (await api.post("/declared/plan", wanted))["steps"]
    assert [(step["subject"], step["action"], step["before"], step["after"]) for step in steps] == [
        ("s", "set-level", "NONE", "FORWARD_FULL"),
        ("s", "delete-version", 2, None),
        ("t", "set-level", "NONE", None),
    ]
    careful = await api.post("/declared/apply", wanted)
    assert [step["done"] for step in careful["steps"]] == [True, False, True]
    assert (await api.post("/declared/apply", {**wanted, "may_destroy": True}))["in_step"]
    assert (await api.post("/declared/plan", wanted))["in_step"]
    assert (await api.client.get("/subjects/s/versions")).json() == [1]


async def test_what_would_be_refused_is_said_beforehand(api: Api) -> None:
    await api.client.registered("s", ONE)
    broken = json.dumps(record("a", "b"))
    steps = (await api.post("/declared/plan", declared(s={"schema_content": broken})))["steps"]
    assert (steps[-1]["possible"], bool(steps[-1]["messages"])) == (False, True)
    done = (await api.post("/declared/apply", declared(s={"schema_content": broken})))["steps"]
    assert (done[-1]["done"], "incompatible" in done[-1]["error"]) == (False, True)
    refused = await api.refused("POST", "/declared/plan", declared(s={"level": "SIDEWAYS"}))
    assert refused[:2] == (400, "invalid-level")
    refused = await api.refused("POST", "/declared/plan", {"registries": {"nope": {}}})
    assert refused[:2] == (404, "unknown-registry")


async def test_a_dead_registry_ends_the_planning(apis: Apis, fakes: Any) -> None:
    main = fakes()
    api = await apis(entry("main", main), home="main")
    fake_of(main).fail_next(500, times=1000)
    refused = await api.refused("POST", "/declared/plan", {"registries": {"main": {"level": "FULL"}}})
    assert refused[0] == 502


def test_the_commands_work_on_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "estate"
    (folder / "schemas").mkdir(parents=True)
    (folder / "schemas" / "user.avsc").write_text(ONE)
    (folder / "users.yaml").write_text(
        "registries:\n  embedded:\n    level: FULL\n    subjects:\n"
        "      users-value:\n        schema: schemas/user.avsc\n        level: FORWARD_FULL\n"
        "        metadata: {owner: team-x}\n"
    )
    store = f"sqlite:///{tmp_path}/store.db"
    with serving("--port", "0", "--store", store, folder=tmp_path) as gateway:

        def code(*call: str) -> int:
            done = ran(*call, "--url", gateway.url, folder=tmp_path)
            assert "Traceback" not in done.stderr, done.stderr
            return done.returncode

        assert code("plan", "estate") == 2
        assert code("apply", "estate") == 0
        assert code("plan", "estate") == 0
        httpx.put(f"{gateway.url}/config/users-value", json={"compatibility": "NONE"}).raise_for_status()
        assert code("drift", "estate") == 2
        assert code("apply", "estate") == 0
        assert code("drift", "estate") == 0
        assert code("drift") == 0
        (folder / "schemas" / "user.avsc").write_text(json.dumps(record("a", "b")))
        assert code("plan", "estate") == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("registries: [1]\n", "registries must be a mapping"),
        ("registries: {a: {levle: FULL}}\n", "known: level, subjects"),
        ("registries: {a: {subjects: {s: {schema: nope.avsc}}}}\n", "nope.avsc cannot be read"),
        ("registries: {a: }}\n", "estate.yaml"),
        ("registry: {}\n", "known: registries"),
    ],
)
def test_faults_of_a_folder_are_told_with_their_file(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "estate.yaml").write_text(text)
    done = ran("plan", "estate.yaml", "--url", "http://127.0.0.1:9", folder=tmp_path)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
