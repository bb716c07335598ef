"""One level of one place."""

from __future__ import annotations

from typing import Any

from tests.gateway.conftest import entry, record
from tests.jobs.estate import levels, many, seed


async def test_a_level_in_any_case_with_what_was_there(apis: Any, fakes: Any) -> None:
    one = fakes()
    seed(one, many(1))
    api = await apis(entry("one", one), home="one")
    path = "/compatibility/one/mode"
    assert await api.put(path, {"mode": "forward_full", "subject": "user-0001-value"}) == {
        "success": True,
        "registry_id": "one",
        "mode": "FORWARD_FULL",
        "subject": "user-0001-value",
        "before": None,
        "after": "FORWARD_FULL",
    }
    assert levels(one) == {"user-0001-value": "FULL_TRANSITIVE"}
    overall = await api.put(f"{path}?mode=full")
    assert (overall["subject"], overall["before"], overall["after"]) == ("global", "BACKWARD", "FULL")
    assert await api.refused("PUT", path, {"mode": "x"}) == (400, "invalid-level", "Invalid compatibility mode: x")
    problem = (await api.ask("PUT", path, {"mode": "SIDEWAYS"})).json()
    assert problem["detail"] == "Invalid compatibility mode: SIDEWAYS"
    assert "FORWARD_FULL" in problem["known"]
    assert (await api.refused("PUT", "/compatibility/nope/mode", {"mode": "FULL"}))[:2] == (404, "unknown-registry")
    assert (await api.refused("PUT", path, {}))[:2] == (400, "invalid-request")


async def test_every_change_and_every_refused_one_is_in_the_trail(apis: Any, tmp_path: Any) -> None:
    path = tmp_path / "policies.yaml"
    path.write_text("policies:\n- {name: strict, match: {subject: 's'}, floor: FULL}\n")
    api = await apis(policies_file=str(path))
    await api.client.registered("s", record("a"))
    refused = await api.refused("PUT", "/compatibility/embedded/mode", {"mode": "NONE", "subject": "s"})
    assert refused[:2] == (422, "below-the-floor")
    await api.put("/compatibility/embedded/mode", {"mode": "FULL_TRANSITIVE", "subject": "s"})
    trail = await api.client.application.gateway.audit.newest(2)
    assert [(each["action"], each["target"], each["outcome"]) for each in trail] == [
        ("set-config", "s", "done"),
        ("set-config", "s", "refused"),
    ]
    assert trail[0]["intent"] == {"before": {}, "after": {"compatibilityLevel": "FULL_TRANSITIVE"}}
