"""What is special about the type `pulsar`."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from decapolis_formats import Dependency, Format, Metadata, Reference, Schema
from decapolis_translators import errors
from decapolis_translators.contract import ChecksNatively, HoldsConfig, HoldsDocuments, KeepsNotes, ListsVersions
from decapolis_translators.pulsar import PulsarConfig, PulsarRegistry
from decapolis_translators.pulsar.documents import DOCUMENT, payload_of
from decapolis_translators.pulsar.topics import Topics
from decapolis_translators.testing.fakes.pulsar import PulsarFake
from decapolis_translators.testing.fakes.pulsar_state import Topic
from decapolis_translators.testing.samples import sample

from .conftest import ConnectingPulsar

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "registries" / "pulsar.md"


def record(*fields: str, doc: str | None = None) -> Schema:
    """A record of strings; a trailing `?` makes a field optional."""
    listed = [
        {"name": name.rstrip("?"), "type": "string", **({"default": ""} if name.endswith("?") else {})}
        for name in fields
    ]
    about = {} if doc is None else {"doc": doc}
    return Schema(Format.AVRO, json.dumps({"type": "record", "name": "R", **about, "fields": listed}))


@pytest.fixture
def fake() -> PulsarFake:
    return PulsarFake()


# --- configuration and the page


@pytest.mark.parametrize(
    "given",
    [
        {"tenant": "a/b"},
        {"namespace": ""},
        {"auth": {"type": "kerberos"}},
        {"auth": {"type": "oauth2", "client_id": "a", "client_secret": "b"}},
        {"subjects": "record"},
        {"probes": 9},
        {"cluster_hosts": ["http://a"]},
        {"url": "http://user:pass@pulsar.test"},
        {"unknown": 1},
    ],
)
def test_a_configuration_that_contradicts_itself_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PulsarConfig.model_validate({"url": "http://pulsar.test", **given})


def test_the_admin_path_may_be_copied_along() -> None:
    assert PulsarConfig.model_validate({"url": "http://pulsar.test:8080/admin/v2/"}).url == ("http://pulsar.test:8080",)


def test_the_example_entry_loads() -> None:
    entries = yaml.safe_load((ROOT / "config" / "registries.yaml").read_text())["registries"]
    entry = next(each for each in entries if each["type"] == "pulsar")
    assert PulsarConfig.model_validate(entry["config"]).tenant == "acme"


def test_the_page_names_every_key_and_every_missing_feature() -> None:
    page = PAGE.read_text()
    for key in PulsarConfig.model_fields:
        assert f"`{key}`" in page, key
    for feature, reason in PulsarRegistry.declared.missing.items():
        assert f"| `{feature}` | {reason.rstrip('.')} |" in page, feature


def test_the_optional_protocols() -> None:
    for protocol in (HoldsConfig, HoldsDocuments, ListsVersions, KeepsNotes, ChecksNatively):
        assert issubclass(PulsarRegistry, protocol)


# --- names

AWKWARD = st.text(alphabet=string.printable + "é~%日", max_size=30)
SUBJECTS = st.one_of(
    AWKWARD, st.builds("{}{}".format, AWKWARD, st.sampled_from(["-value", ".subject", "-key", ".subject-value"]))
)


def topic_of(topics: Topics, subject: str) -> str | None:
    try:
        return topics.topic_of(subject)
    except errors.SubjectRefused:
        return None


@pytest.mark.parametrize("mapping", ["strip-value", "identity"])
@given(left=SUBJECTS, right=SUBJECTS)
def test_two_subjects_never_meet_in_one_topic(mapping: Any, left: str, right: str) -> None:
    topics = Topics(mapping)
    one, other = topic_of(topics, left), topic_of(topics, right)
    if one is None:
        return
    assert topics.subject_of(one) == left, "reversible"
    assert "/" not in one
    assert "%" not in one
    assert (one == other) == (left == right)


@pytest.mark.parametrize("mapping", ["strip-value", "identity"])
@given(topic=SUBJECTS)
def test_a_topic_stands_for_a_subject_that_leads_back_to_it(mapping: Any, topic: str) -> None:
    topics = Topics(mapping)
    subject = topics.subject_of(topic)
    assert subject is None or topics.topic_of(subject) == topic


def test_subjects_are_named_as_clients_name_them() -> None:
    topics = Topics("strip-value")
    named = {"orders-value": "orders", "com.acme.Order": "com.acme.Order.subject", "a/b-value": "a~2fb"}
    assert {subject: topics.topic_of(subject) for subject in named} == named


@pytest.mark.parametrize("subject", ["x-partition-3-value", "__change_events-value", "", ":.ctx:a"])
def test_names_that_pulsar_keeps_for_itself_are_refused(subject: str) -> None:
    with pytest.raises(errors.SubjectRefused):
        Topics("strip-value").topic_of(subject)


# --- subjects


async def test_partitions_are_one_topic_and_system_topics_none(
    connect_pulsar: ConnectingPulsar, fake: PulsarFake
) -> None:
    fake.put("orders", "AVRO", '"string"')
    fake.home.topics["orders"].partitions = 3
    fake.put("__change_events", "AVRO", '"string"')
    fake.put("__transaction_buffer_snapshot", "AVRO", '"string"')
    assert await (await connect_pulsar(fake)).subjects() == ["orders-value"]


async def test_a_thousand_topics_take_ten_calls_at_most(connect_pulsar: ConnectingPulsar, fake: PulsarFake) -> None:
    for number in range(1_000):
        fake.put(f"t{number:04}", "AVRO", '"string"')
    registry = await connect_pulsar(fake)
    assert len(await registry.subjects()) == 1_000
    assert sum(fake.calls.values()) <= 10


async def test_topics_without_a_schema_leave_the_listing_little_by_little(
    connect_pulsar: ConnectingPulsar, fake: PulsarFake
) -> None:
    for number in range(12):
        fake.home.topics[f"bare{number:02}"] = Topic()
    fake.put("held", "AVRO", '"string"')
    registry = await connect_pulsar(fake)
    assert len(await registry.subjects()) == 5, "eight of thirteen were asked"
    assert await registry.subjects() == ["held-value"]
    await registry.register("bare00-value", record("a"))
    assert await registry.subjects() == ["bare00-value", "held-value"], "what is registered here is known at once"


async def test_keys_and_values_are_two_subjects_to_read(connect_pulsar: ConnectingPulsar, fake: PulsarFake) -> None:
    text = json.dumps({"key": "", "value": json.loads(record("a").text)})
    about = {"key.schema.type": "STRING", "value.schema.type": "AVRO", "kv.encoding.type": "SEPARATED"}
    fake.put("pairs", "KEY_VALUE", text, properties=about)
    for mapping in ("strip-value", "identity"):
        registry = await connect_pulsar(fake, subjects=mapping)
        assert await registry.subjects() == ["pairs-key", "pairs-value"]
        key, value = await registry.fetch("pairs-key"), await registry.fetch("pairs-value")
        assert (key.schema.text, json.loads(value.schema.text)) == ('"string"', json.loads(record("a").text))
        assert key.native_id != value.native_id
        for each in (key, value):
            assert await registry.fetch_by_id(each.native_id) == each.schema
            with pytest.raises(errors.NotPermitted, match="KEY_VALUE"):
                await registry.register(each.subject, record("b"))
            with pytest.raises(errors.NotPermitted, match="KEY_VALUE"):
                await registry.delete(each.subject, permanent=True)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("STRING", '"string"'),
        ("INT64", '"long"'),
        ("DOUBLE", '"double"'),
        ("BYTES", '"bytes"'),
        ("DATE", '{"type":"long","logicalType":"timestamp-millis"}'),
    ],
)
async def test_primitives_are_told_in_avro_and_only_read(
    kind: str, text: str, connect_pulsar: ConnectingPulsar, fake: PulsarFake
) -> None:
    fake.put("words", kind, "")
    registry = await connect_pulsar(fake)
    assert (await registry.fetch("words-value")).schema == Schema(Format.AVRO, text)
    with pytest.raises(errors.NotPermitted, match="can only be read"):
        await registry.register("words-value", record("a"))


async def test_types_without_a_schema_are_no_subjects(connect_pulsar: ConnectingPulsar, fake: PulsarFake) -> None:
    fake.put("raw", "NONE", "")
    with pytest.raises(errors.SubjectNotFound):
        await (await connect_pulsar(fake)).versions("raw-value")


# --- versions


async def test_versions_count_from_one_and_jump_over_a_deletion(
    connect_pulsar: ConnectingPulsar, fake: PulsarFake
) -> None:
    registry = await connect_pulsar(fake)
    for fields in (("a",), ("a", "b?")):
        await registry.register("s", record(*fields))
    assert await registry.delete("s", permanent=True) == [1, 2]
    with pytest.raises(errors.SubjectNotFound):
        await registry.versions("s")
    assert (await registry.register("s", record("a"))).version == 4
    with pytest.raises(errors.VersionNotFound):
        await registry.fetch("s", 1)


async def test_an_erased_number_comes_again_but_its_id_does_not(
    connect_pulsar: ConnectingPulsar, fake: PulsarFake
) -> None:
    registry = await connect_pulsar(fake, erase=True)
    first = await registry.register("s", record("a"))
    await registry.note("s", 1, "1=1")
    await registry.delete("s", permanent=True)
    again = await registry.register("s", record("a"))
    assert (again.version, again.native_id != first.native_id) == (1, True)
    assert await registry.notes("s") == {}, "a note belongs to what was erased"
    with pytest.raises(errors.SchemaNotFound):
        await registry.fetch_by_id(first.native_id)


async def test_single_versions_cannot_be_deleted(connect_pulsar: ConnectingPulsar, fake: PulsarFake) -> None:
    registry = await connect_pulsar(fake)
    for fields in (("a",), ("a", "b?")):
        await registry.register("s", record(*fields))
    before = fake.writes
    with pytest.raises(errors.Unsupported, match="no single one"):
        await registry.delete("s", 1, permanent=True)
    assert fake.writes == before


async def test_schemas_that_differ_in_words_only_are_two_versions(
    connect_pulsar: ConnectingPulsar, fake: PulsarFake
) -> None:
    """Pulsar compares what it parsed, which leaves out documentation."""
    registry = await connect_pulsar(fake)
    stored = [await registry.register("s", record("a", doc=words)) for words in ("one", "two", "one", "two")]
    assert [each.version for each in stored] == [1, 2, 1, 2]
    assert [(await registry.fetch("s", number)).schema for number in (1, 2)] == [
        record("a", doc="one"),
        record("a", doc="two"),
    ]
    assert DOCUMENT not in fake.home.live("s.subject")[0].properties


async def test_an_avro_schema_follows_the_type_of_its_topic(connect_pulsar: ConnectingPulsar, fake: PulsarFake) -> None:
    fake.put("events", "JSON", record("a").text)
    registry = await connect_pulsar(fake)
    assert (await registry.fetch("events-value")).schema.format is Format.AVRO
    await registry.register("events-value", record("a", "b?"))
    assert [each.type for each in fake.home.live("events")] == ["JSON", "JSON"]


async def test_a_topic_that_we_make_survives_the_brokers_tidying(
    connect_pulsar: ConnectingPulsar, fake: PulsarFake
) -> None:
    registry = await connect_pulsar(fake)
    await registry.register("s", record("a"))
    fake.home.tidied()
    assert await registry.versions("s") == [1]
    assert await registry.subjects() == ["s"]


async def test_no_topic_is_made_where_that_is_not_wanted(connect_pulsar: ConnectingPulsar, fake: PulsarFake) -> None:
    registry = await connect_pulsar(fake, create_topics=False)
    await registry.register("s", record("a"))
    assert fake.home.topics == {}
    assert await registry.versions("s") == [1]
    with pytest.raises(errors.SubjectNotFound):
        await registry.note("s", 1, "text")


# --- documents

PROTO = """syntax = "proto3";

