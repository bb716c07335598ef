"""What is special about the type `confluent`, and what every type sends."""

from __future__ import annotations

import json
from dataclasses import replace

import httpx
import pytest
import respx

from decapolis_formats import Format, Metadata, Rule, RuleSet, Schema
from decapolis_translators import errors
from decapolis_translators.contract import Feature
from decapolis_translators.testing.fakes import CONFLUENT_7, CONFLUENT_8, DialectFake
from decapolis_translators.testing.samples import sample

from .conftest import Opening

SCHEMA = Schema(Format.AVRO, '"string"')
OWNED = replace(SCHEMA, metadata=Metadata(properties={"owner": "bob"}))
GUARDED = replace(SCHEMA, rule_set=RuleSet(encoding_rules=(Rule(name="r", kind="TRANSFORM"),), enable_at="CLIENT"))


def old_server() -> respx.Router:
    """A release without contexts, metadata and a route for its version."""
    router = respx.Router(assert_all_called=False)
    router.get(path="/subjects").respond(json=[])
    router.route(path__regex="^/(contexts|v1/).*").respond(404, json={"error_code": 404, "message": "HTTP 404"})
    return router


async def test_a_ping_tells_version_and_cluster(connect: Opening) -> None:
    registry = await connect("confluent", DialectFake(CONFLUENT_8))
    ping = await registry.ping()
    assert (ping.version, ping.cluster_id) == ("8.2.0", "fake-kafka-cluster/schema-registry")
    assert ping.facts == {"contexts": True, "rule_sets": False}
    assert registry.capabilities.why_not(Feature.RULE_SETS).startswith("The community edition drops rule sets")


async def test_an_old_server_lacks_contexts_and_metadata(connect: Opening) -> None:
    registry = await connect("confluent", httpx.MockTransport(old_server().async_handler), rule_sets=True)
    ping = await registry.ping()
    assert (ping.version, ping.cluster_id) == (None, None)
    for feature in (Feature.CONTEXTS, Feature.METADATA, Feature.METADATA_TAGS, Feature.RULE_SETS):
        assert not registry.capabilities.has(feature)
    with pytest.raises(errors.Unsupported):
        await registry.contexts()
    with pytest.raises(errors.Unsupported):
        await registry.fetch_by_id(1, ".other")


@pytest.mark.parametrize("body", [{}, {"scope": {}}, {"scope": {"clusters": {}}}, {"scope": None}, []])
async def test_a_cluster_id_may_be_missing(connect: Opening, body: object) -> None:
    router = respx.Router()
    router.get(path="/v1/metadata/id").respond(json=body)
    router.get(path="/v1/metadata/version").respond(200, text="<html>a proxy's page</html>")
    router.get(path="/contexts").respond(json=["."])
    router.get(path="/subjects").respond(json=[])
    registry = await connect("confluent", httpx.MockTransport(router.async_handler))
    ping = await registry.ping()
    assert (ping.version, ping.cluster_id) == (None, None)


async def test_a_ping_fails_where_a_probe_meets_trouble(connect: Opening) -> None:
    router = respx.Router()
    router.get(path="/subjects").respond(json=[])
    router.get(path="/v1/metadata/version").respond(500, json={"error_code": 50001, "message": "store"})
    registry = await connect("confluent", httpx.MockTransport(router.async_handler))
    with pytest.raises(errors.RegistryFault):
        await registry.ping()


@pytest.mark.parametrize("schema", [OWNED, GUARDED])
async def test_an_unknown_server_is_probed_before_metadata_is_sent(connect: Opening, schema: Schema) -> None:
    router = old_server()
    registry = await connect("confluent", httpx.MockTransport(router.async_handler), rule_sets=True)
    with pytest.raises(errors.Unsupported):
        await registry.register("s", schema)
    assert not [call for call in router.calls if call.request.method == "POST"]


async def test_a_schema_with_rules_is_not_found_where_none_are_kept(connect: Opening) -> None:
    registry = await connect("confluent", DialectFake(CONFLUENT_8))
    await registry.register("s", SCHEMA)
    assert await registry.lookup("s", GUARDED) is None
    with pytest.raises(errors.SubjectNotFound):
        await registry.lookup("nobody", GUARDED)


@pytest.mark.parametrize("schema", [OWNED, GUARDED])
async def test_a_loss_is_told_even_when_it_was_not_foreseen(connect: Opening, schema: Schema) -> None:
    fake = DialectFake(replace(CONFLUENT_8, metadata="dropped"))
    registry = await connect("confluent", fake, rule_sets=True)
    with pytest.raises(errors.RegistryFault, match="dropped"):
        await registry.register("s", schema)


