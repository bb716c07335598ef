"""What a fake of the dialect remembers, and the dialect's rules of registering and deleting.

Built from Confluent's API reference (subjects, versions, modes, contexts) and, where a product differs, from
its own documentation; the profile decides.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from decapolis_translators.subjects import Subject

from .asgi import Problem
from .profiles import Profile
from .texts import InvalidText, stored_text

EVERYWHERE = ":.__GLOBAL:"
"""Where settings stand that hold for every context without its own."""

GLOBAL = frozenset({"", EVERYWHERE})
"""Places whose settings are never absent."""

_IMPORTING = frozenset({"IMPORT", "FORWARD"})

LEVELS = {
    "NONE",
    *(level + depth for level in ("BACKWARD", "FORWARD", "FULL") for depth in ("", "_TRANSITIVE")),
}


@dataclass(frozen=True, slots=True)
class Content:
    """What makes two registrations the same."""

    kind: str
    text: str
    references: tuple[tuple[str, str, int], ...] = ()
    metadata: Mapping[str, Any] | None = None
    rule_set: Mapping[str, Any] | None = None

    @property
    def identity(self) -> bytes:
        """Equal for equal contents; the type is not a part of it."""
        whole = [self.text, self.references, self.metadata, self.rule_set]
        return orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)


@dataclass(slots=True)
class Version:
    """One version of a subject."""

    subject: str
    number: int
    native_id: int
    content: Content
    deleted: bool = False
    created_ms: int = field(default_factory=lambda: int(time.time() * 1000))


Judge = Callable[[Content, Sequence[Content], str], Sequence[str]]
"""Candidate, the versions to compare with (newest first) and the level; answers what is incompatible."""


def accept(candidate: Content, history: Sequence[Content], level: str) -> Sequence[str]:
    """The judge that finds nothing wrong."""
    return ()


def refuse(status: int, code: int, message: str) -> Problem:
    """An error body of the dialect."""
    return Problem(status, {"error_code": code, "message": message})


def no_subject(subject: str) -> Problem:
    """40401."""
    return refuse(404, 40401, f"Subject '{subject}' not found.")


def no_version(number: int) -> Problem:
    """40402."""
    return refuse(404, 40402, f"Version {number} not found.")


class DialectState:
    """Subjects, ids, levels and modes of one fake registry."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.judge: Judge = accept
        self.reissue_ids = False
        self.wipe()

    def wipe(self) -> None:
        """Forgets everything, ids too."""
        self.subjects: dict[str, dict[int, Version]] = {}
        self.ids: dict[str, dict[int, Content]] = {}
        self.highest_id: dict[str, int] = {}
        self.configs: dict[str, dict[str, Any]] = {}
        self.modes: dict[str, str] = {}

    def restart(self) -> None:
        """What a process forgets that reads its topic anew: ids that no version uses."""
        for context, contents in self.ids.items():
            used = {version.native_id for version in self.all_versions() if self.context(version.subject) == context}
            self.ids[context] = {number: content for number, content in contents.items() if number in used}

    def context(self, subject: str) -> str:
        """The context of a subject; products without contexts have but one."""
        return Subject.parse(subject).context if self.profile.contexts else "."

    def all_versions(self) -> Iterator[Version]:
        """Every version of every subject."""
        for versions in self.subjects.values():
            yield from versions.values()

    def versions_of(self, subject: str, *, deleted: bool = False) -> list[Version]:
        """The versions of a subject, ascending; 40401 without any."""
        found = self.subjects.get(subject, {})
        listed = [found[number] for number in sorted(found) if deleted or not found[number].deleted]
        if not listed:
            raise no_subject(subject)
        return listed

    def version_of(self, subject: str, token: str, *, deleted: bool = False) -> Version:
        """The version that a token names."""
        if token.strip().lower() in {"latest", "-1"}:
            return self.versions_of(subject)[-1]
        number = version_number(token)
        for version in self.versions_of(subject, deleted=deleted):
            if version.number == number:
                return version
        raise no_version(number)

    def content_of(self, body: Mapping[str, Any], subject: str) -> Content:
        """Reads a body as the product would: it keeps, drops or refuses what the profile says."""
        kind = str(body.get("schemaType") or "AVRO")
        if kind not in {"AVRO", "JSON", "PROTOBUF"}:
            raise self.invalid(f"Invalid schema type {kind}")
        references = tuple(self._resolved(each, subject) for each in body.get("references") or ())
        if references and kind == "JSON" and self.profile.family == "karapace":
            raise refuse(422, 44302, "Schema references are not supported for 'JSON' schema type")
        try:
            text = stored_text(
                self.profile.family, kind, str(body.get("schema") or ""), has_references=bool(references)
            )
        except InvalidText as error:
            raise self.invalid(str(error)) from None
        return Content(
            kind,
            text,
            references,
            self._kept(body.get("metadata"), self.profile.metadata),
            self._kept(body.get("ruleSet"), self.profile.rule_sets),
        )

    def invalid(self, details: str) -> Problem:
        """The refusal of a schema; Redpanda keeps 42201 for empty ones."""
        code = 422 if self.profile.family == "redpanda" and details != "Empty schema" else 42201
        return refuse(422, code, f"Invalid schema, details: {details}")

    def _kept(self, given: Any, what: str) -> Any:
        if given is None or what == "dropped":
            return None
        if what == "refused" or (what == "properties" and set(given) - {"properties"}):
            raise refuse(422, 422, "Unknown field in the request")
        return given

    def _resolved(self, reference: Mapping[str, Any], subject: str) -> tuple[str, str, int]:
        """A reference with its number; -1 becomes the newest. Plain names stay in the parent's context."""
        name, number = str(reference["subject"]), int(reference["version"])
        try:
            target = self.version_of(self.qualified(name, subject), str(number))
        except Problem:
            raise refuse(422, 42201, f'No schema reference found for subject "{name}" and version {number}') from None
        return (str(reference["name"]), name, target.number)

    def qualified(self, name: str, parent: str) -> str:
        """A reference's subject as seen from its parent."""
        if name.startswith(":.") or not self.profile.contexts:
            return name
        return str(Subject(self.context(parent), name))

    def find(self, subject: str, content: Content, *, deleted: bool = False) -> Version | None:
        """The newest version that holds this content."""
        for version in reversed(self.versions_of(subject, deleted=deleted)):
            if version.content.identity == content.identity:
                return version
        return None

    def level_of(self, subject: str) -> str:
        """The level that holds for a subject."""
        for key in self._steps(subject):
            if key in self.configs:
                return str(self.configs[key].get("compatibilityLevel", "BACKWARD"))
        return "BACKWARD"

    def mode_of(self, subject: str) -> str:
        """The mode that holds for a subject."""
        return next((self.modes[key] for key in self._steps(subject) if key in self.modes), "READWRITE")

    def _steps(self, subject: str) -> tuple[str, ...]:
        """Where a setting is looked for: the subject, its context (the global one for the default context), everywhere."""
        context = self.context(subject)
        return (subject, "" if context == "." else f":{context}:", EVERYWHERE)

    def live_history(self, subject: str) -> list[Version]:
        """The live versions, newest first; none for an unknown subject."""
        found = self.subjects.get(subject, {})
        return [found[number] for number in sorted(found, reverse=True) if not found[number].deleted]

    def verdict(self, subject: str, content: Content, against: Sequence[Version] | None = None) -> list[str]:
        """What the judge finds; by default against what the level asks for."""
        level = self.level_of(subject)
        if against is None:
            history = self.live_history(subject)
            against = history if level.endswith("_TRANSITIVE") else history[:1]
        if level == "NONE" or not against:
            return []
        return list(self.judge(content, [version.content for version in against], level))

    def register(self, subject: str, content: Content, body: Mapping[str, Any]) -> Version:
        """Registers as the dialect does; the version may be one that exists."""
        imposed = body.get("id") if self.profile.imports != "never" else None
        wanted = body.get("version") if self.profile.imports != "never" else None
        content = self._inheriting(subject, content, body)
        live = {version.number: version for version in self.live_history(subject)}
        same = next((each for each in live.values() if each.content.identity == content.identity), None)
        if same is not None and imposed in {None, -1, same.native_id} and wanted in {None, 0, -1, same.number}:
            return same
        importing = self._demand_mode(subject, imposed)
        if not importing:
            problems = self.verdict(subject, content)
            if problems:
                code = self.profile.incompatible_code
                text = f'Schema being registered is incompatible with an earlier schema for subject "{subject}"'
                raise refuse(409, code, f"{text}, details: [{', '.join(problems)}]")
        number = self._next_number(subject, wanted, importing)
        native_id = self._id_for(subject, content, imposed)
        return self._store(Version(subject, number, native_id, content))

    def _inheriting(self, subject: str, content: Content, body: Mapping[str, Any]) -> Content:
        """Metadata that a request leaves out is taken over from the version before."""
        if self.profile.metadata not in {"kept", "properties"} or "metadata" in body:
            return content
        newest = self.live_history(subject)[:1]
        return replace(content, metadata=newest[0].content.metadata) if newest else content

    def _demand_mode(self, subject: str, imposed: int | None) -> bool:
        """Whether the subject is importing; 42205 where its mode forbids this registration."""
        mode = self.mode_of(subject)
        context = self.context(subject)
        if mode.startswith("READONLY"):
            raise refuse(422, 42205, f"Subject {subject} in context {context} is in read-only mode")
        if self.profile.imports == "always":
            return imposed is not None
        if imposed is not None and mode not in _IMPORTING:
            raise refuse(422, 42205, f"Subject {subject} in context {context} is not in import mode")
        if imposed is None and mode in _IMPORTING:
            raise refuse(422, 42205, f"Subject {subject} in context {context} is not in read-write mode")
        return mode in _IMPORTING

    def _next_number(self, subject: str, wanted: int | None, importing: bool) -> int:
        following = max(self.subjects.get(subject, {}), default=0) + 1
        if wanted in {None, 0, -1}:
            return following
        assert wanted is not None
        if wanted != following and not importing:
            raise refuse(422, 42201, "Version is not one more than previous version")
        return wanted

    def _id_for(self, subject: str, content: Content, imposed: int | None) -> int:
        context = self.context(subject)
        known = self.ids.setdefault(context, {})
        if imposed is not None:
            held = known.get(imposed)
            if held is not None and held.identity != content.identity:
                text = f"Overwrite new schema with id {imposed} in context {context} is not permitted."
                raise refuse(422, 42205, text)
            return imposed
        for number, held in known.items():
            if held.identity == content.identity:
                return number
        highest = max(known, default=0) if self.reissue_ids else self.highest_id.get(context, 0)
        return highest + 1

    def _store(self, version: Version) -> Version:
        context = self.context(version.subject)
        self.ids[context][version.native_id] = version.content
        self.highest_id[context] = max(self.highest_id.get(context, 0), version.native_id)
        versions = self.subjects.setdefault(version.subject, {})
        for number in [n for n, each in versions.items() if each.deleted and each.native_id == version.native_id]:
            if not self.referrers(versions[number], deleted=True):
                del versions[number]
        versions[version.number] = version
        return version

    def referrers(self, target: Version, *, deleted: bool = False) -> list[Version]:
        """The versions that refer to one."""
        return [
            each
            for each in self.all_versions()
            if (deleted or not each.deleted)
            and any(
                (self.qualified(name, each.subject), number) == (target.subject, target.number)
                for _, name, number in each.content.references
            )
        ]

    def forget(self, version: Version) -> None:
        """Removes a version for good; the last one takes the subject's level and mode with it."""
        versions = self.subjects[version.subject]
        del versions[version.number]
        if not versions:
            del self.subjects[version.subject]
            self.configs.pop(version.subject, None)
            self.modes.pop(version.subject, None)
        context = self.context(version.subject)
        in_use = any(
            each.native_id == version.native_id and self.context(each.subject) == context
            for each in self.all_versions()
        )
        if not in_use and not self.profile.keeps_purged_ids:
            del self.ids[context][version.native_id]


def version_number(token: str) -> int:
    """A version token as a number; 42202 where it is none."""
    try:
        number = int(token)
    except ValueError:
        number = 0
    if not 1 <= number <= 2**31 - 1:
        allowed = 'Allowed values are between [1, 2^31-1] and the string "latest"'
        raise refuse(422, 42202, f"The specified version '{token}' is not a valid version id. {allowed}")
    return number
