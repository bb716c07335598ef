"""What Pulsar is given for a schema, and the way back.

A plain Avro schema goes as it is. Everything else carries its document in the version's properties, so that text,
references, metadata and rules come back exactly; what stands in `data` is what Pulsar's own clients can use:

- Avro with references, metadata or rules: the text with every name inlined.
- Protobuf: PROTOBUF_NATIVE, a descriptor set with all dependencies, the root file and its first message.
- JSON Schema: Pulsar describes JSON by an Avro record, so there is a record without fields that stands for the document.

Pulsar takes versions for the same whose data are the same, whatever their properties say: a digest of the document in the
data keeps them apart.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from decapolis_formats import Dependency, Format, FormatError, Schema, engine_of
from decapolis_formats.protobuf.pools import dependency_descriptors
from decapolis_formats.protobuf.schema import ProtobufSchema
from decapolis_formats.spelling import (
    metadata_from,
    metadata_to,
    references_from,
    references_to,
    rule_set_from,
    rule_set_to,
)
from decapolis_translators.errors import Garbled, SchemaRefused

DOCUMENT = "decapolis.document"
"""The property that holds a document."""

DIGEST = "decapolis"
"""Under which name the data carry the document's digest."""

AVRO, JSON, PROTOBUF_NATIVE, KEY_VALUE = "AVRO", "JSON", "PROTOBUF_NATIVE", "KEY_VALUE"


@dataclass(frozen=True, slots=True)
class Payload:
    """A schema as Pulsar's API takes it."""

    type: str
    data: str
    properties: Mapping[str, str]

    def body(self) -> dict[str, Any]:
        """The body of a request."""
        return {"type": self.type, "schema": self.data, "properties": dict(self.properties)}


def is_plain(schema: Schema) -> bool:
    """Whether a schema is nothing but its text."""
    return not schema.references and schema.metadata is None and schema.rule_set is None


def payload_of(schema: Schema, dependencies: Sequence[Dependency], kind: str | None, *, apart: bool = False) -> Payload:
    """What Pulsar is given; `kind` is the type that the topic has, `apart` forces a document for plain Avro too."""
    if schema.format is Format.AVRO and is_plain(schema) and not apart:
        return Payload(JSON if kind == JSON else AVRO, schema.text, {})
    document = orjson.dumps(_document(schema), option=orjson.OPT_SORT_KEYS)
    digest = hashlib.sha256(document).hexdigest()[:32]
    properties = {DOCUMENT: document.decode()}
    if schema.format is Format.AVRO:
        return Payload(JSON if kind == JSON else AVRO, _avro(schema, dependencies, digest), properties)
    if schema.format is Format.PROTOBUF:
        return Payload(PROTOBUF_NATIVE, _descriptors(schema, dependencies, digest), properties)
    standing = {"type": "record", "name": "Document", "namespace": "decapolis", DIGEST: digest, "fields": []}
    return Payload(JSON, orjson.dumps(standing).decode(), properties)


def document_in(properties: Mapping[str, str]) -> Schema | None:
    """The document that properties hold, None where they hold none."""
    if DOCUMENT not in properties:
        return None
    try:
        held = orjson.loads(properties[DOCUMENT])
        return Schema(
            Format.named(held["schemaType"]),
            held["schema"],
            references_from(held.get("references")),
            metadata_from(held.get("metadata")),
            rule_set_from(held.get("ruleSet")),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Garbled(f"The property {DOCUMENT} holds no document of ours; somebody has edited it") from None


def _document(schema: Schema) -> dict[str, Any]:
    document: dict[str, Any] = {"schemaType": schema.format.schema_type, "schema": schema.text}
    if schema.references:
        document["references"] = references_to(schema.references)
    if schema.metadata is not None:
        document["metadata"] = metadata_to(schema.metadata)
    if schema.rule_set is not None:
        document["ruleSet"] = rule_set_to(schema.rule_set)
    return document


def _avro(schema: Schema, dependencies: Sequence[Dependency], digest: str) -> str:
    text = schema.text
    if schema.references:
        engine: Any = engine_of(Format.AVRO)
        try:
            text = engine.rendered(engine.parse(text, tuple(dependencies), strict=False), "resolved")
        except FormatError as error:
            raise SchemaRefused(str(error)) from None
    try:
        body = orjson.loads(text)
    except ValueError:
        raise SchemaRefused("The schema is no JSON") from None
    if isinstance(body, list):
        raise SchemaRefused("Pulsar takes no Avro schema that is a union at its top")
    whole = body if isinstance(body, dict) else {"type": body}
    return orjson.dumps({**whole, DIGEST: digest}).decode()


def _descriptors(schema: Schema, dependencies: Sequence[Dependency], digest: str) -> str:
    engine: Any = engine_of(Format.PROTOBUF)
    try:
        parsed: ProtobufSchema = engine.parse(schema.text, tuple(dependencies), strict=True)
        root = FileDescriptorProto.FromString(parsed.serialized)
        files = dependency_descriptors(parsed.file, parsed.types)
    except (FormatError, KeyError) as error:
        raise SchemaRefused(f"Pulsar needs a complete descriptor: {error}") from None
    if not root.message_type:
        raise SchemaRefused("Pulsar keeps Protobuf by its first message, and this file has none")
    name = root.message_type[0].name
    whole = FileDescriptorSet(file=[*_needed(root, {each.name: each for each in files}), root])
    data = {
        "fileDescriptorSet": base64.b64encode(whole.SerializeToString(deterministic=True)).decode(),
        "rootMessageTypeName": f"{root.package}.{name}" if root.package else name,
        "rootFileDescriptorName": root.name,
        DIGEST: digest,
    }
    return orjson.dumps(data).decode()


def _needed(root: FileDescriptorProto, known: Mapping[str, FileDescriptorProto]) -> list[FileDescriptorProto]:
    """The files that the root asks for, directly or not; what comes later needs what came before."""
    wanted, waiting = set(), list(root.dependency)
    while waiting:
        name = waiting.pop()
        if name in known and name not in wanted:
            wanted.add(name)
            waiting.extend(known[name].dependency)
    return [each for name, each in known.items() if name in wanted]
