"""Fills the estate as years of work would have: versions, levels, and one table altered by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import httpx

from decapolis_translators.testing.fakes.unity_state import HeldColumn

from .company import Topic, topics
from .stand_ins import HOME

TARGET_OF_YESTERDAY = "FORWARD_TRANSITIVE"
"""What the company's main registry is held to: the migration to FORWARD_FULL waits to be done."""
TOGETHER = 4


class NotSeeded(RuntimeError):
    """A registry of the estate refused what it was given."""


async def seed(client: httpx.AsyncClient) -> int:
    """Registers everything; answers how many subjects there are."""
    await _ask(client, "PUT", f"/registries/{HOME}/config", {"compatibility": TARGET_OF_YESTERDAY})
    places = asyncio.Semaphore(TOGETHER)

    async def one(topic: Topic) -> None:
        async with places:
            await _register(client, topic)

    everything = topics()
    await asyncio.gather(*(one(topic) for topic in everything))
    return len(everything)


async def _register(client: httpx.AsyncClient, topic: Topic) -> None:
    door, subject = f"/registries/{topic.registry}", quote(topic.subject, safe="")
    if topic.level is not None:
        await _ask(client, "PUT", f"{door}/config/{subject}", {"compatibility": topic.level})
    for text in topic.versions:
        body = {"schema": text, "schemaType": topic.schema_type}
        await _ask(client, "POST", f"{door}/subjects/{subject}/versions", body)


async def _ask(client: httpx.AsyncClient, method: str, path: str, body: Any) -> None:
    answer = await client.request(method, path, json=body)
    if answer.is_error:
        raise NotSeeded(f"{method} {path}: {answer.status_code} {answer.text}")


def alter_by_hand(unity: Any, names: Iterable[str] = ("main.bronze.customers",)) -> None:
    """Adds a column to tables of the lake behind everybody's back: drift that nobody has noticed yet."""
    for name in names:
        catalog, schema, table = name.split(".")
        held = unity.state.catalogs[catalog][schema].tables[table]
        held.columns.append(HeldColumn("marketing_consent", "boolean"))
        held.touch()
