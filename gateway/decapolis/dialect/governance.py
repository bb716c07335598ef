"""Handlers for compatibility checks, configuration, modes and contexts."""

from __future__ import annotations

from decapolis.operations import configuration, listings, modes
from decapolis.operations.check import Checked, check
from decapolis.operations.errors import SchemaInvalid
from decapolis.operations.fetch import page, version_from
from decapolis_formats.spelling import text_of

from . import answers, bodies
from .ask import Answer, Ask
from .errors import DialectError
from .subjects import keep_with_subject


async def post_check_version(ask: Ask) -> Answer:
    return await _checked(ask, version_from(ask.param("version")), every=False)


async def post_check_all(ask: Ask) -> Answer:
    return await _checked(ask, None, every=True)


async def _checked(ask: Ask, version: int | None, *, every: bool) -> Answer:
    verbose = ask.flag("verbose")
    request = bodies.schema_request(ask.body)
    try:
        verdict = await check(ask.view, ask.subject, request, version, every=every, normalize=ask.flag("normalize"))
    except SchemaInvalid as invalid:
        if not verbose:
            raise
        verdict = Checked(compatible=False, messages=(str(invalid),))
    body: dict[str, object] = {"is_compatible": verdict.compatible}
    if verbose:
        body["messages"] = list(verdict.messages)
    if ask.view.owner(ask.subject).is_local and not request.references:
        # candidates are legion, and what is kept of one would be in the place of answers that many ask for
        keep_with_subject(ask, ask.subject, seldom=True)
    return Answer(body)


def _subject(ask: Ask) -> str | None:
    return ask.subject if "subject" in ask.params else None


async def get_config(ask: Ask) -> Answer:
    values = await configuration.read_config(ask.view, _subject(ask), default_to_global=ask.flag("defaultToGlobal"))
    return Answer(answers.config(values))


async def put_config(ask: Ask) -> Answer:
    changes = bodies.config_changes(ask.body)
    return Answer(answers.config_update(await configuration.change_config(ask.view, _subject(ask), changes)))


async def delete_config(ask: Ask) -> Answer:
    return Answer(answers.config(await configuration.delete_config(ask.view, _subject(ask))))


async def get_mode(ask: Ask) -> Answer:
    mode = await modes.read_mode(ask.view, _subject(ask), default_to_global=ask.flag("defaultToGlobal"))
    return Answer({"mode": mode})


async def put_mode(ask: Ask) -> Answer:
    fields = bodies.json_object(ask.body)
    if "mode" not in fields:
        raise DialectError(422, 42204, "Invalid mode. Valid values are READWRITE, READONLY, IMPORT and FORWARD.")
    mode = text_of(fields["mode"], "mode")
    await modes.change_mode(ask.view, _subject(ask), mode, force=ask.flag("force"))
    return Answer({"mode": mode})


async def delete_mode(ask: Ask) -> Answer:
    before = await modes.delete_mode(ask.view, _subject(ask), recursive=ask.flag("recursive"))
    return Answer({} if before is None else {"mode": before})


async def get_contexts(ask: Ask) -> Answer:
    names = await listings.list_contexts(ask.view)
    prefix = ask.text("contextPrefix")
    if prefix:
        names = [name for name in names if name.startswith(prefix)]
    return Answer(page(names, ask.number("offset", 0), ask.number("limit", -1)))


async def delete_context(ask: Ask) -> Answer:
    await listings.delete_context(ask.view, ask.param("context"))
    return Answer(status=204, raw=b"")