async def test_rule_sets_in_settings_are_refused_too(connect: Opening) -> None:
    fake = DialectFake(CONFLUENT_8)
    registry = await connect("confluent", fake)
    with pytest.raises(errors.Unsupported):
        await registry.set_config("s", {"defaultRuleSet": {"domainRules": []}})
    await registry.set_config("s", {"defaultRuleSet": None})
    await registry.set_config("s", {"defaultMetadata": {"properties": {"a": "b"}}})
    assert await registry.config("s") == {
        "compatibilityLevel": "BACKWARD",
        "defaultMetadata": {"properties": {"a": "b"}},
    }
    await registry.set_config("s", {})
    assert "defaultMetadata" in (await registry.config("s") or {})
    assert await registry.config("t") is None
    await registry.set_config("t", {})
    assert await registry.config("t") == {"compatibilityLevel": "BACKWARD"}


async def test_the_global_settings(connect: Opening) -> None:
    fake = DialectFake(CONFLUENT_8)
    registry = await connect("confluent", fake)
    await registry.set_config(None, {"compatibilityLevel": "full"})
    assert json.loads(fake.requests[-1].body) == {"compatibility": "FULL"}
    assert (await registry.config(None))["compatibilityLevel"] == "FULL"
    await registry.set_config(None, {"compatibilityLevel": None})
    assert (await registry.config(None))["compatibilityLevel"] == "BACKWARD"
    await registry.clear_config(None)
    with pytest.raises(errors.Refused, match="Invalid compatibility level"):
        await registry.set_config(None, {"compatibilityLevel": "SIDEWAYS"})


async def test_the_global_mode(connect: Opening) -> None:
    registry = await connect("confluent", DialectFake(CONFLUENT_8))
    await registry.set_mode(None, "READONLY")
    assert await registry.mode(None) == "READONLY"
    await registry.set_mode(None, None)
    assert await registry.mode(None) == "READWRITE"
    with pytest.raises(errors.NotPermitted, match="Invalid mode"):
        await registry.set_mode(None, "SIDEWAYS")
    older = await connect("confluent", DialectFake(CONFLUENT_7))
    with pytest.raises(errors.Unsupported, match="global mode"):
        await older.set_mode(None, None)


async def test_entering_import_mode_may_need_force(connect: Opening) -> None:
    registry = await connect("confluent", DialectFake(CONFLUENT_8))
    await registry.register("s", SCHEMA)
    with pytest.raises(errors.NotPermitted):
        await registry.set_mode("s", "IMPORT")
    await registry.set_mode("s", "IMPORT", force=True)
    await registry.register("s", sample(Format.AVRO), native_id=70, version=7)
    with pytest.raises(errors.IdTaken) as taken:
        await registry.register("s", sample(Format.AVRO, 1), native_id=70)
    assert (taken.value.native_id, taken.value.context) == (70, ".")
    with pytest.raises(errors.NotPermitted):
        await registry.register("s", sample(Format.AVRO, 2))


async def test_a_renumbered_import_is_told(connect: Opening) -> None:
    router = old_server()
    router.post(path="/subjects/s/versions").respond(json={"id": 3})
    registry = await connect("confluent", httpx.MockTransport(router.async_handler))
    with pytest.raises(errors.Garbled, match="Asked for id 777"):
        await registry.register("s", SCHEMA, native_id=777)


async def test_the_judged_number_alone_is_not_sent(connect: Opening) -> None:
    fake = DialectFake(CONFLUENT_7)
    registry = await connect("confluent", fake)
    assert (await registry.register("s", SCHEMA, version=9)).version == 1
    sent = next(request for request in fake.requests if request.method == "POST")
    assert json.loads(sent.body) == {"schema": '"string"', "schemaType": "AVRO"}


async def test_types_and_names_go_over_the_wire_as_the_dialect_wants(connect: Opening) -> None:
    fake = DialectFake(CONFLUENT_8)
    registry = await connect("confluent", fake)
    await registry.register("a/b+c;d", sample(Format.JSON_SCHEMA))
    assert json.loads(fake.requests[-1].body)["schemaType"] == "JSON"
    assert fake.requests[-1].raw_path == "/subjects/a%2Fb%2Bc%3Bd/versions"


async def test_an_answer_from_another_context_is_absence(connect: Opening) -> None:
    registry = await connect("confluent", DialectFake(CONFLUENT_8))
    await registry.register(":.other:s", SCHEMA)
    with pytest.raises(errors.SubjectNotFound):
        await registry.fetch("s", 1)
    with pytest.raises(errors.SubjectNotFound):
        await registry.lookup("s", SCHEMA)
    await registry.register("s", sample(Format.AVRO))
    assert await registry.lookup("s", SCHEMA) is None


