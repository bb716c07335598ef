"""What was only learned from a registry waits for no disk and survives the process; what is given out waits."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from decapolis.registries.memory import Memory
from decapolis.registries.seen import MOST, SeenIds
from decapolis.store import Store, store_at
from decapolis_formats import Format, Schema

FULL, NORMAL = 2, 1
NAMES = Schema(Format.AVRO, '"string"')

KILLED = """
import asyncio, os, signal, sys
from decapolis.registries.memory import Memory
from decapolis.store import store_at
from decapolis_formats import Format, Schema

async def main():
    store = store_at(sys.argv[1])
    await store.open()
    memory = Memory("far", store, relearn=False)
    await memory.open()
    await memory.keep(".", 7, Schema(Format.AVRO, '"string"'))
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = store_at(f"sqlite:///{tmp_path}/store.db")
    await opened.open()
    yield opened
    await opened.close()


def waits(connection: Connection) -> int:
    """How the commit of this transaction will wait."""
    found: int = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
    return found


async def test_only_what_was_learned_waits_for_no_disk(store: Store) -> None:
    seen = [await store.write(waits, learned=learned) for learned in (False, True, True, False, True)]
    assert seen == [FULL, NORMAL, NORMAL, FULL, NORMAL]


async def test_who_must_wait_for_the_disk_does_so_in_mixed_company(store: Store) -> None:
    async def write(number: int) -> int:
        return await store.write(waits, learned=number % 8 != 0)

    seen = await asyncio.gather(*(write(number) for number in range(400)))
    assert {seen[number] for number in range(0, 400, 8)} == {FULL}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that cannot be caught")
async def test_what_was_learned_survives_a_kill(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    ended = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, url)
    assert await asyncio.wait_for(ended.wait(), 60) == -signal.SIGKILL
    store = store_at(url)
    await store.open()
    try:
        memory = Memory("far", store, relearn=False)
        await memory.open()
        assert memory.seen_ids.may_have(".", 7)
        assert await memory.recorded.fetch_by_id(7) == NAMES
    finally:
        await store.close()


async def test_an_id_is_taken_for_seen_before_the_store_has_it(store: Store) -> None:
    memory = Memory("far", store, relearn=False)
    await memory.open()
    assert not memory.seen_ids.may_have(".", 7)
    writing = asyncio.ensure_future(memory.keep(".", 7, NAMES))
    await asyncio.sleep(0)
    assert memory.seen_ids.may_have(".", 7)  # should it be cancelled now, the store may have it all the same
    await writing
    assert not memory.seen_ids.may_have(".other", 7)


async def test_an_id_with_another_text_is_noticed_though_the_text_goes_in_first(store: Store) -> None:
    memory = Memory("far", store, relearn=False)
    await memory.open()
    await memory.keep(".", 7, NAMES)
    await memory.keep(".", 7, NAMES)
    with pytest.raises(Exception, match="stood for another schema"):
        await memory.keep(".", 7, Schema(Format.AVRO, '"long"'))
    assert await memory.recorded.fetch_by_id(7) == NAMES
    relearning = Memory("far", store, relearn=True)
    await relearning.open()
    await relearning.keep(".", 7, Schema(Format.AVRO, '"long"'))
    assert (await relearning.recorded.fetch_by_id(7)).text == '"long"'


def test_with_too_many_ids_the_store_is_asked_every_time() -> None:
    seen = SeenIds()
    assert seen.may_have(".", 1)  # not opened: nothing is known
    seen.open((".", number) for number in range(MOST))
    assert not seen.may_have(".", MOST + 5)
    seen.add(".", MOST)
    assert seen.may_have(".", MOST + 5)
