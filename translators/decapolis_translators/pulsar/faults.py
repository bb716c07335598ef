"""What brokers refuse, told in our errors: the status decides first, the words where one status means several things.

Words come from the broker (`{"reason": …}`) or, where only a status line was meant, as the page of its web server, which is
JSON (`{"servlet": …, "message": …}`) or HTML, as the client accepts it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from decapolis_translators.contract import Feature
from decapolis_translators.errors import (
    CredentialsRefused,
    Garbled,
    Incompatible,
    NotPermitted,
    Refused,
    RegistryError,
    RegistryFault,
    SchemaRefused,
    SubjectNotFound,
    SubjectRefused,
    Throttled,
    TooLarge,
    Unreachable,
    Unsupported,
    VersionNotFound,
    WriteConflict,
)
from decapolis_translators.http import Answer

_MAX_WORDS = 2_000
_TITLE = re.compile(r"<title>(?:Error \d{3}\s*)?(.*?)</title>", re.DOTALL)
_MESSAGE = re.compile(r"Message:\s*(.*?)\s*(?:Stacktrace:|\Z)", re.DOTALL)

FROZEN = "ALWAYS_INCOMPATIBLE"
"""The strategy under which Pulsar takes no further versions."""

NO_TOPIC_POLICIES = "This cluster has no topic-level policies (topicLevelPoliciesEnabled), so topics keep no strategy."


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call was about: errors are told in these terms, `right` is what it takes."""

    subject: str = ""
    version: int = -1
    write: bool = False
    right: str = "the tenant's administrator"
    namespace: str = ""
    schema: bool = False


class NamespaceMissing(RegistryFault):
    """The configured tenant or namespace does not exist."""


def words_of(answer: Answer, scrub: Callable[[str], str]) -> str | None:
    """What a refusal says, None where it is nothing of a broker's."""
    try:
        body = answer.json()
    except Garbled:
        page = _TITLE.search(answer.content.decode("utf-8", "replace"))
        return None if page is None else _clean(html.unescape(page[1]), scrub)
    given = body.get("message" if "servlet" in body else "reason") if isinstance(body, Mapping) else None
    if not isinstance(given, str):
        return None
    traced = _MESSAGE.search(given)
    return _clean(traced[1] if traced else given, scrub)


def _clean(words: str, scrub: Callable[[str], str]) -> str:
    spaced = re.sub(r"\s+", " ", scrub(words[: 4 * _MAX_WORDS])).strip()
    return "".join(filter(str.isprintable, spaced))[:_MAX_WORDS]


def is_incompatibility(answer: Answer) -> bool:
    """Whether a 500 of the compatibility check is its verdict; what is incompatible cannot be told otherwise there."""
    said = answer.content
    return answer.status == 500 and (b"IncompatibleSchemaException" in said or b"Incompatible schema" in said)


def refusal(answer: Answer, asked: Asked, scrub: Callable[[str], str]) -> RegistryError:
    """The error that an answer other than success stands for."""
    words, status = words_of(answer, scrub), answer.status
    if status in {401, 403}:
        return CredentialsRefused(
            f"Pulsar refused our credentials ({status}); the call takes the rights of {asked.right}: {words or status}"
        )
    if status == 429:
        return Throttled(f"Pulsar asks for fewer calls: {words or status}", answer.retry_after)
    if status in {408, 502, 503, 504}:
        return Unreachable(f"Pulsar answered {status}: {words or 'no explanation'}", sent=asked.write)
    if status >= 500:
        return RegistryFault(f"Pulsar answered {status}: {words or 'no explanation'}")
    if status == 413:
        return TooLarge(words or "Pulsar does not take a schema of that size")
    if words is None:
        return Garbled(f"Answered {status} without the error body of its API")
    telling = _TELLING.get(status)
    if telling is None:
        return Refused(words) if 400 <= status < 500 else Garbled(f"Answered {status}: {words}")
    return telling(asked, words)


def _absent(asked: Asked, words: str) -> RegistryError:
    if re.search(r"(tenant|namespace|property)\b.*(not exist|not found)", words, re.IGNORECASE):
        return NamespaceMissing(f"The namespace '{asked.namespace}' does not exist in this cluster: {words}")
    return VersionNotFound(asked.subject, asked.version) if asked.version > 0 else SubjectNotFound(asked.subject)


def _unable(asked: Asked, words: str) -> RegistryError:
    if "policies" in words.lower():
        return Unsupported(Feature.LEVELS, NO_TOPIC_POLICIES)
    return NotPermitted(words)


def _conflict(asked: Asked, words: str) -> RegistryError:
    if not asked.schema:
        return WriteConflict(words)
    if FROZEN in words:
        return NotPermitted(
            f"'{asked.subject}' is FROZEN: its strategy in Pulsar is {FROZEN}, which takes no further versions"
        )
    return Incompatible(f"Pulsar refused the schema: {words}", (words,))


def _condition(asked: Asked, words: str) -> RegistryError:
    """412 is a name that the broker does not take, or a state of the cluster."""
    return SubjectRefused(words) if "topic" in words.lower() else RegistryFault(f"Pulsar answered 412: {words}")


_TELLING: dict[int, Callable[[Asked, str], RegistryError]] = {
    404: _absent,
    405: _unable,
    409: _conflict,
    412: _condition,
    422: lambda _, words: SchemaRefused(words),
}
