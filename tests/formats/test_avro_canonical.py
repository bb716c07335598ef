"""Canonical, normalised and resolved Avro texts, byte by byte."""

from __future__ import annotations

import json

import pytest

from decapolis_formats import Dependency, InvalidSchema, avro

USER = """{ "type":"record", "name":"User", "namespace":"com.x", "zprop":1, "aprop":{"b":1,"a":2}, "fields":[
  {"default":null,"name":"f1","type":["null",{"type":"string"}],"doc":"x","order":"ascending","custom":"y"},
  {"name":"f2","type":{"type":"enum","name":"com.x.E","symbols":["A"]}},
  {"name":"f3","type":"com.x.E","order":"ignore"}, {"name":"f4","type":"double","default":1} ] }"""

USER_CANONICAL = (
    '{"type":"record","name":"User","namespace":"com.x","fields":['
    '{"name":"f1","type":["null","string"],"doc":"x","default":null,"custom":"y"},'
    '{"name":"f2","type":{"type":"enum","name":"E","symbols":["A"]}},'
    '{"name":"f3","type":"E","order":"ignore"},{"name":"f4","type":"double","default":1}'
    '],"zprop":1,"aprop":{"b":1,"a":2}}'
)


def canonical(text: str, *dependencies: Dependency) -> str:
    return avro.canonical(avro.parse(text, dependencies))


def normalized(text: str) -> str:
    return avro.normalized(avro.parse(text))


def record(*fields: str, name: str = "R") -> str:
    return f'{{"type":"record","name":"{name}","fields":[{",".join(fields)}]}}'


def with_default(type: str, default: str) -> str:
    return record(f'{{"name":"a","type":{type},"default":{default}}}')


def test_a_record_is_printed_in_the_reference_order() -> None:
    assert canonical(USER) == USER_CANONICAL


def test_normalising_sorts_properties_and_retypes_defaults() -> None:
    expected = USER_CANONICAL.replace('"default":1}', '"default":1.0}')
    expected = expected.replace('"zprop":1,"aprop":{"b":1,"a":2}', '"aprop":{"a":2,"b":1},"zprop":1')
    assert normalized(USER) == expected


FIXED = (
    '{"type":"fixed","name":"F","namespace":"n","size":4,"aliases":["G"],'
    '"logicalType":"decimal","precision":3,"scale":1}'
)


FIXED_CANONICAL = FIXED.replace('"aliases":["G"],', "").replace("}", ',"aliases":["G"]}')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FIXED, FIXED_CANONICAL),
        (
            '{"type":"record","name":"com.x.R","fields":[{"name":"self","type":["null","com.x.R"]}]}',
            '{"type":"record","name":"R","namespace":"com.x","fields":[{"name":"self","type":["null","R"]}]}',
        ),
        ('{"type": "string"}', '"string"'),
        ('{"type": "string", "doc": "dropped", "size": 3}', '"string"'),
        ('{"type": "string", "avro.java.string": "String"}', '{"type":"string","avro.java.string":"String"}'),
        ("[]", "[]"),
        (
            '[ "null" , {"type":"array","items":"int","x":null} ]',
            '["null",{"type":"array","items":"int","x":null}]',
        ),
        ('{"type":"map","values":{"type":"long"},"p":true}', '{"type":"map","values":"long","p":true}'),
        (
            '{"type":"enum","name":"E","symbols":[],"doc":""}',
            '{"type":"enum","name":"E","doc":"","symbols":[]}',
        ),
        (
            '{"type":"enum","name":"E","symbols":["A","B"],"default":"B","x":1}',
            '{"type":"enum","name":"E","symbols":["A","B"],"default":"B","x":1}',
        ),
        ('{"type":"error","name":"E","fields":[]}', '{"type":"error","name":"E","fields":[]}'),
        (
            '{"type":"record","name":"R","namespace":"","fields":[]}',
            '{"type":"record","name":"R","fields":[]}',
        ),
        ('{"type":"record","name":"R","doc":7,"fields":[]}', '{"type":"record","name":"R","fields":[]}'),
        (
            '{"type":"record","name":"R","aliases":["a.X","n.Y","a.X"],"namespace":"n","fields":[]}',
            '{"type":"record","name":"R","namespace":"n","fields":[],"aliases":["a.X","Y"]}',
        ),
        (
            record('{"aliases":["y","x","y"],"name":"a","order":"DESCENDING","type":"int","doc":""}'),
            record('{"name":"a","type":"int","doc":"","order":"descending","aliases":["y","x"]}'),
        ),
    ],
)
def test_canonical_vectors(text: str, expected: str) -> None:
    assert canonical(text) == expected
    assert canonical(expected) == expected


