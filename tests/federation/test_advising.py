"""Suggestions, routes, policies and rights: every answer says why."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from decapolis_translators.testing.fakes import Loopback

from .conftest import Api, Apis, entry, fake_of, record

Fakes = Callable[..., Loopback]


async def put(api: Api, registry: str, subject: str, schema: Any) -> None:
    body = {"schema_content": json.dumps(schema)}
    await api.post(f"/registries/{registry}/subjects/{subject}/versions", body, 201)


async def test_suggestions_come_with_their_evidence(apis: Apis, fakes: Fakes) -> None:
    main, side = fakes(), fakes()
    api = await apis(entry("main", main), entry("side", side), home="main")
    await put(api, "main", "orders", record("a"))
    await put(api, "side", "orders", record("a", "b=0"))
    await put(api, "main", "copy", record("a"))
    await put(api, "main", "gone", record("z"))
    await api.ask("DELETE", "/registries/main/subjects/gone")
    await api.client.put("/registries/side/config/orders", json={"compatibility": "NONE"})
    await api.get("/schemas/search", q="orders")  # the index has them all
    found = (await api.get("/recommendations"))["results"]
    assert [each["weight"] for each in found] == sorted((each["weight"] for each in found), reverse=True)
    kinds = {each["kind"]: each for each in found}
    assert set(kinds) == {"raise-level", "registries-drift", "sync-levels", "twins", "unused-versions"}
    assert kinds["raise-level"]["subjects"] == ["orders"]
    assert kinds["sync-levels"]["evidence"]["levels"] == {"main": "BACKWARD", "side": "NONE"}
    assert kinds["twins"]["subjects"] == ["copy", "orders"]
    assert kinds["unused-versions"]["subjects"] == ["gone"]
    assert set(kinds["registries-drift"]["evidence"]["guids"]) == {"main", "side"}
    fake_of(side).fail_next(500, times=1000)
    assert list((await api.get("/recommendations"))["failures"]) == ["side"]
    assert (await api.get("/recommendations"))["results"][0]["kind"] == "registry-down"


async def test_routes_are_explained(apis: Apis, fakes: Fakes) -> None:
    routes = [{"match": "orders-*", "registry": "side"}, {"registry": "main"}]
    api = await apis(entry("main", fakes()), entry("side", fakes()), home="main", routes=routes)
    listed = await api.get("/routes")
    assert [(each["match"], each["registry"]) for each in listed["routes"]] == [("orders-*", "side"), (None, "main")]
    assert listed["home"] == "main"
    why = await api.get("/routes/explain", subject="orders-value")
    assert (why["registry"], why["match"]) == ("side", "orders-*")
    assert (await api.get("/routes/explain", subject="x"))["registry"] == "main"


async def test_policies_are_explained_and_tried_on_the_past(apis: Apis, fakes: Fakes, tmp_path: Path) -> None:
    file = tmp_path / "policies.yaml"
    file.write_text(
        "policies:\n"
        "  - name: strict\n    match: {subject: 'orders-*'}\n    floor: FULL\n"
        "  - name: lax\n    match: {subject: '*'}\n    floor: BACKWARD\n"
    )
    api = await apis(entry("main", fakes()), home="main", policies_file=str(file))
    assert [each["name"] for each in (await api.get("/policies"))["policies"]] == ["strict", "lax"]
    why = await api.get("/policies/explain", subject="orders-value")
    assert (why["policy_set"], why["enforced_level"], why["passed_over"]) == ("strict", "FULL", [])
    why = await api.get("/policies/explain", subject="users-value")
    assert (why["policy_set"], [each["set"] for each in why["passed_over"]]) == ("lax", ["strict"])
    await put(api, "main", "users-value", record("a"))
    await put(api, "main", "users-value", record())
    wanted = [{"name": "new", "match": {"subject": "*"}, "floor": "FULL"}]
    tried = await api.post("/policies/preview", {"policies": wanted})
    assert (tried["subjects"], tried["versions"], tried["refused"]) == (1, 2, 1)
    assert (tried["findings"][0]["version"], tried["findings"][0]["policy_set"]) == (2, "new")
    refused = await api.refused("POST", "/policies/preview", {"policies": [{"name": "x", "floor": "SIDEWAYS"}]})
    assert refused[0] == 400
    refused = await api.refused("POST", "/policies/preview", {"policies": wanted, "subject_filter": "re:("})
    assert refused[:2] == (400, "invalid-filter")


async def test_who_am_i(api: Api) -> None:
    me = await api.get("/whoami")
    assert (me["principal"], me["administrator"]) == ("anonymous", True)
    assert "write" in me["permissions"]
