"""Inline tags are read and edited by the names of records and fields."""

from __future__ import annotations

import pytest

from decapolis_formats import Dependency, InvalidSchema, avro

USER = (
    '{"type":"record","name":"User","namespace":"com.x","fields":['
    '{"name":"ssn","type":"string","confluent:tags":["PII","PII","A"],"x":1},'
    '{"name":"homes","type":{"type":"array","items":{"type":"map","values":'
    '["null",{"type":"record","name":"Home","fields":[{"name":"zip","type":"int"},{"name":"user","type":"User"}]}]'
    '}}}],"confluent:tags":["R"]}'
)


def test_tags_by_path() -> None:
    assert avro.inline_tags(avro.parse(USER)) == {"com.x.User": ("R",), "com.x.User.ssn": ("PII", "A")}


def test_tags_that_are_no_list_are_none() -> None:
    assert avro.inline_tags(avro.parse(USER.replace('["R"]', '"R"'))) == {"com.x.User.ssn": ("PII", "A")}


def test_tags_are_added_and_removed() -> None:
    schema = avro.parse(USER)
    before = avro.canonical(schema)
    text = avro.tagged(
        schema,
        {("com.x.User.ssn", "sr_field"): ["B", "PII"], ("com.x.Home.zip", "sr_field"): ["Z"]},
        {("com.x.User.ssn", "sr_field"): ["A"], ("com.x.User", "sr_record"): ["R", "no such"]},
    )
    assert avro.inline_tags(avro.parse(text)) == {"com.x.User.ssn": ("PII", "B"), "com.x.Home.zip": ("Z",)}
    assert '"confluent:tags":["PII","B"],"x":1}' in text
    assert text.endswith("]}")
    assert avro.canonical(schema) == before
    assert avro.canonical(avro.parse(text)) == text


def test_removing_nothing_changes_nothing() -> None:
    schema = avro.parse(USER.replace('"PII","PII"', '"PII"'))
    assert avro.tagged(schema, {}, {("com.x.Home", "sr_record"): ["x"]}) == avro.canonical(schema)


@pytest.mark.parametrize(
    "entity", [("com.x.Nobody", "sr_record"), ("com.x.User", "sr_field"), ("com.x.User.ssn", "sr_record")]
)
def test_an_unknown_path_is_named(entity: tuple[str, str]) -> None:
    with pytest.raises(InvalidSchema, match=f"no {entity[1]} at the path '{entity[0]}'"):
        avro.tagged(avro.parse(USER), {entity: ["T"]}, {})


def test_types_of_references_are_read_but_not_edited() -> None:
    inner = Dependency("I", '{"type":"record","name":"I","fields":[{"name":"x","type":"int","confluent:tags":["T"]}]}')
    schema = avro.parse('{"type":"record","name":"R","fields":[{"name":"i","type":"I"}]}', [inner])
    assert avro.inline_tags(schema) == {"I.x": ("T",)}
    assert avro.tagged(schema, {("R.i", "sr_field"): ["U"]}, {}) == (
        '{"type":"record","name":"R","fields":[{"name":"i","type":"I","confluent:tags":["U"]}]}'
    )
    for entity in (("I.x", "sr_field"), ("I", "sr_record")):
        with pytest.raises(InvalidSchema):
            avro.tagged(schema, {entity: ["U"]}, {})
