"""References, metadata and rule sets as the Confluent dialect spells them in JSON, in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .model import Metadata, Reference, Rule, RuleSet

_RULE_KEYS = {
    "name": "name",
    "doc": "doc",
    "kind": "kind",
    "mode": "mode",
    "type": "type",
    "tags": "tags",
    "params": "params",
    "expr": "expr",
    "on_success": "onSuccess",
    "on_failure": "onFailure",
}

_MOST_INTEGER = 2**31 - 1

_KINDS = ("TRANSFORM", "CONDITION")
_MODES = ("UPGRADE", "DOWNGRADE", "UPDOWN", "WRITE", "READ", "WRITEREAD")
_SIDES = ("ALL", "CLIENT", "GATEWAY", "SERVER", "NONE")


class Misspelt(ValueError):
    """A part of a JSON body has the wrong type or value; the text says where and what is right."""


def text_of(value: Any, where: str) -> str | None:
    """A string, or a number or boolean spelled as one, as lenient readers of the dialect take it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    raise Misspelt(f"{where} must be a string, not {_kind(value)}")


def integer_of(value: Any, where: str) -> int | None:
    """A 32-bit integer, also out of a numeric string; fractions are cut."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    number = _whole(value)
    if number is None:
        shown = f", not {value!r:.80}" if isinstance(value, str) else ""
        raise Misspelt(f"{where} must be an integer{shown}")
    if not -_MOST_INTEGER <= number <= _MOST_INTEGER:
        raise Misspelt(f"{where} is out of range: {number:.6g} is more than 32 bits hold")
    return number


def _whole(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and (not value.isascii() or "_" in value):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def _kind(value: Any) -> str:
    return {dict: "an object", list: "an array", bool: "a boolean", type(None): "null"}.get(type(value), "a number")


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Misspelt(f"{where} must be an object, not {_kind(value) if not isinstance(value, str) else 'a string'}")
    return value


def _array(value: Any, where: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise Misspelt(f"{where} must be an array, not {_kind(value) if not isinstance(value, str) else 'a string'}")
    return value


def _strings(value: Any, where: str) -> tuple[str, ...]:
    return tuple(text_of(each, f"{where}[{index}]") or "" for index, each in enumerate(_array(value, where)))


def _string_map(value: Any, where: str) -> dict[str, str]:
    return {key: text_of(each, f"{where}.{key}") or "" for key, each in _object(value, where).items()}


def _choice(value: Any, choices: Sequence[str], where: str) -> str | None:
    text = text_of(value, where)
    if text is not None and text not in choices:
        raise Misspelt(f"{where} must be one of {', '.join(choices)}, not {text}")
    return text


def references_from(value: Any) -> tuple[Reference, ...]:
    """Reads the `references` of a body; what one lacks is left empty, and such a one resolves to nothing."""
    if value is None:
        return ()
    found = []
    for index, entry in enumerate(_array(value, "references")):
        where = f"references[{index}]"
        fields = _object(entry, where)
        name, subject = (
            text_of(fields.get("name"), f"{where}.name"),
            text_of(fields.get("subject"), f"{where}.subject"),
        )
        version = integer_of(fields.get("version"), f"{where}.version")
        found.append(Reference(name or "", subject or "", version or 0))
    return tuple(found)


def references_to(references: Sequence[Reference]) -> list[dict[str, Any]]:
    """The dialect's JSON of references."""
    return [{"name": each.name, "subject": each.subject, "version": each.version} for each in references]


def metadata_from(value: Any) -> Metadata | None:
    """Reads `metadata`; an empty object is not the same as none."""
    if value is None:
        return None
    fields = _object(value, "metadata")
    tags = {
        path: tuple(sorted(set(_strings(each, f"metadata.tags.{path}"))))
        for path, each in _object(fields.get("tags") or {}, "metadata.tags").items()
    }
    properties = _string_map(fields.get("properties") or {}, "metadata.properties")
    sensitive = _strings(fields.get("sensitive") or [], "metadata.sensitive")
    return Metadata(dict(sorted(tags.items())), dict(sorted(properties.items())), tuple(sorted(set(sensitive))))


def metadata_to(metadata: Metadata) -> dict[str, Any]:
    """The dialect's JSON of metadata; empty parts are left out."""
    body: dict[str, Any] = {}
    if metadata.tags:
        body["tags"] = {path: list(tags) for path, tags in metadata.tags.items()}
    if metadata.properties:
        body["properties"] = dict(metadata.properties)
    if metadata.sensitive:
        body["sensitive"] = list(metadata.sensitive)
    return body


def rule_set_from(value: Any) -> RuleSet | None:
    """Reads `ruleSet`; Misspelt on an unknown kind, mode or side."""
    if value is None:
        return None
    fields = _object(value, "ruleSet")
    return RuleSet(
        _rules(fields.get("migrationRules"), "ruleSet.migrationRules"),
        _rules(fields.get("domainRules"), "ruleSet.domainRules"),
        _rules(fields.get("encodingRules"), "ruleSet.encodingRules"),
        _choice(fields.get("enableAt"), _SIDES, "ruleSet.enableAt"),
    )


def _rules(value: Any, where: str) -> tuple[Rule, ...] | None:
    if value is None:
        return None
    return tuple(_rule(_object(each, f"{where}[{i}]"), f"{where}[{i}]") for i, each in enumerate(_array(value, where)))


def _rule(fields: Mapping[str, Any], where: str) -> Rule:
    tags, params = fields.get("tags"), fields.get("params")
    return Rule(
        name=text_of(fields.get("name"), f"{where}.name"),
        doc=text_of(fields.get("doc"), f"{where}.doc"),
        kind=_choice(fields.get("kind"), _KINDS, f"{where}.kind"),
        mode=_choice(fields.get("mode"), _MODES, f"{where}.mode"),
        type=text_of(fields.get("type"), f"{where}.type"),
        tags=None if tags is None else tuple(sorted(set(_strings(tags, f"{where}.tags")))),
        params=None if params is None else dict(sorted(_string_map(params, f"{where}.params").items())),
        expr=text_of(fields.get("expr"), f"{where}.expr"),
        on_success=text_of(fields.get("onSuccess"), f"{where}.onSuccess"),
        on_failure=text_of(fields.get("onFailure"), f"{where}.onFailure"),
        disabled=str(fields.get("disabled", False)).lower() == "true",
    )


def rule_set_to(rule_set: RuleSet) -> dict[str, Any]:
    """The dialect's JSON of a rule set; absent and empty parts are left out."""
    body: dict[str, Any] = {}
    for key, rules in (
        ("migrationRules", rule_set.migration_rules),
        ("domainRules", rule_set.domain_rules),
        ("encodingRules", rule_set.encoding_rules),
    ):
        if rules:
            body[key] = [_rule_to(rule) for rule in rules]
    if rule_set.enable_at is not None:
        body["enableAt"] = rule_set.enable_at
    return body


def _rule_to(rule: Rule) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for attribute, key in _RULE_KEYS.items():
        value = getattr(rule, attribute)
        if value:
            body[key] = list(value) if isinstance(value, tuple) else value
    body["disabled"] = rule.disabled
    return body
