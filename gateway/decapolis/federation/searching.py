"""Searching the estate, out of an index that follows every change."""

from __future__ import annotations

import asyncio

from pydantic import Field

from decapolis.operations.search import Hit, Question, search, text_of

from .endpoint import REGISTRIES, Answer, Asked, Endpoint, Listed, Shape, named
from .paging import Page, Paged, decoded_cursor, encoded_cursor
from .problems import Refused
from .shapes import PARTIAL, FailedEntry, failed_entry, iso_time
from .subjects import format_named


class SearchInputs(Paged):
    """What is searched for; all that is said must hold."""

    q: str | None = Field(default=None, description="in names, fields, types, docs, tags and metadata, in any case")
    subject: str | None = Field(default=None, description="a part of the subject's name")
    field: str | None = Field(default=None, description="the name or the whole path of a field")
    type: str | None = Field(
        default=None, description="a field's type, or the format of schema or table, or the registry's type"
    )
    tag: str | None = None
    owner: str | None = None
    namespace: str | None = Field(default=None, description="of the schema, or the catalog and schema of a table")
    format: str | None = Field(default=None, description="of the schema, in any case")
    guid: str | None = None
    registries: Listed = named("registry", *REGISTRIES, description="only these; else all enabled ones")
    content: bool = Field(default=True, description="whether hits bring their texts")


class HitShape(Shape):
    """A subject whose newest version answers."""

    registry: str
    registry_type: str
    subject: str
    version: int
    id: int | None
    guid: str
    schema_format: str
    schema_content: str | None
    kind: str | None = Field(description="how its table is kept, where there is one")
    namespace: str
    owner: str | None
    tags: list[str]
    path: str | None = Field(description="the first field that was asked for")
    paths: list[str] = Field(description="all of them")
    seen_at: str | None


class FoundShape(Page[HitShape]):
    """A page of hits, and the registries whose part may be old."""

    failures: dict[str, FailedEntry]


async def search_schemas(asked: Asked[SearchInputs]) -> Answer:
    """The hits, by registry and subject."""
    inputs, desk = asked.inputs, asked.desk
    question = Question(
        q=inputs.q,
        subject=inputs.subject,
        field=inputs.field,
        type=inputs.type,
        tag=inputs.tag,
        owner=inputs.owner,
        namespace=inputs.namespace,
        format=None if inputs.format is None else format_named(inputs.format).value,
        guid=inputs.guid,
    )
    found = await search(desk.gateway, desk.chosen(inputs.registries), question, inputs.limit, _after(inputs.cursor))
    texts = await asyncio.gather(*(_text(asked, hit) for hit in found.hits))
    items = [_shape(asked, hit, text) for hit, text in zip(found.hits, texts, strict=True)]
    last = found.hits[-1].row if found.hits and found.more else None
    cursor = None if last is None else encoded_cursor(f"{last.registry}\n{last.subject}")
    failures = {name: failed_entry(each) for name, each in found.failed.items()}
    shape = FoundShape(items=items, next_cursor=cursor, total=None, failures=failures)
    return Answer(shape, headers={PARTIAL: "true"} if failures else {})


def _after(cursor: str | None) -> tuple[str, str] | None:
    if cursor is None:
        return None
    registry, separator, subject = decoded_cursor(cursor).partition("\n")
    if not separator:
        raise Refused(400, "invalid-cursor", "The cursor is none that was given out here")
    return registry, subject


async def _text(asked: Asked[SearchInputs], hit: Hit) -> str | None:
    if not asked.inputs.content:
        return None
    schema = await text_of(asked.desk.gateway, hit.row)
    return None if schema is None else schema.text


def _shape(asked: Asked[SearchInputs], hit: Hit, text: str | None) -> HitShape:
    row = hit.row
    return HitShape(
        registry=row.registry,
        registry_type=asked.desk.registry(row.registry).entry.type,
        subject=row.subject,
        version=row.version,
        id=hit.public_id,
        guid=row.guid,
        schema_format=row.format,
        schema_content=text,
        kind=row.kind,
        namespace=row.namespace,
        owner=row.owner,
        tags=row.tags,
        path=hit.paths[0] if hit.paths else None,
        paths=hit.paths,
        seen_at=iso_time(row.seen_ms),
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/schemas/search",
        search_schemas,
        "Search the newest version of every subject: by name, field, type, tag, owner, namespace, format and free text",
        "schemas",
        inputs=SearchInputs,
        answers={200: FoundShape},
    ),
)
