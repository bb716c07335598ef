"""Subjects and their tables: a name of three parts in our catalog is its own table, any other goes into a template.

`<topic>-value` is the table of the topic, `<topic>-key` has `__key` behind it, any other subject `__record`. Lower case
alone comes out, because Databricks and most engines know no other.
"""

from __future__ import annotations

import re
from typing import Final

from decapolis_translators.errors import SubjectRefused
from decapolis_translators.names import NameCodec, is_plain

from .config import UnityConfig

WIDTH: Final = 255
_KEY, _VALUE, _RECORD = "__key", "__value", "__record"
_MARKS: Final = (_KEY, _VALUE, _RECORD)
_LEGAL: Final = {True: re.compile(r"[a-z0-9_@-]{1,255}"), False: re.compile(r"[A-Za-z0-9_@-]{1,255}")}
_CODEC: Final = NameCodec(allowed="a-z0-9_", escape="_", width=WIDTH)


class TableNames:
    """Both directions for one configured catalog."""

    def __init__(self, config: UnityConfig) -> None:
        self._catalog = config.catalog.lower() if config.is_databricks else config.catalog
        self._schema = config.default_schema
        self._before, self._after = config.table.split("{name}")
        self._folds = config.is_databricks

    def table_of(self, subject: str) -> str:
        """The full name of a subject's table; SubjectRefused where it has none."""
        if not is_plain(subject):
            raise SubjectRefused(f"A catalog has no table for a subject named {subject!r}")
        if len(subject) > WIDTH:
            raise SubjectRefused(f"A table is marked with its subject, which can have {WIDTH} characters there")
        if self._is_full(subject):
            return self._itself(subject)
        if self._schema is None:
            raise SubjectRefused(f"Subject must be in format catalog.schema.table, got: {subject}")
        return self._templated(subject)

    def subject_of(self, table: str) -> str:
        """Under which subject a table is shown: the template's where it is one of those, else its own name."""
        return self._owner(table) or table

    def can_be_shown(self, table: str) -> bool:
        """Whether there is a subject that has this table."""
        subject = self.subject_of(table)
        try:
            return self.table_of(subject) == table
        except SubjectRefused:
            return False

    def _is_full(self, subject: str) -> bool:
        parts = subject.split(".")
        first = parts[0].lower() if self._folds else parts[0]
        return len(parts) == len("cst") and all(parts) and first == self._catalog  # catalog, schema, table

    def _itself(self, subject: str) -> str:
        if not all(_LEGAL[self._folds].fullmatch(part) for part in subject.split(".")):
            if self._folds and subject.lower() != subject:
                raise SubjectRefused(f"Databricks folds names to lower case: register {subject.lower()!r}")
            raise SubjectRefused(f"Subject must be in format catalog.schema.table, got: {subject}")
        owner = self._owner(subject)
        if owner is not None:
            raise SubjectRefused(f"Table {subject} is that of subject '{owner}': register it under that name")
        return subject

    def _templated(self, subject: str) -> str:
        assert self._schema is not None
        stem, mark = _split(subject)
        name = _CODEC.name_of(stem)
        mark = mark if mark != _VALUE or name.endswith(_MARKS) else ""
        table = f"{self._before}{name}{mark}{self._after}"
        first = _CODEC.name_of(stem.split(".")[0] or "_")
        schema = self._schema.replace("{first}", first)
        if len(table) > WIDTH or len(schema) > WIDTH:
            raise SubjectRefused(f"The subject would need a name of {len(table)} characters here; there can be {WIDTH}")
        return f"{self._catalog}.{schema.lower() if self._folds else schema}.{table}"

    def _owner(self, table: str) -> str | None:
        """The subject whose table the template makes that name, None where it is nobody's."""
        name = table.rpartition(".")[2]
        if self._schema is None or not (name.startswith(self._before) and name.endswith(self._after)):
            return None
        inner = name[len(self._before) : len(name) - len(self._after)]
        mark = next((mark for mark in _MARKS if inner.endswith(mark)), "")
        stem = _CODEC.subject_of(inner.removesuffix(mark))
        if stem is None:
            return None
        subject = {_KEY: f"{stem}-key", _RECORD: stem}.get(mark, f"{stem}-value")
        try:
            found = not self._is_full(subject) and is_plain(subject) and self._templated(subject) == table
        except SubjectRefused:
            return None
        return subject if found else None


def readable(subject: str) -> str:
    """What can be read of a subject in any name; two subjects may meet in it."""
    return re.sub("[^a-z0-9]+", "_", subject.lower())


def _split(subject: str) -> tuple[str, str]:
    """What the codec is given, and the mark behind it."""
    for suffix, mark in (("-value", _VALUE), ("-key", _KEY)):
        if subject.endswith(suffix) and len(subject) > len(suffix):
            return subject.removesuffix(suffix), mark
    return subject, _RECORD
