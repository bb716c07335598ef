"""Policy sets: an ordered list of what is demanded where; the first that matches a subject wins.

Nothing here reads a file or a clock: texts, facts and the day come from outside.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import Field, ValidationError, field_validator, model_validator

from decapolis_formats import Format

from .demands import NONE, BelowFloor, Demands
from .levels import LEVELS, Level, UnknownLevel
from .matching import Facts, check_pattern, matches
from .rule import BoundRule, Stance
from .rules import Rules, UnknownRule
from .strict import Place, Problem, Strict, problems, spelled
from .verdict import FLOOR


class UnusablePolicies(ValueError):
    """Policies that cannot be used; `problems` has the place of each fault, `faults` a sentence for each."""

    def __init__(self, found: Sequence[Problem]) -> None:
        self.problems = tuple(found)
        self.faults = [spelled(each) for each in found]
        super().__init__("; ".join(self.faults))


class Match(Strict):
    """Which subjects a set is for; what is left out matches all, what is named must all hold."""

    subject: str | None = Field(default=None, description="a glob on the subject's name, or an expression after re:")
    registry: str | None = Field(default=None, description="a glob on the registry's id, or an expression after re:")
    context: str | None = Field(default=None, description="a glob on the context (`.` is the default one), or re:")
    format: str | None = Field(default=None, description="AVRO, JSON or PROTOBUF")
    metadata: dict[str, str] = Field(default_factory=dict, description="of the registry: each key must have the value")
    tenant: str | None = Field(
        default=None, description="the caller's tenant, glob or re:; there are none yet, so the set matches nobody"
    )

    @field_validator("subject", "registry", "context", "tenant")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        return None if pattern is None else check_pattern(pattern)

    @field_validator("format")
    @classmethod
    def _known_format(cls, name: str | None) -> str | None:
        return None if name is None else Format.named(name).schema_type

    @field_validator("metadata", mode="before")
    @classmethod
    def _as_texts(cls, raw: Any) -> Any:
        return {str(key): str(value) for key, value in raw.items()} if isinstance(raw, dict) else raw

    def holds(self, facts: Facts) -> bool:
        """Whether all that is named is so."""
        return self.why_not(facts) is None

    def why_not(self, facts: Facts) -> str | None:
        """The first key that does not hold, with both sides; None where all do."""
        if self.subject is not None and not any(matches(self.subject, name) for name in facts.names):
            return f"subject {facts.subject or '(none)'} is not {self.subject}"
        for key, pattern, value in (
            ("registry", self.registry, facts.registry),
            ("context", self.context, facts.context),
            ("tenant", self.tenant, facts.tenant),
        ):
            if pattern is not None and (value is None or not matches(pattern, value)):
                return f"{key} {value or '(none)'} is not {pattern}"
        if self.format is not None and (facts.format is None or facts.format.schema_type != self.format):
            return f"format {facts.format.schema_type if facts.format else '(none)'} is not {self.format}"
        known = dict(facts.metadata)
        for key, wanted in self.metadata.items():
            if known.get(key) != wanted:
                return f"the registry's metadata {key} is {known.get(key, '(none)')}, not {wanted}"
        return None


class Exemption(Strict):
    """One rule (or the floor) that does not hold for some subjects until a day, and who answers for it."""

    subject: str = Field(description="a glob on the subject's name, or an expression after re:")
    rule: str = Field(description="the rule's name, or `floor`")
    owner: str = Field(min_length=1, description="who asked for it")
    reason: str = Field(min_length=1, description="why")
    expires: datetime.date = Field(description="the first day on which it does not hold any more")

    @field_validator("subject")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        return check_pattern(pattern)

    def holds(self, facts: Facts, today: datetime.date) -> bool:
        """Whether it frees this subject today."""
        return today < self.expires and any(matches(self.subject, name) for name in facts.names)


class PolicySet(Strict):
    """What is demanded of the subjects that match."""

    name: str = Field(min_length=1, description="how refusals, reports and the trail call it")
    match: Match = Field(default_factory=Match, description="which subjects it is for; all without it")
    floor: str = Field(default="NONE", description="the level that no subject's own may go below")
    stance: Stance = Field(default=Stance.ENFORCE, description="enforce refuses, warn notices, off does nothing")
    below_floor: BelowFloor = Field(default=BelowFloor.REFUSE, description="what becomes of a level below the floor")
    strict_semantics: bool = Field(default=False, description="judge by the formats' own rules, without oddities")
    counts_soft_deleted: bool = Field(default=True, description="whether the floor also asks deleted versions")
    rules: dict[str, dict[str, Any]] = Field(default_factory=dict, description="options by rule; stance among them")
    exemptions: list[Exemption] = Field(default_factory=list, description="what does not hold for whom until when")

    @field_validator("floor")
    @classmethod
    def _known_level(cls, name: str) -> str:
        try:
            return Level.named(name).name
        except UnknownLevel as unknown:
            raise ValueError(str(unknown)) from unknown

    @field_validator("stance", mode="before")
    @classmethod
    def _off_is_a_word(cls, raw: Any) -> Any:
        # YAML takes a bare `off` for false
        return "off" if raw is False else raw

    @field_validator("rules", mode="before")
    @classmethod
    def _as_mapping(cls, raw: Any) -> Any:
        """A list of names and of single mappings says the same as a mapping; a rule without options may stand bare."""
        if isinstance(raw, list):
            joined: dict[Any, Any] = {}
            for each in raw:
                joined |= each if isinstance(each, dict) else {each: {}}
            raw = joined
        if isinstance(raw, dict):
            return {name: {} if options in (None, True) else options for name, options in raw.items()}
        return raw


class PoliciesFile(Strict):
    """`policies.yaml`."""

    policies: list[PolicySet] = Field(default_factory=list, description="the policy sets; the first that matches wins")

    @model_validator(mode="after")
    def _names_are_unique(self) -> PoliciesFile:
        names = [each.name for each in self.policies]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"the policy set {twice} is there twice")
        return self


@dataclass(frozen=True, slots=True)
class Bound:
    """A policy set with its rules ready to be asked."""

    entry: PolicySet
    floor: Level
    rules: tuple[BoundRule, ...]

    @property
    def name(self) -> str:
        """The set's name."""
        return self.entry.name

    def free_of(self, facts: Facts, today: datetime.date) -> dict[str, Exemption]:
        """What does not hold for this subject today, by rule."""
        return {each.rule: each for each in self.entry.exemptions if each.holds(facts, today)}


