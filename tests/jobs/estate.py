"""Registries full of subjects, and what tests ask of jobs most often."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from decapolis_translators.testing.fakes import Loopback
from decapolis_translators.testing.fakes.dialect_state import Content, Version
from tests.federation.conftest import Api
from tests.gateway.conftest import fake_of, record

ENDED = {"done", "failed", "cancelled", "rolled_back"}


def seed(loopback: Loopback, subjects: Mapping[str, Sequence[Any]], level: str | None = None) -> None:
    """Puts subjects with these versions into a fake, past every judge, and a level of their own where one is given."""
    state = fake_of(loopback).state
    ids = state.ids.setdefault(".", {})
    for name, schemas in subjects.items():
        versions = state.subjects.setdefault(name, {})
        for schema in schemas:
            text = schema if isinstance(schema, str) else json.dumps(schema, separators=(",", ":"))
            kind = "PROTOBUF" if text.startswith("syntax") else "AVRO"
            number = max(versions, default=0) + 1
            native = max(ids, default=0) + 1
            ids[native] = Content(kind, text)
            state.highest_id["."] = native
            versions[number] = Version(name, number, native, ids[native])
        if level is not None:
            state.configs[name] = {"compatibilityLevel": level}


def levels(loopback: Loopback) -> dict[str, str]:
    """The levels that subjects of a fake have of their own."""
    configs = fake_of(loopback).state.configs
    return {name: config["compatibilityLevel"] for name, config in configs.items() if "compatibilityLevel" in config}


def many(count: int, prefix: str = "user-", schemas: Sequence[Any] | None = None) -> dict[str, Sequence[Any]]:
    """That many subjects with the same history."""
    return {f"{prefix}{at:04}-value": schemas or (record("a"),) for at in range(1, count + 1)}


async def ended(api: Api, job: str, seconds: float = 30.0) -> dict[str, Any]:
    """The job once it is over."""
    until = time.monotonic() + seconds
    while True:
        found: dict[str, Any] = await api.get(f"/jobs/{job}")
        if found["state"] in ENDED:
            return found
        assert time.monotonic() < until, found
        await asyncio.sleep(0.05)


async def ran(api: Api, path: str, body: Any, seconds: float = 30.0) -> dict[str, Any]:
    """The job that a request begins, once it is over."""
    begun = await api.post(path, body, status=202)
    return await ended(api, begun["id"], seconds)