def test_namespaces_are_written_only_where_they_change() -> None:
    inner = '{"type":"fixed","name":"%s","size":1}'
    text = record(
        '{"name":"a","type":' + inner % "n.A" + "}",
        '{"name":"b","type":' + inner % "m.B" + "}",
        '{"name":"c","type":' + inner % ".C" + "}",
        '{"name":"d","type":["m.B","n.A","C"]}',
        name="n.R",
    )
    assert canonical(text) == (
        '{"type":"record","name":"R","namespace":"n","fields":['
        '{"name":"a","type":{"type":"fixed","name":"A","size":1}},'
        '{"name":"b","type":{"type":"fixed","name":"B","namespace":"m","size":1}},'
        '{"name":"c","type":{"type":"fixed","name":"C","namespace":"","size":1}},'
        '{"name":"d","type":["m.B","A","C"]}]}'
    )


def test_a_type_named_like_a_keyword_keeps_its_namespace_when_it_is_used_again() -> None:
    text = record(
        '{"name":"a","type":{"type":"fixed","name":"map","size":1}}',
        '{"name":"b","type":"n.map"}',
        name="n.R",
    )
    assert canonical(text).endswith('{"name":"b","type":"n.map"}]}')


A = '{"type":"record","name":"A","namespace":"com.a","fields":[{"name":"b","type":"com.a.B"},{"name":"b2","type":"B"}]}'
B = Dependency("com.a.B", '{"type":"record","name":"com.a.B","fields":[{"name":"x","type":"int"}]}', "b-value", 1)


def test_referenced_types_stay_names() -> None:
    assert canonical(A, B) == (
        '{"type":"record","name":"A","namespace":"com.a","fields":[{"name":"b","type":"B"},{"name":"b2","type":"B"}]}'
    )


def test_resolved_inlines_references_once() -> None:
    schema = avro.parse(A, [B])
    assert avro.rendered(schema, "Resolved") == (
        '{"type":"record","name":"A","namespace":"com.a","fields":['
        '{"name":"b","type":{"type":"record","name":"B","fields":[{"name":"x","type":"int"}]}},'
        '{"name":"b2","type":"B"}]}'
    )
    assert avro.rendered(schema, "no such style") == avro.canonical(schema)


def test_a_type_inside_a_reference_is_spelled_out_where_it_is_used_alone() -> None:
    outer = Dependency("O", record('{"name":"e","type":{"type":"enum","name":"E","symbols":["S"]}}', name="O"))
    assert canonical(record('{"name":"e","type":"E"}'), outer) == record(
        '{"name":"e","type":{"type":"enum","name":"E","symbols":["S"]}}'
    )


@pytest.mark.parametrize(
    ("number", "printed"),
    [
        ("1e3", "1000.0"),
        ("1.10", "1.1"),
        ("1e-7", "1.0E-7"),
        ("0.001", "0.001"),
        ("0.0009", "9.0E-4"),
        ("9999999.5", "9999999.5"),
        ("1e7", "1.0E7"),
        ("-1.25e-10", "-1.25E-10"),
        ("1.7976931348623157e308", "1.7976931348623157E308"),
        ("-0.0", "-0.0"),
        ("1e999", '"Infinity"'),
        ("-1e999", '"-Infinity"'),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
    ],
)
def test_numbers_are_spelled_as_the_reference_spells_them(number: str, printed: str) -> None:
    assert canonical(f'{{"type":"int","x":{number}}}') == f'{{"type":"int","x":{printed}}}'


def test_only_quotes_backslashes_and_controls_are_escaped() -> None:
    text = json.dumps({"type": "int", "x": 'ü\u001f\n"\\u001f/😀\u007f'})
    assert canonical(text) == '{"type":"int","x":"ü\\u001F\\n\\"\\\\u001f/😀\u007f"}'


