"""What Unity Catalog refuses, told in our errors: the status decides first, the name of the error second.

Three envelopes: the classic API's `error_code`, the Delta API's `error.type`, and the SQL statement that failed under
a 200, which says an SQLSTATE.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from decapolis_translators.errors import (
    CredentialsRefused,
    Garbled,
    Incompatible,
    NotPermitted,
    Refused,
    RegistryError,
    RegistryFault,
    SchemaRefused,
    Throttled,
    TooLarge,
    Unreachable,
    WriteConflict,
)
from decapolis_translators.http import Answer

_MAX_WORDS: Final = 1_000
_LONG_WAIT: Final = frozenset({408, 502, 503, 504})
_MISSING: Final = re.compile(r"NOT_FOUND|DOES_NOT_EXIST|NoSuch|NotFound")
_PARENT: Final = re.compile(r"^(NO_SUCH_)?(CATALOG|SCHEMA)_|^NoSuch(Catalog|Schema)|^NOT_FOUND (Catalog|Schema) ")
_TAKEN: Final = re.compile(r"ALREADY_EXISTS|AlreadyExists")
_MOVED: Final = frozenset({"UpdateRequirementConflictException", "CommitVersionConflictException", "ABORTED"})
_FULL: Final = re.compile(r"QUOTA|LIMIT_EXCEEDED|RESOURCE_EXHAUSTED|ResourceExhausted", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call was about: errors are told in these terms. `right` is what a grant would have to name."""

    what: str
    right: str
    write: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """What an error body says; without a name it is none of the product's."""

    name: str
    message: str

    @classmethod
    def of(cls, answer: Answer, scrub: Callable[[str], str]) -> Words:
        """Reads both envelopes."""
        try:
            body = answer.json()
        except Garbled:
            return cls("", "")
        if not isinstance(body, Mapping):
            return cls("", "")
        inner = body.get("error")
        if isinstance(inner, Mapping):
            return cls(str(inner.get("type") or ""), clean(inner.get("message"), scrub))
        return cls(str(body.get("error_code") or body.get("errorCode") or ""), clean(body.get("message"), scrub))


def clean(words: Any, scrub: Callable[[str], str]) -> str:
    """At most so many printable characters, and no secret among them."""
    return "".join(filter(str.isprintable, scrub(str(words or ""))[:_MAX_WORDS]))


class NotThere(RegistryError):
    """What was asked for does not exist; `parent` where not even its catalog or schema does. It leaves no translator."""

    def __init__(self, message: str, *, parent: bool) -> None:
        super().__init__(message)
        self.parent = parent


class NameTaken(WriteConflict):
    """There is something of that name already."""


def refusal(answer: Answer, asked: Asked, scrub: Callable[[str], str]) -> RegistryError:
    """The error that an answer other than success stands for."""
    words = Words.of(answer, scrub)
    said = words.message or "no explanation"
    if 300 <= answer.status < 400:
        return Garbled(f"Answered {answer.status}, a redirect: is `url` the address of the server itself?")
    if answer.status == 401 or (answer.status == 403 and "nvalid access token" in said):  # so says Databricks of those
        return CredentialsRefused(f"Unity Catalog does not know our credentials ({answer.status}): {said}")
    if answer.status == 403:
        return CredentialsRefused(f"Unity Catalog refused {asked.what}: the right {asked.right} is missing ({said})")
    if answer.status == 429:
        return _too_much(answer, words, said)
    if answer.status >= 500 or answer.status == 408:
        return _trouble(answer.status, said, asked, words)
    if answer.status == 413:
        return TooLarge(f"Unity Catalog does not take {asked.what}: it is too large")
    if not words.name:
        return Garbled(f"Answered {answer.status} without the error body of its API: is `url` that of Unity Catalog?")
    return _told(answer.status, words, said, asked)


def _too_much(answer: Answer, words: Words, said: str) -> RegistryError:
    return Throttled(f"Unity Catalog asks for fewer calls: {said}", answer.retry_after)


def _trouble(status: int, said: str, asked: Asked, words: Words) -> RegistryError:
    if words.name == "TEMPORARILY_UNAVAILABLE" or status in _LONG_WAIT:
        return Unreachable(f"Unity Catalog answered {status}: {said}", sent=asked.write)
    return RegistryFault(f"Unity Catalog answered {status}: {said}")


def _told(status: int, words: Words, said: str, asked: Asked) -> RegistryError:
    if status == 404 or _MISSING.search(words.name):
        return NotThere(said, parent=bool(_PARENT.search(f"{words.name} {said}"[:40])))
    if _TAKEN.search(words.name):
        return NameTaken(said)
    if words.name in _MOVED or status == 409:
        return WriteConflict(said)
    if _FULL.search(words.name):
        return NotPermitted(f"A quota of Unity Catalog is reached: {said}")
    return Refused(f"Unity Catalog does not take {asked.what}: {words.name}: {said}")


# --- statements

_STATES: Final[Mapping[str, Callable[[str], RegistryError]]] = {
    "42P01": lambda said: NotThere(said, parent=False),
    "42704": lambda said: NotThere(said, parent=True),
    "42P07": WriteConflict,
    "42710": WriteConflict,
    "42711": WriteConflict,
    "42703": WriteConflict,
    "2D521": WriteConflict,
    "42501": lambda said: CredentialsRefused(f"Databricks refused a statement; a right is missing: {said}"),
    "42601": lambda said: SchemaRefused(f"Databricks does not read the statement: {said}"),
    "22003": Incompatible,
    "23502": Incompatible,
    "54000": NotPermitted,
}
_KINDS: Final = ((re.compile(r"^0AK"), Incompatible), (re.compile(r"^(22|23|428)"), Incompatible))
_CODES: Final[Mapping[str, Callable[[str], RegistryError]]] = {
    "TEMPORARILY_UNAVAILABLE": Unreachable,
    "DEADLINE_EXCEEDED": lambda said: Unreachable(said, sent=True),
    "RESOURCE_EXHAUSTED": Throttled,
    "SERVICE_UNDER_MAINTENANCE": Unreachable,
    "WORKSPACE_TEMPORARILY_UNAVAILABLE": Unreachable,
    "UNAUTHENTICATED": CredentialsRefused,
    "ABORTED": WriteConflict,
}
_CLASS: Final = re.compile(r"\[(SCHEMA_NOT_FOUND|CATALOG_NOT_FOUND|NO_SUCH_CATALOG[A-Z_]*)")


def failed(status: Mapping[str, Any], scrub: Callable[[str], str]) -> RegistryError:
    """The error that a statement's end other than success stands for."""
    error = status.get("error")
    found = error if isinstance(error, Mapping) else {}
    said = clean(found.get("message"), scrub) or f"the statement ended as {status.get('state')}"
    state = str(status.get("sql_state") or _state_in(said))
    if _CLASS.search(said):
        return NotThere(said, parent=True)
    if state in _STATES:
        return _STATES[state](said)
    if kind := next((kind for pattern, kind in _KINDS if pattern.match(state)), None):
        return kind(said)
    telling = _CODES.get(str(found.get("error_code")))
    return telling(said) if telling else RegistryFault(f"Databricks could not do a statement: {said}")


def _state_in(said: str) -> str:
    """Older answers say the state at the end of their message only."""
    found = re.search(r"SQLSTATE: ([0-9A-Z]{5})", said)
    return found[1] if found else ""
