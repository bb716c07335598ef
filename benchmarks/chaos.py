"""Half an hour of trouble: each registry killed in turn, one gateway of two, the store for five seconds, over and over
(`python -m benchmarks.chaos --minutes 30`); needs PostgreSQL's programs.

Clients know both gateways and go to the other one when a connection fails, as Kafka's clients do with two URLs. What counts as
answered as it should: known ids, known versions and identical registers always, but for 50001 in time while the store is away
(a gateway that was started anew has nothing in memory yet); something new, or 5000x in time while what it needs is away. More
than 99.9 % must be.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import yaml
from tests.gateway.command import COMMAND, clean
from tests.postgres import Database, binaries

from decapolis_translators.testing.fakes import CONFLUENT_8, KARAPACE_6, REDPANDA_26, DialectFake, Loopback

MOST_SECONDS = 4.5
DOWN_SECONDS = 5.0
REST_SECONDS = 10.0
KNOWN = 100
ASKERS = 12
PAUSE = 0.02
WANTED = 0.999
UNAVAILABLE = {50001, 50002, 50003}


@dataclass
class Trouble:
    """What is away now, or came back a moment ago."""

    registries: set[str] = field(default_factory=set)
    store: bool = False
    recent: float = 0.0

    def excuses(self, registry: str, *, new: bool) -> bool:
        """Whether an answer that says "not now" is as it should be."""
        lately = time.monotonic() < self.recent
        return self.store or lately or (new and registry in self.registries)

    @property
    def excuses_ids(self) -> bool:
        """Whether even a known id may have to wait: only the store's absence does that."""
        return self.store


def schema(number: int, *more: int) -> str:
    """A record; each number of `more` adds a field that may be missing."""
    fields = [{"name": "a", "type": "int"}, *({"name": f"f{n}", "type": "int", "default": 0} for n in more)]
    return json.dumps({"type": "record", "name": f"R{number}", "fields": fields})


class Replica:
    """One gateway, which may be killed and started again on its port."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._folder = folder
        self._command = (*COMMAND, "serve", "--config", "gateway.yaml", "--port", str(port))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once it is ready."""
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(self._command, cwd=self._folder, env=clean({}), stdout=quiet, stderr=quiet)
        for _ in range(600):
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/health/ready", timeout=2).status_code == 200:
                    return
            time.sleep(0.05)
        raise TimeoutError(f"{self.url} did not start")

    def stop(self, sig: int = signal.SIGKILL) -> None:
        """Ends it at once."""
        if self._process is not None:
            self._process.send_signal(sig)
            self._process.wait(30)


class Load:
    """What clients ask meanwhile, and how it was answered."""

    def __init__(self, urls: list[str], ids: list[int], trouble: Trouble) -> None:
        self.urls, self.ids, self.trouble = urls, ids, trouble
        self.asked = 0
        self.bad: Counter[str] = Counter()
        self._fresh = iter(range(10**9))

    async def ask(self, until: float) -> None:
        """One client, until then."""
        async with httpx.AsyncClient(timeout=10) as client:
            while time.monotonic() < until:
                number = random.randrange(KNOWN)
                await random.choice((self._by_id, self._latest, self._again, self._new))(client, number)
                await asyncio.sleep(PAUSE)

    async def _by_id(self, client: httpx.AsyncClient, number: int) -> None:
        await self._judge(client, "by id", "", "GET", f"/schemas/ids/{self.ids[number]}", always=True)

    async def _latest(self, client: httpx.AsyncClient, number: int) -> None:
        path = f"/subjects/{subject(number)}/versions/latest"
        await self._judge(client, "latest", registry(number), "GET", path)

    async def _again(self, client: httpx.AsyncClient, number: int) -> None:
        body = {"schema": schema(number)}
        await self._judge(client, "identical", registry(number), "POST", f"/subjects/{subject(number)}/versions", body)

    async def _new(self, client: httpx.AsyncClient, number: int) -> None:
        fresh = next(self._fresh)
        path = f"/subjects/{NAMES[number % 3]}.new-{fresh}/versions"
        await self._judge(client, "new", registry(number), "POST", path, {"schema": schema(fresh)}, new=True)

    async def _judge(
        self,
        client: httpx.AsyncClient,
        kind: str,
        owner: str,
        method: str,
        path: str,
        body: object = None,
        *,
        always: bool = False,
        new: bool = False,
    ) -> None:
        excused = self.trouble.excuses_ids if always else self.trouble.excuses(owner, new=new)
        began = time.monotonic()
        answer = await self._either(client, method, path, body)
        spent = time.monotonic() - began
        excused = excused or (self.trouble.excuses_ids if always else self.trouble.excuses(owner, new=new))
        self.asked += 1
        if answer is None:
            self.bad[f"{kind}: no gateway answered"] += 1
        elif spent > MOST_SECONDS:
            self.bad[f"{kind}: after {spent:.0f} s"] += 1
        elif answer.status_code != 200:
            told = answer.json().get("error_code") if answer.content else None
            if not (excused and told in UNAVAILABLE):
                self.bad[f"{kind}: {answer.status_code}/{told}"] += 1

    async def _either(self, client: httpx.AsyncClient, method: str, path: str, body: object) -> httpx.Response | None:
        for url in random.sample(self.urls, len(self.urls)):
            with contextlib.suppress(httpx.TransportError):
                return await client.request(method, url + path, json=body)
        return None


