"""What brokers tell of schemas, read strictly; texts that others put there in their own forms, in ours.

Pulsar counts versions from 0; ours are one more. A version's id names its topic, number and time: a topic whose schemas
were erased counts from 0 again, and ids must not.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message import DecodeError

from decapolis_formats import Dependency, Format, FormatError, Schema, engine_of
from decapolis_translators.contract import Listed, NativeId, StoredVersion
from decapolis_translators.errors import Garbled

from .documents import AVRO, JSON, KEY_VALUE, PROTOBUF_NATIVE, document_in
from .topics import Side

MAX_VERSION = 2**31 - 2
T = TypeVar("T")

_LONG_OF = {"DATE": "timestamp-millis", "TIMESTAMP": "timestamp-millis"}
_PRIMITIVES = {
    "STRING": "string",
    "BOOLEAN": "boolean",
    "INT8": "int",
    "INT16": "int",
    "INT32": "int",
    "INT64": "long",
    "FLOAT": "float",
    "DOUBLE": "double",
    "BYTES": "bytes",
    "TIME": "long",
    "LOCAL_DATE": "long",
    "LOCAL_TIME": "long",
    "INSTANT": "bytes",
    "LOCAL_DATE_TIME": "bytes",
}
_ID = re.compile(r"(\d{1,10})\.(\d{1,16})(?:\.(key|value))?@(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of a topic, or one side of it."""

    topic: str
    native: int
    made_ms: int
    type: str
    schema: Schema
    side: Side | None = None

    @property
    def number(self) -> int:
        """Our number."""
        return self.native + 1

    @property
    def id(self) -> str:
        """The name that no other version ever has."""
        side = f".{self.side}" if self.side else ""
        return f"{self.native}.{self.made_ms}{side}@{self.topic}"

    @property
    def read_only(self) -> bool:
        """Whether it is of a type that the dialect cannot write."""
        return self.side is not None or self.type not in {AVRO, JSON, PROTOBUF_NATIVE}

    def told(self, subject: str) -> StoredVersion:
        """The version in our model."""
        return StoredVersion(subject, self.number, self.id, self.schema, False, self.made_ms)

    def listed(self) -> Listed:
        """The version as a listing names it."""
        return Listed(self.number, self.id, self.made_ms, self.schema)


def named_in(native_id: NativeId) -> tuple[str, Side | None] | None:
    """The topic and side of an id, None where it can be nobody's."""
    found = _ID.fullmatch(native_id) if isinstance(native_id, str) else None
    if found is None:
        return None
    sides: Mapping[str | None, Side] = {"key": "key", "value": "value"}
    return found[4], sides.get(found[3])


def entries_in(answer: Any, topic: str, side: Side | None) -> list[Entry]:
    """The versions of `…/schemas` that one of our formats can tell: of a topic itself, or of one side of its pairs."""
    listed = typed(_object(answer), "getSchemaResponses", list)
    found = (entry_in(item, topic, side) for item in listed)
    return sorted((each for each in found if each is not None), key=lambda each: each.native)


def entry_in(answer: Any, topic: str, side: Side | None) -> Entry | None:
    """Reads one version; None where it is of a type that is not told here."""
    body = _object(answer)
    native, made = typed(body, "version", int), typed(body, "timestamp", int)
    if isinstance(native, bool) or not 0 <= native <= MAX_VERSION:
        raise Garbled(f"Answered {native} as a version")
    kind, data = typed(body, "type", str), body.get("data")
    properties = {str(key): str(value) for key, value in (body.get("properties") or {}).items()}
    if (kind == KEY_VALUE) != (side is not None):
        return None
    text = data if isinstance(data, str) else ""
    schema = _pair_side(text, properties, side) if side else schema_in(kind, text, properties)
    return None if schema is None else Entry(topic, native, max(made, 0), kind, schema, side)


