"""What a fake Apicurio Registry remembers: groups of artifacts with versions, texts with ids, and rules.

Built from the OpenAPI document of Apicurio Registry 3 (core registry API v3), its guide on content rules and on the
Confluent compatibility API, and what a server of release 3.3 answers to the same calls.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .asgi import Problem
from .dialect_state import Content, Judge, accept

KINDS = frozenset({"AVRO", "JSON", "PROTOBUF", "OPENAPI", "ASYNCAPI", "GRAPHQL", "KCONNECT", "WSDL", "XSD", "XML"})
STATES = frozenset({"ENABLED", "DISABLED", "DEPRECATED", "DRAFT", "SUNSET"})

_LONGEST_NAME = 512

Reference = tuple[str, str, str, str]
"""Name, group, artifact, version."""


@dataclass(slots=True)
class Version:
    """One version; its order counts from 1 and is what the Confluent face shows as its number."""

    group: str
    artifact: str
    kind: str
    order: int
    name: str
    global_id: int
    content_id: int
    state: str = "ENABLED"
    labels: dict[str, str] = field(default_factory=dict)
    created: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


@dataclass(slots=True)
class Artifact:
    """A named thing of one type; it outlives its last version."""

    group: str
    name: str
    kind: str
    versions: list[Version] = field(default_factory=list)
    rules: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Text:
    """A stored text with its references; equal ones share a content id."""

    text: str
    references: tuple[Reference, ...] = ()


def refuse(status: int, name: str, title: str, **more: Any) -> Problem:
    """An error body of the core API."""
    return Problem(status, {"detail": f"{name}: {title}", "title": title, "status": status, "name": name, **more})


def no_artifact(group: str, name: str) -> Problem:
    """404 for an artifact."""
    return refuse(404, "ArtifactNotFoundException", f"No artifact with ID '{name}' in group '{group}' was found.")


def no_version(artifact: str, group: str, version: str) -> Problem:
    """404 for a version."""
    title = f"No version '{version}' found for artifact with ID '{artifact}' in group '{group}'."
    return refuse(404, "VersionNotFoundException", title)


def no_rule(kind: str) -> Problem:
    """404 for a rule."""
    return refuse(404, "RuleNotFoundException", f"No rule named '{kind}' was found.")


class ApicurioState:
    """The storage of one fake server."""

    def __init__(self) -> None:
        self.artifacts: dict[tuple[str, str], Artifact] = {}
        self.texts: dict[int, Text] = {}
        self.rules: dict[str, str] = {}
        self.group_rules: dict[str, dict[str, str]] = {}
        self.judge: Judge = accept
        self._global_ids = 0

    def artifact(self, group: str, name: str) -> Artifact:
        """The artifact of that name."""
        found = self.artifacts.get((group, name))
        if found is None:
            raise no_artifact(group, name)
        return found

    def version(self, group: str, artifact: str, name: str) -> Version:
        """The version of that name, or the newest enabled one for `branch=latest`."""
        found = self.artifacts.get((group, artifact))
        versions = found.versions if found else []
        if name == "branch=latest":
            enabled = [each for each in versions if each.state not in {"DISABLED", "DRAFT"}]
            if enabled:
                return enabled[-1]
        for each in versions:
            if each.name == name:
                return each
        raise no_version(artifact, group, name)

    def all_versions(self) -> Iterator[Version]:
        """Every version of every group, as they were made."""
        found = [version for artifact in self.artifacts.values() for version in artifact.versions]
        return iter(sorted(found, key=lambda version: version.global_id))

    def text(self, content_id: int) -> Text:
        """A text by its id; texts stay when their last version goes."""
        found = self.texts.get(content_id)
        if found is None:
            raise refuse(404, "ContentNotFoundException", f"No content with ID '{content_id}' was found.")
        return found

    def content_id(self, text: Text) -> int:
        """The id of a text, a new one for a new text."""
        for number, held in self.texts.items():
            if held == text:
                return number
        number = max(self.texts, default=0) + 2  # ids of texts have gaps, and differ from those of versions
        self.texts[number] = text
        return number

    def create(
        self,
        group: str,
        name: str,
        kind: str,
        text: Text,
        *,
        if_exists: str = "FAIL",
        version: str | None = None,
        labels: Mapping[str, str] | None = None,
        draft: bool = False,
        dry_run: bool = False,
    ) -> Version:
        """Adds a version, and the artifact with its first; a dry run keeps nothing but the text."""
        _demand_name(name)
        if kind not in KINDS:
            raise refuse(500, "IllegalStateException", f"No such artifact type provider: {kind}")
        artifact = self.artifacts.get((group, name)) or Artifact(group, name, kind)
        if (group, name) in self.artifacts and if_exists == "FAIL":
            title = f"An artifact with ID '{name}' in group '{group}' already exists."
            raise refuse(409, "ArtifactAlreadyExistsException", title)
        content_id = self.content_id(text)
        for each in artifact.versions if if_exists == "FIND_OR_CREATE_VERSION" else ():
            if each.content_id == content_id:
                return each
        self.demand_rules(artifact, text)
        order = max((each.order for each in artifact.versions), default=0) + 1
        wanted = version or str(order)
        if any(each.name == wanted for each in artifact.versions):
            title = f"An artifact version '{version}' for artifact ID '{name}' in group '{group}' already exists."
            raise refuse(409, "VersionAlreadyExistsException", title)
        made = Version(group, name, artifact.kind, order, wanted, self._global_ids + 1, content_id)
        made.labels, made.state = dict(labels or {}), "DRAFT" if draft else "ENABLED"
        if not dry_run:
            self._global_ids += 1
            self.artifacts[group, name] = artifact
            artifact.versions.append(made)
        return made

    def level_of(self, artifact: Artifact) -> str | None:
        """The level in force: the artifact's rule, else the group's, else the global one."""
        for rules in (artifact.rules, self.group_rules.get(artifact.group, {}), self.rules):
            if "COMPATIBILITY" in rules:
                return rules["COMPATIBILITY"]
        return None

    def demand_rules(self, artifact: Artifact, candidate: Text) -> None:
        """What the rules say to a new version; without a rule nothing is even read."""
        if "VALIDITY" in {*artifact.rules, *self.rules} and not _is_readable(artifact.kind, candidate.text):
            raise refuse(400, "RuleViolationException", "Syntax violation for Avro artifact.", causes=[])
        level = self.level_of(artifact)
        if level in {None, "NONE"}:
            return
        problems = self.verdict(artifact, candidate, str(level))
        if problems:
            causes = [{"description": problem, "context": "/"} for problem in problems]
            title = (
                f"Incompatible artifact: {artifact.name} [{artifact.kind}], num of incompatible diffs: {len(causes)}"
            )
            raise refuse(400, "RuleViolationException", title, causes=causes)

    def verdict(self, artifact: Artifact, candidate: Text, level: str, against: Version | None = None) -> Sequence[str]:
        """What the judge finds wrong."""
        live = [each for each in artifact.versions if each.state not in {"DISABLED", "DRAFT"}]
        compared = [against] if against else list(reversed(live)) if level.endswith("_TRANSITIVE") else live[-1:]
        history = [Content(artifact.kind, self.texts[each.content_id].text) for each in compared]
        return self.judge(Content(artifact.kind, candidate.text), history, level)

    def referring(self, target: Version) -> list[tuple[Version, Reference]]:
        """Who refers to a version, in whatever state."""
        return [
            (version, reference)
            for version in self.all_versions()
            for reference in self.texts[version.content_id].references
            if reference[1:] == (target.group, target.artifact, target.name)
        ]


def _demand_name(name: str) -> None:
    if "%" in name or not name.isascii():
        title = "Character % and non ASCII characters are not allowed in artifact IDs."
        raise refuse(400, "InvalidArtifactIdException", title)
    if not name or "\n" in name:
        raise refuse(400, "ValidationException", f"Artifact ID '{name}' is invalid. It must have length 1..512")
    if len(name) > _LONGEST_NAME:
        raise refuse(500, "JdbcSQLDataException", "Value too long for column ARTIFACTID")


def _is_readable(kind: str, text: str) -> bool:
    if kind not in {"AVRO", "JSON"}:
        return True
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
