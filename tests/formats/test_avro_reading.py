"""What is an Avro schema, for a new one and for one that is stored already (compatibility.md section 3.1)."""

from __future__ import annotations

import pytest

from decapolis_formats import Dependency, Format, InvalidSchema, avro


def accepted(text: str, *dependencies: Dependency, strict: bool) -> bool:
    try:
        avro.parse(text, dependencies, strict=strict)
    except InvalidSchema:
        return False
    return True


def record(*fields: str, name: str = "R", more: str = "") -> str:
    return f'{{"type":"record","name":"{name}",{more}"fields":[{",".join(fields)}]}}'


def field(type: str, more: str = "") -> str:
    return record(f'{{"name":"a","type":{type}{more}}}')


BOTH = [
    '"string"',
    '{"type":"string"}',
    '{"type":"record","name":"R","fields":[]}',
    '{"type":"enum","name":"E","symbols":[]}',
    "[]",
    '{"type":"error","name":"E","fields":[]}',
    field('{"type":"string"}'),
    field('"R"'),
    field('["null","R"]', ',"default":null'),
    field('"int"', ',"order":"Descending"'),
    field('["int","string"]', ',"default":"any branch"'),
    field('{"type":"enum","name":"E","symbols":["A"]}', ',"default":"no symbol"'),
    field('"double"', ',"default":" 1.5e3 "'),
    field('"float"', ',"default":"-Infinity"'),
    field('{"type":"array","items":"int"}', ',"default":[1]'),
    field('{"type":"map","values":{"type":"fixed","name":"F","size":1}}', ',"default":{"k":"x"}'),
    field(
        record('{"name":"x","type":"int","default":1}', '{"name":"y","type":"int"}', name="I"),
        ',"default":{"y":2}',
    ),
    field('"boolean"', ',"default":false'),
    '[{"type":"array","items":"R"},' + record(name="R") + "]",
    '{"type":"bytes","logicalType":"decimal","precision":2,"scale":7}',
    '{"type":"string","logicalType":"no such"}',
    '{"type":"fixed","name":"F","size":0}',
    '/* a */ { // b\n "type": /* "x" */ "int" }',
    '{"type":"long","type":"int"}',
    '{"type":"enum","name":"E","symbols":["A"],"default":7}',
    ' \n"int"\t\x00 ',
    '{"type":"record","name":"com.int","fields":[]}',
    '{"type":"record","name":".R","namespace":"n","fields":[]}',
    record(name="R", more='"aliases":["x.Y"],'),
    field('{"type":"array","items":"string"}', ',"aliases":["b","a"]'),
]

STORED_ONLY = [
    record(name="Größe"),
    record('{"name":"größe2","type":"int"}'),
    '{"type":"enum","name":"E","symbols":["é"]}',
    '{"type":"record","name":"R","namespace":"a-b.c","fields":[]}',
    '{"type":"record","name":"a..R","fields":[]}',
    record(more='"aliases":["Ü"],'),
    field('"int"', ',"default":null'),
    field('"int"', ',"default":2147483648'),
    field('"int"', ',"default":1.5'),
    field('"long"', ',"default":1e3'),
    field('"int"', ',"default":true'),
    field('"boolean"', ',"default":0'),
    field('"null"', ',"default":0'),
    field('"string"', ',"default":0'),
    field('{"type":"array","items":"int"}', ',"default":["x"]'),
    field('{"type":"array","items":"int"}', ',"default":{}'),
    field('{"type":"map","values":"int"}', ',"default":{"k":"x"}'),
    field('{"type":"fixed","name":"F","size":1}', ',"default":1'),
    field('["null","int"]', ',"default":"x"'),
    field(record('{"name":"y","type":"int"}', name="I"), ',"default":{}'),
    "[" + field('"E"', ',"default":"A"') + ',{"type":"enum","name":"E","symbols":["A"]}]',
    "[" + field('"I"', ',"default":{}') + "," + record('{"name":"y","type":"int"}', name="I") + "]",
]

