"""Hostile and huge schemas end in a verdict or a clear refusal, soon and without a crash."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from decapolis_formats import CompareOptions, ComparisonTooCostly, Dependency, InvalidSchema, avro

STRICT = CompareOptions(strict_semantics=True)
SOON = 20.0


@pytest.fixture(autouse=True)
def soon() -> Any:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < SOON


def nested(depth: int, wrap: Callable[[str, int], str], innermost: str = '"int"') -> str:
    text = innermost
    for level in range(depth):
        text = wrap(text, level)
    return text


def in_array(inner: str, _: int) -> str:
    return f'{{"type":"array","items":{inner}}}'


def in_record(inner: str, level: int) -> str:
    return f'{{"type":"record","name":"R{level}","fields":[{{"name":"f","type":{inner}}}]}}'


def in_union(inner: str, level: int) -> str:
    return f'["null",{in_record(inner, level)}]'


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"type":' * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"type":"array","items":' * 100_000 + '"int"' + "}" * 100_000,
        '{"type":"int","x":' + "[" * 100_000 + "]" * 100_000 + "}",
        "/*" * 100_000,
        '"' * 100_001,
        "/" + '"' + '\\"' * 2_000_000,
        '"' + "/\\" * 2_000_001,
        "/*x" * 2_000_000,
        "//x" * 2_000_000,
        '"\\' * 50_000,
        "1" * 100_000,
        '{"type":"int","x":' + "1" * 100_000 + "}",
    ],
)
def test_endless_brackets_and_digits_are_refused(text: str) -> None:
    for strict in (True, False):
        with pytest.raises(InvalidSchema):
            avro.parse(text, strict=strict)


@pytest.mark.parametrize("wrap", [in_array, in_record, in_union])
def test_nesting_is_bounded_with_a_message_that_tells_the_limit(wrap: Callable[[str, int], str]) -> None:
    levels = 100 if wrap is in_union else 200
    fine, much = (avro.parse(nested(levels, wrap)) for _ in range(2))
    assert avro.compare(fine, much) == avro.compare(fine, much, STRICT) == []
    assert avro.canonical(avro.parse(avro.canonical(fine))) == avro.normalized(fine)
    assert avro.equivalent(fine, much)
    with pytest.raises(InvalidSchema, match="more than 200 types"):
        avro.parse(nested(levels + 1, wrap))


def test_the_innermost_difference_of_a_deep_schema_is_found() -> None:
    reader, writer = (avro.parse(nested(200, in_record, each)) for each in ('"int"', '"string"'))
    assert [each.path for each in avro.compare(reader, writer)] == ["/fields/0/type" * 200]


def test_a_name_in_the_wrong_place_stays_within_the_limit() -> None:
    with pytest.raises(InvalidSchema, match="more than 200 types"):
        avro.parse(nested(300, lambda inner, _: f"[{inner}]"))


@pytest.mark.parametrize("more", [',"default":', ',"x":'])
def test_values_are_bounded_too(more: str) -> None:
    for depth, fits in ((50, True), (150, False)):
        value = "[" * depth + "]" * depth
        text = f'{{"type":"record","name":"R","fields":[{{"name":"a","type":"int"{more}{value}}}]}}'
        if fits:
            assert value in avro.canonical(avro.parse(text, strict=False))
        else:
            with pytest.raises(InvalidSchema, match="deeper than 100 levels"):
                avro.parse(text, strict=False)


def chain(length: int, last: str) -> list[str]:
    """Records that each hold the next one by name."""
    texts = [
        f'{{"type":"record","name":"R{level}","fields":[{{"name":"f","type":"R{level + 1}"}}]}}'
        for level in range(length)
    ]
    return [*texts, f'{{"type":"record","name":"R{length}","fields":[{{"name":"f","type":"{last}"}}]}}']


def test_definitions_that_would_move_too_deep_are_refused() -> None:
    assert avro.parse("[" + ",".join(chain(150, "int")) + "]")
    with pytest.raises(InvalidSchema, match="more than 200 types"):
        avro.parse("[" + ",".join(chain(5_000, "int")) + "]")


def test_a_long_chain_of_references_is_compared_without_recursion() -> None:
    def schema(last: str) -> avro.AvroSchema:
        texts = chain(2_000, last)
        return avro.parse('"R0"', [Dependency(f"R{level}", texts[level]) for level in range(2_000, -1, -1)])

    reader, writer = schema("int"), schema("string")
    assert avro.compare(reader, schema("int")) == []
    for options in (CompareOptions(), STRICT):
        assert [each.path for each in avro.compare(reader, writer, options)] == ["/fields/0/type" * 2_001]
    assert avro.canonical(reader) == '"R0"'
    with pytest.raises(InvalidSchema, match="more than 200 types"):
        avro.rendered(reader, "resolved")
    with pytest.raises(InvalidSchema, match="more than 200 types"):
        avro.equivalent(reader, writer)


def test_findings_that_double_at_every_level_run_into_the_budget() -> None:
    def schema(last: str) -> avro.AvroSchema:
        text = nested(
            100,
            lambda inner, level: (
                f'{{"type":"record","name":"R{level}","fields":'
                f'[{{"name":"a","type":{inner}}},{{"name":"b","type":"R{level - 1}"}}]}}'
            ),
            f'{{"type":"record","name":"R-1","fields":[{{"name":"a","type":"{last}"}}]}}'.replace("R-1", "S"),
        ).replace('"R-1"', '"S"')
        return avro.parse(text)

    reader, writer = schema("int"), schema("string")
    assert avro.compare(reader, schema("int")) == []
    for strict in (True, False):
        with pytest.raises(ComparisonTooCostly, match="budget of 100000"):
            avro.compare(reader, writer, CompareOptions(strict_semantics=strict, budget=100_000))


def test_mutually_recursive_unions_stay_polynomial() -> None:
    def schema(kind: str) -> avro.AvroSchema:
        names = [f"R{number}" for number in range(12)]
        records = [
            {
                "type": "record",
                "name": name,
                "fields": [{"name": field, "type": ["null", *names]} for field in ("a", "b")]
                + [{"name": "v", "type": kind}],
            }
            for name in names
        ]
        return avro.parse(json.dumps(records))

    assert avro.compare(schema("long"), schema("int")) == []
    for options in (CompareOptions(), STRICT):
        assert len(avro.compare(schema("int"), schema("long"), options)) == 12


def test_the_budget_counts_fields() -> None:
    wide = avro.parse(json.dumps({"type": "record", "name": "R", "fields": wide_fields(100)}))
    assert avro.compare(wide, wide, CompareOptions(budget=500)) == []
    with pytest.raises(ComparisonTooCostly):
        avro.compare(wide, wide, CompareOptions(budget=50))


def wide_fields(count: int) -> list[dict[str, Any]]:
    return [{"name": f"f{number}", "type": ["null", "string"], "default": None} for number in range(count)]


def test_five_thousand_fields() -> None:
    text = json.dumps({"type": "record", "name": "R", "fields": wide_fields(5_000)})
    old = avro.parse(text)
    new = avro.parse(text.replace('"string"', '"int"'))
    assert avro.compare(old, old) == []
    assert len(avro.compare(new, old)) == 5_000
    assert avro.canonical(avro.parse(avro.normalized(old))) == avro.canonical(old)


def test_messages_stay_short() -> None:
    for text in (json.dumps("x" * 1_000_000), json.dumps({"type": "record", "name": "-" * 1_000_000})):
        with pytest.raises(InvalidSchema) as refused:
            avro.parse(text)
        assert len(str(refused.value)) < 1_100


def test_ten_megabytes() -> None:
    doc = json.dumps({"type": "record", "name": "R", "doc": "x" * 10_000_000, "fields": []})
    assert len(avro.canonical(avro.parse(doc))) > 10_000_000
    comments = "/* " + "x" * 10_000_000 + ' */ "int"'
    assert avro.canonical(avro.parse(comments)) == '"int"'
    enum = json.dumps({"type": "enum", "name": "E", "symbols": [f"S{number:030}" for number in range(300_000)]})
    assert avro.compare(avro.parse(enum), avro.parse(enum)) == []
    with pytest.raises(InvalidSchema, match="limit is 16000000"):
        avro.parse('"' + "x" * 16_000_000 + '"')


def test_defaults_that_lean_on_defaults_are_checked_once() -> None:
    text = '{"type":"record","name":"R0","fields":[{"name":"x","type":"int","default":1}]}'
    for level in range(1, 100):
        first = f'{{"name":"a","type":{text},"default":{{}}}}'
        second = f'{{"name":"b","type":"R{level - 1}","default":{{}}}}'
        text = f'{{"type":"record","name":"R{level}","fields":[{first},{second}]}}'
    assert avro.compare(avro.parse(text), avro.parse('{"type":"record","name":"R99","fields":[]}'), STRICT) == []


def test_a_stack_that_is_nearly_full_is_a_refusal_too() -> None:
    texts = [nested(190, in_record), nested(190, in_array)]

    def deeper(frames: int) -> list[str | None]:
        if frames:
            return deeper(frames - 1)
        return [refusal(text) for text in texts]

    outcomes = [deeper(frames) for frames in range(0, 900, 30)]
    assert outcomes[0] == [None, None]
    assert None not in outcomes[-1]
    assert len({outcome for pair in outcomes for outcome in pair}) == 4


def refusal(text: str) -> str | None:
    try:
        avro.canonical(avro.parse(text))
    except InvalidSchema as refused:
        return str(refused)
    return None


@pytest.mark.parametrize("form", [in_record, in_array, in_union])
def test_what_was_read_is_gone_with_its_last_user(form: Callable[[str, int], str]) -> None:
    """A reading that were part of a cycle would wait for the collector: under load thousands of them would."""
    text = nested(20, form)
    avro.parse(text)
    gc.collect()
    gc.disable()
    try:
        avro.parse(text)
        assert gc.collect() == 0
    finally:
        gc.enable()
