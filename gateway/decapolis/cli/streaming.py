"""JSON Lines in, JSON Lines out: in order, while they come, on every core."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import IO, Any, Final

import click
import orjson

Work = Callable[[Any], dict[str, Any]]
Code = Callable[[dict[str, Any]], int]
Answered = list[tuple[bytes, int]]

FEW: Final = 32
"""So many lines are answered one by one before processes are started for the rest."""
CHUNK: Final = 64
"""Lines that travel together; fewer when no more have come yet, so that a slow writer gets its answers at once."""
AHEAD: Final = 8
"""Chunks under way for each core: enough to keep them busy, few enough to bound memory."""


def pour(file: str, work: Work, code: Code) -> int:
    """Answers each line of a file (`-` is standard input) that is not blank; the exit code: 1 before 2 before 0.

    `work` and `code` must be importable by name, because other processes call them.
    """
    found = {0}
    try:
        with click.open_file(file, "rb") as lines:
            for chunk in _answers(lines, work, code):
                sys.stdout.buffer.write(b"".join(answer for answer, _ in chunk))
                sys.stdout.buffer.flush()
                found |= {number for _, number in chunk}
    except BrokenPipeError:
        # whoever read has enough; nothing more can be said there, not even at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except BrokenProcessPool:
        raise click.ClickException("a process ended before it answered: the machine may lack memory") from None
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from error
    return next(number for number in (1, 2, 0) if number in found)


def _answers(lines: IO[bytes], work: Work, code: Code) -> Iterator[Answered]:
    wanted = (line for line in iter(lines.readline, b"") if line.strip())
    for line in itertools.islice(wanted, FEW):
        yield _answered([line], work, code)
    more = next(wanted, None)
    if more is not None:
        yield from _in_processes(itertools.chain([more], wanted), partial(_answered, work=work, code=code))


def _in_processes(lines: Iterator[bytes], ask: Callable[[list[bytes]], Answered]) -> Iterator[Answered]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    # forked while there is one thread only: quick, and nothing has to be loaded again
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    under_way: queue.Queue[Future[Answered] | None] = queue.Queue(maxsize=cores * AHEAD)
    with ProcessPoolExecutor(cores, mp_context=multiprocessing.get_context(method)) as pool:
        pool.submit(int).result()
        chunks = _chunks(lines)

        def submit() -> None:
            try:
                for chunk in chunks:
                    under_way.put(pool.submit(ask, chunk))
            except (RuntimeError, BrokenProcessPool):
                pass  # the pool is gone; its futures tell why
            finally:
                under_way.put(None)

        threading.Thread(target=submit, daemon=True).start()
        while (future := under_way.get()) is not None:
            yield future.result()


def _chunks(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Whatever has been read so far, at most CHUNK lines of it, as soon as there is one line."""
    waiting: queue.Queue[bytes | None] = queue.Queue(maxsize=CHUNK * AHEAD)

    def read() -> None:
        try:
            for line in lines:
                waiting.put(line)
        finally:
            waiting.put(None)

    threading.Thread(target=read, daemon=True).start()
    ended = False
    while not ended and (line := waiting.get()) is not None:
        chunk = [line]
        while len(chunk) < CHUNK and not waiting.empty():
            more = waiting.get()
            if more is None:
                ended = True
                break
            chunk.append(more)
        yield chunk


def _answered(lines: list[bytes], work: Work, code: Code) -> Answered:
    found = []
    for line in lines:
        answer = _said(work, _case(line))
        found.append((_line(answer), code(answer)))
    return found


def _said(work: Work, case: Any) -> dict[str, Any]:
    """The answer; where asking fails in a way that nobody foresaw, that is what this line and no other gets."""
    try:
        return work(case)
    except Exception as error:
        named = case.get("id") if isinstance(case, dict) else None
        reason = f"this case could not be decided: {type(error).__name__}: {error}"
        return work(None) | {"id": named, "error": reason}


def _case(line: bytes) -> Any:
    """What a line says; None, which is no case, where it is not JSON."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        try:
            return json.loads(line)  # takes halves of surrogate pairs, which schemas may well hold
        except (ValueError, RecursionError):
            return None


def _line(answer: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        return json.dumps(answer).encode("ascii") + b"\n"