NEITHER = [
    "",
    "string",
    "null",
    "1",
    "{",
    "'string'",
    '"string" x',
    '"string" // after',
    '{"type":"int"} /* after */',
    '"string",',
    '{"type":"int",}',
    '{"type":"int","x":NaN}',
    '{"type":"int","x":01}',
    '{"type":"int","x":"\n"}',
    '{"type":"int" /* open',
    '{"type":{"type":"string"}}',
    '{"type":["null","int"]}',
    "{}",
    '"no.such"',
    '{"type":"no.such"}',
    '["string","string"]',
    '["int",["null"]]',
    '[["null"],["int"]]',
    "[" + record() + ',"R"]',
    '["R",' + record() + "]",
    record(name="int"),
    record(name="1R"),
    record(name="a b"),
    record(name="R\N{MATHEMATICAL BOLD CAPITAL A}"),
    record(name="R."),
    '{"type":"record","fields":[]}',
    '{"type":"record","name":7,"fields":[]}',
    '{"type":"record","name":"R"}',
    '{"type":"record","name":"R","fields":{}}',
    '{"type":"record","name":"R","fields":["a"]}',
    '{"type":"record","name":"R","fields":[7]}',
    '{"type":"record","name":"R","fields":[{"type":"int"}]}',
    '{"type":"record","name":"R","fields":[{"name":"a"}]}',
    '{"type":"record","name":"R","fields":[{"name":null,"type":"int"}]}',
    record('{"name":"a-b","type":"int"}'),
    record('{"name":"a","type":"int"}', '{"name":"a","type":"int"}'),
    field("7"),
    field('"int"', ',"order":"up"'),
    field('"int"', ',"order":null'),
    field('"int"', ',"aliases":"x"'),
    field('"int"', ',"aliases":[1]'),
    field('"double"', ',"default":"many"'),
    record(more='"aliases":["a-b"],'),
    '{"type":"enum","name":"E"}',
    '{"type":"enum","name":"E","symbols":["A","A"]}',
    '{"type":"enum","name":"E","symbols":["A-B"]}',
    '{"type":"enum","name":"E","symbols":[null]}',
    '{"type":"enum","name":"E","symbols":["A"],"default":"B"}',
    '{"type":"array"}',
    '{"type":"map"}',
    '{"type":"fixed","name":"F"}',
    '{"type":"fixed","name":"F","size":-1}',
    '{"type":"fixed","name":"F","size":1.0}',
    '{"type":"fixed","name":"F","size":true}',
    '{"type":"fixed","name":"F","size":2147483648}',
    record('{"name":"a","type":' + record(name="R") + "}"),
]


@pytest.mark.parametrize("text", BOTH)
def test_accepted_new_and_stored(text: str) -> None:
    assert (accepted(text, strict=True), accepted(text, strict=False)) == (True, True)


@pytest.mark.parametrize("text", STORED_ONLY)
def test_accepted_only_when_stored(text: str) -> None:
    assert (accepted(text, strict=True), accepted(text, strict=False)) == (False, True)


@pytest.mark.parametrize("text", NEITHER)
def test_refused_new_and_stored(text: str) -> None:
    assert (accepted(text, strict=True), accepted(text, strict=False)) == (False, False)


def test_a_refusal_names_the_place() -> None:
    with pytest.raises(InvalidSchema, match=r"field 'a' of the record n\.R: .*default null.*int"):
        avro.parse('{"type":"record","name":"n.R","fields":[{"name":"a","type":"int","default":null}]}')


def test_a_simple_name_is_looked_for_in_the_namespace_and_then_without() -> None:
    plain = Dependency("F", '{"type":"fixed","name":"F","size":1}')
    spaced = Dependency("n.F", '{"type":"fixed","name":"n.F","size":2}')
    user = record('{"name":"c","type":"F"}', name="n.I")
    for known, size in (([plain], 1), ([spaced], 2), ([plain, spaced], 2)):
        assert f'"size":{size}' in avro.rendered(avro.parse(user, known), "resolved")


