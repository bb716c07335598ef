"""What is special about the type `aws_glue`."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from decapolis_formats import Format, Schema
from decapolis_translators import errors
from decapolis_translators.aws_glue import GlueConfig, GlueRegistry
from decapolis_translators.contract import HoldsConfig, KeepsNotes, ListsVersions
from decapolis_translators.testing.fakes.glue import GlueFake
from decapolis_translators.testing.fakes.glue_state import Pair
from decapolis_translators.testing.samples import sample
from decapolis_translators.tracing import outbound_headers

from .conftest import ConnectingGlue

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "registries" / "aws_glue.md").read_text()


def record(*fields: str, doc: str | None = None) -> Schema:
    """A record of strings; a trailing `?` makes a field optional."""
    listed = [
        {"name": name.rstrip("?"), "type": "string", **({"default": ""} if name.endswith("?") else {})}
        for name in fields
    ]
    about = {} if doc is None else {"doc": doc}
    return Schema(Format.AVRO, json.dumps({"type": "record", "name": "R", **about, "fields": listed}))


@pytest.fixture
def fake() -> GlueFake:
    return GlueFake()


# --- configuration and loading


def test_the_blueprints_entry_loads() -> None:
    entries = yaml.safe_load((ROOT / "config" / "blueprint-registries.yaml").read_text())["registries"]
    entry = next(each for each in entries if each["type"] == "aws_glue")
    config = GlueConfig.model_validate(entry["config"])
    assert (config.region, config.registry_name) == ("us-east-1", "dev-schemas")
    assert config.aws_access_key_id == "${AWS_ACCESS_KEY_ID}"


def test_the_example_entry_loads() -> None:
    entries = yaml.safe_load((ROOT / "config" / "registries.yaml").read_text())["registries"]
    entry = next(each for each in entries if each["type"] == "aws_glue")
    assert GlueConfig.model_validate(entry["config"]).tags == {"managed-by": "decapolis"}


@pytest.mark.parametrize(
    "given",
    [
        {"aws_access_key_id": "A"},
        {"aws_secret_access_key": "s"},
        {"aws_session_token": "t"},
        {"profile": "p", "aws_access_key_id": "A", "aws_secret_access_key": "s"},
        {"external_id": "e"},
        {"role_arn": "schemas"},
        {"registry_name": "with space"},
        {"region": "US EAST"},
        {"formats": []},
        {"formats": ["OPENAPI"]},
        {"default_compatibility": "DISABLED"},
        {"concurrency": 0},
        {"endpoint_url": "https://user:pass@glue.test"},
        {"unknown": 1},
    ],
)
def test_a_configuration_that_contradicts_itself_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        GlueConfig.model_validate({"region": "us-east-1", **given})


def python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_boto3_loads_with_the_type_and_not_before() -> None:
    ran = python(
        "import sys, decapolis_translators.discovery as d\n"
        "d.Types().names(); assert 'boto3' not in sys.modules and 'botocore' not in sys.modules\n"
        "import decapolis_translators.aws_glue; assert 'boto3' in sys.modules"
    )
    assert ran.returncode == 0, ran.stderr


def test_without_boto3_the_type_says_which_extra_to_install() -> None:
    ran = python(
        "import sys; sys.modules['boto3'] = None\n"
        "from importlib.metadata import EntryPoint\n"
        "from decapolis_translators.discovery import GROUP, Types\n"
        "points = [EntryPoint(n, v, GROUP) for n, v in (('aws_glue', 'decapolis_translators.aws_glue:GlueRegistry'),\n"
        "          ('karapace', 'decapolis_translators.karapace:KarapaceRegistry'))]\n"
        "print({each.name: each.reason for each in Types(points).all()})"
    )
    assert "pip install 'decapolis[aws_glue]'" in ran.stdout
    assert "'karapace': None" in ran.stdout, "it hurts nobody else"


def test_the_page_names_every_key_and_every_missing_feature() -> None:
    for key in GlueConfig.model_fields:
        assert f"`{key}`" in PAGE, key
    for feature, reason in GlueRegistry.declared.missing.items():
        assert f"| `{feature}` | {reason.rstrip('.')} |" in PAGE, feature


def test_the_pages_policy_allows_what_is_asked_and_nothing_else() -> None:
    policy = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])
    allowed = {action for statement in policy["Statement"] for action in statement["Action"]}
    sources = (ROOT / "translators" / "decapolis_translators" / "aws_glue").glob("*.py")
    quoted = set(re.findall(r'"([A-Z]\w+)"', "".join(path.read_text() for path in sources)))
    operations = {f"glue:{name}" for name in quoted & {route.template.strip("/") for route in GlueFake().routes()}}
    assert allowed == operations - {"glue:CreateRegistry"}


def test_the_optional_protocols() -> None:
    for protocol in (HoldsConfig, ListsVersions, KeepsNotes):
        assert issubclass(GlueRegistry, protocol)


# --- what a ping finds


async def test_a_ping_tells_the_registrys_own_name(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    ping = await (await connect_glue(fake)).ping()
    assert ping.cluster_id == "arn:aws:glue:us-east-1:123456789012:registry/schemas"
    assert ping.facts == {"registry": "schemas", "region": "us-east-1", "exists": True}
    assert sum(fake.calls.values()) == 1


async def test_a_missing_registry_is_told_and_not_made(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake, registry_name="typo")
    for asking in (registry.ping(), registry.subjects(), registry.register("s", record("a"))):
        with pytest.raises(errors.RegistryFault, match="'typo' does not exist in this account and region"):
            await asking
    assert "typo" not in fake.state.registries


async def test_a_registry_is_made_where_that_is_wanted(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake, registry_name="fresh", create_registry=True)
    assert (await registry.ping()).facts["exists"] is False
    assert await registry.subjects() == []
    assert (await registry.register("s", record("a"))).version == 1
    assert await registry.subjects() == ["s"]


async def test_the_default_registry_appears_with_its_first_schema(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake, registry_name="default-registry")
    assert (await registry.ping()).facts["exists"] is False
    await registry.register("s", record("a"))
    assert fake.count("CreateRegistry") == 0
    assert list(fake.state.registries["default-registry"].schemas) == ["s"]


async def test_a_registry_that_is_being_deleted_is_a_fault(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    fake.state.registries["schemas"].status = "DELETING"
    with pytest.raises(errors.RegistryFault, match="being deleted"):
        await (await connect_glue(fake)).ping()


# --- the calls it takes


async def test_operations_take_as_few_calls_as_they_can(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    """The page's table is this one."""
    registry = await connect_glue(fake)

    async def calls(asking: Awaitable[Any]) -> int:
        before = sum(fake.calls.values())
        await asking
        return sum(fake.calls.values()) - before

    first, second, third = (record(*"abc"[: n + 1]) for n in range(3))
    taken = {
        "ping": await calls(registry.ping()),
        "register, a new subject": await calls(registry.register("s", first)),
        "register, a new version": await calls(registry.register("s", second)),
        "register, what the newest version holds": await calls(registry.register("s", second)),
        "register, what an older version holds": await calls(registry.register("s", first)),
        "lookup": await calls(registry.lookup("s", first)),
        "lookup of what is not there": await calls(registry.lookup("s", third)),
        "versions, listing with ids (per 100)": await calls(registry.listed("s")),
        "fetch": await calls(registry.fetch("s", 1)),
        "fetch the newest": await calls(registry.fetch("s")),
        "fetch by id": await calls(registry.fetch_by_id((await registry.fetch("s")).native_id)),
        "subjects (per 100)": await calls(registry.subjects()),
        "level": await calls(registry.config("s")),
        "set a level": await calls(registry.set_config("s", {"compatibilityLevel": "FULL_TRANSITIVE"})),
        "clear a level": await calls(registry.clear_config("s")),
        "put a note": await calls(registry.note("s", 1, "note")),
        "read the notes of a subject of two versions": await calls(registry.notes("s")),
        "read the registry's note": await calls(registry.own_note()),
        "put the registry's note": await calls(registry.set_own_note("note")),
        "delete a version": await calls(registry.delete("s", 2, permanent=True)),
        "delete a subject": await calls(registry.delete("s", permanent=True)),
    }
    assert {name: int(count) for name, count in re.findall(r"^\| ([^|`]+) \| (\d+) \|$", PAGE, re.MULTILINE)} == taken
    assert taken["register, what the newest version holds"] == 1


