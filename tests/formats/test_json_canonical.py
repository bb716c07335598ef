"""JSON Schema: reading and printing of texts, names and tags."""

from __future__ import annotations

import pytest

from decapolis_formats import Dependency, Format, InvalidSchema, engine_of, json_schema

TAGS = "confluent:tags"
MODERN = "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (' { "type" : "object" } trailing', '{"type":"object"}'),
        ('{"maximum":0.50,"minimum":1e2}', '{"maximum":0.50,"minimum":1E+2}'),
        ('{"maximum":-0.0,"minimum":-0}', '{"maximum":0.0,"minimum":0}'),
        ('{"maximum":1e-7,"minimum":0.000001}', '{"maximum":1E-7,"minimum":0.000001}'),
        ('{"title":"é\\u00e9\\n\\u001f\\"/\\/"}', '{"title":"éé\\n\\u001F\\"//"}'),
        ('{"title":"\\ud800"}', '{"title":"\\uD800"}'),
        ('{"a":1,"b":2,"a":3}', '{"a":3,"b":2}'),
        ('{"default":[NaN,Infinity,-Infinity]}', '{"default":["NaN","Infinity","-Infinity"]}'),
        ('{"b":[],"a":{},"c":[{"z":null},[true,false]]}', '{"b":[],"a":{},"c":[{"z":null},[true,false]]}'),
        ("false", "false"),
    ],
)
def test_canonical_text(text: str, canonical: str) -> None:
    parsed = json_schema.parse(text)
    assert json_schema.canonical(parsed) == canonical
    assert json_schema.rendered(parsed, "whatever") == canonical


def test_normalized_text_sorts_keys_as_java_does() -> None:
    parsed = json_schema.parse(
        '{"type":"object","required":["b","a"],"properties":{"b":{},"\U0001f600":{},"\uffee":{}}}'
    )
    expected = '{"properties":{"b":{},"\U0001f600":{},"\uffee":{}},"required":["b","a"],"type":"object"}'
    assert json_schema.normalized(parsed) == expected


def test_equivalent_means_equal_canonical_texts() -> None:
    one, same, other = (json_schema.parse(text) for text in ('{"a":1,"b":2}', '{"a":1, "b":2}', '{"b":2,"a":1}'))
    assert json_schema.equivalent(one, same)
    assert not json_schema.equivalent(one, other)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Not JSON at line 1, column 1"),
        ("[]", "must be an object or a boolean"),
        ("1", "must be an object or a boolean"),
        ('{"a":1,}', "Not JSON at line 1"),
        ('{/* no */"a":1}', "Not JSON at line 1"),
        ('{"minimum":NaN}', "#/minimum: a number is expected, not NaN or an infinity"),
        ('{"minimum":"1"}', "#/minimum: a number is expected, not a string"),
        ('{"minLength":1.0}', "#/minLength: an integer is expected, not the number 1.0"),
        ('{"minLength":true}', "#/minLength: an integer is expected, not a boolean"),
        ('{"minLength":null}', "#/minLength: an integer is expected, not null"),
        ('{"maxItems":3000000000}', "out of range"),
        ('{"multipleOf":0}', "0 has no multiples"),
        ('{"multipleOf":0.0}', "0 has no multiples"),
        ('{"type":"text"}', '"text" is no type'),
        ('{"type":["string",1]}', "1 is no type"),
        ('{"type":{}}', "#/type: a string or an array"),
        ('{"title":1}', "#/title: a string"),
        ('{"required":["a",1]}', "an array of strings"),
        ('{"required":"a"}', "#/required: an array"),
        ('{"enum":{}}', "#/enum: an array is expected, not an object"),
        ('{"uniqueItems":1}', "#/uniqueItems: a boolean is expected, not an integer"),
        ('{"properties":[]}', "#/properties: an object is expected, not an array"),
        ('{"properties":{"a":{"not":1}}}', "#/properties/a/not: a schema must be an object or a boolean"),
        ('{"oneOf":[{"maximum":true}]}', "#/oneOf/0/maximum"),
        ('{"pattern":"["}', "#/pattern: the regular expression does not compile"),
        ('{"patternProperties":{"(":{}}}', "the regular expression does not compile"),
        ('{"exclusiveMaximum":true}', "#/exclusiveMaximum: a number"),
        ('{"$schema":"http://json-schema.org/draft-04/schema#","exclusiveMaximum":1}', "a boolean"),
        (
            '{"$schema":"http://json-schema.org/draft-04/schema#","properties":{"a":true}}',
            "must be an object",
        ),
        (
            '{"$schema":"https://json-schema.org/draft/2019-09/schema","items":[{}]}',
            "#/items: a schema must be",
        ),
        ('{"readOnly":1}', "#/readOnly: a boolean"),
        ('{"$ref":1}', "#/$ref: a string"),
        ('{"$ref":"#/definitions/a"}', "leads nowhere"),
        ('{"$ref":"#/allOf/7","allOf":[]}', "leads nowhere"),
        ('{"$ref":"#nobody"}', "leads nowhere"),
        ('{"$ref":"http://example.com/a.json"}', "references are never fetched"),
        ('{"$ref":"http://[/a.json"}', "nothing is known of http://["),
        ('{"maximum":1e99999999999999999999}', "exponent"),
        ('{"maximum":1e3000000000}', "exponent"),
        ('{"maximum":' + "9" * 1001 + "}", "more than 1000 digits"),
        ('{"maximum":0.' + "9" * 1001 + "}", "more than 1000 digits"),
    ],
)
def test_refused_text(text: str, said: str) -> None:
    for strict in (True, False):
        with pytest.raises(InvalidSchema) as refused:
            json_schema.parse(text, strict=strict)
        assert said in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        '{"minLength":-1,"enum":[],"required":["a","a"],"format":"nobody knows","extra":{}}',
        '{"$schema":"http://json-schema.org/draft-04/schema#","maximum":1,"exclusiveMaximum":true,"id":"x"}',
        '{"$schema":"http://json-schema.org/draft-03/schema#","type":"object"}',
        '{"$schema":7,"type":"object"}',
        '{"properties":{"$id":1,"a":{"$id":"b"}}}',
        '{"$ref":"#/$defs/a","definitions":{"a":{"type":"string"}}}',
        '{"$ref":"#/definitions/a~1b%20c~0","definitions":{"a/b c~":true}}',
        '{"$ref":"#/allOf/0","allOf":[{}]}',
        '{"$ref":"http://json-schema.org/draft-07/schema#"}',
        '{"$ref":"https://json-schema.org/draft/2020-12/schema"}',
        '{"$ref":"http://json-schema.org/draft-04/schema#/definitions/positiveIntegerDefault0"}',
        '{"definitions":{"a":{"$id":"#here"}},"$ref":"#here"}',
        '{"$id":"http://a.b/c.json","definitions":{"a":{"$id":"d.json"}},"allOf":[{"$ref":"http://a.b/d.json"}]}',
        '{"$id":"http://a.b/c.json","allOf":[{"$ref":"http://a.b/c.json#/definitions/x"}],"definitions":{"x":{}}}',
        '{"$schema":"%s","$defs":{"a":{"$anchor":"here"}},"$ref":"#here"}',
        '{"$schema":"%s","$dynamicRef":"#n","$defs":{"a":{"$dynamicAnchor":"n"}}}',
        '{"$schema":"%s","$defs":{"a":{"$id":"x","$ref":"#/$defs/b","$defs":{"b":{}}}},"$ref":"x"}',
    ],
)
def test_accepted_text(text: str) -> None:
    parsed = json_schema.parse(text.replace("%s", MODERN))
    assert all(each.compatible for each in json_schema.compare(parsed, parsed))