def test_a_reference_may_be_defined_again_only_alike() -> None:
    known = Dependency("F", '{"type":"fixed","name":"F","size":1,"x":1}')
    assert accepted(field('{"type":"fixed","name":"F","size":1,"x":1,"doc":"d","aliases":["G"]}'), known, strict=True)
    assert not accepted(field('{"type":"fixed","name":"F","size":1}'), known, strict=True)
    assert not accepted(field('{"type":"fixed","name":"F","size":2,"x":1}'), known, strict=True)


def test_records_and_enums_of_a_reference_may_be_defined_again_alike() -> None:
    entry = '{"name":"x","type":["null","I"],"default":null,"p":1}'
    enum = '{"type":"enum","name":"E","symbols":["A","B"]%s}'
    known = [Dependency("I", record(entry, name="I")), Dependency("E", enum % "")]
    assert accepted(field(record(entry, name="I")), *known, strict=True)
    assert not accepted(field(record(entry.replace(',"default":null', ""), name="I")), *known, strict=True)
    assert accepted(field(enum % ',"default":"A"'), *known, strict=True)


def test_a_name_that_is_not_known_yet_is_like_nothing_else() -> None:
    known = Dependency("R", field('"int"'))
    later = '{"type":"fixed","name":"Later","size":1}'
    assert not accepted("[" + field('"Later"') + "," + later + "]", known, strict=True)


def test_references_are_read_in_order_and_by_name() -> None:
    inner = Dependency("I", record(name="n.I"), "inner", 3)
    outer = Dependency("O", field('"n.I"'), "outer", 1)
    schema = avro.parse('["R","n.I"]', [inner, outer])
    assert schema.dependencies == (inner, outer)
    assert schema.format is Format.AVRO
    assert schema.text == '["R","n.I"]'
    with pytest.raises(InvalidSchema, match=r"reference 'O'.*n\.I"):
        avro.parse('"R"', [outer])


def test_a_reference_that_is_no_named_type_is_harmless() -> None:
    assert accepted('["F","int"]', Dependency("u", '[{"type":"fixed","name":"F","size":1}]'), strict=True)


def test_names_of_the_engine() -> None:
    user = avro.parse(record('{"name":"id","type":"int"}', '{"name":"at","type":"long"}', name="n.User"))
    assert avro.field_names(user) == ("id", "at")
    assert avro.entity_name(user) == "n.User"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('"int"', None),
        ("[]", None),
        (
            '["null",{"type":"array","items":{"type":"map","values":{"type":"fixed","name":"n.F","size":1}}}]',
            "n.F",
        ),
    ],
)
def test_a_schema_without_a_record_at_the_top(text: str, name: str | None) -> None:
    assert avro.entity_name(avro.parse(text)) == name
    assert avro.field_names(avro.parse(text)) == ()


SAME = '{"type":"record","name":"R","doc":"d","aliases":["A","B"],"p":1,"q":{"x":1,"y":2},"fields":[]}'


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (
            '{"q":{"y":2,"x":1},"p":1,"aliases":["B","A"],"doc":"d","name":"R","fields":[],"type":"record"}',
            True,
        ),
        (SAME.replace('"doc":"d",', ""), False),
        (SAME.replace('["A","B"]', '["A"]'), False),
        (SAME.replace('"p":1', '"p":1.0'), False),
        (SAME.replace('"name":"R"', '"name":"n.R"'), False),
    ],
)
def test_equivalence_looks_at_everything_but_order(other: str, same: bool) -> None:
    assert avro.equivalent(avro.parse(SAME), avro.parse(other)) is same


def test_equivalence_looks_through_references() -> None:
    inner = record(name="I")
    with_reference = avro.parse(field('"I"'), [Dependency("I", inner)])
    assert avro.equivalent(with_reference, avro.parse(field(inner)))
    assert avro.equivalent(with_reference, with_reference)
