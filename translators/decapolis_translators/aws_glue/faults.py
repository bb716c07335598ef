"""What AWS refuses, told in our errors: the code decides first, the words where one code means several things."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore import exceptions as kit
from botocore.parsers import ResponseParserError

from decapolis_translators.contract import NativeId
from decapolis_translators.errors import (
    CredentialsRefused,
    Garbled,
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

_MAX_WORDS = 2_000

THREE_WAYS = (
    "give aws_access_key_id and aws_secret_access_key in the configuration; or let the environment or a `profile` hold "
    "them; or run under a role (of the instance, the task or the pod), or name one as `role_arn`"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call was about: errors are told in these terms."""

    operation: str = ""
    registry: str = ""
    subject: str = ""
    version: int = -1
    native_id: NativeId = -1
    write: bool = False


class RegistryMissing(RegistryFault):
    """The configured registry does not exist in this account and region."""


class NameTaken(WriteConflict):
    """Something of that name exists already."""


class QuotaReached(NotPermitted):
    """AWS allows no more of these."""


class Expired(CredentialsRefused):
    """The credentials are no longer, or not yet, good; asking for new ones may help."""


_Telling = Callable[[Asked, str], RegistryError]


def _refused(asked: Asked, words: str) -> RegistryError:
    return CredentialsRefused(f"AWS refused our credentials: {words}")


def _expired(asked: Asked, words: str) -> RegistryError:
    return Expired(f"AWS refused our credentials, which are unknown, expired or revoked: {words}")


def _clock(asked: Asked, words: str) -> RegistryError:
    return Expired(f"AWS refused our signature; the secret key is wrong, or this machine's clock: {words}")


def _forbidden(asked: Asked, words: str) -> RegistryError:
    named = re.search(r"\b(?:glue|sts|kms):\w+", words)
    action = named[0] if named else f"glue:{asked.operation}"
    return CredentialsRefused(f"The right {action} is missing for the registry '{asked.registry}': {words}")


def _throttled(asked: Asked, words: str) -> RegistryError:
    return Throttled(f"AWS asks for fewer calls: {words}")


def _slow(asked: Asked, words: str) -> RegistryError:
    return Unreachable(f"AWS did not finish in time: {words}", sent=asked.write)


def _trouble(asked: Asked, words: str) -> RegistryError:
    return RegistryFault(f"AWS reports a fault of its own: {words}")


def _absent(asked: Asked, words: str) -> RegistryError:
    """The official client tells the cases apart by these words, too; an id is asked for without anything else."""
    if words.startswith("Registry is not found"):
        return RegistryMissing(f"The registry '{asked.registry}' does not exist in this account and region: {words}")
    if asked.native_id != -1:
        return SchemaNotFound(asked.native_id)
    if words.startswith("Schema version is not found"):
        return VersionNotFound(asked.subject, asked.version)
    return SubjectNotFound(asked.subject)


def _invalid(asked: Asked, words: str) -> RegistryError:
    if "DISABLED" in words:
        return NotPermitted(
            f"'{asked.subject}' is FROZEN: its compatibility in Glue is DISABLED, which takes no further versions"
        )
    if "definition" in words.lower() and re.search(r"length|too (long|large)|bytes", words, re.IGNORECASE):
        return TooLarge(words)
    if re.search(r"\bname\b|schemaName", words, re.IGNORECASE) and "definition" not in words.lower():
        return SubjectRefused(words)
    if asked.operation in {"RegisterSchemaVersion", "CreateSchema", "GetSchemaByDefinition"}:
        return SchemaRefused(words)
    return Refused(words)


_CODES: dict[str, _Telling] = {
    "EntityNotFoundException": _absent,
    "AlreadyExistsException": lambda _, words: NameTaken(words),
    "InvalidInputException": _invalid,
    "ValidationException": _invalid,
    "ResourceNumberLimitExceededException": lambda _, words: QuotaReached(f"A quota of AWS is reached: {words}"),
    "ConcurrentModificationException": lambda _, words: WriteConflict(
        f"Glue was asked for two changes at once: {words}"
    ),
    "OperationTimeoutException": _slow,
    "RequestTimeout": _slow,
    "RequestTimeoutException": _slow,
    "InternalServiceException": _trouble,
    "InternalFailure": _trouble,
    "InternalServerError": _trouble,
    "ServiceUnavailable": _slow,
    "ServiceUnavailableException": _slow,
    "RequestEntityTooLargeException": lambda _, words: TooLarge(words),
    "413": lambda _, words: TooLarge(words),
    **dict.fromkeys(("AccessDeniedException", "AccessDenied", "NotAuthorized"), _forbidden),
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException", "RequestExpired"), _expired),
    **dict.fromkeys(("UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId"), _expired),
    **dict.fromkeys(("InvalidSignatureException", "SignatureDoesNotMatch"), _clock),
    **dict.fromkeys(
        ("MissingAuthenticationTokenException", "MissingAuthenticationToken", "IncompleteSignature", "OptInRequired"),
        _refused,
    ),
    **dict.fromkeys(
        (
            *("ThrottlingException", "Throttling", "ThrottledException", "RequestThrottledException", "429"),
            *(
                "TooManyRequestsException",
                "RequestLimitExceeded",
                "RequestThrottled",
                "SlowDown",
                "LimitExceededException",
            ),
        ),
        _throttled,
    ),
}