package p;

import "base.proto";
import "google/protobuf/timestamp.proto";

message Use {
  Base base = 1;
  google.protobuf.Timestamp at = 2;
}
"""
BASE = 'syntax = "proto3";\n\npackage p;\n\nmessage Base {\n  int32 a = 1;\n}\n'


@pytest.mark.parametrize(
    ("schema", "dependency"),
    [
        (
            Schema(Format.PROTOBUF, PROTO, (Reference("base.proto", "base", 1),), Metadata(properties={"k": "v"})),
            Dependency("base.proto", BASE, "base", 1),
        ),
        (
            Schema(
                Format.AVRO,
                '{"type":"record","name":"U","fields":[{"name":"b","type":"Order"}]}',
                (Reference("Order", "base", 1),),
            ),
            Dependency("Order", sample(Format.AVRO).text, "base", 1),
        ),
        (
            Schema(Format.JSON_SCHEMA, '{"$ref":"b.json"}', (Reference("b.json", "base", 1),)),
            Dependency("b.json", "{}", "base", 1),
        ),
    ],
    ids=["protobuf", "avro", "json"],
)
async def test_documents_come_back_whole(
    schema: Schema, dependency: Dependency, connect_pulsar: ConnectingPulsar, fake: PulsarFake
) -> None:
    registry = await connect_pulsar(fake)
    stored = await registry.register_document("s", schema, (dependency,))
    assert stored.schema == schema
    assert (await registry.fetch("s")).schema == schema
    assert (await registry.register_document("s", schema, (dependency,))).native_id == stored.native_id
    with pytest.raises(errors.Unsupported, match="references"):
        await registry.register("t", schema)


async def test_a_native_descriptor_is_complete(connect_pulsar: ConnectingPulsar, fake: PulsarFake) -> None:
    """What other tools put there with the same bytes, less our document, reads as Protobuf too."""
    schema = Schema(Format.PROTOBUF, PROTO, (Reference("base.proto", "base", 1),))
    payload = payload_of(schema, (Dependency("base.proto", BASE, "base", 1),), None)
    fake.put("native", payload.type, payload.data)
    told = (await (await connect_pulsar(fake)).fetch("native-value")).schema
    assert told.format is Format.PROTOBUF
    assert "message Use" in told.text
    body = json.loads(payload.data)
    assert (body["rootMessageTypeName"], sorted(body)) == (
        "p.Use",
        ["decapolis", "fileDescriptorSet", "rootFileDescriptorName", "rootMessageTypeName"],
    )


@pytest.mark.parametrize("text", ['syntax = "proto3";\nenum E { A = 0; }\n', "message {"])
async def test_protobuf_without_a_message_is_refused(
    text: str, connect_pulsar: ConnectingPulsar, fake: PulsarFake
) -> None:
    with pytest.raises(errors.SchemaRefused):
        await (await connect_pulsar(fake)).register("s", Schema(Format.PROTOBUF, text))
    assert fake.writes == 0


async def test_a_union_at_the_top_is_refused(connect_pulsar: ConnectingPulsar, fake: PulsarFake) -> None:
    registry = await connect_pulsar(fake)
    with pytest.raises(errors.SchemaRefused, match="UNION"):
        await registry.register("s", Schema(Format.AVRO, '["null","string"]'))


async def test_a_document_that_somebody_edited_is_told(connect_pulsar: ConnectingPulsar, fake: PulsarFake) -> None:
    fake.put("s", "AVRO", '"string"', properties={DOCUMENT: "{}"})
    with pytest.raises(errors.Garbled, match="edited"):
        await (await connect_pulsar(fake)).fetch("s-value")


# --- levels


async def test_the_global_level_is_the_namespaces_or_the_brokers(
    connect_pulsar: ConnectingPulsar, fake: PulsarFake
) -> None:
    registry = await connect_pulsar(fake)
    assert await registry.config(None) == {"compatibilityLevel": "FULL"}
    with pytest.raises(errors.ConfigNotFound):
        await registry.clear_config(None)
    await registry.set_config(None, {"compatibilityLevel": "none"})
    assert fake.home.strategy == "ALWAYS_COMPATIBLE"
    assert await registry.config(None) == {"compatibilityLevel": "NONE"}
    await registry.clear_config(None)
    assert fake.home.strategy == "UNDEFINED"


async def test_what_is_frozen_stays_frozen(connect_pulsar: ConnectingPulsar, fake: PulsarFake) -> None:
    registry = await connect_pulsar(fake)
    await registry.register("s", record("a"))
    fake.home.strategy = "ALWAYS_INCOMPATIBLE"
    assert await registry.config(None) is None
    for doing in (
        registry.set_config(None, {"compatibilityLevel": "FULL"}),
        registry.register("s", record("a", "b?")),
    ):
        with pytest.raises(errors.NotPermitted, match="FROZEN"):
            await doing


async def test_without_topic_policies_topics_keep_no_level(connect_pulsar: ConnectingPulsar) -> None:
    fake = PulsarFake(topic_policies=False)
    registry = await connect_pulsar(fake)
    await registry.register("s", record("a"))
    with pytest.raises(errors.Unsupported, match="topicLevelPoliciesEnabled"):
        await registry.set_config("s", {"compatibilityLevel": "FULL"})


async def test_an_incompatible_check_is_a_verdict(connect_pulsar: ConnectingPulsar, fake: PulsarFake) -> None:
    registry = await connect_pulsar(fake)
    await registry.register("s", record("a"))
    verdict = await registry.check("s", record("a", "b"))
    assert not verdict.compatible
    assert "strategy FULL" in verdict.messages[0]
    assert "Stacktrace" not in verdict.messages[0]
    with pytest.raises(errors.Incompatible, match="strategy FULL"):
        await registry.register("s", record("a", "b"))
    fake.fail_next(500, {"reason": "out of memory"}, path="/admin/v2/schemas/public/default/s.subject/compatibility")
    with pytest.raises(errors.RegistryFault, match="out of memory"):
        await registry.check("s", record("a"))


# --- the calls it takes


async def test_operations_take_as_few_calls_as_they_can(connect_pulsar: ConnectingPulsar, fake: PulsarFake) -> None:
    """The page's table is this one."""
    registry = await connect_pulsar(fake)

    async def calls(asking: Awaitable[Any]) -> int:
        before = sum(fake.calls.values())
        await asking
        return sum(fake.calls.values()) - before

    first, second, third = record("a"), record("a", "b?"), record("a", "b?", "c?")
    taken = {
        "ping": await calls(registry.ping()),
        "register, a new subject": await calls(registry.register("s", first)),
        "register, a new version": await calls(registry.register("s", second)),
        "register, what a version holds": await calls(registry.register("s", first)),
        "lookup, found or not": await calls(registry.lookup("s", third)),
        "versions, listing with ids and texts": await calls(registry.listed("s")),
        "fetch, by number, id or the newest": await calls(registry.fetch("s")),
        "subjects": await calls(registry.subjects()),
        "native check": await calls(registry.check("s", third)),
        "level of a subject": await calls(registry.config("s")),
        "global level, where the brokers' own holds": await calls(registry.config(None)),
        "set a level": await calls(registry.set_config("s", {"compatibilityLevel": "FULL"})),
        "clear a level": await calls(registry.clear_config("s")),
        "put a note": await calls(registry.note("s", 1, "note")),
        "read the notes of a subject": await calls(registry.notes("s")),
        "read the registry's note": await calls(registry.own_note()),
        "put the registry's note": await calls(registry.set_own_note("note")),
        "delete a subject": await calls(registry.delete("s", permanent=True)),
    }
    told = re.findall(r"^\| ([^|`]+) \| (\d+) \|$", PAGE.read_text(), re.MULTILINE)
    assert {name: int(count) for name, count in told} == taken


