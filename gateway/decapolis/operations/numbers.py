"""What a number means: at the front, and as an own id of every registry."""

from __future__ import annotations

from dataclasses import dataclass

from decapolis.gateway import Gateway, View
from decapolis.registries.live import LiveRegistry
from decapolis_formats import Schema
from decapolis_translators.contract import Feature
from decapolis_translators.errors import Absent
from decapolis_translators.subjects import DEFAULT_CONTEXT

from .by_id import fetch_by_id
from .everywhere import Failed, everywhere
from .located import Uses, known_uses


@dataclass(frozen=True, slots=True)
class Meaning:
    """One schema that a number stands for in one registry."""

    registry: str
    native_id: int
    context: str
    schema: Schema
    uses: Uses
    public_id: int | None


@dataclass(frozen=True, slots=True)
class Number:
    """Everything that a number means."""

    front: Meaning | None
    """What a message that carries it is decoded with, without further hints."""
    natively: dict[str, list[Meaning] | Failed]
    """By registry: the schemas that the registry itself calls so."""
    reserved_for: str | None
    """Whose range of public ids it lies in."""


async def meaning_of(gateway: Gateway, number: int, chosen: list[LiveRegistry]) -> Number:
    """What a number means in the gateway and in each of the registries; absence is no error."""
    owned = gateway.ledger.owner(number)
    natively = await everywhere(chosen, lambda registry: _natively(gateway, registry, number))
    return Number(await _at_the_front(gateway, number), natively, None if owned is None else owned.registry)


async def _at_the_front(gateway: Gateway, number: int) -> Meaning | None:
    try:
        found, place = await fetch_by_id(View(gateway), number)
    except Absent:
        return None
    owned = gateway.ledger.owner(number)
    if place is None or owned is None:
        registry = owned.registry if owned else ""
        return Meaning(registry, owned.native_id if owned else number, DEFAULT_CONTEXT, found.schema, [], number)
    used = await known_uses(place.registry, place.native_id, place.context)
    return Meaning(place.registry.id, place.native_id, place.context, found.schema, used or [], number)


async def _natively(gateway: Gateway, registry: LiveRegistry, number: int) -> list[Meaning]:
    contexts = await registry.contexts() if registry.capabilities.has(Feature.CONTEXTS) else [DEFAULT_CONTEXT]
    found = []
    for context in contexts:
        try:
            schema = await registry.schema(number, context)
        except Absent:
            continue
        used = await known_uses(registry, number, context)
        spelled = "x" if context == DEFAULT_CONTEXT else f":{context}:x"
        public_id = View(gateway).public_id(registry, number, spelled)
        found.append(Meaning(registry.id, number, context, schema, used or [], public_id))
    return found
