"""What policies would have refused in the past, asked of the registries as they are now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from decapolis.gateway import Gateway
from decapolis.registries.live import LiveRegistry
from decapolis_policies import PastVersion
from decapolis_policies.matching import Facts
from decapolis_policies.replaying import Finding, replay
from decapolis_policies.rules import Rules
from decapolis_policies.sets import Policies, PoliciesFile
from decapolis_translators.subjects import Subject

from .demanded import facts_of
from .everywhere import Failed, everywhere
from .subject_filter import matching
from .versions import past_versions


@dataclass(frozen=True, slots=True)
class Previewed:
    """What was looked at, and what of it breaks a demand."""

    subjects: int
    versions: int
    findings: list[Finding]
    failed: dict[str, Failed]
    complete: bool


def policies_from(sets: Sequence[Mapping[str, Any]]) -> Policies:
    """Policies as `policies.yaml` would have them; UnusablePolicies or pydantic's ValidationError otherwise."""
    return Policies.of_file(PoliciesFile.model_validate({"policies": list(sets)}), Rules())


async def preview(
    gateway: Gateway, registries: list[LiveRegistry], policies: Policies, filter_: str | None, most: int
) -> Previewed:
    """Replays at most so many subjects of the registries under the policies."""
    await matching(gateway, filter_, ())  # a filter that cannot be used is no registry's fault
    found = await everywhere(registries, lambda registry: _past(gateway, registry, filter_, most))
    failed = {name: each for name, each in found.items() if isinstance(each, Failed)}
    past = [one for each in found.values() if not isinstance(each, Failed) for one in each]
    chosen = past[:most]
    today = gateway.judge.today()

    def replayed() -> list[Finding]:
        return [finding for facts, versions in chosen for finding in replay(policies, facts, versions, today)]

    findings = await asyncio.to_thread(replayed)
    versions = sum(len(each) for _, each in chosen)
    return Previewed(len(chosen), versions, findings, failed, len(past) < most)


async def _past(
    gateway: Gateway, registry: LiveRegistry, filter_: str | None, most: int
) -> list[tuple[Facts, list[PastVersion]]]:
    names = await matching(gateway, filter_, await registry.subjects())
    found = []
    for name in names[:most]:
        subject = Subject.parse(name)
        versions = await past_versions(registry, subject, await registry.history(name))
        found.append((facts_of(registry, subject), versions))
    return found
