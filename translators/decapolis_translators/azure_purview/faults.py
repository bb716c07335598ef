"""What the Data Map and Atlas refuse, told in our errors: Atlas's code decides first, the status second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

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


class Missing(Absent):
    """An entity, or a type, is not there."""


@dataclass(frozen=True, slots=True)
class Words:
    """What an error body says; without a code it is neither Purview's nor Atlas's."""

    code: str = ""
    message: str = ""

    @classmethod
    def of(cls, answer: Answer, scrub: Callable[[str], str]) -> Words:
        """Reads Atlas's shape, Purview's, and that of the gateway before it."""
        try:
            body = answer.json()
        except Garbled:
            return cls()
        inner = body.get("error") if isinstance(body, Mapping) else None
        error = inner if isinstance(inner, Mapping) else body
        if not isinstance(error, Mapping):
            return cls()
        code, said = error.get("errorCode") or error.get("code"), error.get("errorMessage") or error.get("message")
        if not isinstance(code, str):
            return cls()
        return cls(code, " ".join(scrub(str(said or ""))[:_MAX_WORDS].split()))


class TypeMissing(Missing):
    """One of our own types is not there yet."""


_CODES: Mapping[str, Callable[[Words], RegistryError]] = {
    "ATLAS-404-00-001": lambda words: TypeMissing(words.message),
    "ATLAS-404-00-005": lambda words: Missing(words.message),
    "ATLAS-404-00-007": lambda words: RegistryFault(f"Purview refuses how an entity is written: {words.message}"),
    "ATLAS-404-00-009": lambda words: Missing(words.message),
    "ATLAS-404-00-00A": lambda words: Missing(words.message),
    "ATLAS-404-00-00B": lambda words: Missing(words.message),
}
_STATUSES: Mapping[int, Callable[[Words], RegistryError]] = {
    400: lambda words: SchemaRefused(f"Purview refuses the entity: {words.message}"),
    404: lambda words: Missing(words.message),
    409: lambda words: WriteConflict(words.message),
    412: lambda words: WriteConflict(words.message),
    413: lambda words: TooLarge(f"Purview does not take an entity of that size: {words.message}"),
}
_LATER = frozenset({408, 502, 503, 504})


def refusal(answer: Answer, *, write: bool, scrub: Callable[[str], str]) -> RegistryError:
    """The error that an answer other than success stands for."""
    words, status = Words.of(answer, scrub), answer.status
    if status == 401:
        return CredentialsRefused(f"Purview refused our token: {words.message}")
    if status == 403:
        return CredentialsRefused(f"Our client lacks the role Data Curator on the collection: {words.message}")
    if status == 429:
        return Throttled(f"Purview asks for fewer calls: {words.message}", answer.retry_after)
    if status >= 500 or status in _LATER:
        text = f"Purview answered {status}: {words.message or 'no explanation'}"
        return Unreachable(text, sent=write) if status in _LATER else RegistryFault(text)
    if not words.code and status != 413:
        return Garbled(f"Answered {status} without the error body of the Data Map")
    telling = _CODES.get(words.code) or _STATUSES.get(status)
    return telling(words) if telling else Refused(f"Purview answered {words.code}: {words.message}")
