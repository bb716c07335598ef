"""What a person on call would look at next: suggestions in the order of their weight, each with its evidence.

These are rules over facts, no guesses: the same facts always give the same suggestions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from decapolis.gateway import Gateway
from decapolis.registries.catalog import CatalogRegistry
from decapolis.registries.live import LiveRegistry
from decapolis.store.estate import guids
from decapolis_policies.levels import Depth, Level

from .everywhere import Failed, everywhere
from .overview import Levels, differing, overview
from .search import freshened

MOST_NAMED = 20
"""How many subjects one suggestion names; all of them are counted."""
MOST_PER_KIND = 50


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One suggestion."""

    kind: str
    weight: int
    """From 1 to 100: what is likely to hurt first comes first."""
    title: str
    action: str
    """What to do about it, in words."""
    registries: tuple[str, ...]
    subjects: tuple[str, ...]
    count: int
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Advice:
    """All suggestions, the weightiest first, and registries that could not be looked at."""

    recommendations: list[Recommendation]
    failed: dict[str, Failed]


async def recommend(gateway: Gateway, registries: list[LiveRegistry]) -> Advice:
    """Looks at levels, doubles and tables of the registries."""
    await freshened(gateway, registries)  # what could not be looked at now is judged by what is known
    levels = await overview(gateway, registries)
    drifts = await everywhere(registries, drift_of)
    deleted = await everywhere(registries, _deleted_only)
    known = {name: each for name, each in levels.items() if isinstance(each, Levels)}
    rows = await gateway.store.read(lambda c: guids(c, [registry.id for registry in registries]))
    found = [
        *_unprotected(known),
        *_unlike_levels(known),
        *_unlike_schemas(rows),
        *_twins(rows),
        *_drifted({name: each for name, each in drifts.items() if not isinstance(each, Failed)}),
        *_left_over({name: each for name, each in deleted.items() if not isinstance(each, Failed)}),
        *_unhealthy(registries),
    ]
    failed = {name: each for name, each in levels.items() if isinstance(each, Failed)}
    ranked = sorted(found, key=lambda each: (-each.weight, each.kind, each.registries, each.subjects))
    return Advice(ranked, failed)


def _unprotected(known: Mapping[str, Levels]) -> Iterator[Recommendation]:
    for registry, levels in known.items():
        names = [name for name, each in levels.effective.items() if Level.named(each.level).depth is Depth.NONE]
        if names:
            yield Recommendation(
                "raise-level",
                90,
                f"Nothing protects {len(names)} subjects of {registry}: their level is NONE",
                "Set BACKWARD or deeper, after a bulk check with that level as target",
                (registry,),
                tuple(names[:MOST_NAMED]),
                len(names),
                {"global": levels.global_level, "origins": sorted({levels.effective[name].origin for name in names})},
            )


def _unlike_levels(known: Mapping[str, Levels]) -> Iterator[Recommendation]:
    for name, by_registry in list(differing(known).items())[:MOST_PER_KIND]:
        yield Recommendation(
            "sync-levels",
            60,
            f"{name} is held to different levels by different registries",
            "Set the same level everywhere, the deepest that the history satisfies",
            tuple(sorted(by_registry)),
            (name,),
            1,
            {"levels": by_registry},
        )


Row = tuple[str, str, str, int]


def _unlike_schemas(rows: Sequence[Row]) -> Iterator[Recommendation]:
    by_subject: dict[str, dict[str, str]] = {}
    for guid, registry, subject, _ in rows:
        by_subject.setdefault(subject, {})[registry] = guid
    unlike = {name: each for name, each in sorted(by_subject.items()) if len(set(each.values())) > 1}
    for name, by_registry in list(unlike.items())[:MOST_PER_KIND]:
        yield Recommendation(
            "registries-drift",
            75,
            f"{name} is not the same schema in {', '.join(sorted(by_registry))}",
            "Compare both sides, then copy the newer versions over",
            tuple(sorted(by_registry)),
            (name,),
            1,
            {"guids": by_registry},
        )


def _twins(rows: Sequence[Row]) -> Iterator[Recommendation]:
    by_guid: dict[str, list[tuple[str, str]]] = {}
    for guid, registry, subject, _ in rows:
        by_guid.setdefault(guid, []).append((registry, subject))
    twins = {guid: places for guid, places in by_guid.items() if len({subject for _, subject in places}) > 1}
    ordered = sorted(twins.items(), key=lambda each: (-len(each[1]), each[0]))
    for guid, places in ordered[:MOST_PER_KIND]:
        subjects = sorted({subject for _, subject in places})
        yield Recommendation(
            "twins",
            30,
            f"{len(subjects)} subjects hold the very same schema",
            "Let them refer to one schema, so that a change is made once",
            tuple(sorted({registry for registry, _ in places})),
            tuple(subjects[:MOST_NAMED]),
            len(subjects),
            {"guid": guid},
        )


async def drift_of(registry: LiveRegistry) -> Mapping[str, str]:
    """Subjects of a catalog whose tables were altered by hand, with what is to be seen there; nothing for other registries."""
    translator = registry.translator
    return await translator.projector.drift() if isinstance(translator, CatalogRegistry) else {}


def _drifted(found: Mapping[str, Mapping[str, str]]) -> Iterator[Recommendation]:
    for registry, tables in found.items():
        for subject, why in sorted(tables.items())[:MOST_PER_KIND]:
            yield Recommendation(
                "table-drift",
                85,
                f"The table of {subject} in {registry} was altered by hand",
                "Compare the subject with its table; then adopt the change, or apply the projection again",
                (registry,),
                (subject,),
                1,
                {"difference": why},
            )


async def _deleted_only(registry: LiveRegistry) -> list[str]:
    return sorted(set(await registry.subjects(deleted=True)) - set(await registry.subjects()))


def _left_over(found: Mapping[str, list[str]]) -> Iterator[Recommendation]:
    for registry, names in found.items():
        if names:
            yield Recommendation(
                "unused-versions",
                20,
                f"{len(names)} subjects of {registry} have soft-deleted versions only",
                "Delete them permanently once no message carries their ids any more",
                (registry,),
                tuple(names[:MOST_NAMED]),
                len(names),
            )


def _unhealthy(registries: Sequence[LiveRegistry]) -> Iterator[Recommendation]:
    for registry in registries:
        if registry.up is False:
            yield Recommendation(
                "registry-down",
                100,
                f"{registry.id} does not answer",
                "Test the registry; until it answers, the last known state is served",
                (registry.id,),
                (),
                1,
                {"error": registry.last_error},
            )
