"""Inline tags: the `tags` of Confluent's meta options on messages and fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from decapolis_formats.errors import InvalidSchema

from .nodes import Field, File, Message, OneOf, Option, OptionValue
from .optionmerging import merged_values
from .resolving import file_prefixes

TagEdits: TypeAlias = Mapping[tuple[str, str], Sequence[str]]
"""Tags by entity: the dotted path of a message or field, and `sr_record` or `sr_field`."""

_META_FILE: Final = "confluent/meta.proto"
_OPTION_OF: Final = {"sr_record": "confluent.message_meta", "sr_field": "confluent.field_meta"}


def tags_in(file: File) -> dict[tuple[str, str], tuple[str, ...]]:
    """The tags of every message and field that has any, by dotted path and kind."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    waiting = [(file_prefixes(file.package)[0], message) for message in file.messages]
    for prefix, message in waiting:
        path = prefix + message.name
        entities = [(path, message.options, "sr_record")]
        entities += [(f"{path}.{field.name}", field.options, "sr_field") for field in message.all_fields()]
        for name, options, entity in entities:
            tags = _tags(options, _OPTION_OF[entity])
            if tags:
                found[(name, entity)] = tags
        waiting.extend((path + ".", nested) for nested in message.messages)
    return found


def with_tags(file: File, add: TagEdits, remove: TagEdits) -> File:
    """The tree with tags added and then removed; InvalidSchema for a path that leads to nothing."""
    editor = _Editor(add, remove)
    prefix = file_prefixes(file.package)[0]
    edited = replace(file, messages=tuple(editor.message(message, prefix) for message in file.messages))
    editor.refuse_rest()
    if editor.wrote and _META_FILE not in (*file.imports, *file.public_imports):
        return replace(edited, imports=(*file.imports, _META_FILE))
    return edited


class _Editor:
    """The edits, and which of them found their place."""

    def __init__(self, add: TagEdits, remove: TagEdits) -> None:
        self.add = add
        self.remove = remove
        self.wrote = False
        self.waiting = {*add, *remove}
        for path, entity in self.waiting:
            if entity not in _OPTION_OF:
                raise InvalidSchema(f"{path}: '{entity}' is no kind of entity (known: {', '.join(_OPTION_OF)})")

    def refuse_rest(self) -> None:
        for path, entity in sorted(self.waiting):
            kind = "message" if entity == "sr_record" else "field"
            raise InvalidSchema(f"The schema has no {kind} {path} that tags could be changed on")

    def message(self, message: Message, prefix: str) -> Message:
        path = prefix + message.name
        return replace(
            message,
            fields=tuple(self.field(field, path) for field in message.fields),
            oneofs=tuple(self.oneof(oneof, path) for oneof in message.oneofs),
            messages=tuple(self.message(nested, path + ".") for nested in message.messages),
            options=self.options(message.options, path, "sr_record"),
        )

    def oneof(self, oneof: OneOf, path: str) -> OneOf:
        fields = tuple(self.field(field, path, f"{path}.{oneof.name}") for field in oneof.fields)
        return replace(oneof, fields=fields)

    def field(self, field: Field, *owners: str) -> Field:
        options = field.options
        for owner in owners:  # a member of a oneof may be named with or without it
            options = self.options(options, f"{owner}.{field.name}", "sr_field")
        return field if options is field.options else replace(field, options=options)

    def options(self, options: tuple[Option, ...], path: str, entity: str) -> tuple[Option, ...]:
        key = (path, entity)
        if key not in self.waiting:
            return options
        self.waiting.discard(key)
        name = _OPTION_OF[entity]
        removed = set(self.remove.get(key, ()))
        before = _tags(options, name)
        tags = [tag for tag in dict.fromkeys((*before, *self.add.get(key, ()))) if tag not in removed]
        if tuple(tags) == before:
            return options
        self.wrote = self.wrote or bool(tags)
        return tuple(_replaced(options, name, tags))


def _is_named(option: Option, name: str) -> bool:
    return option.custom and option.name.removeprefix(".") == name


def _content(option: Option) -> dict[str, OptionValue]:
    value: OptionValue = option.value
    for name in reversed(option.path):
        value = {name: value}
    return value if isinstance(value, dict) else {}


def _merged(options: Sequence[Option], name: str) -> dict[str, OptionValue]:
    merged: dict[str, OptionValue] = {}
    for option in options:
        if _is_named(option, name):
            merged = merged_values(merged, _content(option))
    return merged


def _tags(options: Sequence[Option], name: str) -> tuple[str, ...]:
    tags = _merged(options, name).get("tags", [])
    return tuple(tag for tag in (tags if isinstance(tags, list) else [tags]) if isinstance(tag, str))


def _replaced(options: Sequence[Option], name: str, tags: Sequence[str]) -> Iterator[Option]:
    """The options with all parts of the meta option in one, where the first stood, its tags being these."""
    content = _merged(options, name)
    content.pop("tags", None)
    if tags:
        content["tags"] = list(tags)
    written = not content
    for option in options:
        if not _is_named(option, name):
            yield option
        elif not written:
            written = True
            yield Option(name, content, custom=True)
    if not written:
        yield Option(name, content, custom=True)
