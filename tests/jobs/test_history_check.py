"""Whole histories as a gateway reads them: soft-deleted ones, floors, and the version that would bridge."""

from __future__ import annotations

import json
from typing import Any

import pytest

from decapolis.gateway import View
from decapolis.operations.history_check import UnknownMode, history_check
from decapolis_translators.errors import SubjectNotFound
from tests.gateway.conftest import Client, entry, record
from tests.gateway.policed import gateway_of


async def test_a_history_that_its_registry_calls_fine(gateways: Any, fakes: Any) -> None:

    side = fakes()
    client: Client = await gateways(entry("side", side), home="side")
    await client.put("/config/s", json={"compatibility": "FORWARD_TRANSITIVE"})
    await client.registered("s", record("a"))
    await client.registered("s", record("a", "b"))
    view = View(gateway_of(client), "side")
    own = await history_check(view, "s")
    assert (own.target, own.satisfied, own.configured) == ("FORWARD_TRANSITIVE", True, "FORWARD_TRANSITIVE")
    full = await history_check(view, "s", "forward_full", bridge=True)
    assert not full.satisfied
    assert [(each.older, each.newer, each.direction) for each in full.broken] == [(1, 2, "backward")]
    assert full.bridging is not None
    assert json.loads(full.bridging.text)["fields"][1]["default"] == 0
    answer = await client.register("s", full.bridging.text)
    assert answer.status_code == 200
    after = await history_check(view, "s", "FORWARD_FULL", bridge=True)
    assert not after.satisfied
    assert after.bridged


async def test_what_cannot_be_asked(client: Client) -> None:
    view = View(gateway_of(client), "embedded")
    with pytest.raises(SubjectNotFound):
        await history_check(view, "nobody", "FULL")
    await client.registered("s", record("a"))
    with pytest.raises(UnknownMode, match=r"^Invalid compatibility mode: SIDEWAYS$"):
        await history_check(view, "s", "SIDEWAYS")


async def test_deleted_versions_count_where_a_floor_counts_them(policed: Any) -> None:
    policy = {"name": "floor", "match": {}, "floor": "BACKWARD_TRANSITIVE"}
    client: Client = await policed()
    await client.put("/config/s", json={"compatibility": "NONE"})
    for fields in (("a",), ("a", "b"), ("a", "b")):
        await client.registered("s", record(*fields))
    await client.delete("/subjects/s/versions/1")
    view = View(gateway_of(client), "embedded")
    assert (await history_check(view, "s", "FULL_TRANSITIVE")).satisfied
    policed.write(policy)
    gateway_of(client).judge.file.refresh(force=True)
    found = await history_check(view, "s", "FULL_TRANSITIVE")
    assert not found.satisfied
    assert [(each.older, each.newer, each.deleted) for each in found.broken] == [(1, 2, True)]
