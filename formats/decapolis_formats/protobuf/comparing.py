"""What differs when one schema reads what was written with another (compatibility.md 5.3).

In here the writer's side is always called `old` and the reader's `new`.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from decapolis_formats.model import CompareOptions, Difference

from .fieldrules import FieldRules
from .findings import Findings
from .nodes import SCALARS, Enum, Field, Group, Message
from .resolving import Prefixes, Type, Types, file_prefixes, inner_prefixes
from .schema import ProtobufSchema

_Named = TypeVar("_Named", Message, Enum)


def differences(reader: ProtobufSchema, writer: ProtobufSchema, options: CompareOptions) -> list[Difference]:
    """All differences; ComparisonTooCostly where budget or depth does not suffice."""
    if reader.file is writer.file and reader.dependencies == writer.dependencies:
        return []
    if reader.text == writer.text and reader.dependencies == writer.dependencies:
        return []
    return _Comparison(writer.types, reader.types, options).files(writer, reader)


@dataclass(slots=True, frozen=True)
class _Scope:
    """Where in both schemas the comparison stands."""

    path: str
    old: Prefixes
    new: Prefixes

    def inside(self, name: str) -> _Scope:
        return _Scope(f"{self.path}/{name}", inner_prefixes(self.old, name), inner_prefixes(self.new, name))


class _Comparison(FieldRules):
    """One run over two schemas."""

    def __init__(self, old_types: Types, new_types: Types, options: CompareOptions) -> None:
        super().__init__(old_types, new_types, Findings(options), strict=options.strict_semantics)

    def files(self, old: ProtobufSchema, new: ProtobufSchema) -> list[Difference]:
        if old.file.package != new.file.package:
            self.findings.add("PACKAGE_CHANGED", "#/", f"{old.file.package or ''} → {new.file.package or ''}")
        scope = _Scope("#", file_prefixes(old.file.package), file_prefixes(new.file.package))
        self.messages(scope, old.file.messages, new.file.messages)
        self.enums(scope.path, old.file.enums, new.file.enums)
        return self.findings.differences

    def messages(self, scope: _Scope, old: Sequence[Message], new: Sequence[Message]) -> None:
        old_by_name, new_by_name = _by_name(old), _by_name(new)
        for name in old_by_name | new_by_name:
            old_at, new_at = old_by_name.get(name), new_by_name.get(name)
            if new_at is None:
                if old_at and not old_at[1].is_map_entry:
                    self.findings.add("MESSAGE_REMOVED", f"{scope.path}/{name}")
            elif old_at is None:
                if not new_at[1].is_map_entry:
                    self.findings.add("MESSAGE_ADDED", f"{scope.path}/{name}")
            else:
                self.message(scope.inside(name), old_at[1], new_at[1])
                if old_at[0] != new_at[0]:
                    self.findings.add("MESSAGE_MOVED", f"{scope.path}/{name}")

    def message(self, scope: _Scope, old: Message, new: Message) -> None:
        key = self.key(old, new)
        entered = self.findings.enter(key)
        if entered:
            self.findings.spend(1 + len(old.fields) + len(new.fields))
            self.members(scope, old, new)
        if old.messages or new.messages:
            self.messages(scope, old.messages, new.messages)
        if old.enums or new.enums:
            self.enums(scope.path, old.enums, new.enums)
        if entered:
            self.findings.leave(key)

    def key(self, old: Message, new: Message) -> Hashable:
        # the dialect remembers the old message only; protobuf's own semantics need the pair
        return (id(old), id(new)) if self.strict else id(old)

    def enums(self, path: str, old: Sequence[Enum], new: Sequence[Enum]) -> None:
        old_by_name, new_by_name = _by_name(old), _by_name(new)
        for name in old_by_name | new_by_name:
            here = f"{path}/{name}"
            if name not in new_by_name:
                self.findings.add("ENUM_REMOVED", here)
            elif name not in old_by_name:
                self.findings.add("ENUM_ADDED", here)
            else:
                self.constants(here, old_by_name[name][1], new_by_name[name][1])

    def constants(self, path: str, old: Enum, new: Enum) -> None:
        before = {constant.number: constant.name for constant in old.constants}
        after = {constant.number: constant.name for constant in new.constants}
        self.findings.spend(len(before) + len(after))
        if before == after:
            return
        for number in sorted(before | after):
            if number not in after:
                self.findings.add("ENUM_CONST_REMOVED", f"{path}/{number}", before[number])
            elif number not in before:
                self.findings.add("ENUM_CONST_ADDED", f"{path}/{number}", after[number])
            elif before[number] != after[number]:
                self.findings.add("ENUM_CONST_CHANGED", f"{path}/{number}", f"{before[number]} → {after[number]}")

    def members(self, scope: _Scope, old: Message, new: Message) -> None:
        before, after = _Members(old), _Members(new)
        if old.oneofs or new.oneofs:
            self.oneofs(scope.path, before, after)
        unmoved = not old.oneofs and not new.oneofs
        for number in sorted(before.fields.keys() | after.fields.keys()):
            if not (unmoved and _is_same_scalar(before.fields.get(number), after.fields.get(number))):
                self.member(scope, number, before, after)
        if self.strict and (old.groups or new.groups):
            self.groups(scope, old, new)

    def oneofs(self, path: str, before: _Members, after: _Members) -> None:
        for name, numbers in after.oneofs.items():
            sources = {before.oneof_of.get(number, number) for number in numbers if number in before.fields}
            if len(sources) > 1:
                plain = sum(isinstance(source, int) for source in sources)
                moved = "MULTIPLE_FIELDS_MOVED_TO_ONEOF" if plain > 1 else "FIELD_MOVED_TO_EXISTING_ONEOF"
                self.findings.add(moved, f"{path}/{name}")
        for name in sorted(before.oneofs.keys() | after.oneofs.keys()):
            if name not in after.oneofs:
                self.findings.add("ONEOF_REMOVED", f"{path}/{name}")
            elif name not in before.oneofs:
                self.findings.add("ONEOF_ADDED", f"{path}/{name}")

    def member(self, scope: _Scope, number: int, before: _Members, after: _Members) -> None:
        old, new = before.fields.get(number), after.fields.get(number)
        if old is not None and new is not None:
            if not before.oneofs and not after.oneofs:
                self.field(f"{scope.path}/{number}", scope.old, scope.new, old, new)
                return
            if number in before.oneof_of and number not in after.oneof_of:
                self.findings.add("ONEOF_FIELD_MOVED_TO_TOP_LEVEL", f"{scope.path}/{number}")
            self.field(after.path(scope.path, number), scope.old, scope.new, old, new)
        elif old is not None:
            self.removed(scope.path, number, old, before, after)
        elif new is not None and number in after.oneof_of:
            self.findings.add("ONEOF_FIELD_ADDED", after.path(scope.path, number), new.name)
        elif new is not None:
            added = "REQUIRED_FIELD_ADDED" if new.label == "required" else "FIELD_ADDED"
            self.findings.add(added, f"{scope.path}/{number}", new.name)

    def removed(self, path: str, number: int, old: Field, before: _Members, after: _Members) -> None:
        oneof = before.oneof_of.get(number)
        if oneof is None:
            removed = "REQUIRED_FIELD_REMOVED" if old.label == "required" else "FIELD_REMOVED"
            self.findings.add(removed, f"{path}/{number}", old.name)
        elif oneof in after.oneofs or any(each in after.fields for each in before.oneofs[oneof]):
            self.findings.add("ONEOF_FIELD_REMOVED", before.path(path, number), old.name)
        # a oneof that went with all its members is ONEOF_REMOVED and nothing else

    def groups(self, scope: _Scope, old: Message, new: Message) -> None:
        """Groups against groups and fields of the same number; the dialect does not look at them at all."""
        before, after = _groups(old), _groups(new)
        for number in sorted(before.keys() | after.keys()):
            left, right = before.get(number), after.get(number)
            if left and right:
                inner = _Scope(f"{scope.path}/{number}", scope.old, scope.new)
                self.members(inner, Message(left.name, left.fields), Message(right.name, right.fields))
            elif any(field.number == number for field in (new if left else old).all_fields()):
                self.findings.add("FIELD_KIND_CHANGED", f"{scope.path}/{number}")

    def message_types(self, old: Type, new: Type) -> bool:
        """Whether the reader's message may stand where the writer's stood, its own differences noted."""
        if not isinstance(old.node, Message) or not isinstance(new.node, Message):
            return True
        key = (id(old), id(new))
        visit = self.findings.remembered(key)
        if visit is None:
            self.findings.begin_visit()
            path = "#/" + new.local_name.replace(".", "/")
            self.message(_Scope(path, old.prefixes, new.prefixes), old.node, new.node)
            visit = self.findings.end_visit(key)
        return not visit.breaks


class _Members:
    """A message's fields by number, plain ones and members of oneofs alike."""

    __slots__ = ("fields", "oneof_of", "oneofs")

    def __init__(self, message: Message) -> None:
        self.fields: dict[int, Field] = {field.number: field for field in message.fields}
        self.oneof_of: dict[int, str] = {}
        self.oneofs: dict[str, tuple[int, ...]] = {}
        for oneof in message.oneofs:
            self.oneofs[oneof.name] = tuple(field.number for field in oneof.fields)
            for field in oneof.fields:
                self.fields[field.number] = field
                self.oneof_of[field.number] = oneof.name

    def path(self, path: str, number: int) -> str:
        """Where a field stands, its oneof included."""
        oneof = self.oneof_of.get(number)
        return f"{path}/{oneof}/{number}" if oneof is not None else f"{path}/{number}"


def _is_same_scalar(old: Field | None, new: Field | None) -> bool:
    # most fields of most schemas do not change: this spares them everything else
    return (
        old is not None
        and new is not None
        and old.name == new.name
        and old.type == new.type
        and old.label == new.label
        and old.type in SCALARS
    )


def _by_name(nodes: Sequence[_Named]) -> dict[str, tuple[int, _Named]]:
    return {node.name: (index, node) for index, node in enumerate(nodes)}


def _groups(message: Message) -> dict[int, Group]:
    return {group.number: group for group in (*message.groups, *(g for o in message.oneofs for g in o.groups))}
