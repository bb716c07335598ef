"""What the policies demand of a place, and what becomes of a level that asks less."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from decapolis.audit import told
from decapolis.gateway import Gateway
from decapolis.registries.live import LiveRegistry
from decapolis.web import current_call
from decapolis_formats import Format
from decapolis_policies import BelowFloor, Level, join
from decapolis_policies.matching import Facts
from decapolis_translators.errors import RegistryError
from decapolis_translators.subjects import Subject

from .errors import BelowTheFloor, NotAllowed

LEVEL = "compatibilityLevel"


def facts_of(registry: LiveRegistry | None, subject: Subject, format: Format | None = None) -> Facts:
    """What policies may ask about a place; a place without a registry is the front's own."""
    if registry is None:
        return Facts(subject.name, context=subject.context, format=format)
    return Facts(subject.name, registry.id, subject.context, format, registry.facts)


async def known_facts(gateway: Gateway, registry: LiveRegistry | None, subject: Subject) -> Facts:
    """The same for a place without a candidate: the format is that of the latest version, where policies ask for it."""
    format = None
    if registry is not None and subject.name and gateway.judge.policies.asks_for_formats:
        try:
            format = (await registry.fetch(str(subject))).schema.format
        except RegistryError:
            format = None
    return facts_of(registry, subject, format)


async def with_enforced_level(
    gateway: Gateway, registry: LiveRegistry | None, subject: Subject, config: Mapping[str, Any]
) -> dict[str, Any]:
    """An effective configuration with the level that decides, which may be deeper than the configured one."""
    facts = await known_facts(gateway, registry, subject)
    return {**config, LEVEL: gateway.judge.enforced(facts, config).name}


async def refuse_forgetting(gateway: Gateway, registry: LiveRegistry, subject: Subject) -> None:
    """What a floor still asks about may be deleted permanently by an administrator only; it goes on being asked."""
    if current_call().administrator:
        return
    formats = {each.schema.format for each in await registry.history(str(subject), deleted=True)}
    for facts in (facts_of(registry, subject, format) for format in sorted(formats)):
        floor = gateway.judge.floor(facts)
        if floor is not None and gateway.judge.demands(facts, {}).asks_deleted:
            refusal = NotAllowed(
                f"Only an administrator may delete permanently under the floor {floor.level} of policy set "
                f"'{floor.policy_set}': later versions must follow what was written before"
            )
            number = await gateway.audit.intend("delete", registry.id, str(subject), {"permanent": True})
            await gateway.audit.close(number, "refused", reason=str(refusal))
            raise told(refusal)


async def held_to_floor(
    gateway: Gateway, registry: LiveRegistry | None, subject: Subject, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """The changes, a level below the floor raised to it where the policy set says so; else BelowTheFloor."""
    held = dict(changes)
    if held.get(LEVEL) is None:
        return held
    floor = gateway.judge.floor(await known_facts(gateway, registry, subject))
    level = Level.named(str(held[LEVEL]))
    if floor is None or not level.below(floor.level):
        return held
    if floor.below is BelowFloor.REFUSE:
        raise BelowTheFloor(level.name, floor.level.name, floor.policy_set)
    return held | {LEVEL: join(level, floor.level).name}
