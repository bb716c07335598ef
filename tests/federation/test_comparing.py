"""Comparing and transforming: across registries, formats, tables and texts at hand."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from decapolis_formats import Format
from decapolis_translators.testing.fakes import Loopback

from .conftest import Api, Apis, entry, record

Fakes = Callable[..., Loopback]
SUBJECTS = "/registries/embedded/subjects"


async def put(api: Api, registry: str, subject: str, text: object, format: str = "AVRO") -> None:
    body = {"schema_content": text if isinstance(text, str) else json.dumps(text), "schema_format": format}
    await api.post(f"/registries/{registry}/subjects/{subject}/versions", body, 201)


async def test_both_styles_answer_the_same(apis: Apis, fakes: Fakes) -> None:
    api = await apis(entry("main", fakes()), entry("side", fakes()), home="main")
    await put(api, "main", "users", record("a"))
    await put(api, "side", "people", record("a", "b"))
    query = {"registry1_id": "main", "subject1": "users", "registry2_id": "side", "subject2": "people"}
    got = await api.get("/schemas/compare", **query)
    schemas = {"schema1": {"registry": "main", "subject": "users"}, "schema2": {"registry": "side", "table": "people"}}
    assert await api.post("/schemas/compare", schemas) == got
    assert [(each["path"], each["change"], each["lossy"]) for each in got["differences"]] == [
        ("b", "only on the right", True)
    ]
    compatibility = got["compatibility"]
    assert compatibility["judged_by"] == "format"
    assert compatibility["left_reads_right"]["is_compatible"]
    assert not compatibility["right_reads_left"]["is_compatible"]
    assert not compatibility["is_compatible"]
    assert got["recommendations"]
    forward = await api.post("/schemas/compare", {**schemas, "level": "forward"})
    assert forward["compatibility"]["is_compatible"]


async def test_a_topic_against_a_table(api: Api) -> None:
    await put(
        api, "embedded", "orders-value", record("id", {"name": "note", "type": ["null", "string"], "default": None})
    )
    table = {"schema_content": "CREATE TABLE orders (id SMALLINT NOT NULL)", "schema_format": "sql_ddl"}
    body = {"schema1": {"registry": "embedded", "subject": "orders-value"}, "schema2": table}
    got = await api.post("/schemas/compare", body)
    found = {each["path"]: (each["change"], each["lossy"]) for each in got["differences"]}
    assert found["id"] == ("type", True)
    assert found["note"] == ("only on the left", True)
    assert got["compatibility"]["judged_by"] == "structure"
    assert not got["compatibility"]["right_reads_left"]["is_compatible"]
    assert any("Widen id" in each for each in got["recommendations"])
    assert any("Add note" in each for each in got["recommendations"])


async def test_what_cannot_be_compared_says_why(api: Api) -> None:
    text = {"schema_content": "{", "schema_format": "avro"}
    assert (await api.refused("POST", "/schemas/compare", {"schema1": text, "schema2": text}))[:2] == (
        400,
        "invalid-schema",
    )
    refused = await api.refused("POST", "/schemas/compare", {"schema1": {}, "schema2": text})
    assert refused[:2] == (400, "invalid-request")
    good = {"schema_content": '"string"', "schema_format": "avro"}
    refused = await api.refused("POST", "/schemas/compare", {"schema1": good, "schema2": good, "level": "SIDEWAYS"})
    assert refused == (400, "invalid-level", "Invalid compatibility mode: SIDEWAYS")


async def test_transformation_of_a_stored_schema_and_of_a_text(api: Api) -> None:
    await put(api, "embedded", "users-value", record("a", {"name": "s", "type": "string"}))
    stored = {"schema": {"registry": "embedded", "subject": "users-value"}, "target_format": "iceberg"}
    done = await api.post("/schemas/transform", stored)
    assert (done["source_format"], done["target_format"]) == ("avro", "iceberg")
    assert json.loads(done["schema_content"])["type"] == "struct"
    assert isinstance(done["losses"], list)
    literal = {
        "schema": json.dumps(record("a")),
        "source_format": "AVRO",
        "target_format": "sql_ddl",
        "options": {"field_mappings": {"a": "account_id"}, "dialect": "snowflake"},
    }
    done = await api.post("/schemas/transform", literal)
    assert "account_id" in done["schema_content"]
    assert "CREATE TABLE" in done["schema_content"]
    wrong = {**literal, "options": {"field_mappings": {"nope": "x"}}}
    assert (await api.refused("POST", "/schemas/transform", wrong))[0] == 400
    assert (await api.refused("POST", "/schemas/transform", {**literal, "target_format": "xml"}))[1] == "unknown-format"


@pytest.mark.parametrize("source", [each.value for each in Format])
async def test_every_pair_has_its_table(api: Api, source: str) -> None:
    for target in Format:
        rules = await api.get("/schemas/transform/rules", source=source, target=target.value)
        assert rules["supported"], rules
        assert len(rules["rules"]) > 10
        assert all(row["lossy"] == bool(row["losses"]) for row in rules["rules"])
    unknown = await api.get("/schemas/transform/rules", source=source, target="xml")
    assert not unknown["supported"]
    assert "sql_ddl" in unknown["reason"]