@pytest.mark.parametrize(
    ("type", "default", "expected"),
    [
        ('"float"', "1", "1.0"),
        ('"float"', "0.1", "0.1"),
        ('"float"', "16777217", "1.6777216E7"),
        ('"float"', "1e300", '"Infinity"'),
        ('"float"', "-1e300", '"-Infinity"'),
        ('"float"', '"NaN"', '"NaN"'),
        ('"float"', "3.4028234663852886e38", "3.4028235E38"),
        ('"double"', "3", "3.0"),
        ('"double"', '"1.50"', "1.5"),
        ('"double"', '" NaN "', '"NaN"'),
        ('"long"', "5", "5"),
        ('"int"', "-5", "-5"),
        ('"boolean"', "true", "true"),
        ('"bytes"', '"\\u00ff\\u0100"', '"ÿ?"'),
        ('["null","int"]', "null", "null"),
        ('["double","null"]', "7", "7.0"),
        ('{"type":"array","items":"float"}', "[1,2]", "[1.0,2.0]"),
        ('{"type":"map","values":"double"}', '{"b":1,"a":2}', '{"a":2.0,"b":1.0}'),
        (
            record('{"name":"y","type":"double"}', '{"name":"x","type":"int"}', name="I"),
            '{"y":1,"x":2}',
            '{"x":2,"y":1.0}',
        ),
        ('["int",{"type":"map","values":"int"}]', '{"l":1,"k":{}}', '{"k":{},"l":1}'),
        ('["null","int"]', "1", None),
        ('["null","string"]', '"s"', None),
        ('["int","double"]', "1.5", None),
        ('["null",{"type":"array","items":"int"}]', "[1]", None),
        ('["null",{"type":"array","items":"int"}]', "[]", "[]"),
        (record('{"name":"y","type":"int"}', name="I"), '{"z":1}', None),
        ('"double"', "123456789012345678901", None),
        ("[]", "1", None),
    ],
)
def test_normalising_re_encodes_defaults_and_drops_what_does_not_fit(
    type: str,
    default: str,
    expected: str | None,
) -> None:
    schema = avro.parse(with_default(type, default), strict=False)
    printed = avro.canonical(avro.parse(type))
    wanted = with_default(printed, expected) if expected is not None else record(f'{{"name":"a","type":{printed}}}')
    assert avro.normalized(schema) == wanted


def test_normalising_drops_empty_documentation_of_types_and_sorts_aliases_by_full_name() -> None:
    text = (
        '{"type":"error","name":"zz.E","doc":"","aliases":["B","x.C"],'
        '"fields":[{"name":"a","type":"int","doc":"","aliases":["q","b"]}]}'
    )
    assert normalized(text) == (
        '{"type":"record","name":"E","namespace":"zz",'
        '"fields":[{"name":"a","type":"int","doc":"","aliases":["b","q"]}],"aliases":["x.C","B"]}'
    )


def test_normalising_puts_a_logical_type_that_holds_before_other_properties() -> None:
    assert normalized('{"type":"int","connect.version":1,"logicalType":"date"}') == (
        '{"type":"int","logicalType":"date","connect.version":1}'
    )
    assert normalized('{"type":"string","connect.version":1,"logicalType":"date"}') == (
        '{"type":"string","connect.version":1,"logicalType":"date"}'
    )
    assert normalized('{"type":"bytes","a":1,"scale":0,"precision":4,"logicalType":"decimal"}') == (
        '{"type":"bytes","logicalType":"decimal","precision":4,"a":1,"scale":0}'
    )
    assert normalized('{"type":"bytes","a":1,"scale":2,"precision":4,"logicalType":"decimal"}') == (
        '{"type":"bytes","logicalType":"decimal","precision":4,"scale":2,"a":1}'
    )


def test_normalising_loses_an_empty_namespace_as_the_reference_does() -> None:
    inner = '{"type":"fixed","name":"C","namespace":"","size":1}'
    text = record('{"name":"c","type":' + inner + "}", name="n.R")
    assert inner in canonical(text)
    assert '{"type":"fixed","name":"C","size":1}' in normalized(text)


def test_definitions_move_to_the_first_use_of_their_names() -> None:
    use = '{"name":"b","type":%s}'
    later = record(name="B")
    assert canonical("[" + record(use % '"B"') + "," + later + "]") == "[" + record(use % later) + ',"B"]'


def test_comments_and_equal_keys_leave_no_trace() -> None:
    text = '// first\n{"type": /* was "long" */ "long", "type": "int", "x": "/* kept */ // kept"}'
    assert canonical(text) == '{"type":"int","x":"/* kept */ // kept"}'


def test_half_a_surrogate_pair_is_refused_in_new_schemas_only() -> None:
    text = '{"type":"int","x":"\\ud83d"}'
    with pytest.raises(InvalidSchema, match="surrogate"):
        avro.parse(text)
    assert avro.canonical(avro.parse(text, strict=False)) == '{"type":"int","x":"\ud83d"}'
    assert canonical('{"type":"int","x":"\\ud83d\\ude00"}') == '{"type":"int","x":"😀"}'