def test_dependencies_are_found_by_name_and_by_address() -> None:
    one = Dependency("one.json", '{"type":"object","properties":{"x":{"$ref":"two.json#/definitions/y"}}}')
    two = Dependency("two.json", '{"definitions":{"y":{"type":"string"}}}', indirect=True)
    broken = Dependency("broken.json", "{")
    by_name, by_address = '{"$ref":"one.json"}', '{"$ref":"http://a.b/one.json#/properties/x"}'
    text = f'{{"$id":"http://a.b/root.json","allOf":[{by_name},{by_address}]}}'
    parsed = json_schema.parse(text, [one, two, broken])
    assert parsed.dependencies == (one, two, broken)
    assert parsed.format is Format.JSON_SCHEMA
    with pytest.raises(InvalidSchema, match=r"The reference broken\.json cannot be read"):
        json_schema.parse('{"$ref":"broken.json"}', [broken])
    with pytest.raises(InvalidSchema, match=r"two\.json"):
        json_schema.parse(text, [one])


@pytest.mark.parametrize(
    "text",
    [
        # what is named stays in its document: its own references start where the document does
        '{"$schema":"%s","$ref":"#n","$defs":{"a":{"$anchor":"n","items":{"$ref":"#/$defs/b"}},"b":{"type":"null"}}}',
        '{"allOf":[{"$ref":"#n"}],"definitions":{"a":{"$id":"#n","items":{"$ref":"#/definitions/b"}},"b":{"type":"null"}}}',
        '{"allOf":[{"$ref":"n"}],"definitions":{"a":{"$id":"n","items":{"$ref":"#/definitions/b"}},"b":{"type":"null"}}}',
        '{"$schema":"%s","$ref":"n","$defs":{"a":{"$id":"n","items":{"$ref":"#/$defs/b"},"$defs":{"b":{"type":"null"}}}}}',
    ],
)
def test_references_inside_what_is_named(text: str) -> None:
    named = text.replace("%s", MODERN)
    old, new = (
        json_schema.parse(named.replace('"null"', '"number"')),
        json_schema.parse(named.replace('"null"', '"integer"')),
    )
    assert [each.type for each in json_schema.compare(old, new)] == ["TYPE_EXTENDED"]
    assert "TYPE_NARROWED" in str(json_schema.compare(new, old)) or "SUBSCHEMAS" in str(json_schema.compare(new, old))