NAMES = ("one", "two", "three")


def registry(number: int) -> str:
    """Which registry owns the subject of that number."""
    return NAMES[number % 3]


def subject(number: int) -> str:
    """Its name."""
    return f"{registry(number)}.known-{number}"


async def trouble_forever(
    trouble: Trouble, loopbacks: dict[str, Loopback], replicas: list[Replica], database: Database, until: float
) -> None:
    """One thing after the other goes away and comes back."""

    async def away(what: str, stop: Callable[[], object], start: Callable[[], object]) -> None:
        print(f"{time.strftime('%H:%M:%S')} {what} goes away", flush=True)
        await asyncio.to_thread(stop)
        await asyncio.sleep(DOWN_SECONDS)
        await asyncio.to_thread(start)
        trouble.recent = time.monotonic() + 3 * DOWN_SECONDS
        await asyncio.sleep(REST_SECONDS + 2 * DOWN_SECONDS)

    while time.monotonic() < until:
        for name, loopback in loopbacks.items():
            trouble.registries.add(name)
            await away(f"registry {name}", loopback.stop, loopback.start)
            trouble.registries.discard(name)
        for replica in replicas:
            await away(f"gateway {replica.url}", replica.stop, replica.start)
        trouble.store = True
        await away("the store", database.stop, database.start)
        trouble.store = False


async def run(folder: Path, minutes: float, database: Database, loopbacks: dict[str, Loopback]) -> int:
    """Prints what was asked and what was not answered as it should; the exit code."""
    replicas = [Replica(folder, _free_port()) for _ in range(2)]
    for each in replicas:
        each.start()
    trouble = Trouble()
    try:
        async with httpx.AsyncClient(base_url=replicas[0].url, timeout=30) as client:
            ids = []
            for number in range(KNOWN):
                answer = await client.post(f"/subjects/{subject(number)}/versions", json={"schema": schema(number)})
                ids.append(answer.raise_for_status().json()["id"])
        for each in replicas:
            async with httpx.AsyncClient(base_url=each.url, timeout=30) as client:
                for number in range(KNOWN):
                    await client.get(f"/schemas/ids/{ids[number]}")
                    await client.get(f"/subjects/{subject(number)}/versions/latest")
        until = time.monotonic() + minutes * 60
        load = Load([each.url for each in replicas], ids, trouble)
        faults = asyncio.create_task(trouble_forever(trouble, loopbacks, replicas, database, until))
        await asyncio.gather(*(load.ask(until) for _ in range(ASKERS)))
        faults.cancel()
        await asyncio.gather(faults, return_exceptions=True)
    finally:
        for each in replicas:
            each.stop()
    wrong = sum(load.bad.values())
    for what, count in load.bad.most_common():
        print(f"{count:8} {what}")
    share = 1 - wrong / load.asked
    print(f"{load.asked} requests, {share:.5%} answered as they should be (more than {WANTED:.1%} must)")
    return 0 if share > WANTED else 1


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> None:
    """Starts everything, and ends with 1 where too much was not answered as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    minutes = parser.parse_args().minutes
    if binaries() is None:
        raise SystemExit("PostgreSQL's programs are not installed: two gateways need one database")
    database = Database()
    database.start()
    profiles = dict(
        zip(NAMES, (("confluent", CONFLUENT_8), ("karapace", KARAPACE_6), ("redpanda", REDPANDA_26)), strict=True)
    )
    loopbacks = {name: Loopback(DialectFake(profile)).start() for name, (_, profile) in profiles.items()}
    entries = [
        {"id": name, "type": type_, "config": {"url": loopbacks[name].url}} for name, (type_, _) in profiles.items()
    ]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        settings = {
            "registries_file": "registries.yaml",
            "home": "one",
            "routes": [*({"match": f"{name}.*", "registry": name} for name in NAMES), {"registry": "one"}],
            "store": f"{database.url}/postgres",
            "replicas": 2,
        }
        (folder / "registries.yaml").write_text(yaml.safe_dump({"registries": entries}))
        (folder / "gateway.yaml").write_text(yaml.safe_dump(settings))
        try:
            sys.exit(asyncio.run(run(folder, minutes, database, loopbacks)))
        finally:
            for each in loopbacks.values():
                each.stop()
            database.remove()


if __name__ == "__main__":
    main()
