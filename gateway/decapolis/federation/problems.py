"""Refusals as RFC 9457 problems: a status, a stable code for programs, and a sentence for people."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import Response

from decapolis.ids import LedgerConflict, RangeFull
from decapolis.jobs import KeyReused, NotNow, UnknownJob
from decapolis.jobs.bulk import PlanNeeded, PlanTooOld
from decapolis.jobs.cutting import NoRoutes
from decapolis.jobs.documents import ReportsMissing
from decapolis.jobs.migrating import NoAnalysis, NotMovable, StaleAnalysis
from decapolis.jobs.selecting import NothingMatches
from decapolis.locks import Busy
from decapolis.operations import errors as refusals
from decapolis.operations import plugging
from decapolis.operations.annotated import MetadataInvalid
from decapolis.operations.copying import NotCopyable
from decapolis.operations.history_check import UnknownMode
from decapolis.operations.set_level import ChangedMeanwhile
from decapolis.operations.subject_filter import FilterInvalid
from decapolis.registries.asking import RegistryDisabled
from decapolis.registries.routing import NoRoute, UnknownRegistry
from decapolis.registries.stored import OwnStoreFault
from decapolis.store import StoreUnavailable
from decapolis.store.jobs import Overlap
from decapolis.web import BodyTooLarge
from decapolis_formats import ComparisonTooCostly, InvalidSchema
from decapolis_formats.extras import MissingLibrary
from decapolis_formats.spelling import Misspelt
from decapolis_translators import errors as faults
from decapolis_translators.discovery import BrokenTypeError, UnknownTypeError

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "urn:decapolis:problem:"


class Problem(BaseModel):
    """What went wrong (RFC 9457); `code` is stable, `detail` is for people and may be worded anew."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="`urn:decapolis:problem:` and the code")
    title: str = Field(description="the kind of problem in a few words")
    status: int
    detail: str = Field(description="what was wrong, and what would be right")
    code: str = Field(description="what a program may match")


