"""Handlers under `/schemas`: by id, by guid, listings, types."""

from __future__ import annotations

from decapolis.cache import subject_scope
from decapolis.operations import by_id, fetch, listings
from decapolis.operations.effective import settings_scope
from decapolis.operations.located import Located
from decapolis.operations.shown import Shown
from decapolis.web import current_call
from decapolis_formats import Schema

from . import answers
from .ask import Answer, Ask, integer
from .subjects import keep_with_subject, schema_tags

MOST_LISTED = 1000


async def get_types(_: Ask) -> Answer:
    return Answer(["JSON", "PROTOBUF", "AVRO"])


async def get_schemas(ask: Ask) -> Answer:
    prefix = ask.text("subjectPrefix")
    aliases = await listings.aliases_under(ask.view, prefix) if ask.flag("aliases") else {}
    found = await listings.list_schemas(
        ask.view,
        prefix,
        also=aliases,
        deleted=ask.flag("deleted"),
        latest_only=ask.flag("latestOnly"),
        rule_type=ask.text("ruleType"),
    )
    shown = fetch.page(found, ask.number("offset", 0), ask.number("limit", -1), most=MOST_LISTED)
    bodies = [answers.version_of(each, each.schema, extra=ask.extra) for each in shown if isinstance(each, Shown)]
    for body in bodies:
        if body["subject"] in aliases:
            body["aliases"] = aliases[body["subject"]]
    return Answer(bodies)


async def _by_id(ask: Ask, *, described: bool = False) -> tuple[Shown, Located | None, Schema]:
    """What an id stands for, where it was found, and its schema as `format=` wants it."""
    number = integer(ask.param("id"))
    subject = ask.text("subject") or None
    call = current_call()
    with call.taking_stale():
        # whatever was asked on the way: the text of an id never grows old
        found, place = await by_id.fetch_by_id(ask.view, number, subject, described=described)
        aged = call.stale_since is not None
    _keep(ask, subject, found, place, described=described)
    if described and aged:
        ask.keep = None
    registry, context = (None, ".") if place is None else (place.registry, place.context)
    return found, place, await fetch.rendered(registry, context, found.schema, ask.text("format"))


def _keep(ask: Ask, subject: str | None, found: Shown, place: Located | None, *, described: bool) -> None:
    """The text of an id never changes; which text a subject chooses, and who holds it, does."""
    if place is None or (subject is None and not described):
        ask.may_keep()
    elif not place.registry.is_local:
        name = subject or found.subject
        if name and not name.startswith(":"):
            keep_with_subject(ask, name)
    elif found.version and not found.deleted and (subject is None or subject == found.subject):
        ask.may_keep(subject_scope(place.registry.id, found.subject), settings_scope(place.registry.id))
    else:
        # whatever is registered anywhere may be what the subject means tomorrow, or be the first to hold the id
        ask.may_keep(place.registry.id, settings_scope(place.registry.id))


async def get_by_id(ask: Ask) -> Answer:
    found, place, schema = await _by_id(ask, described=ask.extra)
    if ask.text("referenceFormat") == "qualified":
        schema = fetch.with_qualified_references(schema, found.subject)
    body = answers.schema_by_id(found, schema, extra=ask.extra)
    body |= await schema_tags(ask, None if place is None else place.registry, found)
    if ask.flag("fetchMaxId"):
        ask.keep = None
        highest = None if place is None else await by_id.highest_id(ask.view, place)
        body |= {} if highest is None else {"maxId": highest}
    return Answer(body)


async def get_text_by_id(ask: Ask) -> Answer:
    _, _, schema = await _by_id(ask)
    return Answer(raw=schema.text.encode())


async def _usages(ask: Ask) -> list[tuple[str, int]]:
    number = integer(ask.param("id"))
    return await by_id.usages(ask.view, number, ask.text("subject") or None, deleted=ask.flag("deleted"))


async def get_subjects_by_id(ask: Ask) -> Answer:
    names = sorted({name for name, _ in await _usages(ask)})
    return Answer(fetch.page(names, ask.number("offset", 0), ask.number("limit", -1), most=MOST_LISTED))


async def get_versions_by_id(ask: Ask) -> Answer:
    pairs = [{"subject": name, "version": version} for name, version in await _usages(ask)]
    return Answer(fetch.page(pairs, ask.number("offset", 0), ask.number("limit", -1), most=MOST_LISTED))


async def get_by_guid(ask: Ask) -> Answer:
    registry, context, schema = await fetch.by_guid(ask.view, ask.param("guid"))
    shown = await fetch.rendered(registry, context, schema, ask.text("format"))
    body = answers.schema_by_id(Shown("", 0, 0, schema), shown, extra=ask.extra)
    body.setdefault("guid", schema.guid)
    return Answer(body)


async def get_ids_of_guid(ask: Ask) -> Answer:
    found = await fetch.ids_of_guid(ask.view, ask.param("guid"))
    return Answer([{"context": context, "id": number} for context, number in found])
