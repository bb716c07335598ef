"""Registries, schemas and versions as Glue keeps them, with its asynchronous states."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from decapolis_formats import Format, FormatError, engine_of

from .glue_model import refuse

ACCOUNT = "123456789012"
AVAILABLE, PENDING, FAILURE, DELETING = "AVAILABLE", "PENDING", "FAILURE", "DELETING"
FORMATS = {"AVRO": Format.AVRO, "JSON": Format.JSON_SCHEMA, "PROTOBUF": Format.PROTOBUF}
_NEWER_DRAFT = re.compile(r'"\$schema"\s*:\s*"https?://json-schema\.org/draft/20')
_OUTSIDE = re.compile(r"^\s*(extend\b|extensions\b|(optional|required|repeated)\s+group\b)", re.MULTILINE)


def now() -> str:
    """A time as Glue writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True)
class Pair:
    """One pair of metadata."""

    key: str
    value: str
    created: str = field(default_factory=now)


@dataclass(slots=True)
class GlueVersion:
    """One version; `reads` questions pass before it leaves a state that does not last."""

    number: int
    text: str
    canonical: Any
    status: str = AVAILABLE
    settles_as: str = AVAILABLE
    reads: int = 0
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: str = field(default_factory=now)
    metadata: list[Pair] = field(default_factory=list)

    def seen(self) -> str:
        """The state that this question is told."""
        if self.status == PENDING:
            if self.reads <= 0:
                self.status = self.settles_as
            self.reads -= 1
        return self.status


@dataclass(slots=True)
class GlueSchema:
    """One schema with its versions; numbers are never given twice."""

    name: str
    kind: str
    compatibility: str
    arn: str
    checkpoint: int = 1
    next_number: int = 1
    status: str = AVAILABLE
    gone_after: int = 0
    created: str = field(default_factory=now)
    versions: dict[int, GlueVersion] = field(default_factory=dict)

    @property
    def latest(self) -> GlueVersion | None:
        """The newest version that was neither refused nor deleted."""
        told = [each for each in self.versions.values() if each.status in {AVAILABLE, PENDING}]
        return max(told, key=lambda each: each.number, default=None)


@dataclass(slots=True)
class GlueRegistryState:
    """One registry."""

    name: str
    arn: str
    status: str = AVAILABLE
    created: str = field(default_factory=now)
    schemas: dict[str, GlueSchema] = field(default_factory=dict)


class GlueState:
    """What one account holds in one region, and the knobs that tests turn."""

    def __init__(self, region: str) -> None:
        self.region = region
        self.registries: dict[str, GlueRegistryState] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.pending_reads = 0
        """How many questions a new version stays PENDING for, where it has to be judged at all."""
        self.deleting_reads = 0
        """How many questions a schema stays DELETING for."""
        self.stale_reads = 0
        """How many of the next reads of lists and latest versions do not know the newest version yet."""
        self.overlooks_docs = False
        """Whether two schemas that differ only in their docs are the same to it."""
        self.max_schemas = 1_000
        self.max_versions = 10_000
        self.max_pairs = 10

    def arn(self, *parts: str) -> str:
        """The name of a resource in all of AWS."""
        return f"arn:aws:glue:{self.region}:{ACCOUNT}:{'/'.join(parts)}"

    def schemas(self) -> Iterator[GlueSchema]:
        """Those of all registries."""
        return (schema for registry in self.registries.values() for schema in registry.schemas.values())

    def add_registry(self, name: str) -> GlueRegistryState:
        """A new, empty registry."""
        registry = GlueRegistryState(name, self.arn("registry", name))
        self.registries[name] = registry
        return registry

    def canonical(self, kind: str, text: str) -> Any:
        """What makes two texts the same; refuses what is no schema of the kind."""
        try:
            engine = engine_of(FORMATS[kind])
            canonical = engine.canonical(engine.parse(text))
        except FormatError as error:
            raise refuse(
                "InvalidInputException", f"Schema definition of {kind} data format is invalid: {error}"
            ) from None
        newer = kind == "JSON" and _NEWER_DRAFT.search(text)
        if newer or (kind == "PROTOBUF" and _OUTSIDE.search(text)):
            raise refuse("InvalidInputException", f"Schema definition of {kind} data format is invalid: not supported")
        if kind == "PROTOBUF":
            return canonical
        parsed = orjson.loads(canonical)
        return _without_docs(parsed) if self.overlooks_docs else parsed

    def verdict(self, schema: GlueSchema, text: str) -> bool:
        """Whether the compatibility allows a text as the next version, judged from the checkpoint on."""
        mode = schema.compatibility
        if mode == "NONE":
            return True
        live = [each for each in schema.versions.values() if each.status == AVAILABLE]
        if mode.endswith("_ALL"):
            past = [each for each in live if each.number >= schema.checkpoint]
        else:
            past = [each for each in live if each.number == schema.checkpoint]
        return all(_compatible(mode, FORMATS[schema.kind], text, each.text) for each in past)


def _compatible(mode: str, format: Format, new: str, old: str) -> bool:
    engine = engine_of(format)
    candidate, past = engine.parse(new), engine.parse(old)
    pairs = []
    if mode.startswith(("BACKWARD", "FULL")):
        pairs.append((candidate, past))
    if mode.startswith(("FORWARD", "FULL")):
        pairs.append((past, candidate))
    return all(found.compatible for reader, writer in pairs for found in engine.compare(reader, writer))


def _without_docs(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_docs(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {key: _without_docs(value) for key, value in node.items() if key != "doc"}
