"""Starts the estate and a gateway in front of it, fills it, and says what there is to see."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import yaml

from decapolis.files import load
from decapolis.server import run
from decapolis.settings import Configuration

from .seeding import alter_by_hand, seed
from .stand_ins import HOME, StandIn, estate

START_SECONDS = 30.0


def configured(folder: Path, stand_ins: Mapping[str, StandIn], host: str, port: int) -> Configuration:
    """Writes the configuration into a folder, where it can be looked at, and reads it back."""
    folder.mkdir(parents=True, exist_ok=True)
    routes = [
        {"match": "main.*", "registry": "lake"},
        {"match": "iot-*", "registry": "iot"},
        {"match": "supplier-*", "registry": "partners"},
        {"registry": HOME},
    ]
    settings = {
        "registries_file": "registries.yaml",
        "policies_file": "policies.yaml",
        "home": HOME,
        "routes": routes,
        "store": f"sqlite:///{folder.resolve()}/decapolis.db",
    }
    entries = [each.entry for each in stand_ins.values()]
    (folder / "gateway.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    (folder / "registries.yaml").write_text(yaml.safe_dump({"registries": entries}, sort_keys=False))
    (folder / "policies.yaml").write_text(_POLICIES)
    return load(folder / "gateway.yaml", {"host": host, "port": port}, {})


_POLICIES = """\
# what the platform team demands, whatever a registry is set to
policies:
  - name: money
    match: {subject: 'payments.*'}
    floor: FORWARD
  - name: everything-else
    match: {subject: '*'}
    floor: NONE
    stance: warn
"""


def serve(folder: Path, host: str, port: int, say: Any) -> int:
    """Runs until it is stopped; the exit code of the server."""
    with estate() as stand_ins:
        configuration = configured(folder, stand_ins, host, port)
        filling = threading.Thread(target=_fill, args=(f"http://{host}:{port}", stand_ins, say), daemon=True)
        filling.start()
        return run(configuration)


def _fill(url: str, stand_ins: Mapping[str, StandIn], say: Any) -> None:
    if not _answers(url):
        return
    began = time.monotonic()
    count = asyncio.run(_seeded(url))
    alter_by_hand(stand_ins["lake"].fake)
    say(_guide(url, count, len(stand_ins), time.monotonic() - began))


def _answers(url: str) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/health/ready", timeout=2).status_code == 200:
                return True
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    return False


async def _seeded(url: str) -> int:
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        return await seed(client)


def _guide(url: str, subjects: int, registries: int, seconds: float) -> str:
    return f"""
The estate is filled: {subjects} subjects in {registries} registries of ten types ({seconds:.0f} s). Try, in another terminal:
  decapolis registries list --url {url}
  decapolis find customers-value --url {url}
  decapolis overview --url {url}
  decapolis drift --url {url}
  decapolis recommendations --url {url}
  decapolis migrate analyze --registry {HOME} --to FORWARD_FULL --url {url}
Ctrl-C ends it all."""
