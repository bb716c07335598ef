"""Whether everything that a subject holds satisfies a level: each pair that the level compares, in each direction.

Setting a level says nothing about the versions that are there. What a floor counts besides (soft-deleted versions, and those
that were deleted for good under it) counts here too.
"""

from __future__ import annotations

from dataclasses import dataclass

from decapolis.gateway import View
from decapolis.web import current_call
from decapolis_formats import Metadata, Reference, RuleSet
from decapolis_policies import LEVELS, Level, Newest, UnknownLevel, WholeVerdict, join
from decapolis_policies.whole import Bridge, BrokenPair
from decapolis_translators.errors import SubjectNotFound

from .buried import with_buried
from .demanded import LEVEL, facts_of
from .effective import effective_config, followed
from .errors import OperationRefused
from .versions import past_versions


class UnknownMode(OperationRefused):
    """No level has that name, as calls of the federation say it."""

    def __init__(self, given: str) -> None:
        super().__init__(f"Invalid compatibility mode: {given}")
        self.known = tuple(LEVELS)


def level_named(given: str) -> Level:
    """The level of that name in any letter case; UnknownMode otherwise."""
    try:
        return Level.named(given)
    except UnknownLevel:
        raise UnknownMode(given) from None


@dataclass(frozen=True, slots=True)
class Bridging:
    """A version that would bridge what is broken, ready to be registered; `version` where it is there already."""

    text: str
    sentence: str
    schema_type: str
    edits: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    metadata: Metadata | None = None
    rule_set: RuleSet | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class HistoryChecked:
    """What a whole history says to a level."""

    registry: str
    subject: str
    target: str
    level: str
    """The level that was asked: the target, or deeper where a policy's floor is."""
    configured: str
    """The level that holds for the subject now."""
    schema_type: str
    versions: tuple[int, ...]
    """The live versions that were looked at."""
    pairs: int
    satisfied: bool
    broken: tuple[BrokenPair, ...] = ()
    broken_pairs: int = 0
    bridging: Bridging | None = None

    @property
    def bridged(self) -> bool:
        """Whether the newest version already makes good what older ones break."""
        return self.bridging is not None and self.bridging.version is not None and not self.bridging.edits


async def history_check(view: View, spelled: str, target: str | None = None, *, bridge: bool = False) -> HistoryChecked:
    """Asks a subject's whole history about a level, its own where none is named; SubjectNotFound where there is none.

    With `bridge` a broken history is answered with a version that would bridge it, proved under the target and under what
    the subject is configured to now, so that it can be registered before or after the level is changed.
    """
    current_call().demand_fresh()
    wanted = None if target is None else level_named(target)
    subject, registry = await followed(view, spelled)
    config = await effective_config(view.gateway, registry, subject)
    judge = view.gateway.judge
    configured = judge.level(config)
    level = configured if wanted is None else wanted
    everything = await registry.history(str(subject), deleted=judge.may_ask_deleted(facts_of(registry, subject)))
    live = [each for each in everything if not each.deleted]
    if not live:
        raise SubjectNotFound(str(subject))
    newest = live[-1].schema
    facts, past_formats = facts_of(registry, subject, newest.format), {each.schema.format for each in everything}
    demands = judge.demands(facts, {**config, LEVEL: level.name}, past=past_formats)
    history = await past_versions(registry, subject, everything)
    if demands.asks_deleted:
        history = await with_buried(view.gateway, registry, subject, history)
    inherited = Newest(subject.name, newest.references)
    verdict = await judge.judge_whole(history, demands, bridge=False, newest=inherited)
    if bridge and not verdict.satisfied:
        both = judge.demands(facts, {**config, LEVEL: join(configured, level).name}, past=past_formats)
        verdict = _with_bridge(verdict, await judge.judge_whole(history, both, bridge=True, newest=inherited))
    found = verdict.bridge
    return HistoryChecked(
        registry.id,
        str(subject),
        level.name,
        verdict.level.name,
        configured.name,
        newest.format.schema_type,
        tuple(each.version for each in live),
        verdict.pairs,
        verdict.satisfied,
        verdict.broken,
        verdict.broken_pairs,
        None
        if found is None
        else Bridging(
            found.text,
            found.sentence,
            newest.format.schema_type,
            found.edits,
            newest.references,
            newest.metadata,
            newest.rule_set,
            found.version,
        ),
    )


def _with_bridge(verdict: WholeVerdict, other: WholeVerdict) -> WholeVerdict:
    bridge: Bridge | None = other.bridge
    return WholeVerdict(verdict.satisfied, verdict.level, verdict.pairs, verdict.broken, verdict.broken_pairs, bridge)
