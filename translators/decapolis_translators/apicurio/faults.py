"""What Apicurio's own API refuses, told in our errors: the status decides first, the name of its exception second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from decapolis_translators.confluent.faults import Asked
from decapolis_translators.errors import (
    ConfigNotFound,
    CredentialsRefused,
    Garbled,
    Incompatible,
    NotPermitted,
    Refused,
    RegistryError,
    RegistryFault,
    SchemaNotFound,
    SchemaRefused,
    SubjectNotFound,
    SubjectRefused,
    Throttled,
    TooLarge,
    Unreachable,
    VersionNotFound,
    WriteConflict,
)
from decapolis_translators.http import Answer

_MAX_WORDS = 2_000
_MAX_CAUSES = 50


@dataclass(frozen=True, slots=True)
class Words:
    """What an error body says; without a name it is not Apicurio's."""

    name: str
    message: str
    causes: tuple[str, ...] = ()

    @classmethod
    def of(cls, answer: Answer, scrub: Callable[[str], str]) -> Words:
        """Reads v3's problem details and v2's own shape."""
        try:
            body = answer.json()
        except Garbled:
            return cls("", "")
        if not isinstance(body, Mapping) or not isinstance(body.get("name"), str):
            return cls("", "")
        said = body.get("title") or body.get("message") or body.get("detail") or ""
        return cls(body["name"], _clean(said, scrub), _causes(body.get("causes"), scrub))


def _causes(given: Any, scrub: Callable[[str], str]) -> tuple[str, ...]:
    causes = given if isinstance(given, list) else []
    found = (each for each in causes[:_MAX_CAUSES] if isinstance(each, Mapping))
    return tuple(_clean(f"{each.get('description')} at {each.get('context')}", scrub) for each in found)


def _clean(words: Any, scrub: Callable[[str], str]) -> str:
    return "".join(filter(str.isprintable, scrub(str(words))[:_MAX_WORDS]))


def _violated(asked: Asked, words: Words) -> RegistryError:
    """Of the three kinds of rules only one judges compatibility, and only the text tells which it was."""
    if words.message.startswith("Incompatible"):
        return Incompatible(words.message, words.causes)
    return SchemaRefused("; ".join((words.message, *words.causes)))


def _conflict(asked: Asked, words: Words) -> RegistryError:
    return WriteConflict(words.message)


def _forbidden(asked: Asked, words: Words) -> RegistryError:
    return NotPermitted(words.message)


def _schema(asked: Asked, words: Words) -> RegistryError:
    return SchemaRefused(words.message)


def _subject(asked: Asked, words: Words) -> RegistryError:
    return SubjectRefused(words.message)


def _unknown_subject(asked: Asked, words: Words) -> RegistryError:
    return SubjectNotFound(asked.subject)


_NAMES: dict[str, Callable[[Asked, Words], RegistryError]] = {
    "ArtifactNotFoundException": _unknown_subject,
    "GroupNotFoundException": _unknown_subject,
    "VersionNotFoundException": lambda asked, _: VersionNotFound(asked.subject, asked.version),
    "ContentNotFoundException": lambda asked, _: SchemaNotFound(asked.native_id),
    "RuleNotFoundException": lambda asked, _: ConfigNotFound(asked.subject),
    "RuleViolationException": _violated,
    "UnprocessableSchemaException": _schema,
    "UnprocessableEntityException": _schema,
    "InvalidArtifactTypeException": _schema,
    "InvalidArtifactIdException": _subject,
    "InvalidGroupIdException": _subject,
    "ArtifactAlreadyExistsException": _conflict,
    "VersionAlreadyExistsException": _conflict,
    "RuleAlreadyExistsException": _conflict,
    "LimitExceededException": _forbidden,
    "ReadOnlyStorageException": _forbidden,
    "NotAllowedException": _forbidden,
}

_OTHERWISE: dict[int, Callable[[Asked, Words], RegistryError]] = {
    400: lambda _, words: Refused(words.message),
    409: _forbidden,
    413: lambda _, words: TooLarge(words.message),
    422: _schema,
}


def refusal(answer: Answer, asked: Asked, scrub: Callable[[str], str]) -> RegistryError:
    """The error that an answer other than success stands for."""
    words = Words.of(answer, scrub)
    if answer.status in {401, 403}:
        right = " (the role is missing)" if answer.status == 403 else ""
        return CredentialsRefused(f"The registry refused our credentials ({answer.status}){right}: {words.message}")
    if answer.status == 429:
        return Throttled(f"The registry asks for fewer calls: {words.message}", answer.retry_after)
    if answer.status >= 500 or answer.status == 408:
        return _trouble(answer.status, words, asked)
    if answer.status == 413:
        return TooLarge(words.message or "The registry does not take a schema of that size")
    if not words.name:
        return Garbled(f"Answered {answer.status} without the error body of its API")
    telling = _NAMES.get(words.name) or _OTHERWISE.get(answer.status)
    return telling(asked, words) if telling else Garbled(f"Answered {answer.status}: {words.message}")


def _trouble(status: int, words: Words, asked: Asked) -> RegistryError:
    text = f"The registry answered {status}: {words.message or 'no explanation'}"
    if status in {408, 502, 503, 504}:
        return Unreachable(text, sent=asked.write)
    return RegistryFault(text)
