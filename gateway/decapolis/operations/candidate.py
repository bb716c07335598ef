"""From what a client sent to a schema that can be judged: references resolved, parsed, canonical or normalised."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

from decapolis.gateway import View
from decapolis.judge import INLINE_CHARACTERS
from decapolis.registries.live import LiveRegistry
from decapolis.registries.references import inside, resolve
from decapolis_formats import (
    Dependency,
    Format,
    FormatError,
    InvalidSchema,
    Metadata,
    Reference,
    RuleSet,
    Schema,
    engine_of,
)
from decapolis_formats.data_contracts import merge_metadata, merge_rule_sets
from decapolis_formats.spelling import metadata_from, rule_set_from
from decapolis_policies import Candidate as Judged
from decapolis_policies import Text
from decapolis_translators.contract import StoredVersion
from decapolis_translators.subjects import Subject

from .errors import SchemaInvalid

DIALECT_TYPES = {"AVRO": Format.AVRO, "JSON": Format.JSON_SCHEMA, "PROTOBUF": Format.PROTOBUF}
_SPELLINGS = DIALECT_TYPES | {"JSON_SCHEMA": Format.JSON_SCHEMA}
"""What is taken; only the dialect's own names are given out and passed on."""

Tags = dict[tuple[str, str], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks to be registered, looked up or checked."""

    text: str = ""
    schema_type: str = "AVRO"
    references: tuple[Reference, ...] = ()
    metadata: Metadata | None = None
    rule_set: RuleSet | None = None
    id: int | None = None
    version: int = 0
    tags_to_add: Tags | None = None
    tags_to_remove: Tags | None = None
    propagate_tags: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it brings no text; a registration then means the latest version's, whatever the type."""
        return not self.text.strip()

    @property
    def edits_tags(self) -> bool:
        """Whether it asks for inline tags to be changed."""
        return bool(self.tags_to_add or self.tags_to_remove)

    @property
    def imposed_id(self) -> int | None:
        """The id that the schema shall have, None where the registry gives one."""
        return self.id if self.id is not None and self.id >= 0 else None

    @property
    def format(self) -> Format:
        """The format that `schemaType` names; SchemaInvalid for one that the dialect does not have."""
        try:
            return _SPELLINGS[self.schema_type.upper()]
        except KeyError:
            raise SchemaInvalid(f"Invalid schema type {self.schema_type} (known: {', '.join(DIALECT_TYPES)})") from None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A schema in the text that would be stored, with the texts of its references and its parsed form."""

    schema: Schema
    dependencies: tuple[Dependency, ...]
    parsed: Any
    is_normalized: bool = False
    """Whether the text says it in another way than what was parsed."""

    @property
    def text(self) -> Text:
        """The text with those of its references."""
        text = Text(self.schema.format, self.schema.text, self.dependencies)
        return text if self.is_normalized else text.with_reading(self.parsed)

    def judged(self, subject: Subject) -> Judged:
        """What the judge reads for a subject, metadata and rules included."""
        schema = self.schema
        return Judged(self.text, subject.name, schema.references, schema.metadata, schema.rule_set)

    def with_contract(self, metadata: Metadata | None, rule_set: RuleSet | None) -> Candidate:
        """The same text with other metadata and rules."""
        if metadata == self.schema.metadata and rule_set == self.schema.rule_set:
            return self
        schema = Schema(self.schema.format, self.schema.text, self.schema.references, metadata, rule_set)
        return replace(self, schema=schema)

    def inheriting(self, latest: Schema | None, config: Mapping[str, Any]) -> Candidate:
        """The same text with what a subject adds to it: the latest version's contract where it brings none of its own,
        and the configured defaults and overrides (confluent-rest section 5.3, step 4)."""
        metadata, rule_set = self.schema.metadata, self.schema.rule_set
        if metadata is None and latest is not None:
            metadata = latest.metadata
        if rule_set is None and latest is not None:
            rule_set = latest.rule_set
        metadata = merge_metadata(metadata_from(config.get("defaultMetadata")), metadata)
        metadata = merge_metadata(metadata, metadata_from(config.get("overrideMetadata")))
        rule_set = merge_rule_sets(rule_set_from(config.get("defaultRuleSet")), rule_set)
        rule_set = merge_rule_sets(rule_set, rule_set_from(config.get("overrideRuleSet")))
        return self.with_contract(metadata, rule_set)


async def candidate_from(
    view: View,
    registry: LiveRegistry,
    subject: Subject,
    request: Request,
    *,
    normalize: bool = False,
    strict: bool = True,
    validate_fields: bool = False,
    deleted: bool = False,
    as_written: bool = False,
) -> Candidate:
    """Reads a request's schema; SchemaInvalid with the parser's own words when that fails.

    With `deleted` its references may be to soft-deleted versions: such a schema can be old, but not new. One that is only
    judged may stay `as_written`; what is stored, looked up or answered has its canonical text.
    """
    format = request.format
    if request.is_empty:
        raise SchemaInvalid("Empty schema")
    try:
        references, dependencies = await _resolved(view, registry, subject, request.references, deleted=deleted)
        printing = _Printing.NONE if as_written else _Printing.CANONICAL
        if normalize:
            printing = _Printing.NORMALIZED
        given = format, request.text, dependencies, strict, validate_fields, printing
        heavy = len(request.text) > INLINE_CHARACTERS
        parsed, text = await asyncio.to_thread(_read, *given) if heavy else _read(*given)
        if normalize:
            references = tuple(sorted(set(references), key=lambda each: (each.name, each.subject, each.version)))
    except FormatError as error:
        raise SchemaInvalid(_complaint(subject, request, str(error))) from error
    if printing is _Printing.CANONICAL:
        # it may be what the next one is compared with
        Text(format, text, dependencies).read_as(parsed)
    schema = Schema(format, text, references, request.metadata, request.rule_set)
    return Candidate(schema, dependencies, parsed, normalize)


class _Printing(Enum):
    """In which text a candidate goes on."""

    NONE = auto()
    CANONICAL = auto()
    NORMALIZED = auto()


def _read(
    format: Format,
    text: str,
    dependencies: Sequence[Dependency],
    strict: bool,
    validate_fields: bool,
    printing: _Printing,
) -> tuple[Any, str]:
    """The engine's reading of a text, and the text that would be stored."""
    engine = engine_of(format)
    # not remembered: a text that is asked again is answered from ready bytes, and what is new is seldom read twice this way
    parsed = engine.parse(text, dependencies, strict=strict, validate_fields=validate_fields)
    if printing is _Printing.NONE:
        return parsed, text
    return parsed, engine.normalized(parsed) if printing is _Printing.NORMALIZED else engine.canonical(parsed)


def _complaint(subject: Subject, request: Request, details: str) -> str:
    shown = request.text if len(request.text) <= 1000 else f"{request.text[:1000]}… ({len(request.text)} characters)"
    references = ", ".join(
        f"{{name='{r.name}', subject='{r.subject}', version={r.version}}}" for r in request.references
    )
    return (
        f"Invalid schema {{subject={subject},version={request.version},schemaType={request.schema_type},"
        f"references=[{references}],schema={shown}}} of type {request.schema_type}, details: {details}"
    )


async def _resolved(
    view: View, registry: LiveRegistry, subject: Subject, references: Sequence[Reference], *, deleted: bool
) -> tuple[tuple[Reference, ...], tuple[Dependency, ...]]:
    if not references:
        return (), ()
    numbers: dict[tuple[str, int], int] = {}

    async def fetch(spelled: str, version: int) -> StoredVersion:
        owner = view.owner(spelled)
        if owner is not registry:
            raise InvalidSchema(
                f"subject '{subject}' belongs to registry {registry.id}, its reference '{spelled}' to registry "
                f"{owner.id}: a reference must stay inside one registry. Route both subjects to the same registry, or "
                f"register '{spelled}' in {registry.id} too"
            )
        stored = await registry.fetch(spelled, None if version < 1 else version, deleted=deleted and version >= 1)
        numbers[(spelled, version)] = stored.version
        return stored

    for reference in references:
        if not (reference.name and reference.subject and (reference.version >= 1 or reference.version == -1)):
            raise InvalidSchema(
                f"Invalid reference: {{name='{reference.name}', subject='{reference.subject}', "
                f"version={reference.version}}}: a name, a subject and a version of at least 1 (or -1 for the latest) "
                "are needed"
            )
    dependencies = await resolve(references, subject.context, fetch)
    settled = tuple(
        replace(each, version=numbers.get((inside(each.subject, subject.context), -1), each.version))
        if each.version == -1
        else each
        for each in references
    )
    return settled, dependencies
