"""When a field may follow another one of the same number."""

from __future__ import annotations

from abc import ABC, abstractmethod

from .findings import Findings
from .meaning import Kind, Meaning, meaning_of
from .nodes import SCALARS, Field
from .resolving import Prefixes, Type, Types
from .wire import keeps_values


class FieldRules(ABC):
    """The comparison of single fields; what messages they lead to is compared by the class above it."""

    def __init__(self, old_types: Types, new_types: Types, findings: Findings, *, strict: bool) -> None:
        self.old_types = old_types
        self.new_types = new_types
        self.findings = findings
        self.strict = strict
        self._old_meanings: dict[tuple[str, str], Meaning] = {}
        self._new_meanings: dict[tuple[str, str], Meaning] = {}

    @abstractmethod
    def message_types(self, old: Type, new: Type) -> bool:
        """Whether the reader's message may stand where the writer's stood, its own differences noted."""

    def field(self, path: str, old_prefixes: Prefixes, new_prefixes: Prefixes, old: Field, new: Field) -> None:
        """Compares two fields of one number."""
        if old.name != new.name:
            self.findings.add("FIELD_NAME_CHANGED", path, f"{old.name} → {new.name}")
        if old.type == new.type and old.label == new.label and old.type in SCALARS:
            return
        before = self._meaning(self._old_meanings, self.old_types, old.type, old_prefixes)
        after = self._meaning(self._new_meanings, self.new_types, new.type, new_prefixes)
        self._meanings(path, old_prefixes, new_prefixes, before, after)
        if before.kind is after.kind and (before.group == after.group):
            self._labels(path, before, old.label, new.label)

    def _meaning(
        self, seen: dict[tuple[str, str], Meaning], types: Types, type_name: str, prefixes: Prefixes
    ) -> Meaning:
        key = (type_name, prefixes[0])
        found = seen.get(key)
        if found is None:
            found = seen[key] = meaning_of(type_name, prefixes, types)
        return found

    def _meanings(self, path: str, old_prefixes: Prefixes, new_prefixes: Prefixes, old: Meaning, new: Meaning) -> None:
        if old.kind is not new.kind:
            self.findings.add("FIELD_KIND_CHANGED", path, f"{old.name} → {new.name}")
        elif old.kind is Kind.SCALAR:
            self._scalars(path, old, new)
        elif old.kind is Kind.MESSAGE:
            self._messages(path, old, new)
        else:
            for before, after in zip(old.pair, new.pair, strict=True):
                self._meanings(
                    path,
                    old_prefixes,
                    new_prefixes,
                    self._meaning(self._old_meanings, self.old_types, before, old_prefixes),
                    self._meaning(self._new_meanings, self.new_types, after, new_prefixes),
                )

    def _scalars(self, path: str, old: Meaning, new: Meaning) -> None:
        fits = _keeps(old, new) if self.strict else old.group == new.group
        if not fits:
            self.findings.add("FIELD_SCALAR_KIND_CHANGED", path, f"{old.name} → {new.name}")

    def _messages(self, path: str, old: Meaning, new: Meaning) -> None:
        info = f"{old.name} → {new.name}"
        if old.type is None or new.type is None:
            if old.name != new.name:
                self.findings.add("FIELD_NAMED_TYPE_CHANGED", path, info)
            return
        same_name = old.type.local_name == new.type.local_name
        if not same_name and not self.strict:
            self.findings.add("FIELD_NAMED_TYPE_CHANGED", path, info)
            return
        if same_name and self._compared_elsewhere(old.type, new.type):
            return
        if not self.message_types(old.type, new.type):
            self.findings.add("FIELD_NAMED_TYPE_CHANGED", path, info)

    def _compared_elsewhere(self, old: Type, new: Type) -> bool:
        """Both local, so compared by name anyway; or from the same version of the same subject, so equal.

        Known files have no origin; their types differ only if a reference takes the place of such a file.
        """
        if old.origin is None and new.origin is None:
            return old is new and not self.old_types.replaced and not self.new_types.replaced
        return old.origin == new.origin

    def _labels(self, path: str, meaning: Meaning, old: str | None, new: str | None) -> None:
        if self.strict:
            if (old == "repeated" and new != "repeated") or (new == "required" and old != "required"):
                self.findings.add(_label_change(meaning), path, f"{old} → {new}", compatible=False)
            elif old != new and meaning.kind is Kind.SCALAR:
                self.findings.add(_label_change(meaning), path, f"{old} → {new}", compatible=True)
        elif meaning.kind is Kind.SCALAR and old and new and old != new:
            self.findings.add(_label_change(meaning), path, f"{old} → {new}")


def _label_change(meaning: Meaning) -> str:
    if meaning.kind is Kind.MESSAGE:
        return "FIELD_MESSAGE_LABEL_CHANGED"
    return "FIELD_STRING_OR_BYTES_LABEL_CHANGED" if meaning.group == "text" else "FIELD_NUMERIC_LABEL_CHANGED"


def _keeps(old: Meaning, new: Meaning) -> bool:
    """Whether every value written comes back: not narrowed, no other sign, not unknown to a closed enum."""
    if new.enum is None:
        return keeps_values(old.scalar, new.scalar)
    if not new.is_closed_enum:
        return old.scalar in ("enum", "int32", "bool")
    return old.enum is not None and {each.number for each in old.enum.constants} <= {
        each.number for each in new.enum.constants
    }