async def test_a_thousand_subjects_take_ten_calls(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    for number in range(1_000):
        fake.put(f"s{number:04}", '"string"')
    registry = await connect_glue(fake)
    assert await registry.subjects() == [f"s{number:04}" for number in range(1_000)]
    assert sum(fake.calls.values()) == 10


async def test_many_versions_are_listed_in_pages(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    fake.put("s", *(record(f"f{number}").text for number in range(250)))
    registry = await connect_glue(fake)
    listed = await registry.listed("s")
    assert [each.version for each in listed] == list(range(1, 251))
    assert len({each.native_id for each in listed}) == 250
    assert all(each.created_ms and each.schema is None for each in listed)
    assert fake.count("ListSchemaVersions") == 3


# --- names


async def test_names_that_glue_forbids_are_spelled_in_escapes(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake)
    await registry.register("orders/eu:v 1", record("a"))
    assert list(fake.state.registries["schemas"].schemas) == ["orders#2feu#3av#201"]
    assert await registry.subjects() == ["orders/eu:v 1"]


async def test_names_of_other_tools_stay_themselves(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    names = ["plain", "a#b", "a#2Fb", "a#ff", "a#23b", "__GLOBAL"]
    for name in names:
        fake.put(name, '"string"')
    registry = await connect_glue(fake)
    assert await registry.subjects() == sorted(names[:-1]), "a name that no subject may have is left out"
    for name in names[:-1]:
        assert await registry.versions(name) == [1]
    await registry.register("a#2fb", record("a"))
    await registry.register("a/b", record("a"))
    assert len(await registry.subjects()) == len(names) + 1


# --- judging later


async def test_a_late_verdict_is_waited_for(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    fake.state.pending_reads = 3
    registry = await connect_glue(fake)
    await registry.register("s", record("a"))
    stored = await registry.register("s", record("a", "b"))
    assert (stored.version, fake.count("GetSchemaVersion")) == (2, 5)
    assert await registry.versions("s") == [1, 2]


async def test_a_verdict_that_does_not_come_is_told_as_such(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake, timeout=1.5)
    await registry.register("s", record("a"))
    fake.state.pending_reads = 1_000
    with pytest.raises(errors.Unreachable, match="PENDING") as late:
        await registry.register("s", record("a", "b"))
    assert late.value.sent
    assert await registry.versions("s") == [1], "what is not judged yet is not there"
    assert (await registry.fetch("s")).version == 1
    pending = fake.state.registries["schemas"].schemas["s"].versions[2]
    pending.reads = 0
    again = await registry.register("s", record("a", "b"))
    assert (again.version, again.native_id) == (2, pending.id), "the same request ends in the same id"


async def test_waiting_ends_with_the_callers_patience(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake)
    await registry.register("s", record("a"))
    fake.state.pending_reads = 1_000
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await registry.register("s", record("a", "b"))


async def test_a_refused_version_is_incompatible_and_removed(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake, default_compatibility="BACKWARD")
    await registry.register("s", record("a"))
    with pytest.raises(errors.Incompatible, match="as version 2 of 's'"):
        await registry.register("s", record("a", "b"))
    assert list(fake.state.registries["schemas"].schemas["s"].versions) == [1]
    assert (await registry.register("s", record("a", "c?"))).version == 3, "the number is spent"


async def test_a_refused_version_that_cannot_be_removed_is_not_there(
    connect_glue: ConnectingGlue, fake: GlueFake
) -> None:
    registry = await connect_glue(fake, default_compatibility="BACKWARD")
    await registry.register("s", record("a"))
    fake.guard.denied.add("DeleteSchemaVersions")
    with pytest.raises(errors.Incompatible):
        await registry.register("s", record("a", "b"))
    assert fake.state.registries["schemas"].schemas["s"].versions[2].status == "FAILURE"
    assert await registry.versions("s") == [1]
    assert (await registry.fetch("s")).version == 1
    assert await registry.lookup("s", record("a", "b")) is None
    with pytest.raises(errors.VersionNotFound):
        await registry.fetch("s", 2)


async def test_a_first_version_that_is_refused_leaves_nothing(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake)
    add = fake._add

    def failing(schema: Any, text: str) -> Any:
        version = add(schema, text)
        version.status, version.settles_as = "PENDING", "FAILURE"
        return version

    fake._add = failing
    with pytest.raises(errors.SchemaRefused):
        await registry.register("s", record("a"))
    assert await registry.subjects() == []


# --- levels and the checkpoint


@pytest.mark.parametrize(
    ("level", "native", "checkpoint"),
    [
        ("BACKWARD", "BACKWARD", 2),
        ("BACKWARD_TRANSITIVE", "BACKWARD_ALL", 1),
        ("FORWARD", "FORWARD", 2),
        ("FORWARD_TRANSITIVE", "FORWARD_ALL", 1),
        ("FULL", "FULL", 2),
        ("FULL_TRANSITIVE", "FULL_ALL", 1),
    ],
)
async def test_levels_are_glues_compatibilities(
    level: str, native: str, checkpoint: int, connect_glue: ConnectingGlue, fake: GlueFake
) -> None:
    registry = await connect_glue(fake)
    for fields in (("a",), ("a", "b")):
        await registry.register("s", record(*fields))
    await registry.set_config("s", {"compatibilityLevel": level.lower()})
    schema = fake.state.registries["schemas"].schemas["s"]
    assert (schema.compatibility, schema.checkpoint) == (native, checkpoint)
    assert await registry.config("s") == {"compatibilityLevel": level}
    await registry.set_config("s", {"compatibilityLevel": None})
    assert (schema.compatibility, schema.checkpoint) == ("NONE", 1)
    assert await registry.config("s") is None


async def test_the_default_compatibility_is_no_level(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake, default_compatibility="FULL_TRANSITIVE")
    await registry.register("s", record("a"))
    assert fake.state.registries["schemas"].schemas["s"].compatibility == "FULL_ALL"
    assert await registry.config("s") is None
    assert await registry.config(None) == {"compatibilityLevel": "FULL_TRANSITIVE"}
    await registry.set_config("s", {"compatibilityLevel": "NONE"})
    assert await registry.config("s") == {"compatibilityLevel": "NONE"}


async def test_levels_belong_to_subjects_that_exist(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake)
    with pytest.raises(errors.SubjectNotFound):
        await registry.config("s")
    with pytest.raises(errors.SubjectNotFound):
        await registry.set_config("s", {"compatibilityLevel": "FULL"})
    with pytest.raises(errors.ConfigNotFound):
        await registry.clear_config("s")
    with pytest.raises(errors.Unsupported, match="none for all of them"):
        await registry.set_config(None, {"compatibilityLevel": "FULL"})
    with pytest.raises(errors.Refused, match="Invalid compatibility level: DISABLED"):
        await registry.set_config("s", {"compatibilityLevel": "DISABLED"})
    assert fake.writes == 0


async def test_a_checkpoint_that_lags_is_moved_and_the_schema_tried_again(
    connect_glue: ConnectingGlue, fake: GlueFake
) -> None:
    """Version 3 reads what 2 wrote, but not what 1 wrote: the dialect's BACKWARD allows it."""
    registry = await connect_glue(fake, default_compatibility="BACKWARD")
    await registry.register("s", record("a"))
    await registry.register("s", record("a", "b?"))
    third = record("a", "b")
    stored = await registry.register("s", third)
    schema = fake.state.registries["schemas"].schemas["s"]
    assert (schema.checkpoint, stored.version) == (2, 4)
    assert await registry.versions("s") == [1, 2, 4]
    assert (await registry.fetch_by_id(stored.native_id)).text == third.text


async def test_a_transitive_level_looks_at_all_versions(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake, default_compatibility="BACKWARD_TRANSITIVE")
    await registry.register("s", record("a"))
    await registry.register("s", record("a", "b?"))
    with pytest.raises(errors.Incompatible):
        await registry.register("s", record("a", "b"))
    assert fake.state.registries["schemas"].schemas["s"].checkpoint == 1
    assert fake.count("UpdateSchema") == 0


async def test_what_is_frozen_takes_nothing_new(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    old, new = record("a"), record("a", "b")
    fake.put("s", old.text, new.text).compatibility = "DISABLED"
    registry = await connect_glue(fake)
    assert await registry.config("s") is None
    for asking in (
        registry.register("s", record("c")),
        registry.set_config("s", {"compatibilityLevel": "NONE"}),
        registry.clear_config("s"),
    ):
        with pytest.raises(errors.NotPermitted, match="FROZEN"):
            await asking
    assert (await registry.register("s", new)).version == 2
    assert (await registry.register("s", old)).version == 1


# --- texts


async def test_a_text_is_stored_as_it_was_given(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    text = '{"type" : "record","name":"R",\n "fields":[ {"name":"ü","type":"string", "x": 1.0} ]}'.replace("ü", "u")
    registry = await connect_glue(fake)
    await registry.register("s", Schema(Format.AVRO, text))
    assert fake.state.registries["schemas"].schemas["s"].versions[1].text == text
    again = await registry.register("s", Schema(Format.AVRO, json.dumps(json.loads(text))))
    assert (again.version, again.schema.text) == (1, text), "another layout is the same schema; told as it is held"


async def test_what_glue_takes_for_the_same_and_is_not_is_refused(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    fake.state.overlooks_docs = True
    registry = await connect_glue(fake)
    first = await registry.register("s", record("a", doc="one"))
    with pytest.raises(errors.SchemaRefused, match="the same as version 1"):
        await registry.register("s", record("a", doc="two"))
    assert await registry.lookup("s", record("a", doc="two")) is None
    assert (await registry.fetch_by_id(first.native_id)).text == record("a", doc="one").text


@pytest.mark.parametrize(("held", "other"), [(Format.AVRO, Format.JSON_SCHEMA), (Format.JSON_SCHEMA, Format.AVRO)])
async def test_a_subject_keeps_its_format_even_where_a_text_fits_both(
    held: Format, other: Format, connect_glue: ConnectingGlue, fake: GlueFake
) -> None:
    registry = await connect_glue(fake)
    await registry.register("s", Schema(held, '{"type":"string"}'))
    for text in ('{"type":"string"}', '{"type":"null"}'):
        with pytest.raises(errors.SchemaRefused, match=f"'s' holds {held.schema_type}"):
            await registry.register("s", Schema(other, text))
        assert await registry.lookup("s", Schema(other, text)) is None
    assert await registry.versions("s") == [1]


async def test_what_is_too_large_is_not_sent(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake)
    fits = Schema(Format.AVRO, '"string"'.ljust(170_000))
    with pytest.raises(errors.TooLarge, match="170001"):
        await registry.register("s", replace(fits, text=fits.text + " "))
    with pytest.raises(errors.SchemaRefused, match="empty"):
        await registry.register("s", Schema(Format.PROTOBUF, " \n"))
    assert sum(fake.calls.values()) == 0
    assert (await registry.register("s", fits)).version == 1
    assert await registry.lookup("s", replace(fits, text=fits.text + " ")) is None


async def test_formats_may_be_left_out(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake, formats=["AVRO"])
    assert registry.capabilities.formats == {Format.AVRO}
    with pytest.raises(errors.Unsupported, match="does not hold json_schema"):
        await registry.register("s", sample(Format.JSON_SCHEMA))
    assert sum(fake.calls.values()) == 0


async def test_new_schemas_carry_the_configured_tags(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    await (await connect_glue(fake, tags={"team": "data"})).register("s", record("a"))
    assert fake.state.tags[fake.state.registries["schemas"].schemas["s"].arn] == {"team": "data"}


# --- ids


async def test_an_id_of_another_registry_is_not_ours(connect_glue: ConnectingGlue) -> None:
    fake = GlueFake(registries=("schemas", "others"))
    ours, others = await connect_glue(fake), await connect_glue(fake, registry_name="others")
    stored = await others.register("s", record("a"))
    assert (await others.fetch_by_id(stored.native_id)).text == record("a").text
    for strange in (stored.native_id, "no-uuid", "00000000-0000-4000-8000-000000000000", 7):
        with pytest.raises(errors.SchemaNotFound):
            await ours.fetch_by_id(strange)


async def test_an_id_resolves_as_long_as_glue_knows_it(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    fake.state.deleting_reads = 1_000
    registry = await connect_glue(fake)
    stored = await registry.register("s", record("a"))
    assert await registry.delete("s", permanent=True) == [1]
    assert await registry.subjects() == []
    with pytest.raises(errors.SubjectNotFound):
        await registry.versions("s")
    assert (await registry.fetch_by_id(stored.native_id)).text == record("a").text


# --- deletes


async def test_what_glue_never_deletes_is_refused_before_anything_changes(
    connect_glue: ConnectingGlue, fake: GlueFake
) -> None:
    registry = await connect_glue(fake)
    for fields in (("a",), ("a", "b"), ("a", "c")):
        await registry.register("s", record(*fields))
    await registry.set_config("s", {"compatibilityLevel": "BACKWARD"})
    before = fake.writes
    with pytest.raises(errors.Unsupported, match="version 1 only together with the whole schema"):
        await registry.delete("s", 1, permanent=True)
    with pytest.raises(errors.Unsupported, match="Version 3 is the checkpoint"):
        await registry.delete("s", 3, permanent=True)
    with pytest.raises(errors.Unsupported, match="Glue deletes for good"):
        await registry.delete("s", 2)
    assert fake.writes == before
    assert await registry.delete("s", 2, permanent=True) == [2]
    assert await registry.versions("s") == [1, 3]


async def test_a_name_that_is_still_being_deleted_is_waited_for(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    fake.state.deleting_reads = 6
    registry = await connect_glue(fake)
    first = await registry.register("s", record("a"))
    await registry.delete("s", permanent=True)
    second = await registry.register("s", record("a"))
    assert (second.version, second.native_id != first.native_id) == (1, True)


async def test_a_name_that_stays_taken_is_a_conflict(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    fake.state.deleting_reads = 100_000
    registry = await connect_glue(fake, timeout=1.5)
    await registry.register("s", record("a"))
    await registry.delete("s", permanent=True)
    with pytest.raises(errors.WriteConflict, match="still being deleted"):
        await registry.register("s", record("a"))


# --- others who write


async def test_two_who_make_one_subject_end_in_one_version(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry, other = await connect_glue(fake), await connect_glue(fake)
    fake.latency = 0.05
    stored = await asyncio.gather(*(each.register("s", record("a")) for each in (registry, other) * 3))
    assert {(each.version, each.native_id) for each in stored} == {(1, stored[0].native_id)}
    assert fake.count("CreateSchema") > 1, "the race took place"


async def test_two_who_add_different_versions_both_succeed(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake)
    stored = await asyncio.gather(*(registry.register("s", record(f"f{number}")) for number in range(6)))
    assert sorted(each.version for each in stored) == [1, 2, 3, 4, 5, 6]


async def test_reads_that_lag_behind_hurt_no_write(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake)
    await registry.register("s", record("a"))
    second = await registry.register("s", record("a", "b"))
    fake.state.stale_reads = 1
    again = await registry.register("s", record("a", "b"))
    assert (again.version, again.native_id) == (2, second.native_id)
    fake.state.stale_reads = 1
    assert (await registry.register("s", record("c"))).version == 3


# --- notes


async def test_a_note_replaces_the_one_before(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake)
    await registry.register("s", record("a"))
    await registry.register("s", record("a", "b"))
    assert await registry.notes("s") == {}
    await registry.note("s", 2, "id=7")
    await registry.note("s", 2, "id=8/" + "x" * 251)
    await registry.note("s", 2, "id=8/" + "x" * 251)
    assert await registry.notes("s") == {2: "id=8/" + "x" * 251}
    version = fake.state.registries["schemas"].schemas["s"].versions[2]
    assert [(pair.key, len(pair.value)) for pair in version.metadata] == [("decapolis", 256)]
    for subject, number, error in (("s", 9, errors.VersionNotFound), ("x", 1, errors.SubjectNotFound)):
        with pytest.raises(error):
            await registry.note(subject, number, "n")
    with pytest.raises(errors.SubjectNotFound):
        await registry.notes("x")


async def test_a_note_survives_an_end_between_its_two_steps(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake)
    await registry.register("s", record("a"))
    await registry.note("s", 1, "old")
    await asyncio.sleep(0.002)  # times are told in milliseconds
    fake.reset(path="/RemoveSchemaVersionMetadata/")
    with pytest.raises(errors.Unreachable):
        await registry.note("s", 1, "new")
    assert await registry.notes("s") == {1: "new"}
    await registry.note("s", 1, "new")
    metadata = fake.state.registries["schemas"].schemas["s"].versions[1].metadata
    assert [pair.value for pair in metadata] == ["new"]


async def test_others_metadata_is_left_alone_and_may_fill_the_version(
    connect_glue: ConnectingGlue, fake: GlueFake
) -> None:
    registry = await connect_glue(fake)
    await registry.register("s", record("a"))
    metadata = fake.state.registries["schemas"].schemas["s"].versions[1].metadata
    metadata += [Pair(f"k{number}", "v") for number in range(9)]
    await registry.note("s", 1, "old")
    await registry.note("s", 1, "new")
    assert await registry.notes("s") == {1: "new"}
    fake.state.registries["schemas"].schemas["s"].versions[1].metadata = [Pair(f"k{n}", "v") for n in range(10)]
    with pytest.raises(errors.NotPermitted, match="ten metadata pairs"):
        await registry.note("s", 1, "new")


async def test_the_registrys_own_note_is_a_tag(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake)
    assert await registry.own_note() is None
    await registry.set_own_note("ledger=1")
    await registry.set_own_note("ledger=2")
    assert await registry.own_note() == "ledger=2"
    assert fake.state.tags == {"arn:aws:glue:us-east-1:123456789012:registry/schemas": {"decapolis": "ledger=2"}}


@pytest.mark.parametrize(
    "more", [{"registry_name": "fresh", "create_registry": True}, {"registry_name": "default-registry"}]
)
async def test_a_note_may_come_before_the_first_schema(
    more: dict[str, Any], connect_glue: ConnectingGlue, fake: GlueFake
) -> None:
    registry = await connect_glue(fake, **more)
    assert await registry.own_note() is None
    await registry.set_own_note("ledger=1")
    assert await registry.own_note() == "ledger=1"
    typo = await connect_glue(fake, registry_name="typo")
    for asking in (typo.own_note(), typo.set_own_note("ledger=1")):
        with pytest.raises(errors.RegistryFault, match="'typo' does not exist"):
            await asking


# --- threads


async def test_the_event_loop_goes_on_while_aws_is_slow(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake)
    await registry.ping()
    fake.latency = 1.0
    asking = asyncio.ensure_future(registry.ping())
    worst, last = 0.0, time.monotonic()
    while not asking.done():
        await asyncio.sleep(0.005)
        worst, last = max(worst, time.monotonic() - last), time.monotonic()
    assert worst < 0.8


async def test_no_more_calls_at_once_than_configured(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    under_way, most = 0, 0
    respond: Callable[..., Any] = fake._respond

    async def counted(request: Any) -> Any:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            return await respond(request)
        finally:
            under_way -= 1

    fake._respond = counted
    fake.latency = 0.03
    registry = await connect_glue(fake, timeout=10)
    await asyncio.gather(*(registry.ping() for _ in range(25)))
    assert most == 5


async def test_what_never_got_a_thread_was_not_sent(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake, concurrency=1, timeout=1.5)
    await registry.ping()
    fake.hang(100)
    outcomes = await asyncio.gather(
        *(registry._call("DeleteSchema", registry._schema("s"), registry._asked("s", write=True)) for _ in range(3)),
        return_exceptions=True,
    )
    assert [each.sent for each in outcomes if isinstance(each, errors.Unreachable)] == [True, False, False]
    fake.calm()


async def test_closing_ends_what_waits(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake, concurrency=1)
    await registry.ping()
    fake.hang(1)
    asking = [asyncio.ensure_future(registry.ping()) for _ in range(2)]
    await asyncio.sleep(0.1)
    await registry.close()
    fake.calm()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(outcomes[1], errors.Unreachable)
    with pytest.raises(errors.Unreachable, match="not open"):
        await registry.ping()


async def test_request_id_and_trace_travel_along(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake)
    outbound_headers.set({"X-Request-ID": "r-1", "traceparent": "00-1-2-01"})
    await registry.ping()
    headers = fake.requests[-1].headers
    assert (headers["x-request-id"], headers["traceparent"]) == ("r-1", "00-1-2-01")


async def test_without_a_time_that_can_be_read_there_is_none(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    fake.put("s", '"string"').versions[1].created = "yesterday"
    assert (await (await connect_glue(fake)).fetch("s")).created_ms is None
