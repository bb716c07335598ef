"""What holds for every Avro schema and every change of one: random schemas, random edits, random data.

`AVRO_EXAMPLES` in the environment raises the number of examples for a long run.
"""

from __future__ import annotations

import io
import json
import os
from random import Random
from typing import Any

import fastavro
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from decapolis_formats import CompareOptions, Format, InvalidSchema, avro
from decapolis_policies.history import PastVersion, Text, failures
from decapolis_policies.levels import Level

from .edited_avro import edited
from .generated_avro import Data, EndlessError, Schemas, places

STRICT = CompareOptions(strict_semantics=True)
BOTH = (CompareOptions(), STRICT)

often = settings(
    max_examples=int(os.environ.get("AVRO_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
# A seed rather than hypothesis's own choices: they lean to the smallest schemas, which all look alike.
randoms = st.integers(0, 2**32 - 1).map(Random)


def schemas(random: Random, count: int) -> list[Any]:
    """A schema and edits of it, each an edit of the one before, all of them valid."""
    found = [Schemas(random).schema()]
    while len(found) < count:
        found.append(edited(random, found[-1]))
    for each in found:
        try:
            avro.parse(json.dumps(each))
        except InvalidSchema:
            assume(False)
    return found


def parsed(schema: Any) -> avro.AvroSchema:
    return avro.parse(json.dumps(schema))


def breaks(candidate: Any, history: list[Any], level: str) -> bool:
    past = [PastVersion(number, Text(Format.AVRO, json.dumps(each))) for number, each in enumerate(history, 1)]
    return bool(failures(Text(Format.AVRO, json.dumps(candidate)), past, Level.named(level)))


def found(reader: avro.AvroSchema, writer: avro.AvroSchema) -> list[list[str]]:
    return [[str(each) for each in avro.compare(reader, writer, options)] for options in BOTH]


@often
@given(randoms)
def test_a_schema_is_compatible_with_itself(random: Random) -> None:
    (schema,) = schemas(random, 1)
    one, other = parsed(schema), parsed(schema)
    for options in BOTH:
        assert avro.compare(one, other, options) == avro.compare(one, one, options) == []
    assert avro.equivalent(one, other)


@often
@given(randoms)
def test_full_is_backward_and_forward(random: Random) -> None:
    old, new = schemas(random, 2)
    full = breaks(new, [old], "FULL")
    assert full == (breaks(new, [old], "BACKWARD") or breaks(new, [old], "FORWARD"))
    event(f"breaks: {full}")


@often
@given(randoms)
def test_transitive_implies_plain(random: Random) -> None:
    *history, new = schemas(random, 4)
    for level in ("BACKWARD", "FORWARD", "FULL"):
        if not breaks(new, history, f"{level}_TRANSITIVE"):
            assert not breaks(new, history, level)
    assert breaks(new, history, "FORWARD_FULL") == breaks(new, history, "FULL_TRANSITIVE")


def shuffled(random: Random, value: Any) -> Any:
    if isinstance(value, list):
        return [shuffled(random, each) for each in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    random.shuffle(keys)
    return {key: shuffled(random, value[key]) for key in keys}


@often
@given(randoms)
def test_key_order_comments_and_layout_change_nothing(random: Random) -> None:
    old, new = schemas(random, 2)
    text = json.dumps(shuffled(random, new), indent=random.choice((None, 3)))
    text = text.replace("{", "{ /* a } // */ ").replace(", ", " , // b \n")
    same, plain = avro.parse(text), parsed(new)
    assert avro.normalized(same) == avro.normalized(plain)
    assert avro.equivalent(same, plain)
    assert found(same, parsed(old)) == found(plain, parsed(old))
    assert found(parsed(old), same) == found(parsed(old), plain)


@often
@given(randoms)
def test_canonical_and_normalised_texts_are_fixed_points_and_keep_the_verdict(random: Random) -> None:
    old, new = (parsed(each) for each in schemas(random, 2))
    canonical = avro.parse(avro.canonical(new))
    normal = avro.parse(avro.normalized(new))
    assert avro.canonical(canonical) == avro.canonical(new)
    assert avro.canonical(normal) == avro.normalized(normal) == avro.normalized(new)
    assert avro.equivalent(canonical, new)
    # the reference loses a default that fits another branch than the first one, and with it the verdict
    assume(avro.canonical(new).count('"default":') == avro.normalized(new).count('"default":'))
    for same in (canonical, normal):
        assert found(same, old) == found(new, old)
        assert found(old, same) == found(old, new)


@often
@given(randoms)
def test_strict_semantics_never_accept_what_the_reference_refuses(random: Random) -> None:
    # but for an alias that repeats its field's name, which no generated schema has
    old, new = (parsed(each) for each in schemas(random, 2))
    reference, strict = found(new, old)
    assert not reference or strict


@often
@given(randoms)
def test_what_strict_semantics_accept_is_really_read(random: Random) -> None:
    writer, reader = schemas(random, 2)
    assume(writer != reader)
    readable = not avro.compare(parsed(reader), parsed(writer), STRICT)
    event(f"readable: {readable}")
    assume(readable)
    data = Data(random, writer)
    try:
        values = [data.value(writer) for _ in range(3)]
    except EndlessError:
        assume(False)
    for value in values:
        assert_read(value, writer, reader)


def has_text_for_bytes(reader: Any) -> bool:
    """Whether a default may be text for bytes: fastavro hands it over as text, and cannot write it."""
    return any(
        isinstance(container.get("default"), str) and container["type"] != "string"
        for container, key in places([reader])
        if key == "type"
    )


def for_fastavro(schema: Any, *, raw: bool) -> Any:
    """The schema with definitions before uses, which fastavro needs; raw without logical types.

    fastavro converts by the writer's logical type even where the reader has none, so that such a value does
    not fit the reader's schema any more.
    """
    text = avro.canonical(parsed(schema))
    return fastavro.parse_schema(json.loads(text.replace('"logicalType"', '"x"') if raw else text))


def assert_read(value: Any, writer: Any, reader: Any) -> None:
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, for_fastavro(writer, raw=True), value)
    for raw in (False, True):
        stream.seek(0)
        sides = for_fastavro(writer, raw=raw), for_fastavro(reader, raw=raw)
        try:
            read = fastavro.schemaless_reader(stream, *sides)
        except TypeError as error:
            # fastavro trips over a named type that one side defines where the other one only names it
            assume(not str(error).startswith(("string indices must be integers", "unhashable type: 'dict'")))
            raise
        assert not stream.read()
    if not has_text_for_bytes(reader):
        fastavro.schemaless_writer(io.BytesIO(), for_fastavro(reader, raw=True), read)