# --- who we are, and where that may be told


async def test_a_token_a_password_and_a_client(connect_pulsar: ConnectingPulsar) -> None:
    ways: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"bearer": "jwt"}, {"type": "token", "token": "jwt"}),
        ({"basic": ("u", "p")}, {"type": "basic", "username": "u", "password": "p"}),
        (
            {"oauth": ("c", "s")},
            {
                "type": "oauth2",
                "client_id": "c",
                "client_secret": "s",
                "audience": "urn:pulsar",
                "token_url": "http://pulsar.test:8080/oauth/token",
            },
        ),
    ]
    for door, auth in ways:
        fake = PulsarFake()
        for name, value in door.items():
            setattr(fake.door, name, value)
        registry = await connect_pulsar(fake, auth=auth)
        await registry.register("s", record("a"))
        assert (await registry.ping()).version == "4.0.8"
        with pytest.raises(errors.CredentialsRefused, match="tenant's administrator"):
            await (await connect_pulsar(fake)).ping()
        if auth["type"] == "oauth2":
            assert fake.door.token_calls == 1
            sent = next(each for each in fake.requests if each.raw_path == "/oauth/token")
            assert b"audience=urn%3Apulsar" in sent.body
            fake.door.tokens.clear()
            await registry.ping()
            assert fake.door.token_calls == 2


