"""From each format to each other one and back: what differs then was told, by random schemas."""

from __future__ import annotations

import json
import re
from itertools import permutations

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from decapolis_formats import Format, InvalidSchema
from decapolis_formats.extras import MissingLibrary, library
from decapolis_formats.fitting import fitted
from decapolis_formats.options import Dialect, Naming, Options
from decapolis_formats.rules import rules
from decapolis_formats.structural import compare
from decapolis_formats.transform import print_model, printer_of, read_model, supported, transform
from decapolis_formats.types import Integer, Model, Struct

from .type_models import models

PAIRS = list(permutations(Format, 2))
USER = json.dumps(
    {
        "type": "record",
        "name": "User",
        "namespace": "com.acme",
        "fields": [
            {"name": "userId", "type": "long"},
            {
                "name": "homeAddress",
                "type": {"type": "record", "name": "Address", "fields": [{"name": "zipCode", "type": "string"}]},
            },
        ],
    }
)


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=str)
@given(model=models())
@settings(
    max_examples=6, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
def test_what_differs_there_and_back_was_told(source: Format, target: Format, model: Model) -> None:
    text = print_model(model, source).text
    before = read_model(text, source).model
    there = transform(text, source, target)
    back = transform(there.text, target, source)
    after = read_model(back.text, source).model
    if not there.losses and not back.losses:
        assert after == before
    told = " ".join(f"{loss.path} {loss.what} {loss.why}" for loss in (*there.losses, *back.losses))
    for finding in compare(before, after):
        assert re.split(r"[.\[{]", finding.path)[0] in told, finding


@pytest.mark.parametrize("target", Format)
def test_avro_comes_back_from_where_nothing_was_lost(target: Format) -> None:
    fields = '{"name":"a","type":"long"},{"name":"b","type":["null","string"],"default":null}'
    plain = f'{{"type":"record","name":"R","fields":[{fields}]}}'
    there = transform(plain, Format.AVRO, target)
    assert {loss.what for loss in there.losses if not loss.guessed} <= {"the name R"}
    assert transform(there.text, target, Format.AVRO, Options(name="R")).text == plain


def test_every_pair_is_supported_and_has_rules() -> None:
    for source, target in PAIRS:
        assert supported(source, target).supported
        table = rules(source, target)
        assert len(table) > 15
        assert all(rule.lossy == bool(rule.losses) for rule in table)


def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyiceberg.schema", None)
    verdict = supported(Format.AVRO, Format.ICEBERG)
    assert not verdict.supported
    assert "decapolis[transform]" in verdict.reason
    with pytest.raises(MissingLibrary, match="pyiceberg"):
        transform(USER, Format.AVRO, Format.ICEBERG)
    with pytest.raises(MissingLibrary):
        library("no.such.library", "SQL")


def test_rules_are_what_transform_does() -> None:
    table = {rule.what: rule for rule in rules(Format.AVRO, Format.ICEBERG)}
    assert (table["enum"].target, table["enum"].lossy) == ("string", True)
    assert (table["int64"].source, table["int64"].target, table["int64"].lossy) == ("long", "long", False)
    assert table["a default"].lossy


def test_fields_are_renamed_by_name_and_by_path() -> None:
    options = Options(field_mappings={"userId": "account_id", "homeAddress.zipCode": "zip"}, naming=Naming.SNAKE)
    model = read_model(transform(USER, Format.AVRO, Format.AVRO, options).text, Format.AVRO).model
    root = model.meaning(model.root)
    assert isinstance(root, Struct)
    assert [field.name for field in root.fields] == ["account_id", "home_address"]
    inner = model.meaning(root.fields[1].type)
    assert isinstance(inner, Struct)
    assert inner.fields[0].name == "zip"


def test_a_mapping_of_no_field_is_refused() -> None:
    with pytest.raises(InvalidSchema, match="no field missing"):
        transform(USER, Format.AVRO, Format.AVRO, Options(field_mappings={"missing": "x"}))


@pytest.mark.parametrize(
    ("name", "snake", "camel"),
    [
        ("userId", "user_id", "userId"),
        ("HTTPStatus_code", "http_status_code", "httpStatusCode"),
        ("__", "__", "__"),
        ("a-b c", "a_b_c", "aBC"),
    ],
)
def test_naming(name: str, snake: str, camel: str) -> None:
    source = f'{{"type": "object", "properties": {{"{name}": {{"type": "string"}}}}}}'
    for naming, expected in ((Naming.SNAKE, snake), (Naming.CAMEL, camel)):
        found = json.loads(transform(source, Format.JSON_SCHEMA, Format.JSON_SCHEMA, Options(naming=naming)).text)
        assert list(found["properties"]) == [expected]


def test_renaming_a_field_of_a_struct_with_a_default_tells_that_the_default_is_lost() -> None:
    source = """{"type": "record", "name": "R", "fields": [{"name": "a", "default": {"b": 1}, "type":
        {"type": "record", "name": "S", "fields": [{"name": "b", "type": ["int", "R"]}]}}]}"""
    found = transform(source, Format.AVRO, Format.AVRO, Options(field_mappings={"b": "c"}))
    assert [loss.what for loss in found.losses] == ["the default"]


def test_the_root_gets_its_name() -> None:
    named = transform(USER, Format.AVRO, Format.AVRO, Options(name="Person", namespace="org"))
    assert '"name":"Person","namespace":"org"' in named.text
    clash = transform(USER, Format.AVRO, Format.AVRO, Options(name="Address"))
    assert '"name":"Address"' in clash.text
    assert '"name":"Address_2"' in clash.text
    assert (
        "message Person {"
        in transform(
            '{"type":"struct","fields":[{"id":1,"name":"a","type":"int","required":true}]}',
            Format.ICEBERG,
            Format.PARQUET,
            Options(name="Person"),
        ).text
    )


def test_a_table_is_not_named_by_a_namespace_unless_it_is_wished() -> None:
    assert 'CREATE TABLE "User"' in transform(USER, Format.AVRO, Format.SQL_DDL).text
    assert (
        'CREATE TABLE "sales"."User"' in transform(USER, Format.AVRO, Format.SQL_DDL, Options(namespace="sales")).text
    )


@pytest.mark.parametrize("dialect", Dialect)
def test_a_root_that_is_no_struct_is_a_field(dialect: Dialect) -> None:
    found = transform('"int"', Format.AVRO, Format.SQL_DDL, Options(dialect=dialect))
    assert "value" in found.text
    assert any(loss.guessed for loss in found.losses)


def test_what_holds_nothing_of_a_kind_still_has_a_nearest() -> None:
    for format in Format:
        fits, losses = fitted(Model(Integer(8, signed=False)), printer_of(format).holds(Options()))
        assert fits
        assert losses or format in (Format.JSON_SCHEMA, Format.OPENAPI, Format.ASYNCAPI)
