"""Searches the whole estate without asking registries: by name, field, type, tag, owner, namespace, format and free text."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from decapolis.gateway import Gateway, View
from decapolis.registries.live import LiveRegistry
from decapolis.store.estate import EstateRow, Wanted, found_rows
from decapolis.web import current_call
from decapolis_formats import Schema
from decapolis_translators.errors import RegistryError, Unreachable
from decapolis_translators.subjects import Subject

from .estate import freshen
from .everywhere import Failed, everywhere

PATIENCE_SECONDS = 2.0
"""How long a search waits for registries whose rows are being made; then it says which are not complete."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is searched for; None asks for nothing."""

    q: str | None = None
    subject: str | None = None
    field: str | None = None
    type: str | None = None
    tag: str | None = None
    owner: str | None = None
    namespace: str | None = None
    format: str | None = None
    guid: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A subject whose newest version answers, and the places in it where fields were asked for."""

    row: EstateRow
    paths: list[str]
    public_id: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of hits, whether there are more, and the registries whose part may be old or not complete."""

    hits: list[Hit]
    more: bool
    failed: dict[str, Failed]


async def search(
    gateway: Gateway, registries: list[LiveRegistry], question: Question, limit: int, after: tuple[str, str] | None
) -> Found:
    """The hits by registry and subject, from behind a place on."""
    failed = await freshened(gateway, registries)
    by_id = {registry.id: registry for registry in registries}
    wanted = _wanted(question, list(by_id))

    types = {registry.id: registry.entry.type for registry in registries}

    def work(connection: Connection) -> list[tuple[EstateRow, list[str]]]:
        found = _matches(connection, wanted, question, types, after)
        return [each for each, _ in zip(found, range(limit + 1), strict=False)]

    rows = await gateway.store.read(work)
    hits = [Hit(row, paths, _public(gateway, by_id[row.registry], row)) for row, paths in rows[:limit]]
    return Found(hits, len(rows) > limit, failed)


async def text_of(gateway: Gateway, row: EstateRow) -> Schema | None:
    """The schema of a row out of what is remembered; None where it is not and its registry cannot be asked."""
    registry = gateway.registries.find(row.registry)
    if registry is None:
        return None
    try:
        return await registry.schema(row.native_id, Subject.parse(row.subject).context)
    except RegistryError:
        return None


async def freshened(gateway: Gateway, registries: list[LiveRegistry]) -> dict[str, Failed]:
    """Registries whose rows could not be brought up to date in time; what is known of them is searched all the same."""

    async def one(registry: LiveRegistry) -> None:
        if registry.up is False:
            raise Unreachable(registry.last_error or f"Registry {registry.id} does not answer")
        task = asyncio.ensure_future(freshen(gateway, registry))
        done, _ = await asyncio.wait({task}, timeout=PATIENCE_SECONDS)
        if not done:
            task.add_done_callback(_seen)
            raise TimeoutError(f"Registry {registry.id} is still being looked at: its part is not complete")
        task.result()

    with current_call().taking_stale():
        found = await everywhere(registries, one)
    return {name: each for name, each in found.items() if isinstance(each, Failed)}


def _seen(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.exception()  # the background tells of faults


def _wanted(question: Question, registries: list[str]) -> Wanted:
    texts = (question.q, question.subject, question.field, question.tag)
    holds = [text.lower() for text in texts if text]
    return Wanted(registries, holds, question.format, question.guid, question.owner, question.namespace)


def _matches(
    connection: Connection, wanted: Wanted, question: Question, types: dict[str, str], after: tuple[str, str] | None
) -> Iterator[tuple[EstateRow, list[str]]]:
    for row in found_rows(connection, wanted, after):
        if _fits(row, question, types[row.registry]):
            paths = _paths(row, question)
            if paths or not question.field:
                yield row, paths


def _fits(row: EstateRow, question: Question, registry_type: str) -> bool:
    if question.subject and question.subject.lower() not in row.subject.lower():
        return False
    if question.tag and question.tag.lower() not in [tag.lower() for tag in row.tags]:
        return False
    if question.type and not question.field:
        wanted = question.type.lower()
        kinds = {row.format, registry_type, (row.kind or "").lower()}
        return wanted in kinds or any(wanted in type.lower() for _, type, _ in row.fields)
    return True


def _paths(row: EstateRow, question: Question) -> list[str]:
    """Where in the schema the fields are that were asked for: by whole path or last name, and by type where that is said."""
    if not question.field:
        return []
    name, kind = question.field.lower(), (question.type or "").lower()
    return sorted(
        path
        for path, type, _ in row.fields
        if name in {path.lower(), path.lower().rpartition(".")[2]} and (not kind or kind in type.lower())
    )


def _public(gateway: Gateway, registry: LiveRegistry, row: EstateRow) -> int | None:
    return View(gateway).public_id(registry, row.native_id, row.subject) if row.native_id else None
