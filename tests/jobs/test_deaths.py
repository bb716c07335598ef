"""The process dies at any step of a job: the next one finds out what was done, and does the rest once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from decapolis.settings import Configuration, GatewaySettings, RegistryEntry
from tests.federation.conftest import Api
from tests.gateway.conftest import entry, fake_of, record, running
from tests.jobs.estate import ended, levels, seed

NAMES = ("user-1", "user-2", "user-3")
BROKEN = (record("a"), record("a", "b"))


_DOCUMENT: dict[str, Any] = {}
"""The same for all; making it takes longer than a job."""


class Dead(BaseException):
    """What a process that is gone answers."""


class Death:
    """Comes with the nth thing that a gateway does to its store or asks of a registry: before its effect, or after."""

    def __init__(self, gateway: Any, at: int, *, after: bool) -> None:
        self.came = False
        self._left, self._after = at, after
        gateway.store.write = self._wrapped(gateway.store.write)
        for registry in gateway.registries.all:
            registry.caller.ask = self._wrapped(registry.caller.ask)
        gateway.store.read = self._dead_after(gateway.store.read)

    def _wrapped(self, real: Any) -> Any:
        async def call(*arguments: Any, **options: Any) -> Any:
            if self.came:
                raise Dead
            self._left -= 1
            last = self._left == 0
            if last and not self._after:
                self.came = True
                raise Dead
            try:
                return await real(*arguments, **options)
            finally:
                self.came = self.came or last
                if self.came:
                    raise Dead

        return call

    def _dead_after(self, real: Any) -> Any:
        async def call(*arguments: Any, **options: Any) -> Any:
            if self.came:
                raise Dead
            return await real(*arguments, **options)

        return call


@asynccontextmanager
async def gateway_on(store: Path, loopback: Any) -> AsyncIterator[Api]:
    """A gateway that does one thing after the other."""
    bounds = {"deadline": 2.0, "retries": 0, "breaker_failures": 1000, "concurrency": 2}
    configuration = Configuration.assembled(
        GatewaySettings.model_validate({"store": f"sqlite:///{store}", "home": "one"}),
        [RegistryEntry.model_validate(entry("one", loopback, resilience=bounds))],
    )
    with suppress(Dead):  # one that died does not get to close in order
        async with running(configuration) as client:
            if not _DOCUMENT:
                _DOCUMENT.update((await client.get("/openapi.json")).json())
            yield Api(client, _DOCUMENT)


async def over_or_dead(api: Api, path: str, body: Any, at: int, *, after: bool) -> bool:
    """Begins a job and answers whether death came before its end."""
    death = Death(api.client.application.gateway, at, after=after)
    try:
        job = (await api.post(path, body, status=202))["id"]
        while not death.came:
            if (await api.get(f"/jobs/{job}"))["state"] in {"done", "rolled_back", "failed"}:
                return death.came
            await asyncio.sleep(0.01)
    except Dead:
        return True
    return True


def explained(report: dict[str, Any]) -> None:
    """Every step's state is the one that its last outcome in the journal says, and every change was announced."""
    last = {each["step"]: each["facts"]["state"] for each in report["journal"] if each["event"] == "outcome"}
    announced = {each["step"] for each in report["journal"] if each["event"] == "intent"}
    for step in report["results"]:
        assert last[step["step"]] == step["state"], step
        if (step["outcome"] or {}).get("changed"):
            assert step["step"] in announced
    assert [each["number"] for each in report["journal"]] == list(range(1, len(report["journal"]) + 1))


async def planned(api: Api) -> dict[str, Any]:
    """What moves all subjects, those that need it with a bridging version."""
    analysis = await api.post("/migration/analyze", {"target_mode": "FORWARD_FULL", "wait": 30})
    return {"analysis_id": analysis["id"], "repair": True}


