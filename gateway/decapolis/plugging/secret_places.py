"""Which values of a registry's configuration are secrets, so that they are never shown and never kept as they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, SecretStr, ValidationError

from decapolis.operations.configured import HIDDEN

MASK = HIDDEN
"""What stands for a secret in answers; sent back, it means the secret that is there already."""

Place = tuple[str | int, ...]

_TELLING = re.compile(r"secret|passw|token$|passphrase|private.?key|account.?key|api.?key|credential", re.IGNORECASE)
"""Names that secrets have; asked where a type does not say it."""
_ID = re.compile(r"(_id|_url|_file|_type|_path)$", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def secret_places(config: Mapping[str, Any], filled: Mapping[str, Any], model: type[BaseModel] | None) -> set[Place]:
    """Where secrets stand in a configuration: by what the type declares, by where their values turn up, and by name.

    `config` is as it was given, `filled` the same with its variables' values.
    """
    declared = set(_declared(model)) if model is not None else set()
    values = _secret_values(filled, model)
    found = set()
    for place, text in leaves(config):
        names = {part for part in place if isinstance(part, str)}
        meant = _at(filled, place)
        is_declared = bool(names & declared) or (isinstance(meant, str) and meant.strip() in values)
        sounds_so = any(_TELLING.search(name) and not _ID.search(name) for name in names)
        if is_declared or sounds_so or _USERINFO.search(text):
            found.add(place)
    return found


def _declared(model: type[BaseModel]) -> Iterator[str]:
    """The names of every field that the type declares secret, in it and in what it is made of."""
    seen: set[type[BaseModel]] = set()
    waiting = [model]
    while waiting:
        each = waiting.pop()
        if each in seen:
            continue
        seen.add(each)
        for name, field in each.model_fields.items():
            kinds = list(_kinds(field.annotation))
            if SecretStr in kinds:
                yield name
                if field.alias is not None:
                    yield field.alias
            waiting += [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]


def _kinds(annotation: Any) -> Iterator[Any]:
    yield annotation
    for each in get_args(annotation):
        yield from _kinds(each)


def _secret_values(filled: Mapping[str, Any], model: type[BaseModel] | None) -> set[str]:
    if model is None:
        return set()
    try:
        whole = model.model_validate(filled)
    except ValidationError:
        return set()
    return {value.strip() for value in _within(whole) if value.strip()}


def _within(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _within(getattr(value, name))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _within(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _within(each)


def leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Every text in a configuration with its place."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from leaves(each, (*place, key))
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from leaves(each, (*place, index))


def _at(value: Any, place: Place) -> Any:
    for part in place:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def changed_at(value: Any, places: set[Place], change: Callable[[Place, Any], Any], place: Place = ()) -> Any:
    """A copy of the configuration with the values at the places changed."""
    if place in places:
        return change(place, value)
    if isinstance(value, Mapping):
        return {key: changed_at(each, places, change, (*place, key)) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [changed_at(each, places, change, (*place, index)) for index, each in enumerate(value)]
    return value


def masked(config: Mapping[str, Any], places: set[Place]) -> dict[str, Any]:
    """The configuration as anybody may see it; references to variables are no secrets and are kept."""
    shown: dict[str, Any] = changed_at(config, places, lambda _, value: value if is_reference(value) else MASK)
    return shown


def is_reference(value: Any) -> bool:
    """Whether a value is nothing but a variable: `${VAR}`, without a default that could be the secret itself."""
    return isinstance(value, str) and re.fullmatch(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}", value) is not None


def unmasked(config: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with the earlier secrets where an answer's mask was sent back."""
    sent_back = {place for place, text in leaves(config) if text == MASK and _at(before, place) is not None}
    whole: dict[str, Any] = changed_at(config, sent_back, lambda place, _: _at(before, place))
    return whole
