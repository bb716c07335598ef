"""Everything that may leave a translator.

RegistryError
├── Absent
│   ├── SubjectNotFound       no version of it (or only soft-deleted ones, where those were not asked for)
│   ├── VersionNotFound
│   ├── SchemaNotFound        no schema under that id
│   └── ConfigNotFound        nothing was set there, so nothing can be cleared
├── WrongDeleteOrder
│   ├── SubjectSoftDeleted    already; only a permanent delete can follow
│   ├── SubjectNotSoftDeleted
│   ├── VersionSoftDeleted
│   └── VersionNotSoftDeleted
├── Refused                   the registry (or its type) will not do this; nothing was written
│   ├── Unsupported           a capability is missing; says which and why
│   ├── Incompatible          the registry's own check failed; carries its messages
│   ├── SchemaRefused         the registry cannot read the schema
│   ├── SubjectRefused        the registry cannot hold a subject of that name
│   ├── TooLarge
│   ├── ReferenceExists       somebody refers to it
│   ├── NotPermitted          its mode or its policy forbids
│   └── IdTaken               that id belongs to another schema
├── WriteConflict             another write came first; read again and decide again
└── RegistryFault             the registry's trouble, not the caller's
    ├── Unreachable           no connection, a reset, a timeout; `sent` says whether a write may have landed
    ├── CredentialsRefused
    ├── Throttled             carries `retry_after` in seconds where known
    └── Garbled               an answer that is not what its API promises
"""

from __future__ import annotations


class RegistryError(Exception):
    """Anything that a registry or its translator answers instead of a result."""


class Absent(RegistryError):
    """What was asked for is not there."""


class SubjectNotFound(Absent):
    """The registry holds no (live) version of the subject."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"Subject '{subject}' not found.")
        self.subject = subject


class VersionNotFound(Absent):
    """The subject exists, the version does not; -1 stands for an absent latest."""

    def __init__(self, subject: str, version: int) -> None:
        super().__init__(f"Version {version} not found.")
        self.subject = subject
        self.version = version


class SchemaNotFound(Absent):
    """No schema has that id."""

    def __init__(self, native_id: int | str) -> None:
        super().__init__(f"Schema {native_id} not found")
        self.native_id = native_id


class ConfigNotFound(Absent):
    """Nothing was set on that subject."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"Subject '{subject}' has nothing configured")
        self.subject = subject


class WrongDeleteOrder(RegistryError):
    """Soft before permanent, and each only once."""

    def __init__(self, subject: str, version: int = -1) -> None:
        super().__init__(f"{type(self).__name__}: subject '{subject}', version {version}")
        self.subject = subject
        self.version = version


class SubjectSoftDeleted(WrongDeleteOrder):
    """The subject is soft-deleted already."""


class SubjectNotSoftDeleted(WrongDeleteOrder):
    """The subject must be soft-deleted first."""


class VersionSoftDeleted(WrongDeleteOrder):
    """The version is soft-deleted already."""


class VersionNotSoftDeleted(WrongDeleteOrder):
    """The version must be soft-deleted first."""


class Refused(RegistryError):
    """The registry will not do this; nothing was written."""


class Unsupported(Refused):
    """This registry cannot do that: `feature` names what, the text is the capability's own sentence."""

    def __init__(self, feature: str, reason: str) -> None:
        super().__init__(reason)
        self.feature = feature


class Incompatible(Refused):
    """The registry's own compatibility check refused the schema."""

    def __init__(self, message: str, messages: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.messages = messages


class SchemaRefused(Refused):
    """The registry cannot read the schema or one of its references."""


class SubjectRefused(Refused):
    """The registry cannot hold a subject of that name."""


class TooLarge(Refused):
    """The registry's store does not take a schema of that size."""


class ReferenceExists(Refused):
    """Other schemas refer to what should be deleted."""

    def __init__(self, subject: str, version: int) -> None:
        super().__init__(f"One or more references exist to subject '{subject}', version {version}.")
        self.subject = subject
        self.version = version


class NotPermitted(Refused):
    """The registry's mode or policy forbids the operation."""


class IdTaken(Refused):
    """The id that should be imposed belongs to another schema."""

    def __init__(self, native_id: int, context: str = ".") -> None:
        super().__init__(f"Overwrite new schema with id {native_id} in context {context} is not permitted.")
        self.native_id = native_id
        self.context = context


class WriteConflict(RegistryError):
    """Another write to the subject came first; nothing was written, the caller decides anew."""


class RegistryFault(RegistryError):
    """The registry's own trouble; reads may be answered from memory, writes may be repeated later."""


class Unreachable(RegistryFault):
    """No answer; `sent` is true when a write may have reached the registry all the same."""

    def __init__(self, message: str, *, sent: bool = False) -> None:
        super().__init__(message)
        self.sent = sent


class CredentialsRefused(RegistryFault):
    """The registry refused the gateway's credentials (never the caller's)."""


class Throttled(RegistryFault):
    """The registry asks for fewer calls; `retry_after` is its wish in seconds, None when it did not say."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Garbled(RegistryFault):
    """The registry answered something that its API does not promise (HTML, half a JSON, a redirect)."""
