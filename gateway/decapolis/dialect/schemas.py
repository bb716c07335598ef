"""Handlers under `/schemas`: by id, by guid, listings, types."""

from __future__ import annotations

from decapolis.operations import fetch, listings
from decapolis.operations.shown import Shown
from decapolis.web import current_call
from decapolis_formats import Schema
from decapolis_translators.errors import SchemaNotFound

from . import answers
from .ask import Answer, Ask, integer
from .subjects import keep_with_subject, styled

MOST_LISTED = 1000


async def get_types(_: Ask) -> Answer:
    return Answer(["JSON", "PROTOBUF", "AVRO"])


async def get_schemas(ask: Ask) -> Answer:
    prefix = ask.text("subjectPrefix")
    found = await listings.list_schemas(
        ask.view,
        prefix,
        deleted=ask.flag("deleted"),
        latest_only=ask.flag("latestOnly"),
        rule_type=ask.text("ruleType"),
    )
    shown = fetch.page(found, ask.number("offset", 0), ask.number("limit", -1), most=MOST_LISTED)
    bodies = [answers.version_of(each, each.schema, extra=ask.extra) for each in shown if isinstance(each, Shown)]
    if ask.flag("aliases"):
        aliases = await listings.aliases_of(ask.view, [body["subject"] for body in bodies])
        for body in bodies:
            if body["subject"] in aliases:
                body["aliases"] = aliases[body["subject"]]
    return Answer(bodies)


async def _by_id(ask: Ask) -> Shown:
    number = integer(ask.params["id"])
    subject = ask.text("subject") or None
    with current_call().taking_stale():
        # whatever was asked on the way: the text of an id never grows old
        found = await fetch.fetch_by_id(ask.view, number, subject)
    if subject is None:
        ask.may_keep()
    elif not subject.startswith(":"):
        keep_with_subject(ask, subject)
    return found


async def _described(ask: Ask, found: Shown) -> Shown:
    """With a subject and a version, which, other than the text, may change."""
    call = current_call()
    with call.taking_stale():
        described = await fetch.describe_use(ask.view, found)
        aged = call.stale_since is not None
    if aged or described is found:
        ask.keep = None
    else:
        keep_with_subject(ask, described.subject)
    return described


async def get_by_id(ask: Ask) -> Answer:
    found = await _by_id(ask)
    if ask.extra:
        found = await _described(ask, found)
    schema = await styled(ask, found)
    if ask.text("referenceFormat") == "qualified":
        schema = fetch.with_qualified_references(schema, found.subject)
    highest = None
    if ask.flag("fetchMaxId"):
        ask.keep = None
        highest = await fetch.highest_id(ask.view, found)
    return Answer(answers.schema_by_id(found, schema, extra=ask.extra, max_id=highest))


async def get_text_by_id(ask: Ask) -> Answer:
    found = await _by_id(ask)
    return Answer(raw=(await styled(ask, found)).text.encode())


async def _usages(ask: Ask) -> list[tuple[str, int]]:
    number = integer(ask.params["id"])
    return await fetch.usages(ask.view, number, ask.text("subject") or None, deleted=ask.flag("deleted"))


async def get_subjects_by_id(ask: Ask) -> Answer:
    names = sorted({name for name, _ in await _usages(ask)})
    return Answer(fetch.page(names, ask.number("offset", 0), ask.number("limit", -1), most=MOST_LISTED))


async def get_versions_by_id(ask: Ask) -> Answer:
    pairs = [{"subject": name, "version": version} for name, version in await _usages(ask)]
    return Answer(fetch.page(pairs, ask.number("offset", 0), ask.number("limit", -1), most=MOST_LISTED))


async def get_by_guid(ask: Ask) -> Answer:
    guid = ask.param("guid")
    schema: Schema = await fetch.by_guid(ask.view, guid)
    found = Shown("", 0, 0, schema)
    style = ask.text("format")
    shown = schema
    if style:
        ids = await fetch.ids_of_guid(ask.view, guid)
        if not ids:
            raise SchemaNotFound(guid)
        context, number = ids[0]
        subject = "" if context == "." else f":{context}:"
        shown = await fetch.rendered(ask.view, Shown(subject, 0, number, schema), style)
    body = answers.schema_by_id(found, shown, extra=ask.extra)
    body.setdefault("guid", schema.guid)
    return Answer(body)


async def get_ids_of_guid(ask: Ask) -> Answer:
    found = await fetch.ids_of_guid(ask.view, ask.param("guid"))
    return Answer([{"context": context, "id": number} for context, number in found])
