"""Heavy comparisons leave the process, end in time, and are never a pass when they do not."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

import pytest

from decapolis.judge import INLINE_CHARACTERS, Judge, Workers
from decapolis_formats import ComparisonTooCostly, Format
from decapolis_policies import LEVELS, Candidate, Demands, PastVersion, Text, Verdict
from tests.gateway.conftest import Running, code


def wide(fields: int, **more: str) -> str:
    made = [{"name": f"f{number}", "type": "int", "doc": "x" * 40} for number in range(fields)]
    made += [{"name": name, "type": kind} for name, kind in more.items()]
    return json.dumps({"type": "record", "name": "R", "fields": made})


def text(schema: str) -> Text:
    return Text(Format.AVRO, schema)


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    made = Workers(2, 10.0)
    yield made
    await made.close()


async def judged(workers: Workers, new: str, old: str, demands: Demands | None = None) -> Verdict:
    judge = Judge("BACKWARD", workers=workers)
    return await judge.judge(Candidate(text(new)), [PastVersion(1, text(old))], demands or Demands())


async def test_a_heavy_comparison_gives_the_same_verdict(workers: Workers) -> None:
    old, new = wide(3000), wide(3000, b="string")
    assert len(old) > INLINE_CHARACTERS
    verdict = await judged(workers, new, old)
    assert [each.type for each in verdict.violations] == ["READER_FIELD_MISSING_DEFAULT_VALUE"]
    assert (await judged(workers, old, new)).allowed


async def test_the_loop_goes_on_meanwhile(workers: Workers) -> None:
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            longest = max(longest, time.monotonic() - before)

    ticking = asyncio.create_task(tick())
    old, new = wide(9000), wide(9000, b="string")
    await judged(workers, new, old)
    ticking.cancel()
    assert longest < 0.5


async def test_a_worker_that_takes_too_long_is_killed_and_nothing_is_allowed() -> None:
    hasty = Workers(1, 0.05)
    try:
        with pytest.raises(ComparisonTooCostly, match=r"did not end within 0\.05 seconds"):
            await judged(hasty, wide(9000), wide(9000))
        assert hasty._free == []
    finally:
        await hasty.close()


async def test_a_budget_that_the_loop_does_not_give_a_worker_does(workers: Workers) -> None:
    many = json.dumps([{"type": "fixed", "name": f"F{number}", "size": 1} for number in range(250)])
    verdict = await judged(workers, many, many, Demands(LEVELS["FULL"]))
    assert verdict.allowed


async def test_an_unreadable_candidate_is_told_from_there_too(workers: Workers) -> None:
    from decapolis_formats import InvalidSchema

    with pytest.raises(InvalidSchema):
        await judged(workers, '{"type": "nope"}' + " " * INLINE_CHARACTERS, wide(1))


async def test_over_http_a_timeout_is_an_error_and_not_a_pass(gateways: Running) -> None:
    client = await gateways(limits={"judge_seconds": 0.01, "answer_seconds": 20})
    await client.registered("s", wide(3000))
    assert code(await client.register("s", wide(3000, b="string"))) == (500, 50002)
    assert (await client.get("/subjects/s/versions")).json() == [1]