@pytest.mark.parametrize("listed", [[":.:"], [".", ".b", ".a"], ["."]])
async def test_contexts_in_any_spelling(connect: Opening, listed: list[str]) -> None:
    router = respx.Router()
    router.get(path="/contexts").respond(json=listed)
    registry = await connect("confluent", httpx.MockTransport(router.async_handler))
    assert await registry.contexts() == sorted({name.strip(":") for name in listed})


async def test_ids_count_per_context(connect: Opening) -> None:
    registry = await connect("confluent", DialectFake(CONFLUENT_8))
    here = await registry.register("s", SCHEMA)
    there = await registry.register(":.other:s", sample(Format.AVRO))
    assert (here.native_id, there.native_id) == (1, 1)
    assert (await registry.fetch_by_id(1)).text == SCHEMA.text
    assert (await registry.fetch_by_id(1, ".other")).text == there.schema.text
    assert await registry.usages(1, ".other") == [(":.other:s", 1)]


async def test_a_version_that_vanishes_during_a_registration_is_a_conflict(connect: Opening) -> None:
    router = respx.Router()
    router.post(path="/subjects/s/versions").respond(json={"id": 3})
    router.post(path="/subjects/s").respond(404, json={"error_code": 40401, "message": "gone"})
    registry = await connect("confluent", httpx.MockTransport(router.async_handler))
    with pytest.raises(errors.WriteConflict):
        await registry.register("s", SCHEMA)
    router.post(path="/subjects/s").respond(404, json={"error_code": 40403, "message": "gone"})
    router.get(path="/schemas/ids/3/versions").respond(json=[{"subject": "other", "version": 1}])
    with pytest.raises(errors.WriteConflict):
        await registry.register("s", SCHEMA)


async def test_a_version_that_lookup_misses_is_found_by_its_id(connect: Opening) -> None:
    router = respx.Router()
    router.post(path="/subjects/s/versions").respond(json={"id": 3})
    router.post(path="/subjects/s").respond(404, json={"error_code": 40403, "message": "none"})
    router.get(path="/schemas/ids/3/versions").respond(json=[{"subject": "s", "version": 4}])
    body = {"subject": "s", "version": 4, "id": 3, "schema": '"string"', "ts": 1_700_000_000_000}
    router.get(path="/subjects/s/versions/4").respond(json=body)
    registry = await connect("confluent", httpx.MockTransport(router.async_handler))
    stored = await registry.register("s", SCHEMA)
    assert (stored.version, stored.native_id, stored.created_ms) == (4, 3, 1_700_000_000_000)


async def test_a_read_that_fails_after_the_write_says_that_it_landed(connect: Opening) -> None:
    router = respx.Router()
    router.post(path="/subjects/s/versions").respond(json={"id": 3})
    router.post(path="/subjects/s").mock(side_effect=httpx.ConnectError("refused"))
    registry = await connect("confluent", httpx.MockTransport(router.async_handler))
    with pytest.raises(errors.Unreachable) as raised:
        await registry.register("s", SCHEMA)
    assert raised.value.sent


async def test_an_empty_list_of_versions_is_an_absent_subject(connect: Opening) -> None:
    registry = await connect("confluent", httpx.MockTransport(lambda request: httpx.Response(200, json=[])))
    with pytest.raises(errors.SubjectNotFound):
        await registry.versions("s")


@pytest.mark.parametrize(("code", "profile"), [(409, CONFLUENT_7), (40901, CONFLUENT_8)])
async def test_the_registrys_own_verdict(connect: Opening, code: int, profile: object) -> None:
    fake = DialectFake(CONFLUENT_7 if code == 409 else CONFLUENT_8)
    registry = await connect("confluent", fake)
    await registry.register("s", SCHEMA)
    fake.judge = lambda candidate, history, level: [f"{level} over {len(history)}"]
    with pytest.raises(errors.Incompatible) as refused:
        await registry.register("s", sample(Format.AVRO))
    assert refused.value.messages == ("BACKWARD over 1",)
    verdict = await registry.check("s", sample(Format.AVRO))
    assert (verdict.compatible, verdict.messages) == (False, ("BACKWARD over 1",))
    assert (await registry.check("nobody", SCHEMA)).compatible
    with pytest.raises(errors.VersionNotFound):
        await registry.check("s", SCHEMA, 0)


async def test_a_verdict_must_be_one(connect: Opening) -> None:
    registry = await connect("confluent", httpx.MockTransport(lambda request: httpx.Response(200, json={})))
    with pytest.raises(errors.Garbled):
        await registry.check("s", SCHEMA, 1)


async def test_an_alias_is_followed_by_the_registry(connect: Opening) -> None:
    body = {"subject": "real", "version": 1, "id": 1, "schema": '"string"'}
    registry = await connect("confluent", httpx.MockTransport(lambda request: httpx.Response(200, json=body)))
    assert (await registry.fetch("alias")).subject == "real"