async def test_the_issuer_tells_where_tokens_are(connect_pulsar: ConnectingPulsar) -> None:
    told: dict[str, Any] = {"token_endpoint": "http://pulsar.test:8080/oauth/token"}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("openid-configuration"):
            assert "authorization" not in request.headers
            return httpx.Response(200, json=told)
        if request.url.path == "/oauth/token":
            return httpx.Response(200, json={"access_token": "t"})
        assert request.headers["authorization"] == "Bearer t"
        return httpx.Response(200, json="FULL")

    auth = {"type": "oauth2", "client_id": "c", "client_secret": "s", "issuer": "http://issuer.test"}
    await (await connect_pulsar(httpx.MockTransport(answer), auth=auth)).ping()
    for wrong in ({}, {"token_endpoint": "ftp://x"}):
        told = wrong
        with pytest.raises(errors.CredentialsRefused, match="token_endpoint"):
            await (await connect_pulsar(httpx.MockTransport(answer), auth=auth)).ping()


class Cluster:
    """Two brokers, of which the first owns nothing."""

    def __init__(self, location: str) -> None:
        self.location = location
        self.owner = PulsarFake()
        self.seen: list[tuple[str, str, str]] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        about = (request.method, str(request.url), request.headers.get("authorization", ""))
        self.seen.append(about)
        if request.url.host == "pulsar.test" and request.url.path.startswith("/admin/v2/schemas"):
            return httpx.Response(307, headers={"location": self.location + request.url.path})
        return await httpx.ASGITransport(app=self.owner).handle_async_request(request)


