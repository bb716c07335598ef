"""How many calls each operation costs a registry, and how much time the gateway adds to a read (`python -m benchmarks.calls`).

Every type in turn behind a gateway in this process, before the stand-in of the tests, which answers at once. Each question is
asked for the first time, levels and modes are known from the request before. The counts are written into
`docs/registries/index.md`, and a test compares them; the times are printed, and more than a millisecond a read is exit code 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tests.acceptance.conftest import FACADES, type_of
from tests.gateway.conftest import Client, record, running

from decapolis.app import Application
from decapolis.registries.catalog import CatalogRegistry
from decapolis.settings import Configuration, GatewaySettings, RegistryEntry
from decapolis_translators.testing.facade import CatalogFacade, Facade
from decapolis_translators.testing.fakes.asgi import FakeServer

PAGE = Path(__file__).parent.parent / "docs" / "registries" / "index.md"
START = "<!-- made by: python -m benchmarks.calls -->"
END = "<!-- end -->"
MOST_ADDED = 0.001
"""Seconds that a read may take longer than the registry itself does."""
READS = 200

Operation = Callable[[Client, str], Awaitable[Any]]


async def told(client: Client, method: str, path: str, **options: Any) -> Any:
    """What a 200 says."""
    answer = await client.request(method, f"/registries/r{path}", **options)
    if answer.status_code != 200:
        raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text}")
    return answer.json()


def _version(*fields: str) -> dict[str, str]:
    return {"schema": json.dumps(record(*fields))}


def _registering(*fields: str) -> Operation:
    return lambda client, subject: told(client, "POST", f"/subjects/{subject}/versions", json=_version(*fields))


def _asking(method: str, path: str, body: Any = None) -> Operation:
    return lambda client, subject: told(client, method, path.format(subject=subject), json=body)


OPERATIONS: dict[str, Operation] = {
    "first version of a new subject": _registering("a"),
    "next version": _registering("a", "b=0"),
    "the same again": _registering("a", "b=0"),
    "the same again, at another gateway": _registering("a", "b=0"),
    "latest": _asking("GET", "/subjects/{subject}/versions/latest"),
    "version 1": _asking("GET", "/subjects/{subject}/versions/1"),
    "list of versions": _asking("GET", "/subjects/{subject}/versions"),
    "lookup": _asking("POST", "/subjects/{subject}", _version("a")),
    "check against the latest": _asking(
        "POST", "/compatibility/subjects/{subject}/versions/latest", _version("a", "b=0", "c=0")
    ),
    "list of subjects": _asking("GET", "/subjects"),
    "set a level": _asking("PUT", "/config/{subject}", {"compatibility": "FULL"}),
    "level of a subject": _asking("GET", "/config/{subject}"),
    "delete a version": _asking("DELETE", "/subjects/{subject}/versions/2"),
    "delete a subject": _asking("DELETE", "/subjects/{subject}"),
    "delete it for good": _asking("DELETE", "/subjects/{subject}?permanent=true"),
}
AT_ANOTHER = "the same again, at another gateway"
READING: dict[str, int | None] = {"latest": None, "version 1": 1}


@dataclass
class Measured:
    """What one registry was asked."""

    name: str
    calls: dict[str, int] = field(default_factory=dict)
    added: dict[str, float] = field(default_factory=dict)


def fake_behind(facade: Facade | CatalogFacade) -> FakeServer:
    """The stand-in, which counts its calls."""
    fake = getattr(facade, "fake", None)
    assert isinstance(fake, FakeServer)
    return fake


def asked(fake: FakeServer) -> int:
    """How many calls it had."""
    return sum(fake.calls.values())


async def still(fake: FakeServer) -> int:
    """How many calls it had once nothing more comes: what a write left to do counts as well."""
    seen, quiet = asked(fake), 0
    while quiet < 5:
        await asyncio.sleep(0.01)
        now = asked(fake)
        quiet, seen = (quiet + 1, seen) if now == seen else (0, now)
    return seen


async def _known(client: Client, fake: FakeServer) -> None:
    """Waits until the gateway has seen for itself that the registry is there, which costs calls too."""
    gateway = client.application.gateway
    while gateway is None or gateway.registries.all[0].up is None:
        await asyncio.sleep(0.01)
    await still(fake)


def configuration(facade: Facade | CatalogFacade, folder: Path) -> Configuration:
    """The registry behind a gateway of its own, in which nothing expires while it is measured."""
    entry = {"id": "r", "type": type_of(facade), "config": dict(facade.config())}
    settings = {"store": f"sqlite:///{folder}/store.db", "home": "r", "cache": {"seconds": 600}}
    return Configuration.assembled(GatewaySettings.model_validate(settings), [RegistryEntry.model_validate(entry)])


async def measured(name: str, *, timed: bool = False) -> Measured:
    """Every operation once, each on a registry that is otherwise left alone."""
    facade = FACADES[name]()
    facade.start()
    found = Measured(name)
    fake = fake_behind(facade)
    try:
        with tempfile.TemporaryDirectory() as folder:
            given = configuration(facade, Path(folder))
            async with AsyncExitStack() as first:
                client = await first.enter_async_context(running(given))
                await _known(client, fake)
                for what, operation in OPERATIONS.items():
                    if what == AT_ANOTHER:
                        await first.aclose()
                        client = await first.enter_async_context(running(given))
                        await _known(client, fake)
                    before = await still(fake)
                    await operation(client, "orders-value")
                    found.calls[what] = await still(fake) - before
                    if timed and what in READING:
                        found.added[what] = await _added(client, READING[what])
    finally:
        facade.stop()
    return found


async def _added(client: Client, version: int | None) -> float:
    """The median of reads through the gateway, less that of the same question asked of the type itself.

    What a catalog's documents are read from is the gateway's own store: there all of it counts.
    """
    gateway = client.application.gateway
    assert gateway is not None
    native: Any = gateway.registries.all[0].translator
    native = None if isinstance(native, CatalogRegistry) else getattr(native, "native", native)
    path = f"/registries/r/subjects/orders-value/versions/{version or 'latest'}"
    numbers = count()

    async def through() -> None:
        await _asgi(client.application, path, f"n={next(numbers)}")  # a question that nobody asked before

    async def direct() -> None:
        await native.fetch("orders-value", version)

    return await _median(through) - (await _median(direct) if native is not None else 0.0)


async def _asgi(application: Application, path: str, query: str) -> None:
    """One request without a client around it, whose own time would be measured too."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"host", b"gateway")],
        "client": ("127.0.0.1", 1),
        "server": ("gateway", 80),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start" and message["status"] != 200:
            raise SystemExit(f"{path}: {message['status']}")

    await application(scope, receive, send)


