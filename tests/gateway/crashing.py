"""A gateway in a process of its own that asks one question and may be killed while it does.

`python -m tests.gateway.crashing` has loaded everything and starts nothing: for each line that it reads it forks a gateway, so
that many of them can be had in a second.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx

from decapolis.app import create_app
from decapolis.settings import Configuration, GatewaySettings, RegistryEntry
from decapolis_translators.discovery import Types
from decapolis_translators.testing.fakes.asgi import FakeServer, Request

Question = tuple[str, str, Any]
"""Method, path, body."""
GO = signal.SIGUSR1


@dataclass(frozen=True)
class Estate:
    """What a gateway is started with."""

    entry: dict[str, Any]
    store: str


def _say(*words: Any) -> None:
    os.write(1, (json.dumps(words) + "\n").encode())


async def _ask(given: dict[str, Any]) -> list[list[Any]]:
    """Starts, makes what must be there, waits for the word, and asks."""
    settings = GatewaySettings.model_validate({"store": given["store"], "home": "r", "cache": {"seconds": 0}})
    application = create_app(Configuration.assembled(settings, [RegistryEntry.model_validate(given["entry"])]))
    async with (
        application.opened(),
        httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://gateway", timeout=30) as client,
    ):
        for method, path, body in given["before"]:
            answer = await client.request(method, path, json=body)
            if answer.status_code != 200:
                raise SystemExit(f"{method} {path}: {answer.text}")
        if given["waits"]:
            _say("ready", os.getpid())
            signal.sigwait({GO})
        return [_told(await client.request(method, path, json=body)) for method, path, body in given["questions"]]


def _told(answer: httpx.Response) -> list[Any]:
    return [answer.status_code, answer.json()]


class Killer:
    """Stands in a fake's way: at one call it kills who asks, before the call has an effect or after it."""

    def __init__(self, fake: FakeServer) -> None:
        self.victim: int | None = None
        self.at = 0
        self.afterwards = False
        self.seen = 0
        self._has_killed = False
        self._fake = fake
        self._respond = fake._respond
        fake._respond = self._stand_by  # type: ignore[method-assign]

    def arm(self, victim: int, at: int, *, afterwards: bool) -> None:
        """The call of that number, counted from now on, is the victim's last; `afterwards` counts writes alone."""
        self.at, self.afterwards, self.seen, self._has_killed = at, afterwards, 0, False
        self.victim = victim

    def disarm(self) -> bool:
        """Nobody is killed any more; whether somebody was."""
        self.victim = None
        return self._has_killed

    async def _stand_by(self, request: Request) -> tuple[int, Any, Any]:
        if not self.afterwards:
            self.seen += 1
            return self._killed() if self._is_last() else await self._respond(request)
        before = self._fake.writes
        answer = await self._respond(request)
        self.seen += self._fake.writes != before  # after a call that changed nothing is before the next one
        return self._killed() if self._is_last() and self._fake.writes != before else answer

    def _is_last(self) -> bool:
        return self.victim is not None and self.seen == self.at

    def _killed(self) -> tuple[int, Any, Any]:
        """Nobody is left to read the answer."""
        assert self.victim is not None
        self._has_killed = True
        os.kill(self.victim, signal.SIGKILL)
        return 503, {}, {}


@cache
def _nursery() -> subprocess.Popen[str]:
    nursery = subprocess.Popen(
        [sys.executable, "-m", "tests.gateway.crashing"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(nursery.__exit__, None, None, None)  # closes its input, which ends it
    return nursery


def asked(
    estate: Estate,
    before: Sequence[Question],
    questions: Sequence[Question],
    killer: Killer | None = None,
    at: int = 0,
    *,
    afterwards: bool = False,
) -> list[list[Any]] | None:
    """The answers of a new gateway to the questions, None where it was killed on the way."""
    nursery = _nursery()
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    given = {"entry": estate.entry, "store": estate.store, "before": before, "questions": questions}
    nursery.stdin.write(json.dumps({**given, "waits": killer is not None}) + "\n")
    nursery.stdin.flush()
    answers: list[list[Any]] | None = None
    while line := nursery.stdout.readline():
        word, told = json.loads(line)
        if word == "ready" and killer is not None:
            killer.arm(told, at, afterwards=afterwards)
            os.kill(told, GO)
        elif word == "told":
            answers = told
        elif word == "ended":
            was_killed = killer is not None and killer.disarm()
            assert was_killed == (told == -signal.SIGKILL), told
            assert was_killed or told == 0
            return None if was_killed else answers
    raise AssertionError("there are no more gateways")


def _load() -> None:
    """Everything that a gateway loads at its first use; what that starts has ended before anything is forked."""
    types = Types()
    for name in types.names():
        types.named(name)
    with tempfile.TemporaryDirectory() as folder:
        schema = {"schema": '{"type":"record","name":"R","fields":[]}'}
        path = "/subjects/s/versions"
        questions = [("POST", path, schema), ("GET", path, None), ("PUT", "/config/s", {"compatibility": "FULL"})]
        given = {"entry": {"id": "r", "type": "embedded"}, "store": f"sqlite:///{folder}/store.db"}
        asyncio.run(_ask({**given, "before": [], "questions": questions, "waits": False}))


def main() -> None:
    """Forks one gateway after another."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {GO})
    _load()
    for line in sys.stdin:
        given = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                _say("told", asyncio.run(_ask(given)))
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        _say("ended", os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
