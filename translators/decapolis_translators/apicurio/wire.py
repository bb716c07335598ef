"""What Apicurio's own API tells of versions and references, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from decapolis_formats import Format
from decapolis_translators.confluent.wire import MAX_ID, listed, segment, typed
from decapolis_translators.errors import Garbled, SubjectRefused

KINDS = {
    Format.AVRO: "AVRO",
    Format.JSON_SCHEMA: "JSON",
    Format.PROTOBUF: "PROTOBUF",
    Format.OPENAPI: "OPENAPI",
    Format.ASYNCAPI: "ASYNCAPI",
}
FORMATS = {kind: format for format, kind in KINDS.items()}

DEFAULT_GROUP = "default"
_LONGEST_NAME = 512


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of an artifact as the registry describes it; its text is read by its content id."""

    group: str
    artifact: str
    version: str
    kind: str
    state: str
    content_id: int
    global_id: int
    created_ms: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def deleted(self) -> bool:
        """Whether it is soft-deleted, as the Confluent face understands it."""
        return self.state == "DISABLED"

    @property
    def told(self) -> bool:
        """Whether it is a finished version of a kind that we can tell; drafts may still change."""
        return self.state != "DRAFT" and self.kind in FORMATS


class Link(NamedTuple):
    """One end of a reference: the name in the text, and the group, artifact and version meant."""

    name: str
    group: str
    artifact: str
    version: str


def artifact_segment(subject: str) -> str:
    """A subject as a path segment; refused where the registry's naming forbids it."""
    encoded = segment(subject)
    if not subject.isascii() or "%" in subject:
        raise SubjectRefused("Apicurio's own API takes neither percent signs nor characters beyond ASCII in a name")
    if len(subject) > _LONGEST_NAME:
        raise SubjectRefused(f"Apicurio takes names of at most {_LONGEST_NAME} characters")
    return encoded


def entry_in(answer: Any, artifact: str | None = None) -> Entry:
    """Reads a version as v2 and v3 describe it; lists of v2 leave the artifact out."""
    body = typed(answer, dict, "version")
    labels = body.get("labels") or {}  # v2 has a list there, which holds nothing of ours
    return Entry(
        group=typed(body.get("groupId") or DEFAULT_GROUP, str, "groupId"),
        artifact=typed(body.get("artifactId") or artifact or body.get("id"), str, "artifactId"),
        version=typed(body.get("version"), str, "version"),
        kind=typed(body.get("artifactType") or body.get("type"), str, "artifactType"),
        state=typed(body.get("state") or "ENABLED", str, "state"),
        content_id=_id_in(body, "contentId"),
        global_id=_id_in(body, "globalId"),
        created_ms=_moment(body.get("createdOn")),
        labels=_labels_in(labels) if isinstance(labels, dict) else {},
    )


def _id_in(body: Mapping[str, Any], name: str) -> int:
    number = typed(body.get(name), int, name)
    if number < 1:
        raise Garbled(f"Answered {number} as {name}")
    return number


def _labels_in(labels: Mapping[str, Any]) -> dict[str, str]:
    return {key: typed(value if value is not None else "", str, "labels") for key, value in labels.items()}


def _moment(given: Any) -> int | None:
    try:
        return int(datetime.fromisoformat(given).timestamp() * 1000)
    except (TypeError, ValueError):
        return None


def links_in(answer: Any) -> list[Link]:
    """Reads a list of references."""
    return [
        Link(
            typed(each.get("name"), str, "name"),
            typed(each.get("groupId") or DEFAULT_GROUP, str, "groupId"),
            typed(each.get("artifactId"), str, "artifactId"),
            typed(each.get("version") or "", str, "version"),
        )
        for each in listed(answer, dict)
    ]


def link_out(link: Link) -> dict[str, str]:
    """A reference as both versions of the API take it."""
    return {"groupId": link.group, "artifactId": link.artifact, "version": link.version, "name": link.name}


def number_in(version: str) -> int | None:
    """The number that a version's name is, None where it is none or is spelled in another way."""
    if not (version.isascii() and version.isdigit() and len(version) <= len(str(MAX_ID))):
        return None
    number = int(version)
    return number if str(number) == version and 1 <= number <= MAX_ID else None


def int32(number: int) -> int:
    """A native id; larger ones fit into no message, and the Confluent face fails on them too."""
    if not 1 <= number <= MAX_ID:
        raise Garbled(f"The id {number} is larger than the ids that clients put into messages")
    return number