def test_a_name_seen_twice_keeps_its_first_text() -> None:
    twice = [Dependency("a", '{"type":"string"}'), Dependency("a", '{"type":"integer"}')]
    old, new = json_schema.parse('{"allOf":[{"$ref":"a"}]}', twice), json_schema.parse('{"type":"string"}')
    assert json_schema.compare(new, old) == []


def test_a_change_in_a_dependency_is_found() -> None:
    old = json_schema.parse('{"properties":{"a":{"$ref":"d"}}}', [Dependency("d", '{"type":"number"}')])
    new = json_schema.parse('{"properties":{"a":{"$ref":"d"}}}', [Dependency("d", '{"type":"integer"}')])
    assert [str(each) for each in json_schema.compare(new, old)] == ["TYPE_NARROWED #/properties/a"]


def test_names() -> None:
    parsed = json_schema.parse('{"title":"Customer","properties":{"id":{},"name":{}}}')
    assert json_schema.field_names(parsed) == ("id", "name")
    assert json_schema.entity_name(parsed) == "Customer"
    bare = json_schema.parse("true")
    assert json_schema.field_names(bare) == ()
    assert json_schema.entity_name(bare) is None


def test_reserved_names_are_refused_when_fields_are_validated() -> None:
    text = '{"properties":{"$$id":{},"a":{}}}'
    assert json_schema.parse(text, strict=True)
    with pytest.raises(InvalidSchema, match="#/properties/"):
        json_schema.parse(text, validate_fields=True)
    assert json_schema.parse('{"properties":{"a":{}}}', validate_fields=True)


def test_the_engine_is_found_by_its_format() -> None:
    assert engine_of(Format.JSON_SCHEMA) is json_schema


PERSON = (
    '{"type":"object","properties":{"ssn":{"type":"string","confluent:tags":["PII"]},"a.b":{},'
    '"address":{"type":"object","properties":{"street":{}}},"lines":{"items":{"properties":{"sku":{}}}},'
    '"pair":{"items":[{"properties":{"x":{}}}]},"party":{"oneOf":[{"properties":{"name":{}}}]},"any":true},'
    '"definitions":{"d":{"properties":{"y":{}}}}}'
)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("object", "sr_record"),
        ("object.ssn", "sr_field"),
        ("object.a.b", "sr_field"),
        ("object.address.object", "sr_record"),
        ("object.address.object.street", "sr_field"),
        ("object.lines.array.object", "sr_record"),
        ("object.lines.array.object.sku", "sr_field"),
        ("object.pair.array.0.object.x", "sr_field"),
        ("object.party.oneof.0.object.name", "sr_field"),
        ("definition.d.object.y", "sr_field"),
    ],
)
def test_tags_are_added_and_removed(path: str, kind: str) -> None:
    parsed = json_schema.parse(PERSON)
    added = json_schema.parse(json_schema.tagged(parsed, {(path, kind): ["A", "B", "A"]}, {}))
    found = json_schema.inline_tags(added)
    tagged_path = (
        path.removesuffix(".object") if path.startswith("object.address.object") and kind == "sr_record" else path
    )
    assert found[tagged_path][-2:] == ("A", "B")
    removed = json_schema.tagged(added, {}, {(path, kind): ["A", "B"]})
    assert removed == json_schema.canonical(parsed)


def test_tags_that_are_read() -> None:
    assert json_schema.inline_tags(json_schema.parse(PERSON)) == {"object.ssn": ("PII",)}
    assert json_schema.inline_tags(json_schema.parse('{"confluent:tags":["A",1]}')) == {"object": ("A",)}
    assert json_schema.inline_tags(json_schema.parse("true")) == {}
    parsed = json_schema.parse('{"properties":{"a":{"confluent:tags":["A"]}}}')
    assert json_schema.tagged(parsed, {}, {("object.a", "sr_field"): ["A"]}) == '{"properties":{"a":{}}}'
    assert TAGS in json_schema.canonical(parsed)


@pytest.mark.parametrize(
    ("path", "kind", "said"),
    [
        ("object.nobody", "sr_field", "object.nobody: the schema has no sr_field"),
        ("object.ssn.object.x", "sr_field", "object.ssn.object.x"),
        ("object.ssn", "sr_record", "no sr_record"),
        ("object", "sr_field", "no sr_field"),
        ("object.any", "sr_field", "cannot carry tags"),
        ("object", "sr_thing", "sr_thing is no type of entity"),
    ],
)
def test_paths_that_lead_nowhere(path: str, kind: str, said: str) -> None:
    parsed = json_schema.parse(PERSON)
    with pytest.raises(InvalidSchema, match=said):
        json_schema.tagged(parsed, {(path, kind): ["A"]}, {})