async def _median(ask: Callable[[], Awaitable[Any]]) -> float:
    spent = []
    for _ in range(READS):
        began = time.perf_counter()
        await ask()
        spent.append(time.perf_counter() - began)
    return statistics.median(spent)


def table(found: Sequence[Measured]) -> str:
    """A row for each operation, a column for each registry."""
    lines = [f"| | {' | '.join(each.name for each in found)} |", f"|---|{'---|' * len(found)}"]
    lines += [f"| {what} | {' | '.join(str(each.calls[what]) for each in found)} |" for what in OPERATIONS]
    return "\n".join(lines)


async def counted(*, timed: bool = False) -> list[Measured]:
    """All types, one after another."""
    return [await measured(name, timed=timed) for name in FACADES]


def main() -> int:
    """Writes the table, prints the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change no page; exit code 1 where it says something else")
    check = parser.parse_args().check
    found = asyncio.run(counted(timed=True))
    made = table(found)
    before, _, rest = PAGE.read_text().partition(START)
    _, _, after = rest.partition(END)
    page = f"{before}{START}\n\n{made}\n\n{END}{after}"
    same = page == PAGE.read_text()
    if not check:
        PAGE.write_text(page)
    slow = False
    sys.stdout.write(f"{made}\n\nadded to a read, milliseconds:\n")
    for each in found:
        slow |= max(each.added.values()) > MOST_ADDED
        sys.stdout.write(
            f"{each.name:22}" + "  ".join(f"{what} {s * 1000:.2f}" for what, s in each.added.items()) + "\n"
        )
    return int(slow or (check and not same))


if __name__ == "__main__":
    sys.exit(main())
