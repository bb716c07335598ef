"""The dialect's JSON and our model, both ways; what an API does not promise is Garbled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from decapolis_formats import Format, Metadata, Reference, Rule, RuleSet, Schema
from decapolis_translators.contract import StoredVersion
from decapolis_translators.errors import Garbled, SubjectRefused

MAX_ID = 2**31 - 1
_MAX_SEGMENT = 16_384

T = TypeVar("T")

_RULE_KEYS = {
    "name": "name",
    "doc": "doc",
    "kind": "kind",
    "mode": "mode",
    "type": "type",
    "expr": "expr",
    "onSuccess": "on_success",
    "onFailure": "on_failure",
}
_RULE_LISTS = {
    "migrationRules": "migration_rules",
    "domainRules": "domain_rules",
    "encodingRules": "encoding_rules",
}


def segment(subject: str) -> str:
    """A subject as one path segment; refused where no server would see it as it is."""
    if subject in {"", ".", ".."}:
        raise SubjectRefused(f"The subject {subject!r} cannot stand in a URL")
    if any(ord(character) < 32 or 127 <= ord(character) < 160 for character in subject):
        raise SubjectRefused("The subject holds control characters")
    try:
        encoded = quote(subject, safe="")
    except UnicodeEncodeError:
        raise SubjectRefused("The subject holds characters that no encoding can carry") from None
    if len(encoded) > _MAX_SEGMENT:
        raise SubjectRefused("The subject is longer than a URL may be")
    return encoded


def request(schema: Schema) -> dict[str, Any]:
    """The body that registers, looks up or checks a schema; nothing in it is null, for strict readers."""
    body: dict[str, Any] = {"schema": schema.text, "schemaType": schema.format.schema_type}
    if schema.references:
        body["references"] = [
            {"name": reference.name, "subject": reference.subject, "version": reference.version}
            for reference in schema.references
        ]
    if schema.metadata is not None:
        body["metadata"] = metadata_out(schema.metadata)
    if schema.rule_set is not None:
        body["ruleSet"] = rule_set_out(schema.rule_set)
    return body


def metadata_out(metadata: Metadata) -> dict[str, Any]:
    """Metadata as the dialect writes it: empty parts left out."""
    parts = {
        "tags": {path: list(tags) for path, tags in metadata.tags.items()},
        "properties": dict(metadata.properties),
        "sensitive": list(metadata.sensitive),
    }
    return {key: value for key, value in parts.items() if value}


def rule_set_out(rules: RuleSet) -> dict[str, Any]:
    """A rule set as the dialect writes it: absent parts left out."""
    body: dict[str, Any] = {}
    for key, attribute in _RULE_LISTS.items():
        listed: tuple[Rule, ...] | None = getattr(rules, attribute)
        if listed is not None:
            body[key] = [_rule_out(rule) for rule in listed]
    if rules.enable_at is not None:
        body["enableAt"] = rules.enable_at
    return body


def _rule_out(rule: Rule) -> dict[str, Any]:
    body = {key: getattr(rule, attribute) for key, attribute in _RULE_KEYS.items()}
    body["tags"] = None if rule.tags is None else list(rule.tags)
    body["params"] = None if rule.params is None else dict(rule.params)
    return {key: value for key, value in body.items() if value is not None} | {"disabled": rule.disabled}


@dataclass(frozen=True, slots=True)
class Registered:
    """The answer to a registration: always an id, the whole version only from newer servers."""

    native_id: int
    stored: StoredVersion | None


def registered(answer: Any, subject: str) -> Registered:
    """Reads the answer to a registration."""
    body = _object(answer)
    native_id = positive(body.get("id"), "id")
    whole = "version" in body and "schema" in body
    return Registered(native_id, stored_version({"subject": subject, **body}) if whole else None)


def stored_version(answer: Any) -> StoredVersion:
    """Reads a version as GET version and lookup answer it."""
    body = _object(answer)
    created = body.get("ts")
    return StoredVersion(
        subject=typed(body.get("subject"), str, "subject"),
        version=positive(body.get("version"), "version"),
        native_id=positive(body.get("id"), "id"),
        schema=schema_in(body),
        deleted=body.get("deleted") is True,
        created_ms=created if isinstance(created, int) else None,
    )


def schema_in(answer: Any) -> Schema:
    """Reads a schema as any of the read endpoints answers it; an absent type means AVRO."""
    body = _object(answer)
    kind = typed(body.get("schemaType") or "AVRO", str, "schemaType")
    try:
        known = Format.named(kind)
    except ValueError:
        raise Garbled(f"Answered a schema of the unknown type {kind[:50]!r}") from None
    return Schema(
        format=known,
        text=typed(body.get("schema"), str, "schema"),
        references=tuple(_reference_in(each) for each in listed(body.get("references") or [], dict)),
        metadata=metadata_in(body.get("metadata")),
        rule_set=rule_set_in(body.get("ruleSet")),
    )


def _reference_in(body: dict[str, Any]) -> Reference:
    return Reference(
        name=typed(body.get("name"), str, "references.name"),
        subject=typed(body.get("subject"), str, "references.subject"),
        version=typed(body.get("version"), int, "references.version"),
    )


def metadata_in(body: Any) -> Metadata | None:
    """Reads metadata as the dialect writes it."""
    if body is None:
        return None
    given = _object(body)
    tags = _object(given.get("tags") or {})
    properties = _object(given.get("properties") or {})
    return Metadata(
        tags={path: tuple(listed(names, str)) for path, names in tags.items()},
        properties={key: typed(value, str, "properties") for key, value in properties.items()},
        sensitive=tuple(listed(given.get("sensitive") or [], str)),
    )


def rule_set_in(body: Any) -> RuleSet | None:
    """Reads a rule set as the dialect writes it."""
    if body is None:
        return None
    given = _object(body)
    lists = {
        attribute: None if given.get(key) is None else tuple(map(_rule_in, listed(given[key], dict)))
        for key, attribute in _RULE_LISTS.items()
    }
    return RuleSet(**lists, enable_at=given.get("enableAt"))


def _rule_in(body: dict[str, Any]) -> Rule:
    known = {attribute: body.get(key) for key, attribute in _RULE_KEYS.items()}
    tags, params = body.get("tags"), body.get("params")
    return Rule(
        **known,
        tags=None if tags is None else tuple(listed(tags, str)),
        params=None if params is None else dict(_object(params)),
        disabled=body.get("disabled") is True,
    )


def listed(answer: Any, kind: type[T]) -> list[T]:
    """A list of one kind of thing."""
    return [typed(each, kind, "list") for each in typed(answer, list, "answer")]


def positive(value: Any, name: str) -> int:
    """A number from 1 to int32's end."""
    number = typed(value, int, name)
    if not 1 <= number <= MAX_ID:
        raise Garbled(f"Answered {number} as {name}")
    return number


def typed(value: Any, kind: type[T], name: str) -> T:
    """The value, where it is of its promised kind; true is not a number here."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Garbled(f"Answered {type(value).__name__} where {name} should be {kind.__name__}")
    return value


def _object(answer: Any) -> dict[str, Any]:
    return typed(answer, dict, "answer")
