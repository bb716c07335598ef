"""`decapolis audit`: the trail, also while a gateway works on it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import AsyncExitStack, closing
from pathlib import Path

from .command import ran
from .conftest import Client, Running, record


async def test_it_verifies_a_store_that_is_in_use(client: Client, tmp_path: Path) -> None:
    await client.registered("s", record("a"))
    gateway = client.application.gateway
    assert gateway is not None
    found = await asyncio.to_thread(
        ran, "audit", "verify", "--store", f"sqlite:///{tmp_path}/store.db", folder=tmp_path
    )
    assert (found.returncode, "The trail holds" in found.stdout) == (0, True)


async def test_what_was_changed_is_found_and_named(gateways: Running, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        client = await gateways(stack_on=stack)
        for index in range(3):
            await client.registered(f"s-{index}", record("a"))
    store = ("--store", f"sqlite:///{tmp_path}/store.db")
    whole = ran("audit", "verify", *store, folder=tmp_path)
    assert (whole.returncode, "3 links" in whole.stdout) == (0, True)
    head = whole.stdout.split("head ")[1].split()[0]
    assert ran("audit", "verify", *store, "--head", head, folder=tmp_path).returncode == 0
    cut = ran("audit", "verify", *store, "--head", "f" * 64, folder=tmp_path)
    assert (cut.returncode, "cut off" in cut.stdout) == (2, True)
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        connection.execute("DROP TRIGGER audit_keeps_facts")
        connection.execute("UPDATE audit SET actor = 'somebody' WHERE id = 2")
        connection.commit()
    broken = ran("audit", "verify", *store, folder=tmp_path)
    assert broken.returncode == 2
    assert "broken at entry 2" in broken.stdout
    assert "1 links before that hold" in broken.stdout


def test_without_a_store_it_says_so(tmp_path: Path) -> None:
    found = ran("audit", "verify", "--store", f"sqlite:///{tmp_path}/none.db", folder=tmp_path)
    assert (found.returncode, "no such file" in found.stderr) == (1, True)
    assert not (tmp_path / "none.db").exists()


async def test_search_and_export(gateways: Running, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        client = await gateways(stack_on=stack)
        await client.registered("s", record("a"))
        await client.register("s", record("a", "b"))
    store = ("--store", f"sqlite:///{tmp_path}/store.db")
    found = ran("audit", "search", *store, "--outcome", "refused", "-o", "json", folder=tmp_path)
    assert [each["target"] for each in json.loads(found.stdout)] == ["s"]
    lines = ran("audit", "export", *store, folder=tmp_path).stdout.splitlines()
    assert [json.loads(line)["outcome"] for line in lines] == ["refused", "done"]
    assert ran("audit", "export", *store, "--format", "csv", folder=tmp_path).stdout.startswith("id,at,")
