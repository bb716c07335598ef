"""What a fake Pulsar cluster holds, and how it judges: versions of topics, deletions, strategies, properties."""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError

from decapolis_formats import Format, FormatError, engine_of

from .asgi import Problem

STRATEGIES = (
    *("UNDEFINED", "ALWAYS_INCOMPATIBLE", "ALWAYS_COMPATIBLE", "BACKWARD", "BACKWARD_TRANSITIVE"),
    *("FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE"),
)
PRIMITIVES = frozenset(
    {"NONE", "STRING", "BOOLEAN", "INT8", "INT16", "INT32", "INT64", "FLOAT", "DOUBLE", "BYTES", "DATE"}
)
_clock = itertools.count(1_790_000_000_000)


@dataclass(slots=True)
class Kept:
    """One version; a deletion has no type."""

    version: int
    type: str
    data: str
    properties: dict[str, str]
    timestamp: int

    def told(self) -> dict[str, Any]:
        """The version as the API shows it."""
        return {
            "version": self.version,
            "type": self.type,
            "timestamp": self.timestamp,
            "data": self.data,
            "properties": self.properties,
        }


@dataclass(slots=True)
class Topic:
    """A topic: its own strategy, properties and policy against tidying."""

    partitions: int = 0
    strategy: str | None = None
    properties: dict[str, str] = field(default_factory=dict)
    stays: bool = False


@dataclass(slots=True)
class Namespace:
    """A namespace with its topics, and schemas that need no topic."""

    strategy: str = "UNDEFINED"
    properties: dict[str, str] = field(default_factory=dict)
    topics: dict[str, Topic] = field(default_factory=dict)
    schemas: dict[str, list[Kept]] = field(default_factory=dict)

    def live(self, topic: str) -> list[Kept]:
        """The versions behind the latest deletion."""
        kept = self.schemas.get(topic, [])
        last = max((place for place, each in enumerate(kept) if not each.type), default=-1)
        return kept[last + 1 :]

    def append(self, topic: str, kind: str, data: str, properties: dict[str, str]) -> int:
        """Adds a version, or with an empty type a deletion; answers its number."""
        kept = self.schemas.setdefault(topic, [])
        number = kept[-1].version + 1 if kept else 0
        kept.append(Kept(number, kind, data, properties, next(_clock)))
        return number

    def tidied(self) -> None:
        """What brokers do with idle topics: they go, and their schemas with them."""
        for name in [name for name, topic in self.topics.items() if not topic.stays]:
            del self.topics[name]
            self.schemas.pop(name, None)


def demand_valid(kind: str, data: str) -> None:
    """Refuses what SchemaDataValidator refuses; the words are a status line's."""
    if kind in {"AVRO", "JSON"}:
        body = _parsed(kind, data)
        if isinstance(body, list):
            raise page(422, "Avro schema typed [UNION] is not supported")
    elif kind == "PROTOBUF_NATIVE":
        _demand_descriptor(data)
    elif kind not in PRIMITIVES | {"KEY_VALUE"}:
        raise Problem(400, {"reason": f"Cannot deserialize value of type SchemaType from {kind}"})


def _parsed(kind: str, data: str) -> Any:
    engine = engine_of(Format.AVRO)
    try:
        body = json.loads(data)
        if kind == "AVRO" or not (isinstance(body, dict) and "type" in body and body.get("type") == "object"):
            engine.parse(data, strict=False)
    except (ValueError, FormatError):
        raise page(422, f"Invalid schema definition data for {kind} schema") from None
    return body


def _demand_descriptor(data: str) -> None:
    try:
        body = json.loads(data)
        whole = FileDescriptorSet.FromString(base64.b64decode(body["fileDescriptorSet"], validate=True))
        pool = DescriptorPool()
        for each in whole.file:
            pool.Add(each)
        pool.FindFileByName(body["rootFileDescriptorName"])
        pool.FindMessageTypeByName(body["rootMessageTypeName"])
    except (ValueError, KeyError, TypeError, binascii.Error, DecodeError):
        raise page(422, "Invalid schema definition data for PROTOBUF_NATIVE schema") from None


def same(kind: str, data: str, kept: Kept) -> bool:
    """Whether registering answers that version: parsed and without documentation for Avro and JSON, else by bytes."""
    if kept.type != kind:
        return False
    if kind in {"AVRO", "JSON"}:
        return bool(_essence(json.loads(data)) == _essence(json.loads(kept.data)))
    return hashlib.sha256(data.encode()).digest() == hashlib.sha256(kept.data.encode()).digest()


def _essence(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _essence(value) for key, value in node.items() if key != "doc"}
    return [_essence(each) for each in node] if isinstance(node, list) else node


def demand_compatible(kind: str, data: str, live: list[Kept], strategy: str) -> None:
    """Refuses with 409, as a registration does."""
    if not live or strategy == "ALWAYS_COMPATIBLE":
        if live and live[-1].type != kind:
            raise page(409, f"Incompatible schema: exists schema type {live[-1].type}, new schema type {kind}")
        return
    if live[-1].type != kind:
        raise page(409, f"Incompatible schema: exists schema type {live[-1].type}, new schema type {kind}")
    others = live if strategy.endswith("_TRANSITIVE") else live[-1:]
    if strategy == "ALWAYS_INCOMPATIBLE" or not all(_fits(kind, data, each.data, strategy) for each in others):
        words = f"Error during schema compatibility check with strategy {strategy}"
        raise page(409, f"{words}: org.apache.avro.SchemaValidationException: Unable to read schema: \n{live[-1].data}")


def _fits(kind: str, new: str, old: str, strategy: str) -> bool:
    if kind == "PROTOBUF_NATIVE":
        return bool(json.loads(new)["rootMessageTypeName"] == json.loads(old)["rootMessageTypeName"])
    if kind not in {"AVRO", "JSON"}:
        return True
    engine: Any = engine_of(Format.AVRO)
    try:
        ours, theirs = engine.parse(new, strict=False), engine.parse(old, strict=False)
    except FormatError:  # texts of the older JSON form are not compared
        return True
    pairs = []
    if strategy.startswith(("BACKWARD", "FULL")):
        pairs.append((ours, theirs))
    if strategy.startswith(("FORWARD", "FULL")):
        pairs.append((theirs, ours))
    return all(each.compatible for pair in pairs for each in engine.compare(*pair))


class Page(Problem):
    """A refusal of which the broker said only a status line; Jetty makes a page of it, as the client accepts it."""

    def __init__(self, status: int, words: str) -> None:
        shown = words.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
        text = (
            f"<html>\n<head>\n<title>Error {status} {shown}</title>\n</head>\n<body><h2>{shown}</h2></body>\n</html>\n"
        )
        super().__init__(status, text, {"content-type": "text/html;charset=iso-8859-1"})
        self.words = words

    def accepted(self, accept: str, path: str) -> Problem:
        """The page for that Accept header."""
        if "application/json" not in accept:
            return self
        servlet = "org.glassfish.jersey.servlet.ServletContainer-184751f3"
        return Problem(
            self.status, {"servlet": servlet, "message": self.words, "url": path, "status": str(self.status)}
        )


def page(status: int, words: str) -> Page:
    """Such a refusal."""
    return Page(status, words)
