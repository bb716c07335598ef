"""The federation API over every type at once: one subject everywhere, found, judged, compared, declared and searched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from tests.gateway.conftest import record

from .conftest import DOORS, Estate


@pytest.fixture
def api(estate: Estate) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{estate.gateway.url}/api/v1", timeout=60) as client:
        yield client


def told(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.fixture
def everywhere(api: httpx.Client) -> str:
    """A subject that every registry holds in two versions."""
    subject = f"everywhere.{uuid4().hex[:8]}"
    for name in DOORS:
        for number, schema in enumerate((record("a"), record("a", "b=0")), 1):
            path = f"/registries/{name}/subjects/{quote(subject, safe='')}/versions"
            made = told(api.post(path, json={"schema_content": json.dumps(schema)}), 201)
            assert (made["version"], made["registry"], made["schema_format"]) == (number, name, "avro")
    return subject


def test_one_subject_in_every_registry(api: httpx.Client, everywhere: str) -> None:
    found = told(api.get("/schemas/find", params={"subject": everywhere}))
    assert set(found) == set(DOORS)
    texts = {each["schema_content"] for each in found.values()}
    assert len(texts) == 1, "one canonical text, whatever each registry keeps"
    assert {each["version"] for each in found.values()} == {2}
    assert len({each["id"] for each in found.values()}) == len(DOORS), "no two registries share a public id"
    for name, each in found.items():
        meaning = told(api.get(f"/ids/{each['id']}", params={"registries": name}))
        assert meaning["front"]["schema_content"] == each["schema_content"]

    hits = told(api.get("/schemas/search", params={"subject": everywhere, "field": "b"}))
    assert {hit["registry"] for hit in hits["items"]} | set(hits["failures"]) == set(DOORS)

    compared = told(
        api.post(
            "/schemas/compare",
            json={
                "schema1": {"registry": "aws-glue", "subject": everywhere, "version": 1},
                "schema2": {"registry": "snowflake", "subject": everywhere},
            },
        )
    )
    assert [(each["path"], each["change"]) for each in compared["differences"]] == [("b", "only on the right")]


def test_one_candidate_judged_in_every_registry(api: httpx.Client, everywhere: str) -> None:
    body = {"subject": everywhere, "schema_content": json.dumps(record("a", "b=0", "c")), "target_mode": "backward"}
    found = told(api.post("/compatibility/check", json=body))
    assert set(found) == set(DOORS)
    for name, verdict in found.items():
        assert verdict["is_compatible"] is False, name
        assert verdict["messages"], name
        assert verdict["mode"] == "BACKWARD"
    whole = told(api.post("/compatibility/check", json={"subject": everywhere, "target_mode": "FORWARD_FULL"}))
    assert {name: each["is_compatible"] for name, each in whole.items()} == dict.fromkeys(DOORS, True)


def test_levels_of_every_registry(api: httpx.Client, everywhere: str) -> None:
    for name in DOORS:
        mode = told(api.put(f"/compatibility/{name}/mode", json={"mode": "forward_full", "subject": everywhere}))
        assert (mode["success"], mode["after"]) == (True, "FORWARD_FULL"), name
    found = told(api.get("/compatibility/overview"))
    for name in DOORS:
        assert found[name]["subjects"][everywhere] == "FORWARD_FULL", name


def test_declared_state_is_in_step_after_it_was_applied(api: httpx.Client) -> None:
    """The plan after an apply is empty for every type, and again after somebody meddled."""
    subject = f"declared.{uuid4().hex[:8]}"
    wanted = {"schema_content": json.dumps(record("a")), "level": "FULL", "metadata": {"owner": "x"}}
    declared = {"registries": {name: {"subjects": {subject: wanted}} for name in DOORS}}
    assert not told(api.post("/declared/plan", json=declared))["in_step"]
    applied = told(api.post("/declared/apply", json=declared))
    assert applied["in_step"], [step for step in applied["steps"] if not step["done"]]
    assert told(api.post("/declared/plan", json=declared))["steps"] == []
    for name in DOORS:
        told(api.put(f"/compatibility/{name}/mode", json={"mode": "NONE", "subject": subject}))
    assert len(told(api.post("/declared/plan", json=declared))["steps"]) == len(DOORS)
    assert told(api.post("/declared/apply", json=declared))["in_step"]
    assert told(api.post("/declared/plan", json=declared))["in_step"]


def test_every_registry_is_tested_and_tells_what_it_can(api: httpx.Client) -> None:
    for each in told(api.get("/registries")):
        found = told(api.post(f"/registries/{each['id']}/test"))
        assert (found["status"], found["error"]) == ("ok", None), found
        for feature, able in each["capabilities"]["features"].items():
            assert able["supported"] or able["reason"], (each["id"], feature)
