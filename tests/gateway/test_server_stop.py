"""The end of the process: nothing answered is lost, nothing under way is cut."""

from __future__ import annotations

import http.client
import json
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from decapolis_translators.testing.fakes import CONFLUENT_8, DialectFake, Loopback
from decapolis_translators.testing.fakes.asgi import Request

from .command import Gateway, serving
from .conftest import fake_of

BODY = {"schema": '{"type": "record", "name": "R", "fields": [{"name": "f", "type": "int"}]}'}


def fronting(folder: Path, loopback: Loopback) -> str:
    """The configuration of a gateway whose home is that fake."""
    (folder / "registries.yaml").write_text(
        f"registries: [{{id: far, type: confluent, config: {{url: '{loopback.url}'}}, resilience: {{deadline: 10}}}}]"
    )
    (folder / "gateway.yaml").write_text(
        "registries_file: registries.yaml\nhome: far\nlisten: {port: 0, notice_seconds: 0.5}\n"
        "limits: {answer_seconds: 10}\n"
    )
    return str(folder / "gateway.yaml")


def test_sigterm_cuts_no_request(tmp_path: Path, fakes: Callable[..., Loopback]) -> None:
    loopback = fakes()
    with (
        serving("--config", fronting(tmp_path, loopback), folder=tmp_path) as gateway,
        httpx.Client(base_url=gateway.url, timeout=20) as client,
        ThreadPoolExecutor(12) as threads,
    ):
        assert client.get("/health/ready").status_code == 200
        # the writes hang upstream for longer than the notice: they are drained, not noticed away
        fake_of(loopback).latency = 0.4
        writes = [threads.submit(_register, gateway, f"s{number}") for number in range(10)]
        before = len(fake_of(loopback).requests)
        _wait_for(lambda: len(fake_of(loopback).requests) >= before + 10)
        gateway.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        late = client.get("/health/ready")
        assert (late.status_code, late.json()["status"]) == (503, "draining")
        assert late.headers["connection"] == "close"
        assert client.get("/schemas/types").status_code == 200
        assert gateway.process.wait(timeout=30) == 0
        answers = [write.result() for write in writes]
    assert [answer.status_code for answer in answers] == [200] * 10
    assert "Traceback" not in (tmp_path / "stderr.log").read_text()


def test_sigterm_under_load_resets_nobody(tmp_path: Path) -> None:
    """Clients that ask all the time, each over a connection for as long as it may, see answers and then a closed port."""
    with serving("--port", "0", folder=tmp_path) as gateway, ThreadPoolExecutor(8) as threads:
        asking = [threads.submit(_ask_until_refused, gateway, asker) for asker in range(8)]
        time.sleep(0.7)
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(timeout=30) == 0
        answered = [asked.result() for asked in asking]
    assert all(status == 200 for asker in answered for status in asker)
    assert min(len(asker) for asker in answered) > 5
    said = [json.loads(line) for line in (tmp_path / "stderr.log").read_text().splitlines()]
    assert {each["level"] for each in said} <= {"info"}, said


def _ask_until_refused(gateway: Gateway, asker: int) -> list[int]:
    """The status of every answer; anything but an answer or a refused connection is raised."""
    statuses: list[int] = []
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    for number in range(100_000):
        if connection.sock is None:
            try:
                connection.connect()
            except ConnectionRefusedError:
                return statuses
        body = json.dumps({"schema": f'{{"type":"fixed","name":"f{asker}_{number}","size":1}}'})
        if number % 2:
            connection.request("GET", f"/subjects/s{asker}-{number - 1}/versions/latest")
        else:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", f"/subjects/s{asker}-{number}/versions", body, headers)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    raise AssertionError("the port was never closed")


def _register(gateway: Gateway, subject: str) -> httpx.Response:
    return httpx.post(f"{gateway.url}/subjects/{subject}/versions", json=BODY, timeout=20)


def _wait_for(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_sigkill_loses_no_answered_write_and_gives_no_id_twice(tmp_path: Path) -> None:
    chance = random.Random(20)
    texts: dict[int, str] = {}
    for round_ in range(4):
        with serving("--port", "0", folder=tmp_path) as gateway:
            _verify(gateway, texts)
            answered = _registered_until_killed(gateway, round_, after=chance.randint(8, 200))
        for number, text in answered:
            assert texts.setdefault(number, text) == text, f"id {number} was given twice"
    assert len(texts) > 20
    with serving("--port", "0", folder=tmp_path) as gateway:
        _verify(gateway, texts)
        assert gateway.stop() == 0


def _verify(gateway: Gateway, texts: dict[int, str]) -> None:
    with httpx.Client(base_url=gateway.url) as client:
        for number, text in texts.items():
            assert client.get(f"/schemas/ids/{number}").json() == {"schema": text}


def _registered_until_killed(gateway: Gateway, round_: int, after: int) -> list[tuple[int, str]]:
    answered: list[tuple[int, str]] = []
    dead = threading.Event()

    def write(writer: int) -> None:
        with httpx.Client(base_url=gateway.url) as client:
            for number in range(10_000):
                text = f'{{"type":"fixed","name":"f{round_}_{writer}_{number}","size":1}}'
                try:
                    answer = client.post(f"/subjects/w{round_}-{writer}-{number}/versions", json={"schema": text})
                except httpx.HTTPError:
                    assert dead.wait(5)
                    return
                assert answer.status_code == 200, answer.text
                answered.append((answer.json()["id"], text))

    with ThreadPoolExecutor(4) as threads:
        writers = [threads.submit(write, writer) for writer in range(4)]
        while len(answered) < after and not any(writer.done() for writer in writers):
            time.sleep(0.001)
        dead.set()
        gateway.stop(signal.SIGKILL)
        for writer in writers:
            writer.result()
    return answered


class KeepsAnswers(DialectFake):
    """Takes writes and keeps their answers to itself until it is calmed."""

    stalls = False

    async def _respond(self, request: Request) -> tuple[int, Any, Mapping[str, str]]:
        before = self.writes
        answer = await super()._respond(request)
        if self.stalls and self.writes > before:
            await self._until_calm()
        return answer


def test_sigkill_between_a_registrys_write_and_its_answer(tmp_path: Path) -> None:
    """The same request after the restart gets the id that the registry gave, and the trail tells of one change."""
    fake = KeepsAnswers(CONFLUENT_8)
    with Loopback(fake) as loopback:
        config = fronting(tmp_path, loopback)
        with serving("--config", config, folder=tmp_path) as gateway, ThreadPoolExecutor(1) as threads:
            fake.stalls = True
            cut = threads.submit(_register, gateway, "s")
            _wait_for(lambda: fake.writes == 1)
            gateway.stop(signal.SIGKILL)
            assert isinstance(cut.exception(), httpx.HTTPError)
        fake.stalls = False
        fake.calm()
        with serving("--config", config, folder=tmp_path) as gateway:
            for _ in range(2):
                assert _register(gateway, "s").json() == {"id": 1}
            assert httpx.get(f"{gateway.url}/subjects/s/versions").json() == [1]
            assert gateway.stop() == 0
    assert fake.writes == 1
    with sqlite3.connect(tmp_path / "data" / "decapolis.db") as store:
        assert store.execute("SELECT count(*) FROM audit WHERE action = 'register'").fetchone() == (1,)
