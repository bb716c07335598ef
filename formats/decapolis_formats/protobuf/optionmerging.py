"""Options in their normal form: custom names absolute, one value for each name that may have one, sorted."""

from __future__ import annotations

from collections.abc import Sequence

from .nodes import Field, Option, OptionValue, Word
from .numbers import normal_number
from .options import key_of
from .resolving import Prefixes, Types


def normal_options(options: Sequence[Option], types: Types, prefixes: Prefixes) -> tuple[Option, ...]:
    """The options sorted by name; those of a custom option that is not repeated merged into one."""
    by_name: dict[str, list[Option]] = {}
    declared: dict[str, Field] = {}
    for option in sorted((_named(option, types, prefixes, declared) for option in options), key=lambda each: each.name):
        by_name.setdefault(option.name, []).append(option)
    found: list[Option] = []
    for name, same in by_name.items():
        extension = declared.get(name)
        found += same if extension is None or extension.label == "repeated" else [_merged(same)]
    return tuple(
        Option(option.name, _normal_top(option.value, types, prefixes), option.custom, option.path) for option in found
    )


def _named(option: Option, types: Types, prefixes: Prefixes, declared: dict[str, Field]) -> Option:
    """The option under its full name, its path turned into nested values, where its declaration is known."""
    extension = types.extension(option.name, prefixes) if option.custom else None
    if extension is None:
        return option
    name, declared[extension[0]] = extension
    return Option(name, _nested(option.path, option.value), custom=True)


def _nested(path: tuple[str, ...], value: OptionValue) -> OptionValue:
    for name in reversed(path):
        value = {key_of(name): value}
    return value


def _merged(options: Sequence[Option]) -> Option:
    merged, *others = options
    for other in others:
        if isinstance(merged.value, dict) and isinstance(other.value, dict):
            merged = Option(other.name, merged_values(merged.value, other.value), other.custom)
        else:
            merged = other
    return merged


def merged_values(first: dict[str, OptionValue], second: dict[str, OptionValue]) -> dict[str, OptionValue]:
    """Both values in one; what both have becomes the list of all different values."""
    merged = dict(first)
    for name, value in second.items():
        merged[name] = _union(merged[name], value) if name in merged else value
    return merged


def _union(first: OptionValue, second: OptionValue) -> OptionValue:
    together: list[OptionValue] = []
    for value in (first, second):
        for item in value if isinstance(value, list) else [value]:
            if item not in together:
                together.append(item)
    return together


def _normal_top(value: OptionValue, types: Types, prefixes: Prefixes) -> OptionValue:
    # directly behind the name a list stays one, even with a single element
    if isinstance(value, list):
        return [_normal_value(item, types, prefixes) for item in value]
    return _normal_value(value, types, prefixes)


def _normal_value(value: OptionValue, types: Types, prefixes: Prefixes) -> OptionValue:
    if isinstance(value, Word):
        return Word(normal_number(value.text)) if value.is_number else value
    if isinstance(value, list):
        if len(value) == 1:
            return _normal_value(value[0], types, prefixes)
        return [_normal_value(item, types, prefixes) for item in value]
    if isinstance(value, dict):
        return _normal_map(value, types, prefixes)
    return value


def _normal_map(value: dict[str, OptionValue], types: Types, prefixes: Prefixes) -> dict[str, OptionValue]:
    named: dict[str, OptionValue] = {}
    for key, item in value.items():
        if item != []:
            named.setdefault(_extension_key(key, types, prefixes), _normal_value(item, types, prefixes))
    return {key: named[key] for key in sorted(named)}


def _extension_key(key: str, types: Types, prefixes: Prefixes) -> str:
    if not key.startswith("["):
        return key
    extension = types.extension(key[1:-1], prefixes)
    return f"[{extension[0]}]" if extension else key
