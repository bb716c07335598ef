"""Reads the dialect's request bodies, as leniently as the reference does and no more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson

from decapolis.operations.candidate import Request, Tags
from decapolis_formats.spelling import (
    Misspelt,
    integer_of,
    metadata_from,
    references_from,
    rule_set_from,
    text_of,
)

from .errors import DialectError

CONFIG_KEYS = {
    "compatibility": "compatibilityLevel",
    "compatibilityLevel": "compatibilityLevel",
    "alias": "alias",
    "aliasForDeks": "aliasForDeks",
    "normalize": "normalize",
    "validateFields": "validateFields",
    "validateNewSchemas": "validateNewSchemas",
    "validateRules": "validateRules",
    "compatibilityPolicy": "compatibilityPolicy",
    "compatibilityGroup": "compatibilityGroup",
    "defaultMetadata": "defaultMetadata",
    "overrideMetadata": "overrideMetadata",
    "defaultRuleSet": "defaultRuleSet",
    "overrideRuleSet": "overrideRuleSet",
}
"""Keys of a configuration body; the level has one name going in and another coming out."""

_FLAGS = ("normalize", "validateFields", "validateNewSchemas", "validateRules")
_TEXTS = ("compatibilityLevel", "alias", "aliasForDeks", "compatibilityPolicy", "compatibilityGroup")


def json_object(body: bytes) -> Mapping[str, Any]:
    """The object in a body; 422 where there is none, 400 where it is not JSON, not an object or says a key twice."""
    if not body.strip():
        raise DialectError(422, 422, "body must not be null (was null)")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        decoded = _in_utf8(body)
        if decoded is None:
            raise DialectError(400, 400, f"The body is not JSON: {error}") from None
        return json_object(decoded)
    if value is None:
        raise DialectError(422, 422, "body must not be null (was null)")
    if not isinstance(value, dict):
        raise DialectError(400, 400, "The body must be a JSON object")
    _refuse_twins(body, value)
    return value


def _in_utf8(body: bytes) -> bytes | None:
    """A body that begins with a byte order mark or comes in UTF-16 or UTF-32, as the reference takes it too; else None."""
    encoding = json.detect_encoding(body)
    if encoding == "utf-8":
        return None
    try:
        return body.decode(encoding).encode()
    except UnicodeError:
        return None


def _refuse_twins(body: bytes, value: dict[str, Any]) -> None:
    # orjson keeps the last of two equal keys without a word; which one was meant nobody knows
    if _names_each_once(body, value) or body == orjson.dumps(value):
        return
    try:
        _TWIN_FINDER.decode(body.decode())
    except (ValueError, RecursionError) as error:
        raise DialectError(400, 400, f"The body is not usable JSON: {error}") from None


def _names_each_once(body: bytes, value: dict[str, Any]) -> bool:
    """Whether a flat object shows at a glance that it says nothing twice, as nearly all do.

    Each key stands in the body once between quotes, and no key of plain letters has another spelling where nothing is
    escaped by its number. Inside of a text every quote has a backslash before it, so what a text says hides no key.
    """
    if b"\\u" in body:
        return False
    for key, each in value.items():
        if isinstance(each, (dict, list)) or not (key.isascii() and key.isidentifier()):
            return False
        if body.count(b'"%b"' % key.encode()) != 1:
            return False
    return True


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key '{twin}' stands there twice")
    return found


_TWIN_FINDER = json.JSONDecoder(object_pairs_hook=_without_twins)


def schema_request(body: bytes) -> Request:
    """A schema to register, look up or check."""
    fields = json_object(body)
    return Request(
        text=text_of(fields.get("schema"), "schema") or "",
        schema_type=text_of(fields.get("schemaType"), "schemaType") or "AVRO",
        references=references_from(fields.get("references")),
        metadata=metadata_from(fields.get("metadata")),
        rule_set=rule_set_from(fields.get("ruleSet")),
        id=integer_of(fields.get("id"), "id"),
        version=integer_of(fields.get("version"), "version") or 0,
        tags_to_add=tags_from(fields.get("schemaTagsToAdd"), "schemaTagsToAdd"),
        tags_to_remove=tags_from(fields.get("schemaTagsToRemove"), "schemaTagsToRemove"),
        propagate_tags=fields.get("propagateSchemaTags") is True,
    )


def tags_from(value: Any, where: str) -> Tags | None:
    """Inline tags by entity: path and kind (`sr_record`, `sr_field`)."""
    if value is None:
        return None
    if not isinstance(value, list):
        raise Misspelt(f"{where} must be an array")
    found: Tags = {}
    for index, entry in enumerate(value):
        entity = entry.get("schemaEntity") if isinstance(entry, dict) else None
        if not isinstance(entity, dict):
            raise Misspelt(f"{where}[{index}].schemaEntity must be an object")
        kind = text_of(entity.get("entityType"), f"{where}[{index}].schemaEntity.entityType") or ""
        if kind.lower() not in {"sr_record", "sr_field"}:
            raise Misspelt(f"{where}[{index}].schemaEntity.entityType must be sr_record or sr_field, not {kind}")
        path = text_of(entity.get("entityPath"), f"{where}[{index}].schemaEntity.entityPath") or ""
        tags = entry.get("tags")
        if not isinstance(tags, list):
            raise Misspelt(f"{where}[{index}].tags must be an array")
        found[(path, kind.lower())] = tuple(text_of(tag, f"{where}[{index}].tags") or "" for tag in tags)
    return found


def config_changes(body: bytes) -> dict[str, Any]:
    """The configuration keys that a body names; a null clears one, an unknown key is ignored as the reference does."""
    fields = json_object(body)
    changes: dict[str, Any] = {}
    for key, ours in CONFIG_KEYS.items():
        if key not in fields:
            continue
        value = fields[key]
        if ours in _FLAGS and value is not None:
            value = _flag(value, key)
        elif ours in _TEXTS:
            value = text_of(value, key) or None
        elif value is not None and not isinstance(value, dict):
            raise Misspelt(f"{key} must be an object")
        changes[ours] = value
    return changes


def _flag(value: Any, key: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        return value.strip().lower() == "true"
    raise Misspelt(f"{key} must be true or false")