class Refused(Exception):
    """A refusal that the face finds itself; `more` are further members of the problem."""

    def __init__(self, status: int, code: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.more = more
        self.headers: dict[str, str] = {}


class Unlisted(LookupError):
    """A part of the federation API that does not exist: no path, or not with this method."""


_TABLE: tuple[tuple[type[Exception], int, str], ...] = (
    # the first that fits counts: special ones stand before their parents
    (UnknownRegistry, 404, "unknown-registry"),
    (UnknownJob, 404, "unknown-job"),
    (NothingMatches, 404, "nothing-matches"),
    (FilterInvalid, 400, "invalid-filter"),
    (Overlap, 409, "jobs-overlap"),
    (NotNow, 409, "not-now"),
    (PlanNeeded, 409, "dry-run-needed"),
    (PlanTooOld, 409, "stale-plan"),
    (NoAnalysis, 409, "no-analysis"),
    (StaleAnalysis, 409, "stale-analysis"),
    (NotMovable, 409, "not-movable"),
    (ChangedMeanwhile, 409, "changed-meanwhile"),
    (NotCopyable, 422, "not-copyable"),
    (KeyReused, 422, "idempotency-key-reused"),
    (ReportsMissing, 501, "library-missing"),
    (NoRoutes, 501, "routes-fixed"),
    (faults.SubjectNotFound, 404, "unknown-subject"),
    (faults.VersionNotFound, 404, "unknown-version"),
    (faults.SchemaNotFound, 404, "unknown-schema"),
    (faults.ConfigNotFound, 404, "nothing-configured"),
    (faults.Absent, 404, "not-found"),
    (faults.WrongDeleteOrder, 409, "wrong-delete-order"),
    (refusals.ConfigUnset, 404, "nothing-configured"),
    (refusals.ModeUnset, 404, "nothing-configured"),
    (refusals.IncompatibleSchema, 409, "incompatible-schema"),
    (faults.Incompatible, 409, "incompatible-schema"),
    (faults.WriteConflict, 409, "write-conflict"),
    (faults.ReferenceExists, 409, "reference-exists"),
    (faults.IdTaken, 409, "id-taken"),
    (Busy, 409, "busy"),
    (MetadataInvalid, 422, "invalid-metadata"),
    (refusals.SchemaInvalid, 400, "invalid-schema"),
    (InvalidSchema, 400, "invalid-schema"),
    (faults.SchemaRefused, 422, "schema-refused"),
    (refusals.VersionInvalid, 400, "invalid-version"),
    (FilterInvalid, 400, "invalid-filter"),
    (UnknownMode, 400, "invalid-level"),
    (refusals.LevelInvalid, 400, "invalid-level"),
    (refusals.ModeInvalid, 400, "invalid-mode"),
    (refusals.BelowTheFloor, 422, "below-the-floor"),
    (refusals.RulesBroken, 422, "policy-violated"),
    (refusals.NotAllowed, 422, "not-allowed"),
    (faults.NotPermitted, 422, "not-allowed"),
    (faults.Unsupported, 422, "unsupported"),
    (refusals.NotOffered, 422, "unsupported"),
    (RangeFull, 422, "id-range-full"),
    (refusals.SubjectInvalid, 422, "invalid-subject"),
    (faults.SubjectRefused, 422, "invalid-subject"),
    (faults.TooLarge, 422, "too-large"),
    (refusals.RuleSetInvalid, 422, "invalid-rule-set"),
    (refusals.ContextNotEmpty, 409, "context-not-empty"),
    (NoRoute, 404, "no-route"),
    (plugging.AddressNotAllowed, 400, "address-not-allowed"),
    (plugging.EntryInvalid, 400, "invalid-registry"),
    (plugging.SecretsNeedKey, 400, "secrets-need-key"),
    (plugging.NotReachable, 422, "registry-not-reachable"),
    (plugging.RegistryTaken, 409, "registry-exists"),
    (plugging.RegistryInUse, 409, "registry-in-use"),
    (plugging.DeclaredInFile, 409, "declared-in-file"),
    (plugging.EntryChanged, 412, "changed-meanwhile"),
    (plugging.PluginsOff, 403, "plugins-off"),
    (plugging.ModuleUnusable, 422, "module-unusable"),
    (plugging.TypeInUse, 409, "type-in-use"),
    (LedgerConflict, 409, "ids-conflict"),
    (UnknownTypeError, 400, "unknown-type"),
    (BrokenTypeError, 422, "broken-type"),
    (MissingLibrary, 422, "library-missing"),
    (Misspelt, 400, "invalid-request"),
    (ValidationError, 400, "invalid-request"),
    (BodyTooLarge, 413, "body-too-large"),
    (RegistryDisabled, 409, "registry-disabled"),
    (faults.Throttled, 429, "throttled"),
    (OwnStoreFault, 503, "store-unavailable"),
    (StoreUnavailable, 503, "store-unavailable"),
    (faults.CredentialsRefused, 502, "registry-credentials"),
    (faults.Garbled, 502, "registry-garbled"),
    (faults.RegistryFault, 502, "registry-unavailable"),
    (TimeoutError, 504, "too-slow"),
    (ComparisonTooCostly, 422, "comparison-too-costly"),
)


def problem_of(error: Exception) -> Problem | None:
    """The problem that an error becomes; None for one that nobody foresaw."""
    if isinstance(error, Refused):
        return _problem(error.status, error.code, str(error), **error.more)
    if isinstance(error, ValidationError):
        return _problem(400, "invalid-request", *_validation(error))
    for kind, status, code in _TABLE:
        if isinstance(error, kind):
            return _problem(status, code, str(error) or _title(code), **_facts(error))
    return None


def code_of(error: Exception) -> str:
    """The stable code of an error, also of one that nobody foresaw."""
    problem = problem_of(error)
    return "internal-error" if problem is None else problem.code


def _problem(status: int, code: str, detail: str, **more: Any) -> Problem:
    return Problem(type=TYPE_BASE + code, title=_title(code), status=status, detail=detail, code=code, **more)


def _title(code: str) -> str:
    return code.replace("-", " ").capitalize()


def _facts(error: Exception) -> dict[str, Any]:
    if isinstance(error, (refusals.IncompatibleSchema, faults.Incompatible)):
        return {"messages": list(error.messages)}
    if isinstance(error, plugging.EntryInvalid):
        return {"problems": [{"place": place, "what": what} for place, what in error.problems]}
    if isinstance(error, (UnknownTypeError, UnknownMode)):
        return {"known": list(error.known)}
    if isinstance(error, refusals.RulesBroken):
        return {"violations": [refusals.explained(each) for each in error.violations]}
    return {}


def _validation(error: ValidationError) -> Any:
    sentences = []
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        place = ".".join(str(part) for part in each["loc"])
        sentences.append(f"{place}: {each['msg']}" if place else each["msg"])
    return ("; ".join(sentences),)


def response(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """The problem as an answer."""
    return Response(problem.model_dump_json(), status_code=problem.status, headers=headers, media_type=MEDIA_TYPE)
