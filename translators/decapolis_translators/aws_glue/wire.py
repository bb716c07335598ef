"""What Glue tells of schemas and versions, read strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from decapolis_formats import Format, Schema
from decapolis_translators.contract import StoredVersion
from decapolis_translators.errors import Garbled
from decapolis_translators.names import NameCodec

KINDS = {Format.AVRO: "AVRO", Format.JSON_SCHEMA: "JSON", Format.PROTOBUF: "PROTOBUF"}
FORMATS = {kind: format for format, kind in KINDS.items()}

NAMES = NameCodec(allowed=r"A-Za-z0-9\-_$#.", escape="#", width=255)
MAX_VERSION = 100_000
MAX_DEFINITION = 170_000

AVAILABLE, PENDING, FAILURE, DELETING = "AVAILABLE", "PENDING", "FAILURE", "DELETING"
FROZEN = "DISABLED"
"""The compatibility under which Glue takes no further versions."""

_ID = re.compile(r"[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Version:
    """One version as GetSchemaVersion tells it."""

    id: str
    number: int
    status: str
    kind: str
    text: str
    arn: str
    created_ms: int | None

    @property
    def live(self) -> bool:
        """Whether clients may use it: neither refused, nor still judged, nor being deleted."""
        return self.status == AVAILABLE

    def schema(self) -> Schema:
        """The schema, its text as the registry holds it."""
        return Schema(FORMATS[self.kind], self.text)

    def told(self, subject: str) -> StoredVersion:
        """The version in our model."""
        return StoredVersion(subject, self.number, self.id, self.schema(), False, self.created_ms)


@dataclass(frozen=True, slots=True)
class Entry:
    """One version as a listing or a registration names it."""

    id: str
    number: int
    status: str
    created_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """A schema without its versions: what Glue enforces on it, and from which version on."""

    compatibility: str
    checkpoint: int
    status: str


def version_in(answer: Mapping[str, Any]) -> Version:
    """Reads GetSchemaVersion."""
    kind = typed(answer, "DataFormat", str)
    if kind not in FORMATS:
        raise Garbled(f"Answered a schema of the unknown data format {kind[:50]!r}")
    return Version(
        id=id_in(answer),
        number=number_in(answer, "VersionNumber"),
        status=typed(answer, "Status", str),
        kind=kind,
        text=typed(answer, "SchemaDefinition", str),
        arn=typed(answer, "SchemaArn", str),
        created_ms=moment(answer.get("CreatedTime")),
    )


def entry_in(answer: Mapping[str, Any]) -> Entry:
    """Reads RegisterSchemaVersion, and an item of ListSchemaVersions."""
    number, status = number_in(answer, "VersionNumber"), typed(answer, "Status", str)
    return Entry(id_in(answer), number, status, moment(answer.get("CreatedTime")))


def created_in(answer: Mapping[str, Any]) -> Entry:
    """Reads the version that CreateSchema made."""
    return Entry(id_in(answer), 1, typed(answer, "SchemaVersionStatus", str))


def head_in(answer: Mapping[str, Any]) -> Head:
    """Reads GetSchema."""
    return Head(
        compatibility=typed(answer, "Compatibility", str),
        checkpoint=number_in(answer, "SchemaCheckpoint"),
        status=typed(answer, "SchemaStatus", str),
    )


def items_in(answer: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The items of a page."""
    items = typed(answer, name, list)
    if not all(isinstance(item, Mapping) for item in items):
        raise Garbled(f"Answered something else than objects in {name}")
    return items


def is_id(given: object) -> bool:
    """Whether this can be a version's id at all."""
    return isinstance(given, str) and _ID.fullmatch(given) is not None


def id_in(answer: Mapping[str, Any]) -> str:
    """The id of a version."""
    found = typed(answer, "SchemaVersionId", str)
    if not is_id(found):
        raise Garbled("Answered a SchemaVersionId that is none")
    return found


def number_in(answer: Mapping[str, Any], name: str) -> int:
    """A version number."""
    number = typed(answer, name, int)
    if isinstance(number, bool) or not 1 <= number <= MAX_VERSION:
        raise Garbled(f"Answered {number} as {name}")
    return number


def typed(answer: Mapping[str, Any], name: str, kind: type[T]) -> T:
    """A member of an answer, where it is of its promised kind."""
    value = answer.get(name)
    if not isinstance(value, kind):
        raise Garbled(f"Answered {type(value).__name__} where {name} should be {kind.__name__}")
    return value


def moment(given: Any) -> int | None:
    """Milliseconds since 1970 of a time as Glue writes it, None where it cannot be read; times are in UTC."""
    try:
        found = datetime.fromisoformat(given)
    except (TypeError, ValueError):
        return None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
