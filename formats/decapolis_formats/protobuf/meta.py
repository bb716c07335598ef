"""Confluent's meta options as far as the type model has a place for them: doc, tags and a decimal's measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from decapolis_formats.types import Decimal

from .nodes import Option, OptionValue
from .optionmerging import merged_values

META_FILE: Final = "confluent/meta.proto"


@dataclass(frozen=True, slots=True)
class Meta:
    """What the meta option of one entity says."""

    doc: str | None = None
    tags: tuple[str, ...] = ()
    decimal: Decimal = field(default_factory=lambda: Decimal(None))


def meta_of(options: Sequence[Option], name: str) -> tuple[Meta, list[str]]:
    """The meta of the option of that name, and the names of all that was not understood."""
    content: dict[str, OptionValue] = {}
    others = []
    for option in options:
        if option.custom and option.name.removeprefix(".") == name:
            content = merged_values(content, _content(option))
        else:
            others.append(option.name)
    doc, tags, params = content.pop("doc", None), content.pop("tags", []), content.pop("params", [])
    others += [f"{name}.{key}" for key in content]
    decimal, unknown = _decimal(params)
    found = tuple(tag for tag in (tags if isinstance(tags, list) else [tags]) if isinstance(tag, str))
    return Meta(doc if isinstance(doc, str) else None, found, decimal), [*others, *unknown]


def _content(option: Option) -> dict[str, OptionValue]:
    value: OptionValue = option.value
    for name in reversed(option.path):
        value = {name: value}
    return dict(value) if isinstance(value, dict) else {}


def _decimal(params: OptionValue) -> tuple[Decimal, list[str]]:
    """The measures among the parameters, and the keys of all others."""
    pairs = [pair for pair in (params if isinstance(params, list) else [params]) if isinstance(pair, dict)]
    values = {str(pair.get("key")): str(pair.get("value")) for pair in pairs}
    measures = {key: int(value) for key, value in values.items() if key in _MEASURES and value.isdecimal()}
    others = [f"params.{key}" for key in values if key not in measures]
    return Decimal(measures.get("precision"), measures.get("scale", 0)), others


_MEASURES: Final = frozenset(("precision", "scale"))


def meta_option(name: str, doc: str | None, tags: Sequence[str], decimal: Decimal | None = None) -> tuple[Option, ...]:
    """The meta option that says this, none where there is nothing to say."""
    content: dict[str, OptionValue] = {}
    if doc is not None:
        content["doc"] = doc
    if decimal is not None and decimal.precision is not None:
        measures = {"precision": decimal.precision, "scale": decimal.scale}
        content["params"] = [{"key": key, "value": str(value)} for key, value in measures.items()]
    if tags:
        content["tags"] = list(tags)
    return (Option(f"confluent.{name}", content, custom=True),) if content else ()
