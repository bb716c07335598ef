"""JSON Schema: what must hold for every pair of schemas, tried on made-up ones.

DECAPOLIS_EXAMPLES raises the number of examples of each test.
"""

from __future__ import annotations

import json
import os
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator

from decapolis_formats import CompareOptions, Format, InvalidSchema, json_schema
from decapolis_policies.history import PastVersion, Text, failures
from decapolis_policies.levels import Level
from tests.formats.json_samples import Samples, sound

EXAMPLES = int(os.environ.get("DECAPOLIS_EXAMPLES", "40"))
STRICT = CompareOptions(strict_semantics=True)
EVERY_WAY = (CompareOptions(), CompareOptions(lenient=True), STRICT)
sources = st.randoms(use_true_random=False)
tried = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


KEYWORDS = [
    "type",
    "enum",
    "const",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "$ref",
    "$id",
    "id",
    "$anchor",
    "$dynamicRef",
    "items",
    "prefixItems",
    "contains",
    "additionalItems",
    "minContains",
    "uniqueItems",
    "properties",
    "required",
    "patternProperties",
    "additionalProperties",
    "pattern",
    "propertyNames",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedProperties",
    "unevaluatedItems",
    "format",
    "minimum",
    "exclusiveMaximum",
    "multipleOf",
    "maxLength",
    "title",
    "default",
    "$defs",
    "definitions",
    "readOnly",
    "confluent:tags",
]
odd_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "#", "#/definitions/a", "#a", "[", "string", "null", "http://a.b/c", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYWORDS), inner, max_size=4),
    max_leaves=12,
)
drafts = st.sampled_from(["draft-04/schema#", "draft-06/schema", "draft-07/schema#", "draft/2020-12/schema"])


def breaking(new: Any, old: Any, options: CompareOptions = EVERY_WAY[0]) -> list[str]:
    reader, writer = (json_schema.parse(json.dumps(each)) for each in (new, old))
    return sorted(str(each) for each in json_schema.compare(reader, writer, options) if not each.compatible)


def accepted(candidate: str, history: list[str], level: str) -> bool:
    past = [PastVersion(number, Text(Format.JSON_SCHEMA, text)) for number, text in enumerate(history, 1)]
    return not failures(Text(Format.JSON_SCHEMA, candidate), past, Level.named(level))


def shuffled(random: Random, value: Any) -> Any:
    if isinstance(value, dict):
        names = random.sample(list(value), len(value))
        return {name: shuffled(random, value[name]) for name in names}
    return [shuffled(random, each) for each in value] if isinstance(value, list) else value


@tried
@given(sources, st.booleans())
def test_a_schema_is_compatible_with_itself(random: Random, modern: bool) -> None:
    schema = Samples(random, modern=modern).document()
    for options in EVERY_WAY:
        assert breaking(schema, schema, options) == []


@tried
@given(sources, st.booleans())
def test_full_is_backward_and_forward(random: Random, modern: bool) -> None:
    samples = Samples(random, modern=modern)
    old = samples.document()
    texts = [json.dumps(old), json.dumps(samples.edited(old))]
    full, backward, forward = (accepted(texts[1], texts[:1], level) for level in ("FULL", "BACKWARD", "FORWARD"))
    assert full is (backward and forward)


@tried
@given(sources, st.booleans())
def test_transitive_implies_plain(random: Random, modern: bool) -> None:
    samples = Samples(random, modern=modern)
    first = samples.document()
    second = samples.edited(first)
    history, candidate = [json.dumps(first), json.dumps(second)], json.dumps(samples.edited(second))
    for level in ("BACKWARD", "FORWARD", "FULL"):
        assert accepted(candidate, history, level) or not accepted(candidate, history, f"{level}_TRANSITIVE")


@tried
@given(sources, st.booleans())
def test_layout_and_the_order_of_keys_change_nothing(random: Random, modern: bool) -> None:
    samples = Samples(random, modern=modern)
    old = samples.document()
    new = samples.edited(old)
    plain = breaking(new, old)
    assert breaking(shuffled(random, new), shuffled(random, old)) == plain
    indented = json_schema.parse(json.dumps(new, indent=3))
    found = json_schema.compare(indented, json_schema.parse(json.dumps(old)))
    assert sorted(str(each) for each in found if not each.compatible) == plain


@tried
@given(sources, st.booleans())
def test_normalising_keeps_the_verdict(random: Random, modern: bool) -> None:
    samples = Samples(random, modern=modern)
    old = samples.document()
    new = samples.edited(old)
    texts = [json_schema.normalized(json_schema.parse(json.dumps(each))) for each in (new, old)]
    assert breaking(*map(json.loads, texts)) == breaking(new, old)


@tried
@given(sources, st.booleans())
def test_printing_is_stable(random: Random, modern: bool) -> None:
    parsed = json_schema.parse(json.dumps(Samples(random, modern=modern).document()))
    for printing in (json_schema.canonical, json_schema.normalized):
        text = printing(parsed)
        assert printing(json_schema.parse(text)) == text
    assert json.loads(json_schema.canonical(parsed)) == json.loads(parsed.text)


@tried
@given(sources, st.booleans())
def test_lenient_forgives_and_never_blames(random: Random, modern: bool) -> None:
    samples = Samples(random, modern=modern)
    old = samples.document()
    new = samples.edited(old)
    if breaking(new, old) == []:
        assert breaking(new, old, CompareOptions(lenient=True)) == []


@tried
@given(sources, st.booleans())
def test_under_strict_semantics_what_was_valid_stays_valid(random: Random, modern: bool) -> None:
    samples = Samples(random, modern=modern)
    old = samples.document()
    new = samples.edited(old)
    assume(sound(old) and sound(new))
    assume(breaking(new, old, STRICT) == [])
    validator = Draft202012Validator if modern else Draft7Validator
    before, after = validator(old), validator(new)
    for _ in range(20):
        instance = samples.instance(old, old)
        assert after.is_valid(instance) or not before.is_valid(instance)


@pytest.mark.parametrize("seed", range(max(60, EXAMPLES)))
def test_strict_semantics_on_fixed_samples(seed: int) -> None:
    """The same as above from fixed seeds, so that a machine without a database of examples finds the same."""
    samples = Samples(Random(seed), modern=bool(seed % 2))
    old = samples.document()
    new = samples.edited(old)
    if not (sound(old) and sound(new)) or breaking(new, old, STRICT):
        return
    validator = Draft202012Validator if seed % 2 else Draft7Validator
    before, after = validator(old), validator(new)
    for _ in range(30):
        instance = samples.instance(old, old)
        assert after.is_valid(instance) or not before.is_valid(instance), (old, new, instance)


@settings(tried, max_examples=EXAMPLES * 5)
@given(st.dictionaries(st.sampled_from(KEYWORDS), odd_values, min_size=1), drafts)
def test_odd_texts_are_read_or_refused_and_nothing_else(odd: dict[str, Any], draft: str) -> None:
    text = json.dumps({"$schema": f"http://json-schema.org/{draft}"} | odd)
    try:
        parsed = json_schema.parse(text)
    except InvalidSchema:
        return
    printed = json_schema.canonical(parsed)
    assert json_schema.canonical(json_schema.parse(printed)).encode() == printed.encode()
    assert json_schema.inline_tags(parsed) is not None
    for options in EVERY_WAY:
        assert all(each.compatible for each in json_schema.compare(parsed, parsed, options))
