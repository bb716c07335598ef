"""What the SQL API refuses, told in our errors: Snowflake's code decides first, the status second.

A statement that fails is a 422 with a code, an SQLSTATE and words. Codes of changes that the engine cannot make are not
published; whatever else a statement that changes tables is refused with counts as one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from decapolis_translators.errors import (
    Absent,
    CredentialsRefused,
    Garbled,
    Incompatible,
    NotPermitted,
    RegistryError,
    RegistryFault,
    Throttled,
    TooLarge,
    Unreachable,
    WriteConflict,
)
from decapolis_translators.http import Answer

from .config import WAYS
from .statements import Statement

_MAX_WORDS = 1_000
_PARENT = re.compile(r"\b(Database|Schema) '([^']*)' does not exist")
_HANDLE = re.compile(r"\s*\[[0-9a-fA-F-]{36}\]")


class ObjectMissing(Absent):
    """A table is not there, or may not be seen: Snowflake does not tell which."""


class SchemaMissing(NotPermitted):
    """The schema of a table is not there, or may not be seen."""


@dataclass(frozen=True, slots=True)
class Words:
    """What an error body says; without a code it is not Snowflake's."""

    code: str = ""
    state: str = ""
    message: str = ""

    @classmethod
    def of(cls, answer: Answer, scrub: Callable[[str], str]) -> Words:
        """Reads the failure of a statement, and of the API itself."""
        try:
            body = answer.json()
        except Garbled:
            return cls()
        if not isinstance(body, Mapping) or not isinstance(body.get("code"), str):
            return cls()
        said = _HANDLE.sub("", scrub(str(body.get("message") or ""))[:_MAX_WORDS])
        return cls(body["code"], str(body.get("sqlState") or ""), " ".join(said.split()))


Telling = Callable[[Words, Statement], RegistryError]


def _missing(words: Words, statement: Statement) -> RegistryError:
    parent = _PARENT.search(words.message)
    if parent is None:
        return ObjectMissing(words.message)
    kind, name = parent.groups()
    refused = SchemaMissing if kind == "Schema" else NotPermitted
    return refused(f"{kind} {name} does not exist, or the role lacks USAGE on it; the gateway makes none for tables")


def _denied(words: Words, statement: Statement) -> RegistryError:
    return CredentialsRefused(f"The role lacks a privilege: {words.message}")


def _unknown_login(words: Words, statement: Statement) -> RegistryError:
    return CredentialsRefused(f"Snowflake refused our credentials: {words.message or words.code} ({WAYS})")


def _no_warehouse(words: Words, statement: Statement) -> RegistryError:
    return RegistryFault(
        f"No warehouse runs the statement; configure `warehouse` and grant USAGE on it: {words.message}"
    )


def _trouble(words: Words, statement: Statement) -> RegistryError:
    return RegistryFault(f"Snowflake answered {words.code}: {words.message}")


def _ended(words: Words, statement: Statement) -> RegistryError:
    return Unreachable(f"The statement was ended: {words.message}", sent=statement.write)


_CODES: dict[str, Telling] = {
    "001003": _trouble,
    "002002": lambda words, _: WriteConflict(words.message),
    "002003": _missing,
    "002043": _missing,
    "003001": _denied,
    "003003": _denied,
    "000606": _no_warehouse,
    "000604": _ended,
    "000630": _ended,
    "000625": lambda words, _: WriteConflict(f"The table is locked: {words.message}"),
    "090073": lambda words, _: RegistryFault(f"A resource monitor holds the warehouse back: {words.message}"),
    "390189": lambda words, _: CredentialsRefused(f"The role is not granted to us: {words.message}"),
    "390201": _no_warehouse,
    "390422": lambda words, _: CredentialsRefused(f"A network policy keeps us out: {words.message}"),
}


def refusal(answer: Answer, statement: Statement, scrub: Callable[[str], str]) -> RegistryError:
    """The error that an answer other than success stands for."""
    words = Words.of(answer, scrub)
    if answer.status == 429:
        return Throttled(f"Snowflake asks for fewer calls: {words.message or 'too many requests'}", answer.retry_after)
    telling = _CODES.get(words.code)
    if telling is not None and answer.status in {400, 401, 403, 422}:
        return telling(words, statement)
    if answer.status == 401 or words.code.startswith(("3901", "3903", "3944")):
        return _unknown_login(words, statement)
    if answer.status == 403:
        return CredentialsRefused(f"Snowflake refuses us ({words.message or 'without a reason'}): look at its policies")
    if answer.status == 422 and words.code:
        return Incompatible(words.message) if statement.changes_tables else _trouble(words, statement)
    return _of_status(answer.status, words, statement)


def _of_status(status: int, words: Words, statement: Statement) -> RegistryError:
    text = f"Snowflake answered {status}: {words.message or 'no explanation'}"
    if status in {408, 502, 503, 504}:
        return Unreachable(text, sent=statement.write)
    if status >= 500:
        return RegistryFault(text)
    if status == 413:
        return TooLarge("Snowflake does not take a statement of that size")
    if words.code:
        return RegistryFault(text)
    return Garbled(f"Answered {status} without the error body of its API")