def fresh(fakes: Any) -> Any:
    one = fakes()
    seed(one, {"user-1": (record("a"),), "user-2": BROKEN, "user-3": (record("a"),)}, level="FORWARD_TRANSITIVE")
    return one


def puts(loopback: Any) -> list[str]:
    """The subjects whose levels were set, in order."""
    return [each.segments[1] for each in fake_of(loopback).requests if each.method == "PUT"]


@pytest.mark.parametrize("after", [False, True], ids=["before-its-effect", "after-its-effect"])
async def test_a_death_at_every_step_of_a_migration(fakes: Any, tmp_path: Path, after: bool) -> None:
    at, deaths = 0, 0
    while True:
        at += 1
        one, store = fresh(fakes), tmp_path / f"{at}.db"
        async with gateway_on(store, one) as api:
            died = await over_or_dead(api, "/migration/execute", await planned(api), at, after=after)
        deaths += died
        async with gateway_on(store, one) as api:
            known = (await api.get("/jobs", kind="migrate"))["items"]
            if not known:
                # it was never told that there is a job, and there is none
                assert died
                assert puts(one) == []
                continue
            job = known[0]["id"]
            over = await ended(api, job)
            assert over["state"] == "done", over
            assert over["result"] == {"one": dict.fromkeys(NAMES, "success")}
            report = await api.get(f"/jobs/{job}/report")
        one.stop()
        assert sorted(puts(one)) == list(NAMES), at
        assert set(levels(one).values()) == {"FULL_TRANSITIVE"}
        assert {name: len(fake_of(one).state.subjects[name]) for name in NAMES} == {
            "user-1": 1,
            "user-2": 3,
            "user-3": 1,
        }
        explained(report)
        if not died:
            break
    assert deaths > 25


@pytest.mark.parametrize("after", [False, True], ids=["before-its-effect", "after-its-effect"])
async def test_a_death_at_every_step_of_the_way_back(fakes: Any, tmp_path: Path, after: bool) -> None:
    at, deaths = 0, 0
    while True:
        at += 1
        one, store = fresh(fakes), tmp_path / f"{at}.db"
        async with gateway_on(store, one) as api:
            job = (await api.post("/migration/execute", await planned(api), status=202))["id"]
            assert (await ended(api, job))["state"] == "done"
            path = f"/migration/{job}/rollback"
            died = await over_or_dead(api, path, {"scope": "all"}, at, after=after)
        deaths += died
        async with gateway_on(store, one) as api:
            over = await ended(api, job)
            if over["state"] == "done":
                # nobody heard of the rollback
                assert died
                continue
            assert over["state"] == "rolled_back", over
            assert over["result"] == {"one": dict.fromkeys(NAMES, "rolled back")}
            explained(await api.get(f"/jobs/{job}/report"))
        one.stop()
        assert levels(one) == dict.fromkeys(NAMES, "FORWARD_TRANSITIVE")
        assert sorted(puts(one)) == sorted(NAMES * 2), at
        live = [version.number for version in fake_of(one).state.live_history("user-2")]
        assert sorted(live) == [1, 2]
        if not died:
            break
    assert deaths > 15


async def test_a_paused_job_stays_paused_over_a_start(fakes: Any, tmp_path: Path) -> None:
    one = fresh(fakes)
    fake_of(one).latency = 0.05
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(gateway_on(tmp_path / "s.db", one))
        job = (await api.post("/bulk/set-compatibility", {"mode": "FULL", "subject_filter": "user"}, status=202))["id"]
        await api.post(f"/jobs/{job}/pause", status=202)
    async with gateway_on(tmp_path / "s.db", one) as api:
        await asyncio.sleep(0.5)
        assert (await api.get(f"/jobs/{job}"))["state"] == "paused"
        assert "FULL" not in levels(one).values() or len(set(levels(one).values())) > 1
        await api.post(f"/jobs/{job}/resume", status=202)
        assert (await ended(api, job))["state"] == "done"
        assert set(levels(one).values()) == {"FULL"}
