"""What Google's APIs refuse, told in our errors: the canonical status decides first, the HTTP status second."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from decapolis_translators.errors import (
    Absent,
    CredentialsRefused,
    Garbled,
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

_MAX_WORDS = 1_000
_SECONDS = re.compile(r"(\d{1,9}(?:\.\d+)?)s")


class Missing(Absent):
    """A resource is not there."""


class Exists(WriteConflict):
    """A resource is there already."""


@dataclass(frozen=True, slots=True)
class Words:
    """What an error body says; without a status it is not Google's."""

    status: str = ""
    message: str = ""
    right: str = ""
    """The missing permission, where it is named."""
    reason: str = ""
    delay: float | None = None

    @classmethod
    def of(cls, answer: Answer, scrub: Callable[[str], str]) -> Words:
        """Reads google.rpc.Status as REST prints it, with the details that are of use."""
        try:
            body = answer.json()
        except Garbled:
            return cls()
        error = body.get("error") if isinstance(body, Mapping) else None
        if not isinstance(error, Mapping) or not isinstance(error.get("status"), str):
            return cls()
        given = error.get("details")
        details = [each for each in given if isinstance(each, Mapping)] if isinstance(given, list) else []
        said = " ".join(scrub(str(error.get("message") or ""))[:_MAX_WORDS].split())
        return cls(error["status"], said, _right(details, said), _first(details, "reason"), _delay(details))


def _first(details: list[Mapping[str, Any]], key: str) -> str:
    return next((str(each[key]) for each in details if key in each), "")


def _right(details: list[Mapping[str, Any]], message: str) -> str:
    for each in details:
        facts = each.get("metadata")
        if isinstance(facts, Mapping) and facts.get("permission"):
            return str(facts["permission"])
    named = re.search(r"[Pp]ermission '?(dataplex\.[A-Za-z.]+)", message)
    return named[1] if named else ""


def _delay(details: list[Mapping[str, Any]]) -> float | None:
    said = _SECONDS.fullmatch(_first(details, "retryDelay"))
    return float(said[1]) if said else None


def _denied(words: Words) -> RegistryError:
    if words.reason == "SERVICE_DISABLED":
        return RegistryFault(f"The Dataplex API is not enabled in the project: {words.message}")
    right = f"; the right {words.right} is missing" if words.right else ""
    return CredentialsRefused(f"Google refused our account{right}: {words.message}")


_STATUSES: Mapping[str, Callable[[Words], RegistryError]] = {
    "NOT_FOUND": lambda words: Missing(words.message),
    "ALREADY_EXISTS": lambda words: Exists(words.message),
    "ABORTED": lambda words: WriteConflict(words.message),
    "FAILED_PRECONDITION": lambda words: WriteConflict(words.message),
    "INVALID_ARGUMENT": lambda words: SchemaRefused(f"Dataplex refuses the entry: {words.message}"),
    "OUT_OF_RANGE": lambda words: SchemaRefused(f"Dataplex refuses the entry: {words.message}"),
    "PERMISSION_DENIED": _denied,
    "UNAUTHENTICATED": lambda words: CredentialsRefused(f"Google refused our token: {words.message}"),
}
_TROUBLE = 500
_WITHOUT_EFFECT_UNKNOWN = frozenset({408, 502, 503, 504})


def refusal(answer: Answer, *, write: bool, scrub: Callable[[str], str]) -> RegistryError:
    """The error that an answer other than success stands for."""
    words = Words.of(answer, scrub)
    status = answer.status
    if status == 429 or words.status == "RESOURCE_EXHAUSTED":
        delay = answer.retry_after if answer.retry_after is not None else words.delay
        return Throttled(f"A quota of Dataplex is used up: {words.message}", delay)
    if status >= _TROUBLE or status in _WITHOUT_EFFECT_UNKNOWN:
        text = f"Dataplex answered {status}: {words.message or 'no explanation'}"
        return Unreachable(text, sent=write) if status in _WITHOUT_EFFECT_UNKNOWN else RegistryFault(text)
    if status == 413:
        return TooLarge("Dataplex does not take a request of that size")
    if not words.status:
        return Garbled(f"Answered {status} without the error body of Google's APIs")
    telling = _STATUSES.get(words.status)
    return telling(words) if telling else Refused(f"Dataplex answered {words.status}: {words.message}")