TOKEN = {"type": "token", "token": "jwt"}


async def test_a_redirect_is_followed_inside_the_cluster(connect_pulsar: ConnectingPulsar) -> None:
    for hosts in (["broker-1.pulsar.test"], ["*.pulsar.test"]):
        cluster = Cluster("http://broker-1.pulsar.test:8080")
        registry = await connect_pulsar(httpx.MockTransport(cluster), auth=TOKEN, cluster_hosts=hosts)
        assert (await registry.register("s", record("a"))).version == 1
        assert {who for _, _, who in cluster.seen} == {"Bearer jwt"}
        assert ("POST", "http://broker-1.pulsar.test:8080/admin/v2/schemas/public/default/s.subject/schema") in {
            each[:2] for each in cluster.seen
        }
        assert len(cluster.owner.home.live("s.subject")) == 1


@pytest.mark.parametrize(
    ("location", "hosts", "words"),
    [
        ("http://evil.test:8080", [], "evil.test, which is not of this cluster"),
        ("http://evilpulsar.test", ["*.pulsar.test"], "not of this cluster"),
        ("//evil.test", ["broker.test"], "not of this cluster"),
        ("http://pulsar.test:8080/elsewhere", [], "no address of the admin API"),
    ],
)
async def test_a_redirect_out_of_the_cluster_is_refused(
    location: str, hosts: list[str], words: str, connect_pulsar: ConnectingPulsar
) -> None:
    cluster = Cluster(location)
    registry = await connect_pulsar(httpx.MockTransport(cluster), auth=TOKEN, cluster_hosts=hosts)
    with pytest.raises(errors.RegistryFault, match=words):
        await registry.register("s", record("a"))
    assert {httpx.URL(url).host for _, url, _ in cluster.seen} == {"pulsar.test"}


async def test_a_redirect_never_leaves_tls(connect_pulsar: ConnectingPulsar) -> None:
    cluster = Cluster("http://pulsar.test")
    registry = await connect_pulsar(httpx.MockTransport(cluster), auth=TOKEN, url="https://pulsar.test")
    with pytest.raises(errors.RegistryFault, match="without TLS"):
        await registry.versions("s")


async def test_brokers_that_send_each_other_on_come_to_an_end(connect_pulsar: ConnectingPulsar) -> None:
    asked = 0

    def circle(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        other = {"a.test": "b.test", "b.test": "a.test"}[request.url.host]
        return httpx.Response(307, headers={"location": f"http://{other}{request.url.path}"})

    registry = await connect_pulsar(httpx.MockTransport(circle), url="http://a.test", cluster_hosts=["b.test"])
    with pytest.raises(errors.RegistryFault, match="in circles"):
        await registry.versions("s")
    assert asked == 6
