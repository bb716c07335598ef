"""Files are read again on SIGHUP, when they change, and when asked to; what is wrong with them changes nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from decapolis.plugging import running
from decapolis.plugging.following import TakenByFile

from .configured import Configured
from .conftest import entry, fake_of, record

EMBEDDED = {"id": "embedded", "type": "embedded"}


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 6.0) -> None:
    end = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < end, "it did not come to pass"
        await asyncio.sleep(0.05)


async def test_a_call_takes_over_what_changed_and_nothing_else(
    configured: Configured, fakes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "GRACE_SECONDS", 0.1)
    one, two, three = fakes(), fakes(), fakes()
    configured.write(entry("kept", one), entry("changed", two), entry("gone", three))
    api = await configured.start()
    gateway = api.client.application.gateway
    assert gateway is not None
    before = {live.id: live for live in gateway.registries.all}
    configured.registries(
        EMBEDDED,
        entry("kept", one),
        entry("changed", two, metadata={"region": "eu"}),
        entry("new", three, routes=["n-*"]),
    )
    found = await api.post("/reload")
    assert (found["added"], found["replaced"], found["removed"]) == (["new"], ["changed"], ["gone"])
    assert (found["problems"], found["failures"], found["needs_restart"]) == ([], {}, [])
    after = {live.id: live for live in gateway.registries.all}
    assert list(after) == ["embedded", "kept", "changed", "new"]
    assert after["kept"] is before["kept"]
    assert (await api.get("/registries/changed"))["metadata"] == {"region": "eu"}
    await api.client.registered("n-1", record("a"))
    assert [version.subject for version in fake_of(three).state.all_versions()] == ["n-1"]
    assert (await api.refused("GET", "/registries/gone"))[1] == "unknown-registry"
    trail = [(each["action"], each["outcome"]) for each in await gateway.audit.newest()]
    assert ("reload", "done") in trail


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("registries: [{id: embedded, type: embedded}, {id: x, type: conflunt}]", "did you mean confluent"),
        ("registries: [", "not YAML"),
        (
            "registries: [{id: embedded, type: embedded}, {id: x, type: confluent, config: {url: '${UNSET_4711}'}}]",
            "UNSET_4711",
        ),
        ("registries: [{id: other, type: embedded}]", "home"),
    ],
)
async def test_a_bad_file_keeps_the_old_one_and_says_why(
    configured: Configured, fakes: Any, text: str, says: str
) -> None:
    fake = fakes()
    configured.write(entry("x", fake))
    api = await configured.start()
    (configured.folder / "registries.yaml").write_text(text)
    found = await api.post("/reload")
    assert says in "; ".join(found["problems"])
    assert (await api.post("/registries/x/test"))["status"] == "ok"
    assert (await api.get("/registries"))[0]["id"] == "embedded"


async def test_a_changed_registry_that_does_not_answer_leaves_the_old_in_place(
    configured: Configured, fakes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("decapolis.plugging.reloading.RETRY_SECONDS", 0.5)
    one, two = fakes(), fakes()
    configured.write(entry("x", one, routes=["x-*"]))
    api = await configured.start()
    two.stop()
    configured.registries(EMBEDDED, entry("x", two, routes=["x-*"]), entry("y", two))
    found = await api.post("/reload")
    assert set(found["failures"]) == {"x", "y"}
    assert "still in place" in found["failures"]["x"]
    await api.client.registered("x-1", record("a"))
    assert [version.subject for version in fake_of(one).state.all_versions()] == ["x-1"]
    # it is tried again by itself
    two.start()

    async def moved() -> bool:
        return (await api.get("/registries/x"))["config"]["url"] == two.url

    await until(moved)


async def test_a_change_of_the_file_is_noticed(configured: Configured, fakes: Any) -> None:
    configured.write()
    api = await configured.start()
    configured.registries(EMBEDDED, entry("x", fakes()))

    async def is_there() -> bool:
        return (await api.client.get("/api/v1/registries/x")).status_code == 200

    await until(is_there)


async def test_what_was_added_at_run_time_stays_through_a_reload(configured: Configured, fakes: Any) -> None:
    configured.write(allow_private_networks=True)
    api = await configured.start()
    fake = fakes()
    await api.post("/registries", entry("mine", fake), 201)
    configured.registries(EMBEDDED, entry("x", fake))
    assert (await api.post("/reload"))["added"] == ["x"]
    assert [each["id"] for each in await api.get("/registries")] == ["embedded", "x", "mine"]
    assert (await api.get("/registries/x"))["declared_in"] == str(configured.folder / "registries.yaml")
    code = await api.refused("DELETE", "/registries/x")
    assert "registries.yaml" in code[2]
    # an id belongs to one of both
    configured.registries(EMBEDDED, entry("mine", fake))
    assert "DELETE /api/v1/registries/mine" in (await api.post("/reload"))["problems"][0]
    assert (await api.refused("POST", "/registries", entry("x", fake)))[1] == "registry-exists"


async def test_a_start_with_an_id_that_was_added_at_run_time_is_refused(tmp_path: Path, fakes: Any) -> None:
    from contextlib import AsyncExitStack

    fake = fakes()
    async with AsyncExitStack() as stack:
        first = Configured(tmp_path, stack)
        first.write(allow_private_networks=True)
        api = await first.start()
        await api.post("/registries", entry("mine", fake), 201)
    async with AsyncExitStack() as stack:
        second = Configured(tmp_path, stack)
        second.registries(EMBEDDED, entry("mine", fake))
        with pytest.raises(TakenByFile, match="take it out of"):
            await second.start()


async def test_keys_that_need_a_restart_are_named(configured: Configured) -> None:
    configured.write()
    api = await configured.start()
    configured.write(
        log_level="debug", limits={"judge_processes": 1}, routes=[{"match": "a-*", "registry": "embedded"}]
    )
    found = await api.post("/reload")
    assert found["needs_restart"] == ["limits", "log_level"]
    assert (await api.get("/routes"))["routes"][0]["match"] == "a-*"


async def test_without_files_there_is_nothing_to_read(api: Any) -> None:
    found = await api.post("/reload")
    assert (found["added"], found["problems"]) == ([], [])


def test_sighup_reads_the_files_at_once_and_reads_go_on(tmp_path: Path, fakes: Any) -> None:
    one, two = fakes(), fakes()
    (tmp_path / "gateway.yaml").write_text(
        f"store: sqlite:///{tmp_path}/s.db\nlisten: {{port: 0}}\nregistries_file: r.yaml\nhome: one\n"
    )
    registries = tmp_path / "r.yaml"
    registries.write_text(yaml.safe_dump({"registries": [entry("one", one)]}))
    call = [sys.executable, "-m", "decapolis", "serve", "--config", str(tmp_path / "gateway.yaml")]
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().split()[3]
            registries.write_text(yaml.safe_dump({"registries": [entry("one", one), entry("two", two)]}))
            os.kill(server.pid, signal.SIGHUP)
            end = time.monotonic() + 10
            while httpx.get(f"{url}/api/v1/registries/two").status_code != 200:
                assert time.monotonic() < end
                assert httpx.get(f"{url}/subjects").status_code == 200
                time.sleep(0.02)
            assert server.poll() is None
        finally:
            server.terminate()
            server.communicate(timeout=30)
