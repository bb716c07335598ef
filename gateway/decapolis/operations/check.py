"""Judges a candidate without writing it: the same judge, the same level, as register."""

from __future__ import annotations

from dataclasses import dataclass

from decapolis.gateway import View
from decapolis.registries.live import LiveRegistry
from decapolis.web import current_call
from decapolis_formats import Schema
from decapolis_policies import Level, Verdict
from decapolis_translators.errors import VersionNotFound
from decapolis_translators.subjects import Subject

from .buried import with_buried
from .candidate import Request, candidate_from
from .demanded import LEVEL, facts_of
from .effective import effective_config, followed
from .errors import explained
from .versions import past_versions


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a candidate would be accepted, and what speaks against it."""

    compatible: bool
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Weighed:
    """The verdict on a candidate, where it was weighed, and the text that would be stored."""

    registry: LiveRegistry
    subject: Subject
    schema: Schema
    verdict: Verdict
    versions: tuple[int, ...]
    """The live versions that it was compared with."""

    @property
    def messages(self) -> tuple[str, ...]:
        """What speaks against it, in the dialect's words."""
        return self.verdict.messages + tuple(explained(each) for each in self.verdict.broken_rules)


async def check(
    view: View,
    spelled: str,
    request: Request,
    version: int | None,
    *,
    every: bool = False,
    normalize: bool = False,
) -> Checked:
    """The verdict against one version (the latest for None), or against the whole history with `every`.

    VersionNotFound for a number that is not live, unknown subjects included; an absent latest means no history, hence
    compatible (confluent-rest section 3.5).
    """
    weighed = await weigh(view, spelled, request, version, every=every, normalize=normalize)
    return Checked(weighed.verdict.allowed, weighed.messages)


async def weigh(
    view: View,
    spelled: str,
    request: Request,
    version: int | None,
    *,
    every: bool = False,
    normalize: bool = False,
    level: Level | None = None,
) -> Weighed:
    """The same with every reason; `level` asks what would be if the subject were configured to it."""
    current_call().demand_fresh()  # a verdict on an old history would be a guess
    subject, registry = await followed(view, spelled)
    config = await effective_config(view.gateway, registry, subject)
    if level is not None:
        config[LEVEL] = level.name
    judge, facts = view.gateway.judge, facts_of(registry, subject, request.format)
    history = await registry.history(str(subject), deleted=every and judge.may_ask_deleted(facts))
    demands = judge.demands(facts, config, past={each.schema.format for each in history})
    if not every:
        history = history[-1:] if version is None else [each for each in history if each.version == version]
        if version is not None and not history:
            raise VersionNotFound(str(subject), version)
    candidate = await candidate_from(
        view,
        registry,
        subject,
        request,
        normalize=normalize,
        validate_fields=bool(config.get("validateFields")),
        as_written=True,
    )
    past = await past_versions(registry, subject, history)
    if every and demands.asks_deleted:
        past = await with_buried(view.gateway, registry, subject, past)
    verdict = await judge.judge(candidate.judged(subject), past, demands)
    live = tuple(each.version for each in history if not each.deleted)
    return Weighed(registry, subject, candidate.schema, verdict, live)