_NO_CREDENTIALS = (
    *(kit.NoCredentialsError, kit.PartialCredentialsError, kit.ProfileNotFound, kit.ConfigNotFound),
    *(kit.CredentialRetrievalError, kit.MetadataRetrievalError, kit.NoAuthTokenError, kit.TokenRetrievalError),
    *(kit.SSOError, kit.LoginError, kit.RefreshWithMFAUnsupportedError, kit.InvalidConfigError, kit.ConfigParseError),
    kit.UnknownCredentialError,
)
_NEVER_SENT = (*(kit.EndpointConnectionError, kit.ConnectTimeoutError, kit.ProxyConnectionError, kit.SSLError),)


def told(error: Exception, asked: Asked, scrub: Callable[[str], str]) -> RegistryError:
    """The error of ours that anything from the kit stands for."""
    if isinstance(error, kit.ClientError):
        return _answered(error, asked, scrub)
    words = clean(str(error), scrub)
    if isinstance(error, _NO_CREDENTIALS):
        return CredentialsRefused(f"There are no credentials for AWS ({words}): {THREE_WAYS}")
    if isinstance(error, kit.NoRegionError):
        return RegistryFault("There is no AWS region: give `region` in the configuration, or AWS_REGION")
    if isinstance(error, _NEVER_SENT):
        return Unreachable(f"Cannot connect: {words}")
    if isinstance(error, kit.HTTPClientError | kit.IncompleteReadError | OSError):
        return Unreachable(f"Connection lost: {words}", sent=asked.write)
    if isinstance(error, kit.ParamValidationError):
        return Refused(f"Glue's interface does not take this: {words}")
    if isinstance(error, ResponseParserError | AttributeError | TypeError | KeyError):
        return Garbled(f"Answered what Glue's interface does not promise: {words}")
    return RegistryFault(f"The AWS kit failed: {type(error).__name__}: {words}")


def _answered(error: kit.ClientError, asked: Asked, scrub: Callable[[str], str]) -> RegistryError:
    body, about = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    code, words = str(body.get("Code", "")), clean(body.get("Message") or "no explanation", scrub)
    status = about.get("HTTPStatusCode", 0)
    if code == str(status):  # no error of the interface: the kit puts a whole page where the words would be
        words = f"HTTP {status}"
    if status == 429 or words == "Rate exceeded":
        return Throttled(f"AWS asks for fewer calls: {words}", _wish(about.get("HTTPHeaders", {})))
    if error.operation_name == "AssumeRole":
        return _expired_or(code, asked, f"The role cannot be assumed: {words}")
    telling = _CODES.get(code)
    if telling is not None:
        return _patient(telling(asked, words), about.get("HTTPHeaders", {}))
    if status in {502, 503, 504}:
        return Unreachable(f"The way to AWS answered {status}", sent=asked.write)
    if status >= 500:
        return RegistryFault(f"AWS answered {status}: {words}")
    if code in {"", str(status)}:
        return Garbled(f"Answered {status} without the error body of its API")
    return Refused(f"{code}: {words}")


def _expired_or(code: str, asked: Asked, words: str) -> RegistryError:
    telling = _CODES.get(code)
    if telling in {_expired, _clock, _throttled} and telling is not None:
        return telling(asked, words)
    return CredentialsRefused(words)


def _patient(error: RegistryError, headers: Mapping[str, Any]) -> RegistryError:
    if isinstance(error, Throttled):
        error.retry_after = _wish(headers)
    return error


def _wish(headers: Mapping[str, Any]) -> float | None:
    given = str(headers.get("retry-after", "")).strip()
    return float(given) if re.fullmatch(r"\d{1,6}(\.\d+)?", given) else None


def clean(words: Any, scrub: Callable[[str], str]) -> str:
    """Foreign words, bounded, printable and without our secrets."""
    return "".join(filter(str.isprintable, scrub(str(words))[:_MAX_WORDS]))
