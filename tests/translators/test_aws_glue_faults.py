"""What goes wrong on the way to AWS Glue, told in our errors; and what is left of a write that failed."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from decapolis_formats import Format, Schema
from decapolis_translators import errors
from decapolis_translators.aws_glue import GlueRegistry
from decapolis_translators.testing.fakes.asgi import Fault, Problem, Request
from decapolis_translators.testing.fakes.glue import GlueFake
from decapolis_translators.testing.fakes.glue_state import GlueSchema

from .conftest import ConnectingGlue

SECRET = "fake-secret"
HTML = "<html><h1>Welcome</h1></html>"


def record(*fields: str) -> Schema:
    listed = [{"name": name, "type": "string", "default": ""} for name in fields]
    return Schema(Format.AVRO, json.dumps({"type": "record", "name": "R", "fields": listed}))


@pytest.fixture
def fake() -> GlueFake:
    return GlueFake()


def said(code: str, words: str = "words") -> tuple[int, Any]:
    return 400, {"__type": code, "Message": words}


FAULTS: list[tuple[int, Any, type[errors.RegistryError], str]] = [
    (*said("ThrottlingException", "Rate exceeded"), errors.Throttled, "fewer calls"),
    (*said("TooManyRequestsException"), errors.Throttled, "fewer calls"),
    (429, HTML, errors.Throttled, "fewer calls"),
    (*said("ExpiredTokenException"), errors.CredentialsRefused, "expired"),
    (*said("UnrecognizedClientException"), errors.CredentialsRefused, "unknown"),
    (*said("InvalidSignatureException"), errors.CredentialsRefused, "this machine's clock"),
    (*said("MissingAuthenticationTokenException"), errors.CredentialsRefused, "refused our credentials"),
    (
        *said("AccessDeniedException", "is not authorized to perform: glue:Foo on"),
        errors.CredentialsRefused,
        "right glue:Foo is",
    ),
    (
        *said("AccessDeniedException", "User is not allowed"),
        errors.CredentialsRefused,
        "right glue:GetSchemaVersion is missing",
    ),
    (
        *said("EntityNotFoundException", "Registry is not found. RegistryName: r"),
        errors.RegistryFault,
        "'schemas' does not exist",
    ),
    (*said("EntityNotFoundException", "Schema is not found."), errors.SubjectNotFound, "'s' not found"),
    (*said("EntityNotFoundException", "Schema version is not found."), errors.VersionNotFound, "Version 1 not"),
    (*said("InvalidInputException"), errors.Refused, "words"),
    (*said("ValidationException", "Value at 'schemaName' failed"), errors.SubjectRefused, "schemaName"),
    (*said("ResourceNumberLimitExceededException"), errors.NotPermitted, "A quota of AWS is reached"),
    (*said("ConcurrentModificationException"), errors.WriteConflict, "two changes at once"),
    (*said("OperationTimeoutException"), errors.Unreachable, "in time"),
    (*said("InternalServiceException"), errors.RegistryFault, "a fault of its own"),
    (*said("SomethingNewException"), errors.Refused, "SomethingNewException: words"),
    (500, HTML, errors.RegistryFault, "500"),
    (500, {"__type": "InternalFailure"}, errors.RegistryFault, "no explanation"),
    (502, HTML, errors.Unreachable, "502"),
    (503, {"__type": "ServiceUnavailable"}, errors.Unreachable, "in time"),
    (504, b"", errors.Unreachable, "504"),
    (200, HTML, errors.Garbled, "Expected JSON, got 29 bytes"),
    (200, '{"SchemaVersionId": "', errors.Garbled, "Expected JSON"),
    (200, b"", errors.Garbled, "Expected JSON"),
    (200, ["not", "an", "object"], errors.Garbled, "object"),
    (200, {}, errors.Garbled, "DataFormat"),
    (200, {"DataFormat": "XML"}, errors.Garbled, "unknown data format 'XML'"),
    (200, {"DataFormat": "AVRO", "SchemaVersionId": "no-id"}, errors.Garbled, "SchemaVersionId"),
    (301, b"", errors.Garbled, "redirect"),
    (307, HTML, errors.Garbled, "redirect"),
    (404, HTML, errors.Garbled, "404"),
    (413, HTML, errors.TooLarge, ""),
]


@pytest.mark.parametrize(("status", "body", "error", "words"), FAULTS)
async def test_a_read_ends_in_one_of_our_errors(
    status: int, body: Any, error: type[errors.RegistryError], words: str, connect_glue: ConnectingGlue, fake: GlueFake
) -> None:
    registry = await connect_glue(fake)
    fake.fail_next(status, body, headers={"location": "http://elsewhere.test/"})
    with pytest.raises(error) as raised:
        await registry.fetch("s", 1)
    assert error in {type(raised.value), type(raised.value).__base__}
    assert words in str(raised.value)
    assert "html" not in str(raised.value) or status == 413
    assert not getattr(raised.value, "sent", False), "a read writes nothing"
    assert len(fake.requests) == 1, "nothing is tried twice"


WRITE_FAULTS: list[tuple[int, Any, type[errors.RegistryError], bool | None]] = [
    (*said("InvalidInputException", "Schema definition of AVRO data format is invalid"), errors.SchemaRefused, None),
    (*said("InvalidInputException", "schemaDefinition must have length less than"), errors.TooLarge, None),
    (
        *said("InvalidInputException", "The parameter value contains one or more characters: schemaName"),
        errors.SubjectRefused,
        None,
    ),
    (*said("ResourceNumberLimitExceededException", "More schemas cannot be created."), errors.NotPermitted, None),
    (*said("ConcurrentModificationException"), errors.WriteConflict, None),
    (*said("ThrottlingException", "Rate exceeded"), errors.Throttled, None),
    (*said("OperationTimeoutException"), errors.Unreachable, True),
    (504, b"", errors.Unreachable, True),
    (200, HTML, errors.Garbled, None),
    (200, {"SchemaVersionStatus": "AVAILABLE"}, errors.Garbled, None),
]


@pytest.mark.parametrize(("status", "body", "error", "sent"), WRITE_FAULTS)
async def test_a_write_says_whether_it_may_have_landed(
    status: int,
    body: Any,
    error: type[errors.RegistryError],
    sent: bool | None,
    connect_glue: ConnectingGlue,
    fake: GlueFake,
) -> None:
    registry = await connect_glue(fake)
    fake.fail_next(status, body, path="/CreateSchema/")
    with pytest.raises(error) as raised:
        await registry.register("s", record("a"))
    assert sent is None or getattr(raised.value, "sent", None) is sent


async def test_aws_may_say_when_to_come_back(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake)
    for given, wish in (("7", 7.0), (None, None), ("soon", None)):
        fake.throttle(retry_after=given)
        with pytest.raises(errors.Throttled) as raised:
            await registry.ping()
        assert raised.value.retry_after == wish


async def test_the_missing_right_is_named(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake)
    await registry.register("s", record("a"))
    fake.guard.denied.add("RegisterSchemaVersion")
    with pytest.raises(errors.CredentialsRefused, match="right glue:RegisterSchemaVersion is missing"):
        await registry.register("s", record("a", "b"))


async def test_quotas_are_told_as_such(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake)
    fake.state.max_schemas, fake.state.max_versions = 1, 1
    await registry.register("s", record("a"))
    for subject in ("s", "t"):
        with pytest.raises(errors.NotPermitted, match="A quota of AWS is reached"):
            await registry.register(subject, record("a", "b"))


async def test_a_connection_that_nobody_takes_was_never_sent(connect_glue: ConnectingGlue) -> None:
    registry = await connect_glue("http://127.0.0.1:9")
    with pytest.raises(errors.Unreachable, match="Cannot connect") as raised:
        await registry._call("DeleteSchema", registry._schema("s"), registry._asked("s", write=True))
    assert raised.value.sent is False


@pytest.mark.parametrize("write", [False, True])
async def test_a_reset_and_a_silence(write: bool, connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake, timeout=1.5)
    await registry.ping()
    for breaking in (fake.reset, fake.hang):
        breaking()
        with pytest.raises(errors.Unreachable) as raised:
            await registry._call("DeleteSchema", registry._schema("s"), registry._asked("s", write=write))
        assert raised.value.sent is write
        fake.calm()


async def test_a_region_that_does_not_fit_is_told(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake, region="eu-west-1")
    with pytest.raises(errors.CredentialsRefused, match="scoped to a valid region"):
        await registry.ping()


async def test_a_listing_that_repeats_its_page_ends(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    fake.fail_next(200, {"Schemas": [], "NextToken": "again"}, times=2)
    with pytest.raises(errors.Garbled, match="twice"):
        await (await connect_glue(fake)).subjects()


@pytest.mark.parametrize(
    "body", [{}, {"Schemas": None}, {"Schemas": ["s"]}, {"Schemas": [{"SchemaStatus": "AVAILABLE"}]}]
)
async def test_an_odd_listing_is_no_empty_registry(body: Any, connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    fake.fail_next(200, body)
    with pytest.raises(errors.Garbled):
        await (await connect_glue(fake)).subjects()


async def test_no_secret_is_ever_told(
    connect_glue: ConnectingGlue, fake: GlueFake, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    who = {"aws_access_key_id": "AKIA", "aws_secret_access_key": SECRET, "aws_session_token": "the-session-token"}
    registry = await connect_glue(fake, who=who)
    told = [repr(registry.settings), str(registry.settings.model_dump())]
    for code in ("UnrecognizedClientException", "AccessDeniedException", "InvalidInputException", "InternalFailure"):
        fake.fail_next(400, {"__type": code, "Message": f"secret {SECRET}, token the-session-token"})
        with pytest.raises(errors.RegistryError) as raised:
            await registry.ping()
        told.append(str(raised.value))
        assert raised.value.__cause__ is None
        assert raised.value.__suppress_context__
    await registry.ping()
    for text in (*told, caplog.text):
        assert SECRET not in text
        assert "the-session-token" not in text
    assert "***" in told[-1]


# --- a fault at every call of every write


class Breaking(GlueFake):
    """Breaks one call of those that follow, in one of five ways."""

    def __init__(self) -> None:
        super().__init__()
        self.state.pending_reads = 1
        self.left: int | None = None
        self.kind = ""

    def break_at(self, place: int, kind: str) -> None:
        self.left, self.kind = place, kind

    def _next_fault(self, request: Request) -> Fault | None:
        if self.left is None:
            return None
        self.left -= 1
        if self.left != -1:
            return None
        answer = Problem(500, {"__type": "InternalServiceException", "Message": "words"})
        if self.kind == "throttle":
            answer = Problem(400, {"__type": "ThrottlingException", "Message": "Rate exceeded"})
        return Fault(self.kind if self.kind in {"hang", "reset", "lose"} else "answer", 1, answer)


Doing = Callable[[GlueRegistry], Awaitable[Any]]
BACKWARD = {"compatibilityLevel": "BACKWARD"}

WRITES: dict[str, tuple[int, Doing]] = {
    "a new subject": (2, lambda registry: registry.register("new", record("a"))),
    "a new version": (3, lambda registry: registry.register("s", record("a", "c"))),
    "an older version": (3, lambda registry: registry.register("s", record("a"))),
    "a deleted version": (3, lambda registry: registry.delete("s", 2, permanent=True)),
    "a deleted subject": (2, lambda registry: registry.delete("s", permanent=True)),
    "a level": (2, lambda registry: registry.set_config("s", BACKWARD)),
    "a level cleared": (2, lambda registry: registry.clear_config("leveled")),
    "a note": (3, lambda registry: registry.note("s", 1, "new")),
}


async def prepared(connect_glue: ConnectingGlue, fake: Breaking) -> GlueRegistry:
    registry = await connect_glue(fake)
    for fields in (("a",), ("a", "b")):
        await registry.register("s", record(*fields))
    await registry.register("leveled", record("a"))
    await registry.set_config("leveled", BACKWARD)
    await registry.note("s", 1, "old")
    return registry


def schemas(fake: GlueFake) -> dict[str, GlueSchema]:
    return fake.state.registries["schemas"].schemas


def ids(fake: GlueFake) -> dict[str, dict[str, str]]:
    return {name: {each.text: each.id for each in schema.versions.values()} for name, schema in schemas(fake).items()}


@pytest.mark.parametrize("kind", ["reset", "lose", "hang", "fault", "throttle"])
@pytest.mark.parametrize("write", WRITES)
async def test_a_broken_write_leaves_nothing_or_all_of_it(write: str, kind: str, connect_glue: ConnectingGlue) -> None:
    calls, doing = WRITES[write]
    for place in range(calls):
        fake = Breaking()
        registry = await prepared(connect_glue, fake)
        before = ids(fake)
        fake.break_at(place, kind)
        with pytest.raises((errors.RegistryError, TimeoutError)):
            async with asyncio.timeout(0.5 if kind == "hang" else 20):
                await doing(registry)
        assert fake.left is not None
        assert fake.left < 0, "the call was reached"
        fake.left = None
        fake.calm()
        after = ids(fake)
        for name, held in after.items():
            kept = before.get(name, {})
            assert all(held[text] == native_id for text, native_id in kept.items() if text in held)
        with suppress(errors.Absent):  # a delete that had landed
            stored = await doing(registry)
            if stored is not None and not isinstance(stored, list):
                landed = after.get(stored.subject, {}).get(stored.schema.text)
                assert landed in {None, stored.native_id}, "the same request ends in the same id"
                numbers = [each.number for each in schemas(fake)[stored.subject].versions.values()]
                texts = [each.text for each in schemas(fake)[stored.subject].versions.values()]
                assert len(texts) == len(set(texts)) == len(numbers), "nothing is there twice"
        await demand_done(write, registry)


async def demand_done(write: str, registry: GlueRegistry) -> None:
    """What the write was for holds."""
    if write == "a deleted version":
        assert await registry.versions("s") == [1]
    elif write == "a deleted subject":
        assert "s" not in await registry.subjects()
    elif write == "a level":
        assert await registry.config("s") == BACKWARD
    elif write == "a level cleared":
        assert await registry.config("leveled") is None
    elif write == "a note":
        assert await registry.notes("s") == {1: "new"}
