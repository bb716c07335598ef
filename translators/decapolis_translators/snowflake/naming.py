"""Which table a subject has, and which subject a table is shown as; two subjects never have one table.

`<topic>-value` has the table of the topic's name in the configured schema, `<topic>-key` that name and `__key`, any other
subject its name and `__record`. Such names are in lower case: what is not `a-z 0-9 _ -` is written `$2e`, one escape per
byte of UTF-8, so that they keep apart from those of people, which Snowflake folds to upper case unless they are quoted. A
subject that spells a table of the configured database in three parts, `DATABASE.SCHEMA.TABLE`, has that table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from decapolis_translators.errors import SubjectRefused
from decapolis_translators.names import is_plain

WIDTH = 255
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
_ROLES = {"-value": "", "-key": "__key"}
_OTHERS = "__record"
_MARKED = re.compile(r"__(key|record)$")
_ESCAPES = re.compile(r"(?:\$[0-9a-f]{2})+")


@dataclass(frozen=True, slots=True)
class Naming:
    """The rules of one configured database and schema; `template` puts something around the names of tables."""

    database: str
    schema: str
    template: str = "{name}"

    def table_of(self, subject: str) -> str:
        """The full name of a subject's table; SubjectRefused where it can have none."""
        if not is_plain(subject) or not subject.isprintable():
            raise SubjectRefused(f"Snowflake has no table for a subject called {subject!r}")
        if self._spells_table(subject):
            return self._own(subject)
        name = self.template.replace("{name}", encoded(subject))
        if len(name) > WIDTH:
            raise SubjectRefused(f"The subject's table would have a name of {len(name)} characters, of {WIDTH} at most")
        return f"{self.database}.{self.schema}.{name}"

    def subject_of(self, table: str) -> str:
        """The subject that a table belongs to by its name."""
        database, schema, name = parts(table)
        mine = self._decoded(name) if (database, schema) == (self.database, self.schema) else None
        return table if mine is None or self._spells_table(mine) else mine

    def _decoded(self, name: str) -> str | None:
        before, _, after = self.template.partition("{name}")
        if not name.startswith(before) or not name.endswith(after) or len(name) <= len(before) + len(after):
            return None
        return decoded(name[len(before) : len(name) - len(after)])

    def _spells_table(self, subject: str) -> bool:
        found = subject.split(".", 2)
        return len(found) == 3 and found[0] == self.database and all(found)

    def _own(self, subject: str) -> str:
        """The subject itself, unless the table that it spells is the one of a topic."""
        if len(parts(subject)[2]) > WIDTH:
            raise SubjectRefused(f"A name of a table has at most {WIDTH} characters")
        other = self.subject_of(subject)
        if other != subject:
            raise SubjectRefused(f"Table {subject} is the one of subject '{other}': use that name")
        return subject


def parts(table: str) -> tuple[str, str, str]:
    """Database, schema and table of a full name; a table's own name may have dots in it."""
    database, schema, name = table.split(".", 2)
    return database, schema, name


def encoded(subject: str) -> str:
    """The name of a subject's table in its schema, without its template."""
    role = next((role for role in _ROLES if subject.endswith(role) and subject != role), None)
    topic = subject.removesuffix(role) if role is not None else subject
    try:
        name = "".join(_written(character) for character in topic)
    except UnicodeEncodeError:
        raise SubjectRefused("The subject holds characters that no encoding can carry") from None
    return _MARKED.sub(r"$5f$5f\1", name) + (_OTHERS if role is None else _ROLES[role])


def decoded(name: str) -> str | None:
    """The subject whose table in the schema has this name, None where it is nobody's."""
    marked = _MARKED.search(name)
    role = {"key": "-key", "record": ""}[marked[1]] if marked is not None else "-value"
    try:
        subject = _ESCAPES.sub(_read, _MARKED.sub("", name)) + role
        return subject if is_plain(subject) and encoded(subject) == name else None
    except (UnicodeDecodeError, SubjectRefused):
        return None


def _written(character: str) -> str:
    return character if character in _PLAIN else "".join(f"${byte:02x}" for byte in character.encode())


def _read(escapes: re.Match[str]) -> str:
    return bytes.fromhex(escapes[0].replace("$", "")).decode()