class Policies:
    """All policy sets in their order."""

    def __init__(self, sets: tuple[Bound, ...] = ()) -> None:
        self.sets = sets

    @classmethod
    def from_data(cls, raw: Any, rules: Rules | None = None) -> Policies:
        """The policies that a parsed `policies.yaml` says; UnusablePolicies lists every fault."""
        known = rules or Rules()
        try:
            file = PoliciesFile.model_validate({} if raw is None else raw)
        except ValidationError as error:
            raise UnusablePolicies(problems(PoliciesFile, error)) from None
        return cls.of_file(file, known)

    @classmethod
    def of_file(cls, file: PoliciesFile, known: Rules) -> Policies:
        """The policies of a file that has its shape, rules bound to their options; UnusablePolicies lists every fault."""
        found: list[Problem] = []
        sets = tuple(_bound(entry, ("policies", index), known, found) for index, entry in enumerate(file.policies))
        if found:
            raise UnusablePolicies(found)
        return cls(sets)

    @property
    def idle(self) -> list[tuple[int, str]]:
        """The sets, by place and name, that can match nobody: callers have no tenants yet."""
        return [(index, each.name) for index, each in enumerate(self.sets) if each.entry.match.tenant is not None]

    @property
    def asks_for_formats(self) -> bool:
        """Whether any set depends on a schema's format."""
        return any(each.entry.match.format is not None for each in self.sets)

    def winner(self, facts: Facts) -> Bound | None:
        """The first set that matches, None where none does."""
        return next((each for each in self.sets if each.entry.match.holds(facts)), None)

    def demands(self, facts: Facts, today: datetime.date, configured: Demands) -> Demands:
        """What a subject is configured to, with everything that its policy set adds today."""
        found = self.winner(facts)
        if found is None:
            return configured
        free = found.free_of(facts, today)
        return replace(
            configured,
            policy_set=found.name,
            floor=NONE if FLOOR in free else found.floor,
            stance=found.entry.stance,
            strict_semantics=found.entry.strict_semantics,
            counts_soft_deleted=found.entry.counts_soft_deleted,
            rules=tuple(rule for rule in found.rules if rule.name not in free),
        )


def _bound(entry: PolicySet, where: Place, known: Rules, found: list[Problem]) -> Bound:
    rules = []
    for name, options in entry.rules.items():
        place = (*where, "rules", name)
        try:
            rules.append(_bound_rule(name, options, known))
        except UnknownRule as unknown:
            found.append((place, str(unknown)))
        except ValidationError as error:
            found.extend(problems(known.named(name).options, error, place))
        except ValueError as error:
            found.append((place, str(error)))
    for index, exemption in enumerate(entry.exemptions):
        if exemption.rule not in {FLOOR, *entry.rules}:
            named = ", ".join([FLOOR, *entry.rules])
            text = f"{exemption.rule} is not in this set (it has: {named})"
            found.append(((*where, "exemptions", index, "rule"), text))
    return Bound(entry, LEVELS[entry.floor], tuple(rules))


def _bound_rule(name: str, options: Mapping[str, Any], known: Rules) -> BoundRule:
    left = dict(options)
    raw = left.pop("stance", Stance.ENFORCE)
    stance = Stance("off" if raw is False else raw)
    return known.named(name).bound(left, stance)
