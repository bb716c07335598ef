"""What is special about the type `apicurio`."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from decapolis_formats import Format, Metadata, Reference, Rule, RuleSet, Schema
from decapolis_translators import errors
from decapolis_translators.apicurio import ApicurioConfig, ApicurioRegistry
from decapolis_translators.contract import Feature
from decapolis_translators.testing.fakes.apicurio import ApicurioFake
from decapolis_translators.testing.samples import referring, sample

from .conftest import Connecting

SCHEMA = Schema(Format.AVRO, '"string"')
OWNED = replace(SCHEMA, metadata=Metadata(properties={"owner": "bob", "ü k": ""}, tags={"**.f": ("PII",)}))
CORE = "/apis/registry/v3"


@pytest.fixture
def fake() -> ApicurioFake:
    return ApicurioFake()


class OtherTool:
    """Somebody who speaks to the server directly."""

    def __init__(self, fake: ApicurioFake) -> None:
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(app=fake), base_url="http://registry.test")

    async def put(
        self, artifact: str, text: str, kind: str = "AVRO", *, group: str = "default", **first: Any
    ) -> dict[str, Any]:
        references = first.pop("references", [])
        first["content"] = {"content": text, "contentType": "application/json", "references": references}
        body = {"artifactId": artifact, "artifactType": kind, "firstVersion": first}
        path = f"{CORE}/groups/{group}/artifacts?ifExists=CREATE_VERSION"
        answer = await self._http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()["version"]
        return made

    async def change(self, method: str, path: str, body: Any = None) -> int:
        return (await self._http.request(method, CORE + path, json=body)).status_code


@pytest.fixture
def tool(fake: ApicurioFake) -> OtherTool:
    return OtherTool(fake)


# --- what a ping finds


async def test_a_ping_tells_release_api_and_ids(connect_apicurio: Connecting, fake: ApicurioFake) -> None:
    ping = await (await connect_apicurio(fake)).ping()
    assert (ping.version, ping.cluster_id) == ("3.3.3", None)
    assert ping.facts == {"api": "v3", "ids": "content", "group": "default"}
    older = await (await connect_apicurio(ApicurioFake(older=True))).ping()
    assert (older.version, older.facts["api"]) == ("2.6.13.Final", "v2")


async def test_legacy_ids_are_found_out_without_an_administrator(connect_apicurio: Connecting) -> None:
    fake = ApicurioFake(global_ids=True)
    fake.administrator = False
    registry = await connect_apicurio(fake)
    first = await registry.register("s", SCHEMA)
    second = await registry.register("s", sample(Format.AVRO))
    assert await registry.ping()
    assert registry.capabilities.has(Feature.METADATA), "one version has shown which ids the face gives out"
    version = next(each for each in fake.state.all_versions() if each.order == second.version)
    assert (await registry.fetch("s", 2)).native_id == version.global_id != version.content_id
    assert (await registry.fetch_by_id(version.global_id)).text == second.schema.text
    assert first.version == 1


async def test_configured_ids_are_not_asked_for(connect_apicurio: Connecting, fake: ApicurioFake) -> None:
    registry = await connect_apicurio(fake, ids="global", api="v3")
    await registry.ping()
    await registry.register("s", SCHEMA)
    assert not [request for request in fake.requests if "config/properties" in request.raw_path]


# --- the calls it takes


async def test_operations_take_as_few_calls_as_they_can(connect_apicurio: Connecting, fake: ApicurioFake) -> None:
    registry = await connect_apicurio(fake)
    await registry.ping()

    async def calls(asking: Awaitable[Any]) -> int:
        before = sum(fake.calls.values())
        await asking
        return sum(fake.calls.values()) - before

    taken: Counter[str] = Counter()
    taken["register a new subject"] = await calls(registry.register("s", sample(Format.AVRO, 0)))
    taken["register a new version"] = await calls(registry.register("s", sample(Format.AVRO, 1)))
    taken["register the same again"] = await calls(registry.register("s", sample(Format.AVRO, 1)))
    taken["lookup"] = await calls(registry.lookup("s", sample(Format.AVRO, 0)))
    newest = (await registry.fetch("s")).native_id
    taken["fetch"] = await calls(registry.fetch("s"))
    taken["fetch by id"] = await calls(registry.fetch_by_id(newest))
    taken["versions"] = await calls(registry.versions("s"))
    taken["level"] = await calls(registry.config("s"))
    taken["soft delete"] = await calls(registry.delete("s"))
    taken["permanent delete"] = await calls(registry.delete("s", permanent=True))
    assert dict(taken) == {
        "register a new subject": 4,
        "register a new version": 3,
        "register the same again": 2,
        "lookup": 2,
        "fetch": 3,
        "fetch by id": 3,
        "versions": 1,
        "level": 1,
        "soft delete": 2,
        "permanent delete": 2,
    }


async def test_a_thousand_subjects_are_listed_in_a_few_calls(connect_apicurio: Connecting, fake: ApicurioFake) -> None:
    from decapolis_translators.testing.fakes.apicurio_state import Text

    for number in range(2_500):
        fake.state.create("default", f"s{number:04}", "AVRO", Text('"int"'))
    registry = await connect_apicurio(fake, api="v3")
    names = await registry.subjects()
    assert (len(names), names) == (2_500, sorted(names))
    assert sum(fake.calls.values()) == 3


# --- what other tools have put there


async def test_names_of_versions_do_not_matter_their_order_does(
    connect_apicurio: Connecting, fake: ApicurioFake, tool: OtherTool
) -> None:
    registry = await connect_apicurio(fake)
    for variant, name in enumerate(("1.0.0", "beta", None, "10")):
        await tool.put("s", sample(Format.AVRO, variant).text, **({"version": name} if name else {}))
    assert await registry.versions("s") == [1, 2, 3, 4]
    assert (await registry.fetch("s", 4)).schema.text == sample(Format.AVRO, 3).text
    assert (await registry.register("s", sample(Format.AVRO, 1))).version == 2
    assert (await registry.register("s", sample(Format.AVRO, 4))).version == 5
    assert await registry.delete("s", 2) == [2]
    assert await registry.delete("s", 2, permanent=True) == [2]
    assert await registry.versions("s") == [1, 3, 4, 5]


async def test_a_taken_name_is_avoided(connect_apicurio: Connecting, fake: ApicurioFake, tool: OtherTool) -> None:
    registry = await connect_apicurio(fake)
    await tool.put("s", '"int"', version="2")
    assert (await registry.register("s", SCHEMA)).version == 2
    assert await registry.versions("s") == [1, 2]
    assert (await registry.fetch("s", 2)).schema == SCHEMA


async def test_other_types_and_drafts_are_not_there(
    connect_apicurio: Connecting, fake: ApicurioFake, tool: OtherTool
) -> None:
    registry = await connect_apicurio(fake)
    await tool.put("graph", "type Query {}", "GRAPHQL")
    await tool.put("draft", '"int"', isDraft=True)
    await tool.put(":.looks:qualified", '"int"')
    await tool.put("api", "openapi: 3.0.0\n", "OPENAPI")
    assert await registry.subjects(deleted=True) == ["api"]
    for name in ("graph", "draft"):
        with pytest.raises(errors.SubjectNotFound):
            await registry.versions(name)
        with pytest.raises(errors.SubjectNotFound):
            await registry.delete(name, permanent=True)
    assert (await registry.fetch("api")).schema == Schema(Format.OPENAPI, "openapi: 3.0.0\n")
    with pytest.raises(errors.SchemaNotFound):
        await registry.fetch_by_id((await tool.put("graph2", "type Other {}", "GRAPHQL"))["contentId"])


async def test_deprecated_versions_live(connect_apicurio: Connecting, fake: ApicurioFake, tool: OtherTool) -> None:
    registry = await connect_apicurio(fake)
    await tool.put("s", '"int"')
    assert await tool.change("PUT", "/groups/default/artifacts/s/versions/1/state", {"state": "DEPRECATED"}) == 204
    assert await registry.subjects() == ["s"]
    assert not (await registry.fetch("s")).deleted


async def test_an_emptied_artifact_is_no_subject_and_keeps_its_type(
    connect_apicurio: Connecting, fake: ApicurioFake
) -> None:
    registry = await connect_apicurio(fake)
    await registry.register("s", SCHEMA)
    await registry.delete("s", 1)
    assert await registry.delete("s", 1, permanent=True) == [1]
    assert await registry.subjects(deleted=True) == []
    with pytest.raises(errors.SubjectNotFound):
        await registry.fetch("s")
    with pytest.raises(errors.SchemaRefused, match="of type AVRO"):
        await registry.register("s", sample(Format.JSON_SCHEMA))
    assert (await registry.register("s", SCHEMA)).version == 1


async def test_a_subject_keeps_its_format(connect_apicurio: Connecting, fake: ApicurioFake) -> None:
    registry = await connect_apicurio(fake)
    await registry.register("s", SCHEMA)
    with pytest.raises(errors.SchemaRefused, match="takes no JSON version"):
        await registry.register("s", sample(Format.JSON_SCHEMA))


async def test_labels_of_others_are_no_part_of_a_schema(
    connect_apicurio: Connecting, fake: ApicurioFake, tool: OtherTool
) -> None:
    registry = await connect_apicurio(fake, ids="global")
    await tool.put("s", SCHEMA.text, labels={"team": "red"})
    assert (await registry.fetch("s")).schema == SCHEMA
    assert (await registry.register("s", SCHEMA)).version == 1


async def test_a_reference_into_another_group_cannot_be_mistaken(
    connect_apicurio: Connecting, fake: ApicurioFake, tool: OtherTool
) -> None:
    await tool.put("base", '"int"', group="far")
    far = {"groupId": "far", "artifactId": "base", "version": "1", "name": "Base"}
    await tool.put("s", '"Base"', references=[far])
    registry = await connect_apicurio(fake)
    assert (await registry.fetch("s")).schema.references == (Reference("Base", "far%2Fbase", 1),)


async def test_a_reference_to_a_named_version_gets_its_number(
    connect_apicurio: Connecting, fake: ApicurioFake, tool: OtherTool
) -> None:
    await tool.put("base", '"int"', version="one")
    await tool.put("base", '"long"', version="two")
    near = {"groupId": "default", "artifactId": "base", "version": "two", "name": "Base"}
    await tool.put("s", '"Base"', references=[near])
    registry = await connect_apicurio(fake)
    found = (await registry.fetch("s")).schema
    assert found.references == (Reference("Base", "base", 2),)
    assert (await registry.register("s", found)).version == 1


async def test_groups_are_kept_apart(connect_apicurio: Connecting, fake: ApicurioFake) -> None:
    here, there = await connect_apicurio(fake), await connect_apicurio(fake, group="team a/b")
    stored = await here.register("s", SCHEMA)
    await there.register("other", sample(Format.AVRO))
    assert (await here.subjects(), await there.subjects()) == (["s"], ["other"])
    assert (await there.register("s", SCHEMA)).native_id == stored.native_id, "equal texts share an id everywhere"
    assert await here.usages(stored.native_id) == [("s", 1)]
    assert any(each.raw_path.startswith(f"{CORE}/groups/team%20a%2Fb/") for each in fake.requests)


# --- writing


async def test_two_writers_at_once_are_a_conflict(connect_apicurio: Connecting, fake: ApicurioFake) -> None:
    one, other = await connect_apicurio(fake), await connect_apicurio(fake)
    await one.register("s", sample(Format.AVRO, 0))
    outcomes = await asyncio.gather(
        *(each.register("s", sample(Format.AVRO, n)) for n, each in enumerate((one, other), 1)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["StoredVersion", "WriteConflict"]
    assert await one.versions("s") == [1, 2]


async def test_the_judged_number_is_compared(connect_apicurio: Connecting, fake: ApicurioFake) -> None:
    registry = await connect_apicurio(fake)
    assert (await registry.register("s", SCHEMA, version=1)).version == 1
    writes = fake.writes
    with pytest.raises(errors.WriteConflict):
        await registry.register("s", sample(Format.AVRO), version=4)
    assert fake.writes == writes
    assert (await registry.register("s", SCHEMA, version=4)).version == 1, "what is there already needs no number"


async def test_a_soft_deleted_text_comes_back_as_a_new_version(
    connect_apicurio: Connecting, fake: ApicurioFake
) -> None:
    registry = await connect_apicurio(fake)
    first = await registry.register("s", SCHEMA)
    await registry.delete("s")
    again = await registry.register("s", SCHEMA)
    assert (again.version, again.native_id) == (2, first.native_id)


async def test_what_the_server_would_store_unread_is_refused(connect_apicurio: Connecting, fake: ApicurioFake) -> None:
    registry = await connect_apicurio(fake)
    for text in ("", "{", "syntax = 'proto3';"):
        with pytest.raises(errors.SchemaRefused):
            await registry.register("s", Schema(Format.AVRO, text))
    with pytest.raises(errors.SchemaRefused, match="nobody"):
        await registry.register("s", replace(SCHEMA, references=(Reference("N", "nobody", 1),)))
    with pytest.raises(errors.SchemaRefused):
        await registry.register("s", replace(SCHEMA, references=(Reference("N", "100%", 1),)))
    assert fake.writes == 0


@pytest.mark.parametrize("name", ["50%", "ü", "x" * 513, ".", "..", "tab\t", "__EMPTY", ""])
async def test_names_that_it_forbids_are_not_sent(connect_apicurio: Connecting, fake: ApicurioFake, name: str) -> None:
    registry = await connect_apicurio(fake, api="v3", ids="content")
    with pytest.raises(errors.SubjectRefused):
        await registry.register(name, SCHEMA)
    assert not fake.requests


async def test_metadata_needs_an_id_for_every_version(connect_apicurio: Connecting, fake: ApicurioFake) -> None:
    registry = await connect_apicurio(fake)
    with pytest.raises(errors.Unsupported, match="equal texts one id"):
        await registry.register("s", OWNED)
    assert fake.writes == 0
    older = await connect_apicurio(ApicurioFake(older=True, global_ids=True))
    with pytest.raises(errors.Unsupported, match="Version 2"):
        await older.register("s", OWNED)


async def test_metadata_and_rules_travel_in_labels(connect_apicurio: Connecting) -> None:
    fake = ApicurioFake(global_ids=True)
    registry = await connect_apicurio(fake)
    guarded = replace(OWNED, rule_set=RuleSet(domain_rules=(Rule(name="r", type="ENCRYPT", tags=("PII",)),)))
    for number, schema in enumerate((SCHEMA, OWNED, guarded, replace(SCHEMA, metadata=Metadata())), 1):
        stored = await registry.register("s", schema)
        assert stored.version == number
        assert (await registry.fetch("s", number)).schema == schema
        assert (await registry.fetch_by_id(stored.native_id)) == schema
        assert await registry.lookup("s", schema) == stored
    labels = next(each.labels for each in fake.state.all_versions() if each.order == 2)
    assert labels["decapolis.property.owner"] == "bob"


async def test_lost_labels_are_told(connect_apicurio: Connecting, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = ApicurioFake(global_ids=True)
    registry = await connect_apicurio(fake)
    create = fake.state.create

    def forgetful(*given: Any, **more: Any) -> Any:
        return create(*given, **{**more, "labels": {}})

    monkeypatch.setattr(fake.state, "create", forgetful)
    with pytest.raises(errors.RegistryFault, match="dropped labels of version 1"):
        await registry.register("s", OWNED)


async def test_an_edited_label_is_garbled(connect_apicurio: Connecting, fake: ApicurioFake, tool: OtherTool) -> None:
    await tool.put("s", '"int"', labels={"decapolis.metadata": "owner: bob"})
    registry = await connect_apicurio(fake, ids="global")
    with pytest.raises(errors.Garbled, match="edited"):
        await registry.fetch("s")


# --- deletes


async def test_permanent_deletes_need_no_switch(
    connect_apicurio: Connecting, fake: ApicurioFake, tool: OtherTool
) -> None:
    registry = await connect_apicurio(fake)
    await registry.register("s", SCHEMA)
    assert await tool.change("DELETE", "/groups/default/artifacts/s") == 405
    assert await registry.delete("s") == [1]
    assert await registry.delete("s", permanent=True) == [1]


async def test_a_whole_delete_names_only_what_it_deleted(connect_apicurio: Connecting, fake: ApicurioFake) -> None:
    registry = await connect_apicurio(fake)
    for variant in range(3):
        await registry.register("s", sample(Format.AVRO, variant))
    await registry.delete("s", 2)
    assert await registry.delete("s") == [1, 3]
    assert await registry.delete("s", permanent=True) == [1, 2, 3]


async def test_the_referred_version_is_named(connect_apicurio: Connecting, fake: ApicurioFake) -> None:
    registry = await connect_apicurio(fake)
    for variant in range(3):
        await registry.register("base", sample(Format.AVRO, variant))
    await registry.register("use", referring(Format.AVRO, "base", 2))
    with pytest.raises(errors.ReferenceExists) as refused:
        await registry.delete("base")
    assert refused.value.version == 2
    assert await registry.referrers("base", 1) == []
    await registry.delete("use")
    assert await registry.referrers("base", 2) == []
    assert len(await registry.referrers("base", 2, deleted=True)) == 1


# --- levels and verdicts


async def test_levels_are_rules(connect_apicurio: Connecting, fake: ApicurioFake, tool: OtherTool) -> None:
    registry = await connect_apicurio(fake)
    assert await registry.config(None) == {"compatibilityLevel": "NONE"}
    await registry.set_config(None, {"compatibilityLevel": "full"})
    assert await registry.config(None) == {"compatibilityLevel": "FULL"}
    with pytest.raises(errors.Refused, match="Invalid compatibility level"):
        await registry.set_config(None, {"compatibilityLevel": "SIDEWAYS"})
    await registry.set_config(None, {"compatibilityLevel": None})
    await registry.set_config(None, {"compatibilityLevel": None})
    await registry.set_config(None, {})
    with pytest.raises(errors.ConfigNotFound):
        await registry.clear_config(None)
    with pytest.raises(errors.SubjectNotFound):
        await registry.set_config("nobody", {"compatibilityLevel": "FULL"})
    with pytest.raises(errors.ConfigNotFound):
        await registry.clear_config("nobody")


async def test_a_groups_own_rule_hides_the_global_one(
    connect_apicurio: Connecting, fake: ApicurioFake, tool: OtherTool
) -> None:
    registry = await connect_apicurio(fake, group="red")
    await registry.set_config(None, {"compatibilityLevel": "FULL"})
    await registry.register("s", SCHEMA)
    rule = {"ruleType": "COMPATIBILITY", "config": "BACKWARD"}
    assert await tool.change("POST", "/groups/red/rules", rule) == 204
    assert await registry.config(None) == {"compatibilityLevel": "BACKWARD"}
    with pytest.raises(errors.NotPermitted, match="group 'red'"):
        await registry.set_config(None, {"compatibilityLevel": "NONE"})


@pytest.mark.parametrize("older", [False, True])
async def test_its_own_verdict(connect_apicurio: Connecting, older: bool) -> None:
    fake = ApicurioFake(older=older)
    registry = await connect_apicurio(fake)
    fake.judge = lambda candidate, history, level: ["field b"] if "f2" in candidate.text else []
    await registry.register("s", sample(Format.AVRO, 0))
    assert (await registry.check("s", sample(Format.AVRO, 2))).compatible, "without a rule nothing is judged"
    await registry.set_config("s", {"compatibilityLevel": "BACKWARD"})
    verdict = await registry.check("s", sample(Format.AVRO, 2))
    assert not verdict.compatible
    assert verdict.messages
    assert not (await registry.check("s", sample(Format.AVRO, 2), 1)).compatible
    with pytest.raises(errors.Incompatible):
        await registry.register("s", sample(Format.AVRO, 2))
    assert await registry.versions("s") == [1]


# --- configuration and the page


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "url"),
        ({"url": "http://h", "auth": {"type": "kerberos"}}, "kerberos"),
        ({"url": "http://h", "auth": {"type": "basic", "username": "bob"}}, "password"),
        ({"url": "http://h", "auth": {"type": "oidc", "client_id": "c"}}, "client_secret"),
        ({"url": "http://h", "group": ""}, "group"),
        ({"url": "http://h", "group": "a\nb"}, "group"),
        ({"url": "http://h", "ids": "guid"}, "ids"),
        ({"url": "http://h", "username": "s3cret"}, "username"),
    ],
)
def test_a_wrong_configuration_is_refused_without_its_secrets(config: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as refused:
        ApicurioConfig.model_validate(config)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("face", ["", "/", "/apis", "/apis/registry/v3", "/apis/registry/v2/", "/apis/ccompat/v7"])
def test_the_address_of_any_face_will_do(face: str) -> None:
    config = ApicurioConfig.model_validate({"url": f"https://a.test/base{face}, https://b.test{face}"})
    assert config.url == ("https://a.test/base", "https://b.test")
    assert ApicurioConfig.model_validate({"url": [f"http://a.test{face}"]}).url == ("http://a.test",)


def test_the_page_names_keys_features_and_calls() -> None:
    page = (Path(__file__).parents[2] / "docs" / "registries" / "apicurio.md").read_text()
    for key in ApicurioConfig.model_fields:
        assert f"`{key}`" in page
    for feature in (*ApicurioRegistry.declared.missing, Feature.METADATA, Feature.METADATA_TAGS, Feature.RULE_SETS):
        assert f"`{feature}`" in page


async def test_declared_formats(connect_apicurio: Connecting, fake: ApicurioFake) -> None:
    registry = await connect_apicurio(fake)
    assert {each.schema_type for each in registry.capabilities.formats} == {
        "AVRO",
        "JSON",
        "PROTOBUF",
        "OPENAPI",
        "ASYNCAPI",
    }
    with pytest.raises(errors.Unsupported, match="parquet"):
        await registry.register("s", Schema(Format.PARQUET, "{}"))
    assert json.loads((await registry.register("a", sample(Format.ASYNCAPI))).schema.text)
