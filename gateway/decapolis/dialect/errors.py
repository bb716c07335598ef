"""From what went wrong to the dialect's status, code and sentence: the one place where they meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from decapolis.ids import RangeFull
from decapolis.locks import Busy
from decapolis.operations import errors as refusals
from decapolis.registries.routing import NoRoute, UnknownRegistry
from decapolis.registries.stored import OwnStoreFault
from decapolis.store import StoreUnavailable
from decapolis.web import BodyTooLarge
from decapolis_formats import ComparisonTooCostly, InvalidSchema
from decapolis_formats.spelling import Misspelt
from decapolis_translators import errors as faults

from .paths import BadPath


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """Status, code and sentence of an error body, and when to try again."""

    status: int
    code: int
    message: str
    retry_after: float | None = None

    @property
    def body(self) -> dict[str, object]:
        """The dialect's error object."""
        return {"error_code": self.code, "message": self.message}


class DialectError(Exception):
    """An error that the face itself finds (a body that is missing, a number that is none)."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.answer = ErrorAnswer(status, code, message)


def _referenced(error: faults.ReferenceExists) -> str:
    return (
        "One or more references exist to the schema "
        f"{{magic=1,keytype=SCHEMA,subject={error.subject},version={error.version}}}."
    )


def _schema_absent(error: faults.SchemaNotFound) -> str:
    return f"Schema {error.native_id} not found" if error.native_id != "" else "Schema not found"


_SENTENCES: dict[type[Exception], Callable[..., str]] = {
    faults.SchemaNotFound: _schema_absent,
    faults.ReferenceExists: _referenced,
    faults.SubjectSoftDeleted: lambda e: (
        f"Subject '{e.subject}' was soft deleted.Set permanent=true to delete permanently"
    ),
    faults.SubjectNotSoftDeleted: lambda e: (
        f"Subject '{e.subject}' was not deleted first before being permanently deleted"
    ),
    faults.VersionSoftDeleted: lambda e: (
        f"Subject '{e.subject}' Version {e.version} was soft deleted.Set permanent=true to delete permanently"
    ),
    faults.VersionNotSoftDeleted: lambda e: (
        f"Subject '{e.subject}' Version {e.version} was not deleted first before being permanently deleted"
    ),
    faults.SubjectRefused: lambda e: f"The specified subject is not a valid. {e}",
    NoRoute: lambda e: f"The specified subject '{e.subject}' is not a valid. {e}",
    faults.ConfigNotFound: lambda e: f"Subject '{e.subject}' not found.",
    StoreUnavailable: lambda _: "The gateway's store does not answer",
}

_CODES: tuple[tuple[type[Exception], int, int], ...] = (
    # the first that fits counts: special ones stand before their parents
    (faults.SubjectNotFound, 404, 40401),
    (faults.ConfigNotFound, 404, 40401),
    (faults.VersionNotFound, 404, 40402),
    (faults.SchemaNotFound, 404, 40403),
    (faults.SubjectSoftDeleted, 404, 40404),
    (faults.SubjectNotSoftDeleted, 404, 40405),
    (faults.VersionSoftDeleted, 404, 40406),
    (faults.VersionNotSoftDeleted, 404, 40407),
    (refusals.ConfigUnset, 404, 40408),
    (refusals.ModeUnset, 404, 40409),
    (UnknownRegistry, 404, 404),
    (refusals.IncompatibleSchema, 409, 409),
    (faults.Incompatible, 409, 409),
    (refusals.SchemaInvalid, 422, 42201),
    (InvalidSchema, 422, 42201),
    (faults.SchemaRefused, 422, 42201),
    (refusals.VersionInvalid, 422, 42202),
    (refusals.LevelInvalid, 422, 42203),
    (refusals.ModeInvalid, 422, 42204),
    (refusals.NotAllowed, 422, 42205),
    (faults.NotPermitted, 422, 42205),
    (faults.IdTaken, 422, 42205),
    (faults.Unsupported, 422, 42205),
    (RangeFull, 422, 42205),
    (faults.ReferenceExists, 422, 42206),
    (refusals.SubjectInvalid, 422, 42208),
    (faults.SubjectRefused, 422, 42208),
    (NoRoute, 422, 42208),
    (faults.TooLarge, 422, 42209),
    (refusals.RuleSetInvalid, 422, 42210),
    (refusals.ContextNotEmpty, 422, 42211),
    (refusals.NotOffered, 501, 501),
    (Misspelt, 400, 400),
    (BadPath, 400, 400),
    (BodyTooLarge, 413, 413),
    (faults.Throttled, 429, 429),
    (OwnStoreFault, 500, 50001),
    (faults.RegistryFault, 500, 50003),
    (faults.WriteConflict, 500, 50002),
    (Busy, 500, 50002),
    (ComparisonTooCostly, 500, 50002),
    (StoreUnavailable, 500, 50001),
)


def answer_for(error: Exception, *, writing: bool, incompatible_code: int = 409) -> ErrorAnswer | None:
    """The answer that an error becomes; None for one that nobody foresaw."""
    if isinstance(error, DialectError):
        return error.answer
    for kind, status, code in _CODES:
        if isinstance(error, kind):
            sentence = _SENTENCES.get(kind, str)(error)
            if isinstance(error, faults.Unsupported) and not writing:
                return ErrorAnswer(501, 501, sentence)
            retry = error.retry_after if isinstance(error, faults.Throttled) else None
            return ErrorAnswer(status, incompatible_code if code == 409 else code, sentence, retry)
    return None
