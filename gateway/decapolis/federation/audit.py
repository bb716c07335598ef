"""The trail of changes: searched, exported, verified."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from starlette.responses import StreamingResponse

from decapolis.operations.trail import as_csv, as_jsonl, everything
from decapolis.store.trail import Sought
from decapolis.told import Entry, entry_of

from .endpoint import Answer, Asked, Endpoint, Inputs, Shape, named
from .paging import Page, Paged, decoded_cursor, encoded_cursor
from .problems import Refused


def _with_zone(given: Any) -> Any:
    """A `+` of a query arrives as a space."""
    return given.replace(" ", "+") if isinstance(given, str) and "T" in given else given


Moment = Annotated[datetime | None, BeforeValidator(_with_zone)]


class Filters(Inputs):
    """Which entries are wanted."""

    registry: str | None = named("registry", "registry_id", description="only of this registry")
    subject: str | None = named("subject", "target", description="only of this subject, registry, type or file")
    actor: str | None = Field(default=None, description="only what this caller did or wanted")
    action: str | None = Field(default=None, description="register, delete, set-config, set-mode, add-registry …")
    outcome: str | None = Field(default=None, description="done, refused, failed, conflict, `not done`, or open")
    request_id: str | None = Field(default=None, description="only of this request")
    since: Moment = named("since", "from", description="not older than this moment (ISO 8601)")
    until: Moment = named("until", "to", description="older than this moment (ISO 8601)")
    q: str | None = Field(default=None, description="a text that occurs in it")

    def sought(self) -> Sought:
        """The same in the store's words."""
        moments = (_milliseconds(self.since), _milliseconds(self.until))
        exact = (self.registry, self.subject, self.actor, self.action, self.outcome, self.request_id)
        return Sought(*exact, *moments, self.q)


class AuditInputs(Filters, Paged):
    """Which entries, and which part of them."""


class ExportInputs(Filters):
    """Which entries, and how they are written."""

    format: Literal["jsonl", "csv"] = "jsonl"


class EntryShape(Shape):
    """One change, or one that was refused."""

    id: int
    at: str
    request_id: str
    actor: str
    action: str
    registry: str = Field(description="empty for what belongs to no registry")
    target: str
    before: Any
    after: Any
    facts: dict[str, Any] = Field(description="what else is known of what was asked for")
    outcome: str = Field(description="open while nobody knows how it ended")
    result: dict[str, Any]
    link: int | None = Field(description="the link of the hash chain that covers it")


class VerifyInputs(Inputs):
    """What the chain must contain."""

    head: str | None = Field(default=None, description="a hash that was kept elsewhere: the chain must hold it")


class VerifiedShape(Shape):
    """What a verification found."""

    intact: bool
    links: int = Field(description="how many links hold, counted from the first")
    head: str = Field(description="the hash of the last link that holds: keep it elsewhere")
    unsealed: int = Field(description="entries that no link covers yet")
    broken_entry: int | None
    reason: str | None


def _milliseconds(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _shape(entry: Entry) -> EntryShape:
    return EntryShape(**{name: getattr(entry, name) for name in EntryShape.model_fields})


async def search_audit(asked: Asked[AuditInputs]) -> Answer:
    """Entries, newest first."""
    inputs = asked.inputs
    before = _number(inputs.cursor)
    rows = await asked.desk.gateway.audit.sought(inputs.sought(), before=before, limit=inputs.limit + 1)
    entries = [_shape(entry_of(row)) for row in rows[: inputs.limit]]
    following = encoded_cursor(str(entries[-1].id)) if len(rows) > inputs.limit else None
    return Answer(Page[EntryShape](items=entries, next_cursor=following))


def _number(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    text = decoded_cursor(cursor)
    if not text.isdecimal() or len(text) > 18:
        raise Refused(400, "invalid-cursor", "The cursor is none that was given out here")
    return int(text)


async def export_audit(asked: Asked[ExportInputs]) -> Answer:
    """All entries that are wanted, as a file."""
    inputs, audit = asked.inputs, asked.desk.gateway.audit

    async def lines() -> AsyncIterator[bytes]:
        header = True
        async for entries in everything(audit, inputs.sought()):
            yield as_csv(entries, header=header) if inputs.format == "csv" else as_jsonl(entries)
            header = False
        if header and inputs.format == "csv":
            yield as_csv((), header=True)

    media_type = "text/csv" if inputs.format == "csv" else "application/jsonl"
    headers = {"Content-Disposition": f'attachment; filename="audit.{inputs.format}"'}
    return Answer(raw=StreamingResponse(lines(), media_type=media_type, headers=headers))


async def verify_audit(asked: Asked[VerifyInputs]) -> Answer:
    """Recomputes the hash chain over the trail."""
    found = await asked.desk.gateway.audit.verified(asked.inputs.head)
    return Answer(
        VerifiedShape(
            intact=found.intact,
            links=found.links,
            head=found.head,
            unsealed=found.unsealed,
            broken_entry=found.broken_entry,
            reason=found.reason,
        )
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/audit",
        search_audit,
        "Search the trail: who changed or wanted to change what, when, and how it ended",
        "audit",
        inputs=AuditInputs,
        answers={200: Page[EntryShape]},
        problems=(400,),
    ),
    Endpoint(
        "GET",
        "/audit/export",
        export_audit,
        "Export the trail as JSON lines or CSV",
        "audit",
        inputs=ExportInputs,
        answers={200: str},
        media_types={200: "application/jsonl, text/csv"},
        problems=(400,),
    ),
    Endpoint(
        "GET",
        "/audit/verify",
        verify_audit,
        "Recompute the hash chain over the trail, and name the first entry that was changed or removed",
        "audit",
        inputs=VerifyInputs,
        answers={200: VerifiedShape},
        problems=(),
    ),
)
