"""Handlers under `/subjects`: listings, lookup, versions, register, delete, tags."""

from __future__ import annotations

from typing import Any

from decapolis.cache import subject_scope
from decapolis.operations import fetch, listings
from decapolis.operations.delete import delete_subject, delete_version
from decapolis.operations.effective import followed_before, settings_scope
from decapolis.operations.errors import SchemaInvalid
from decapolis.operations.lookup import lookup
from decapolis.operations.register import register
from decapolis.operations.retag import Retag, retag
from decapolis.operations.shown import Shown
from decapolis.registries.live import LiveRegistry
from decapolis_formats import Schema
from decapolis_formats.spelling import integer_of, metadata_from, rule_set_from
from decapolis_translators.errors import SchemaNotFound
from decapolis_translators.subjects import Subject

from . import answers, bodies
from .ask import Answer, Ask


def keep_with_subject(ask: Ask, spelled: str, found: Shown | None = None, *, seldom: bool = False) -> None:
    """Lets an answer be given again until the subject that it is about, or a setting of its registry, changes.

    That subject is an alias's target. What was found in another context than the one asked for is not kept: whatever
    is registered under that name anywhere may change it.
    """
    meant = followed_before(ask.view, spelled)
    if meant is None:
        return
    subject, registry = meant
    if found is not None and found.subject != str(subject):
        return
    seconds = None if registry.is_local else ask.gateway.configuration.gateway.cache.seconds
    scopes = [subject_scope(registry.id, str(subject)), settings_scope(registry.id)]
    owner = ask.view.owner(spelled)
    if owner is not registry:
        scopes.append(settings_scope(owner.id))
    ask.may_keep(*scopes, seconds=seconds, seldom=seldom)


async def styled(ask: Ask, found: Shown) -> Schema:
    """The schema as `format=` wants it."""
    style = ask.text("format")
    if not style:
        return found.schema
    registry, context = ask.view.owner(found.subject), Subject.parse(found.subject).context
    return await fetch.rendered(registry, context, found.schema, style)


async def schema_tags(ask: Ask, registry: LiveRegistry | None, found: Shown) -> dict[str, Any]:
    """`schemaTags` where the request looks for inline tags: entities with any of `findTags=`, `*` meaning all."""
    wanted = set(ask.texts("findTags"))
    if not wanted:
        return {}
    entities = await fetch.tags_of(registry, Subject.parse(found.subject).context, found.schema)
    tags = [
        {"schemaEntity": {"entityPath": path, "entityType": kind}, "tags": list(names)}
        for (path, kind), names in entities.items()
        if "*" in wanted or not wanted.isdisjoint(names)
    ]
    return {"schemaTags": tags} if tags else {}


async def get_subjects(ask: Ask) -> Answer:
    names = await listings.list_subjects(
        ask.view,
        ask.text("subjectPrefix", listings.EVERY_CONTEXT),
        deleted=ask.flag("deleted"),
        deleted_only=ask.flag("deletedOnly"),
    )
    if all(registry.is_local for registry in ask.view.registries()):
        ask.may_keep(*(registry.id for registry in ask.view.registries()))
    return Answer(fetch.page(names, ask.number("offset", 0), ask.number("limit", -1)))


async def get_versions(ask: Ask) -> Answer:
    numbers = await listings.list_versions(
        ask.view,
        ask.subject,
        deleted=ask.flag("deleted"),
        deleted_only=ask.flag("deletedOnly"),
        negative=ask.flag("deletedAsNegative"),
    )
    keep_with_subject(ask, ask.subject)
    return Answer(fetch.page(numbers, ask.number("offset", 0), ask.number("limit", -1)))


async def post_lookup(ask: Ask) -> Answer:
    request = bodies.schema_request(ask.body)
    found = await lookup(ask.view, ask.subject, request, normalize=ask.flag("normalize"), deleted=ask.flag("deleted"))
    if not request.references:
        keep_with_subject(ask, ask.subject, found)
    return Answer(answers.version_of(found, await styled(ask, found), extra=ask.extra))


async def post_register(ask: Ask) -> Answer:
    request = bodies.schema_request(ask.body)
    found = await register(ask.view, ask.subject, request, normalize=ask.flag("normalize"), force=ask.flag("force"))
    if not request.references and request.id is None and request.version == 0:
        keep_with_subject(ask, ask.subject, found)
    return Answer(answers.registered(found, await styled(ask, found), extra=ask.extra))


async def get_version(ask: Ask) -> Answer:
    found = await _version(ask)
    keep_with_subject(ask, ask.subject, found)
    schema = await styled(ask, found)
    if ask.text("referenceFormat") == "qualified":
        schema = fetch.with_qualified_references(schema, found.subject)
    tags = await schema_tags(ask, ask.view.owner(found.subject), found)
    return Answer(answers.version_of(found, schema, extra=ask.extra) | tags)


async def _version(ask: Ask) -> Shown:
    version = fetch.version_from(ask.param("version"))
    return await fetch.fetch_version(ask.view, ask.subject, version, deleted=ask.flag("deleted"))


async def get_version_schema(ask: Ask) -> Answer:
    found = await _version(ask)
    keep_with_subject(ask, ask.subject, found)
    return Answer(raw=(await styled(ask, found)).text.encode())


async def get_referenced_by(ask: Ask) -> Answer:
    version = fetch.version_from(ask.param("version"))
    ids = await fetch.referrers(ask.view, ask.subject, version, deleted=ask.flag("deleted"))
    return Answer(fetch.page(ids, ask.number("offset", 0), ask.number("limit", -1), most=1000))


async def delete_one(ask: Ask) -> Answer:
    version = fetch.version_from(ask.param("version"))
    return Answer(await delete_version(ask.view, ask.subject, version, permanent=ask.flag("permanent")))


async def delete_all(ask: Ask) -> Answer:
    return Answer(await delete_subject(ask.view, ask.subject, permanent=ask.flag("permanent")))


async def get_latest_with_metadata(ask: Ask) -> Answer:
    wanted = dict(zip(ask.texts("key"), ask.texts("value"), strict=False))
    found = await fetch.latest_with_metadata(ask.view, ask.subject, wanted, deleted=ask.flag("deleted"))
    if found is None:
        raise SchemaNotFound("")
    return Answer(answers.version_of(found, await styled(ask, found), extra=ask.extra))


async def post_tags(ask: Ask) -> Answer:
    fields: Any = bodies.json_object(ask.body)
    remove = fields.get("rulesToRemove") or []
    if not isinstance(remove, list):
        raise SchemaInvalid("rulesToRemove must be an array of rule names")
    change = Retag(
        new_version=integer_of(fields.get("newVersion"), "newVersion") or 0,
        add=bodies.tags_from(fields.get("tagsToAdd"), "tagsToAdd"),
        remove=bodies.tags_from(fields.get("tagsToRemove"), "tagsToRemove"),
        metadata=metadata_from(fields.get("metadata")),
        rule_set=rule_set_from(fields.get("ruleSet")),
        rules_to_merge=rule_set_from(fields.get("rulesToMerge")),
        rules_to_remove=tuple(str(name) for name in remove),
    )
    version = fetch.version_from(ask.param("version"))
    found = await retag(ask.view, ask.subject, version, change)
    return Answer(answers.registered(found, found.schema, extra=ask.extra))