def schema_in(kind: str, data: str, properties: Mapping[str, str]) -> Schema | None:
    """The schema that a version stands for, None for types without one (NONE, EXTERNAL, what comes new)."""
    document = document_in(properties)
    if document is not None:
        return document
    if kind in {AVRO, "PROTOBUF"}:  # the older Protobuf type is described in Avro
        return Schema(Format.AVRO, data)
    if kind == JSON:
        return Schema(Format.AVRO if _is_avro(data) else Format.JSON_SCHEMA, data)
    if kind == PROTOBUF_NATIVE:
        return Schema(Format.PROTOBUF, _proto_text(data))
    if kind not in _PRIMITIVES and kind not in _LONG_OF:
        return None
    logical = _LONG_OF.get(kind)
    shown = _PRIMITIVES.get(kind) if logical is None else {"type": "long", "logicalType": logical}
    return Schema(Format.AVRO, orjson.dumps(shown).decode())


def _pair_side(data: str, properties: Mapping[str, str], side: Side) -> Schema | None:
    try:
        part = orjson.loads(data)[side]
        about = orjson.loads(properties.get(f"{side}.schema.properties") or "{}")
    except (ValueError, KeyError, TypeError):
        raise Garbled("Answered a KEY_VALUE schema without its two sides") from None
    text = part if isinstance(part, str) else orjson.dumps(part).decode()
    kind = properties.get(f"{side}.schema.type", "BYTES")
    return schema_in(kind, text, about if isinstance(about, dict) else {})


def _is_avro(text: str) -> bool:
    engine = engine_of(Format.AVRO)
    try:
        engine.parse(text, strict=False)
    except FormatError:
        return False
    return True


def _proto_text(data: str) -> str:
    """The .proto text of a native descriptor; as it is where it cannot be read."""
    try:
        body = orjson.loads(data)
        whole = FileDescriptorSet.FromString(base64.b64decode(body["fileDescriptorSet"]))
        files = {each.name: base64.b64encode(each.SerializeToString()).decode() for each in whole.file}
        root = files.pop(body["rootFileDescriptorName"])
        needed = tuple(Dependency(name, text) for name, text in files.items())
        engine = engine_of(Format.PROTOBUF)
        return engine.canonical(engine.parse(root, needed, strict=False))
    except (ValueError, KeyError, TypeError, binascii.Error, DecodeError, FormatError):
        return data


def version_in(answer: Any) -> int:
    """The number that a registration or deletion names, Pulsar's own; -1 for none."""
    given = _object(answer).get("version")
    number = given.get("version") if isinstance(given, Mapping) else given
    if not isinstance(number, int) or isinstance(number, bool) or not -1 <= number <= MAX_VERSION:
        raise Garbled("Answered no version")
    return number


def names_in(answer: Any) -> list[str]:
    """A list of topics."""
    if not isinstance(answer, list) or not all(isinstance(each, str) for each in answer):
        raise Garbled("Answered something else than a list of names")
    return answer


def texts_in(answer: Any) -> dict[str, str]:
    """A map of properties; null is an empty one."""
    body = {} if answer is None else _object(answer)
    if not all(isinstance(value, str) for value in body.values()):
        raise Garbled("Answered properties that are no texts")
    return dict(body)


def typed(answer: Mapping[str, Any], name: str, kind: type[T]) -> T:
    """A member of an answer, where it is of its promised kind."""
    value = answer.get(name)
    if not isinstance(value, kind):
        raise Garbled(f"Answered {type(value).__name__} where {name} should be {kind.__name__}")
    return value


def _object(answer: Any) -> Mapping[str, Any]:
    if not isinstance(answer, Mapping):
        raise Garbled("Expected a JSON object, got something else")
    return answer


def same_meaning(schema: Schema, other: Schema, dependencies: Sequence[Dependency] = ()) -> bool:
    """Whether our canonical form calls both the same."""
    about = (schema.format, schema.references, schema.metadata, schema.rule_set)
    if about != (other.format, other.references, other.metadata, other.rule_set):
        return False
    return schema.text == other.text or _canonical(schema, dependencies) == _canonical(other, dependencies)


def _canonical(schema: Schema, dependencies: Sequence[Dependency]) -> str:
    engine = engine_of(schema.format)
    try:
        return engine.canonical(engine.parse(schema.text, tuple(dependencies), strict=False))
    except FormatError:
        return schema.text
