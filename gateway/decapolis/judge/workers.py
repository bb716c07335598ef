"""A few processes for heavy comparisons: one that does not answer in time is killed, and the change is not allowed."""

from __future__ import annotations

import asyncio
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress

from decapolis_formats import ComparisonTooCostly, FormatError
from decapolis_policies import Verdict, WholeVerdict
from decapolis_policies.worker import LENGTH, MatchQuestion, Question, WholeQuestion, packed


class Workers:
    """At most `most` processes, started when they are first needed and kept for the next question."""

    def __init__(self, most: int, seconds: float, *, background: bool = False) -> None:
        self.most = most
        self._seconds = seconds
        self._options = ("--background",) if background else ()
        self._free: list[Process] = []
        self._places = asyncio.Semaphore(most)

    async def judge(self, question: Question) -> Verdict:
        """The verdict; ComparisonTooCostly when it does not come in time, which is never a pass."""
        answer = await self._asked(question)
        assert isinstance(answer, Verdict)
        return answer

    async def judge_whole(self, question: WholeQuestion) -> WholeVerdict:
        """The verdict on a whole history, in the same bounds."""
        answer = await self._asked(question)
        assert isinstance(answer, WholeVerdict)
        return answer

    async def matched(self, question: MatchQuestion, seconds: float) -> tuple[int, ...]:
        """The places of the names that an expression is found in, within so many seconds."""
        answer = await self._asked(question, seconds)
        assert isinstance(answer, tuple)
        return answer

    async def _asked(self, question: Question | WholeQuestion | MatchQuestion, seconds: float | None = None) -> object:
        data, seconds = packed(question), seconds or self._seconds
        try:
            async with asyncio.timeout(seconds), self._places:
                answer = await self._answer(data)
        except TimeoutError:
            raise ComparisonTooCostly(
                f"The comparison did not end within {seconds:g} seconds, so nothing was decided"
            ) from None
        if isinstance(answer, FormatError):
            raise answer
        return answer

    async def _answer(self, data: bytes) -> object:
        process = self._free.pop() if self._free else await _started(self._options)
        try:
            answer = await _exchanged(process, data)
        except BaseException:
            # whatever interrupts an exchange leaves a process that cannot be asked again
            await _ended(process)
            raise
        self._free.append(process)
        return answer

    async def close(self) -> None:
        """Ends the processes."""
        await asyncio.gather(*(_ended(process) for process in self._free))
        self._free.clear()


async def _started(options: Sequence[str]) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "decapolis_policies.worker", *options, stdin=PIPE, stdout=PIPE
    )


async def _exchanged(process: Process, data: bytes) -> object:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(data)
        await process.stdin.drain()
        head = await process.stdout.readexactly(LENGTH.size)
        return pickle.loads(await process.stdout.readexactly(LENGTH.unpack(head)[0]))  # noqa: S301 - from our own process
    except (asyncio.IncompleteReadError, ConnectionError):
        raise ComparisonTooCostly("The comparison ended its process, so nothing was decided") from None


async def _ended(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    if process.stdin is not None:
        process.stdin.close()
    await asyncio.shield(process.wait())
