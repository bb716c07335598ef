"""Registers a schema: identical already there? mode, lock, identical again, history, judge, audit, write, publish."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence, Set
from typing import Any

from decapolis.audit import told
from decapolis.cache import subject_scope
from decapolis.gateway import View
from decapolis.locks import Busy, Held
from decapolis.registries.live import LiveRegistry
from decapolis.web import current_call
from decapolis_formats import Format, FormatError, Metadata, Schema, engine_of
from decapolis_formats.data_contracts import (
    VERSION_PROPERTY,
    InvalidRuleSet,
    check_rule_set,
    with_property,
)
from decapolis_policies import Demands, Violation
from decapolis_policies.matching import Facts
from decapolis_translators.contract import Feature, StoredVersion
from decapolis_translators.errors import (
    Absent,
    Incompatible,
    RegistryError,
    RegistryFault,
    Unsupported,
    WriteConflict,
)
from decapolis_translators.subjects import Subject

from .buried import with_buried
from .candidate import Candidate, Request, Tags, candidate_from
from .demanded import facts_of
from .effective import IMPORTING, demand_writable, effective_config, followed
from .errors import IncompatibleSchema, NotAllowed, RulesBroken, RuleSetInvalid, SchemaInvalid, SubjectInvalid
from .fetch import tags_of
from .judged import note_refusal, note_verdict, put_into_place, warned
from .refusals import refusals_noted
from .shown import Shown, shown
from .versions import equivalent_version, past_versions

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 20
_DEFAULTS = ("defaultMetadata", "overrideMetadata", "defaultRuleSet", "overrideRuleSet")


async def register(
    view: View, spelled: str, request: Request, *, normalize: bool = False, force: bool = False
) -> Shown:
    """The version that holds the schema: the one that is there already, or a new one that the judge allowed."""
    facts = {"type": request.schema_type, "id": request.id, "version": request.version}
    async with refusals_noted(view, "register", spelled, facts):
        return await _registered(view, spelled, request, normalize=normalize, force=force)


async def _registered(view: View, spelled: str, request: Request, *, normalize: bool, force: bool) -> Shown:
    attempt, candidate, there = await _reading(view, spelled, request, normalize=normalize, force=force)
    if there is None and current_call().demand_fresh():
        # what was last known is enough to find what is there, never to decide what may be added
        attempt, candidate, there = await _reading(view, spelled, request, normalize=normalize, force=force)
    registry, subject = attempt.registry, attempt.subject
    if there is not None:
        return shown(view, registry, there)
    try:
        await attempt.demand_mode()
    except NotAllowed:
        if candidate is None or not _may_answer_at_once(request, attempt.config):
            raise
        there = await equivalent_version(registry, subject, candidate, await registry.history(str(subject)))
        if there is None or not _fits(view, registry, there, request):
            raise
        return shown(view, registry, there)
    async with view.gateway.locks.hold(registry.id, str(subject), here_only=registry.is_local) as held:
        # its route may have changed while this waited
        moved = view.owner(str(subject)) is not registry
        for _ in range(0 if moved else MOST_ATTEMPTS):
            try:
                return await attempt.run(candidate, held)
            except WriteConflict:
                continue
    if moved:
        return await register(view, spelled, request, normalize=normalize, force=force)
    raise NotAllowed(f"Subject '{subject}' is being written to by others all the time; try again")


async def _reading(
    view: View, spelled: str, request: Request, *, normalize: bool, force: bool
) -> tuple[_Attempt, Candidate | None, StoredVersion | None]:
    """Everything before the lock: where it belongs, what it says, and the version that holds exactly this already."""
    subject, registry = await followed(view, spelled)
    _demand_registrable(subject, registry, request)
    config = await effective_config(view.gateway, registry, subject, needed=current_call().wants_fresh)
    normalize = normalize or bool(config.get("normalize"))
    candidate = await _first_reading(view, registry, subject, request, config, normalize=normalize)
    attempt = _Attempt(view, registry, subject, request, config, normalize=normalize, force=force)
    if candidate is not None and _may_answer_at_once(request, config):
        there = await _identical(registry, subject, candidate, request)
        if there is not None and _fits(view, registry, there, request):
            return attempt, candidate, there
    return attempt, candidate, None


def _demand_registrable(subject: Subject, registry: LiveRegistry, request: Request) -> None:
    try:
        check_rule_set(request.rule_set)
    except InvalidRuleSet as error:
        raise RuleSetInvalid(str(error)) from error
    if not subject.is_registrable():
        raise SubjectInvalid(str(subject))
    if request.format not in registry.capabilities.formats:
        raise Unsupported("formats", f"Registry {registry.id} does not hold schemas of type {request.schema_type}")


async def _first_reading(
    view: View,
    registry: LiveRegistry,
    subject: Subject,
    request: Request,
    config: Mapping[str, Any],
    *,
    normalize: bool,
) -> Candidate | None:
    if request.is_empty:
        return None  # the text of the latest version is meant
    is_new = request.imposed_id is None
    return await candidate_from(
        view,
        registry,
        subject,
        request,
        normalize=normalize,
        strict=is_new and bool(config.get("validateNewSchemas", True)),
        validate_fields=bool(config.get("validateFields")),
        deleted=not is_new,
    )


def _may_answer_at_once(request: Request, config: Mapping[str, Any]) -> bool:
    edits = request.edits_tags or request.propagate_tags
    return not edits and not any(config.get(key) for key in _DEFAULTS)


async def _identical(
    registry: LiveRegistry, subject: Subject, candidate: Candidate, request: Request
) -> StoredVersion | None:
    """The version that holds it already; a request for version -1 means the latest only."""
    if request.version == -1:
        return await equivalent_version(registry, subject, candidate, (await registry.history(str(subject)))[-1:])
    try:
        return await registry.lookup(str(subject), candidate.schema)
    except Absent:
        return None


def _fits(view: View, registry: LiveRegistry, there: StoredVersion, request: Request) -> bool:
    wanted = request.imposed_id
    if wanted is not None and shown(view, registry, there).id != wanted:
        return False
    if request.version in {0, -1}:
        return True
    return wanted is not None and request.version == there.version


class _Attempt:
    """One try at a registration under the lock; a WriteConflict asks for another."""

    def __init__(
        self,
        view: View,
        registry: LiveRegistry,
        subject: Subject,
        request: Request,
        config: Mapping[str, Any],
        *,
        normalize: bool,
        force: bool,
    ) -> None:
        self.view = view
        self.registry = registry
        self.subject = subject
        self.request = request
        self.config = config
        self.importing = False
        self.normalize = normalize
        self.force = force

    async def demand_mode(self) -> None:
        """NotAllowed unless the subject's mode lets in what is asked for."""
        mode = await demand_writable(self.view, self.registry, self.subject)
        explicit = self.request.imposed_id is not None
        if explicit and mode not in IMPORTING:
            raise NotAllowed.by_mode(self.subject, "not in import mode")
        if not explicit and mode != "READWRITE":
            raise NotAllowed.by_mode(self.subject, "not in read-write mode")
        if explicit:
            self.registry.capabilities.demand(Feature.IMPORT_IDS)
            if not current_call().administrator:
                raise NotAllowed("Only an administrator may impose ids")
        self.importing = mode in IMPORTING
        self.normalize = self.normalize and not self.importing

    async def run(self, candidate: Candidate | None, held: Held) -> Shown:
        """Reads the history, decides, writes."""
        judge = self.view.gateway.judge
        deleted = self._numbers_matter or judge.may_ask_deleted(self._facts)
        everything = await self.registry.history(str(self.subject), deleted=deleted)
        live = [version for version in everything if not version.deleted]
        following = (everything[-1].version + 1) if everything else 1
        candidate = await self._settled(candidate, live, following)
        there = await self._already_there(candidate, live)
        if there is not None:
            return shown(self.view, self.registry, there)
        warnings = await self._judge(candidate, everything)
        self._demand_version(following)
        self._demand_holdable(candidate.schema)
        await self._demand_room()
        return await self._write(candidate, following, warned(warnings), held)

    @property
    def _facts(self) -> Facts:
        return facts_of(self.registry, self.subject, self.request.format)

    def _demands(self, past: Set[Format]) -> Demands:
        """IMPORT and an administrator's force free from what the subject is configured to, never from a policy set."""
        excused = self.importing or self._forced
        return self.view.gateway.judge.demands(self._facts, self.config, only_policy=excused, past=past)

    @property
    def _numbers_matter(self) -> bool:
        return self.registry.is_local or self.request.version != 0 or self.request.edits_tags

    @property
    def _forced(self) -> bool:
        return self.force and current_call().administrator

    async def _settled(self, candidate: Candidate | None, live: Sequence[StoredVersion], following: int) -> Candidate:
        if candidate is None:
            candidate = await self._text_of_latest(live)
        if self.request.edits_tags:
            add, remove = dict(self.request.tags_to_add or {}), dict(self.request.tags_to_remove or {})
            candidate = await self._retagged(candidate, add, remove)
        if self.importing:
            return candidate
        if self.request.propagate_tags and live:
            inherited = await tags_of(self.registry, self.subject.context, live[-1].schema)
            candidate = await self._retagged(candidate, inherited, {})
        candidate = candidate.inheriting(live[-1].schema if live else None, self.config)
        metadata = self._numbered(candidate.schema.metadata, following)
        return candidate.with_contract(metadata, candidate.schema.rule_set)

    def _numbered(self, metadata: Metadata | None, following: int) -> Metadata | None:
        """The metadata with the version's own number, where the request names one or edits tags, or the last one had it.

        A registry that keeps no metadata would refuse the whole schema for a number that nobody asked for.
        """
        carries = metadata is not None and VERSION_PROPERTY in metadata.properties
        wanted = self.request.version != 0 or self.request.edits_tags
        if not carries and not (wanted and self.registry.capabilities.has(Feature.METADATA)):
            return metadata
        return with_property(metadata, VERSION_PROPERTY, str(following))

    async def _text_of_latest(self, live: Sequence[StoredVersion]) -> Candidate:
        if not live or self.importing:
            raise SchemaInvalid("Empty schema")
        latest = live[-1].schema
        request = Request(
            latest.text,
            latest.format.schema_type,
            latest.references,
            self.request.metadata,
            self.request.rule_set,
        )
        return await candidate_from(self.view, self.registry, self.subject, request, strict=False)

    async def _retagged(self, candidate: Candidate, add: Tags, remove: Tags) -> Candidate:
        if not add and not remove:
            return candidate
        engine: Any = engine_of(candidate.schema.format)
        try:
            text = engine.tagged(candidate.parsed, add, remove)
        except FormatError as error:
            raise SchemaInvalid(str(error)) from error
        edited = Request(
            text,
            candidate.schema.format.schema_type,
            candidate.schema.references,
            candidate.schema.metadata,
            candidate.schema.rule_set,
        )
        return await candidate_from(self.view, self.registry, self.subject, edited, normalize=self.normalize)

    async def _already_there(self, candidate: Candidate, live: Sequence[StoredVersion]) -> StoredVersion | None:
        request = self.request
        if request.imposed_id is not None:
            return None
        if request.version == -1:
            return await equivalent_version(self.registry, self.subject, candidate, live[-1:])
        if request.version != 0:
            return None
        return await equivalent_version(self.registry, self.subject, candidate, live)

    async def _judge(self, candidate: Candidate, everything: Sequence[StoredVersion]) -> tuple[Violation, ...]:
        """The warnings of the verdict; raises where it does not allow the change."""
        gateway, registry, subject = self.view.gateway, self.registry, self.subject
        demands = self._demands({version.schema.format for version in everything})
        versions = await past_versions(registry, subject, everything)
        imposed = self.request.version if self.importing and self.request.version > 0 else None
        past, followers = put_into_place(versions, imposed)
        if demands.asks_deleted:
            past = await with_buried(gateway, registry, subject, past)
        verdict = await gateway.judge.judge(candidate.judged(subject), past, demands, followers)
        note_verdict(gateway, registry, verdict)
        if verdict.allowed:
            return verdict.warnings
        await note_refusal(gateway, registry, subject, candidate.schema, verdict)
        if verdict.incompatible:
            raise told(IncompatibleSchema(str(subject), verdict.messages, verdict.repair))
        raise told(RulesBroken(verdict.policy_set, verdict.broken_rules))

    def _demand_version(self, following: int) -> None:
        version = self.request.version
        if version > 0 and not self.importing and version != following:
            raise SchemaInvalid(
                f"Version is not one more than previous version: {version} was asked for, {following} comes next"
            )

    def _demand_holdable(self, schema: Schema) -> None:
        able = self.registry.capabilities
        if schema.rule_set is not None:
            able.demand(Feature.RULE_SETS)
        if schema.metadata is not None:
            able.demand(Feature.METADATA)
            if schema.metadata.tags or schema.metadata.sensitive:
                able.demand(Feature.METADATA_TAGS)
        if schema.references and schema.format not in able.references:
            raise Unsupported(
                "references",
                f"Registry {self.registry.id} does not resolve references of {schema.format.schema_type} schemas",
            )

    async def _write(self, candidate: Candidate, following: int, noticed: Mapping[str, Any], held: Held) -> Shown:
        gateway, registry, spelled = self.view.gateway, self.registry, str(self.subject)
        native_id = self._imposed_id()
        facts = {"guid": candidate.schema.guid, "id": self.request.id, "version": self.request.version, **noticed}
        if registry.is_local:
            return await self._write_here(candidate, following, native_id, facts)
        number = await gateway.audit.intend("register", registry.id, spelled, facts)
        version = self.request.version if native_id is not None and self.request.version > 0 else None
        try:
            await held.demand()
            stored = await registry.register(spelled, candidate.schema, native_id=native_id, version=version)
        except Busy as busy:
            await gateway.audit.close(number, "refused", reason="the lock went to another writer")
            raise told(busy) from None
        except WriteConflict:
            await gateway.audit.close(number, "conflict")
            raise
        except RegistryFault:
            # the write may have landed: the intent stays open until the same request is repeated
            raise
        except RegistryError as refused:
            await gateway.audit.close(number, "refused", reason=str(refused))
            if isinstance(refused, Incompatible):
                said = (f"registry {registry.id} refuses it: {refused}", *refused.messages)
                raise told(IncompatibleSchema(spelled, said)) from refused
            told(refused)
            raise
        answer = shown(self.view, registry, stored)
        await gateway.audit.close(number, "done", id=answer.id, version=answer.version)
        gateway.metrics.created[candidate.schema.format.schema_type.lower()] += 1
        return answer

    async def _write_here(
        self, candidate: Candidate, following: int, native_id: int | None, facts: dict[str, Any]
    ) -> Shown:
        """Into the gateway's own store: schema and trail in one transaction, for the number that was judged."""
        gateway, registry, spelled = self.view.gateway, self.registry, str(self.subject)
        imposed = native_id is not None and self.request.version > 0
        version = self.request.version if imposed else following
        along = gateway.audit.alongside("register", registry.id, spelled, facts)
        stored = await registry.register_alongside(spelled, candidate.schema, native_id, version, along)
        await gateway.changes.count(subject_scope(registry.id, spelled), registry.id)
        gateway.metrics.created[candidate.schema.format.schema_type.lower()] += 1
        return shown(self.view, registry, stored)

    async def _demand_room(self) -> None:
        """A range that is full refuses the write beforehand: an id outside of it could not be shown to anybody."""
        if self.view.shows_native_ids(self.registry, self.subject.context):
            return
        highest = await self.registry.highest_known_id()
        self.view.gateway.ledger.public(self.registry.id, highest + 1)

    def _imposed_id(self) -> int | None:
        wanted = self.request.imposed_id
        if wanted is None:
            return None
        native_id = self.view.native_id(self.registry, wanted, self.subject.context)
        row = self.view.gateway.ledger.range_of(self.registry.id)
        if native_id is None or not 1 <= native_id <= row.span:
            # beyond the span it could never be shown at the front, and would leave no room for what comes after it
            lowest = wanted - native_id if native_id is not None else row.base
            raise NotAllowed(
                f"Id {wanted} is outside the range of registry {self.registry.id} "
                f"({lowest + 1} to {lowest + row.span}), so it cannot be imposed there"
            )
        return native_id
