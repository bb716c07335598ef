"""Foreign answers told in our errors: the HTTP status decides first, the dialect's error_code second."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from decapolis_translators.contract import NativeId
from decapolis_translators.errors import (
    ConfigNotFound,
    CredentialsRefused,
    Garbled,
    IdTaken,
    Incompatible,
    NotPermitted,
    ReferenceExists,
    Refused,
    RegistryError,
    RegistryFault,
    SchemaNotFound,
    SchemaRefused,
    SubjectNotFound,
    SubjectNotSoftDeleted,
    SubjectRefused,
    SubjectSoftDeleted,
    Throttled,
    TooLarge,
    Unreachable,
    VersionNotFound,
    VersionNotSoftDeleted,
    VersionSoftDeleted,
    WriteConflict,
)
from decapolis_translators.http import Answer

_MAX_WORDS = 2_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call was about: errors are told in these terms."""

    subject: str = ""
    version: int = -1
    native_id: NativeId = -1
    context: str = "."
    write: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """What an error body says; `code` is None where it is not the dialect's."""

    code: int | None
    message: str

    @classmethod
    def of(cls, answer: Answer, scrub: Callable[[str], str]) -> Words:
        """Reads a body of any make: Karapace sends lists and bare strings, proxies send HTML."""
        try:
            body = answer.json()
        except Garbled:
            return cls(None, "")
        if not isinstance(body, Mapping):
            return cls(None, "")
        code = body.get("error_code")
        message = scrub(_flat(body.get("message")))[:_MAX_WORDS]
        return cls(code if isinstance(code, int) else None, "".join(filter(str.isprintable, message)))


def _flat(message: Any) -> str:
    if isinstance(message, list):
        return "; ".join(_flat(part.get("msg") if isinstance(part, Mapping) else part) for part in message[:20])
    return "" if message is None else str(message)


_Telling = Callable[[Asked, str], RegistryError]


def _forbidden(asked: Asked, message: str) -> RegistryError:
    if asked.native_id != -1 and message.startswith("Overwrite"):
        return _id_taken(asked, message)
    return NotPermitted(message)


def _id_taken(asked: Asked, message: str) -> RegistryError:
    return IdTaken(asked.native_id, asked.context) if isinstance(asked.native_id, int) else NotPermitted(message)


def _referenced(asked: Asked, message: str) -> RegistryError:
    """Deleting a whole subject, only the message knows which version is in use."""
    told = re.search(r"version=(\d{1,9})", message)
    return ReferenceExists(asked.subject, int(told[1]) if told and asked.version == -1 else asked.version)


def _incompatible(asked: Asked, message: str) -> RegistryError:
    _, _, details = message.partition("details: ")
    return Incompatible(message, (details.strip("[]"),) if details else ())


_DELETE_ORDER: dict[int, _Telling] = {
    40404: lambda asked, _: SubjectSoftDeleted(asked.subject, asked.version),
    40405: lambda asked, _: SubjectNotSoftDeleted(asked.subject, asked.version),
    40406: lambda asked, _: VersionSoftDeleted(asked.subject, asked.version),
    40407: lambda asked, _: VersionNotSoftDeleted(asked.subject, asked.version),
}

_CODES: dict[int, dict[int, _Telling]] = {
    404: {
        40401: lambda asked, _: SubjectNotFound(asked.subject),
        40402: lambda asked, _: VersionNotFound(asked.subject, asked.version),
        40403: lambda asked, _: SchemaNotFound(asked.native_id),
        40408: lambda asked, _: ConfigNotFound(asked.subject),
        40409: lambda asked, _: ConfigNotFound(asked.subject),
        **_DELETE_ORDER,
    },
    # some clones tell a wrong order of deletes as a conflict
    409: {
        **_DELETE_ORDER,
        40904: lambda _, message: NotPermitted(message),
        40905: lambda _, message: NotPermitted(message),
    },
    422: {
        42202: lambda asked, _: VersionNotFound(asked.subject, asked.version),
        42203: lambda _, message: Refused(message),
        42204: lambda _, message: NotPermitted(message),
        42205: _forbidden,
        42206: _referenced,
        42207: _id_taken,
        42208: lambda _, message: SubjectRefused(message),
        42209: lambda _, message: TooLarge(message),
        42211: lambda _, message: NotPermitted(message),
    },
}

_OTHERWISE: dict[int, _Telling] = {
    400: lambda _, message: Refused(message),
    409: _incompatible,
    413: lambda _, message: TooLarge(message or "The registry does not take a schema of that size"),
    422: lambda _, message: SchemaRefused(message),
}


def refusal(answer: Answer, asked: Asked, scrub: Callable[[str], str]) -> RegistryError:
    """The error that an answer other than success stands for."""
    words = Words.of(answer, scrub)
    if answer.status in {401, 403}:
        return CredentialsRefused(f"The registry refused our credentials ({answer.status}): {words.message}")
    if answer.status == 429:
        return Throttled(f"The registry asks for fewer calls: {words.message}", answer.retry_after)
    if answer.status >= 500 or answer.status == 408:
        return _trouble(answer.status, words, asked)
    if words.code is None and answer.status != 413:
        return Garbled(f"Answered {answer.status} without the dialect's error body")
    telling = _CODES.get(answer.status, {}).get(words.code or 0) or _OTHERWISE.get(answer.status)
    if telling is None:
        return Garbled(f"Answered {answer.status}: {words.message}")
    return telling(asked, words.message)


def _trouble(status: int, words: Words, asked: Asked) -> RegistryError:
    text = f"The registry answered {status}: {words.message or 'no explanation'}"
    if words.code == 50301:
        return WriteConflict(text)
    if status in {408, 502, 503, 504} or words.code in {50002, 50003, 50004}:
        return Unreachable(text, sent=asked.write)
    return RegistryFault(text)
