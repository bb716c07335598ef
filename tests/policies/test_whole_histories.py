"""Every pair of a history under a level, and the version that bridges what is broken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from decapolis_formats import Format
from decapolis_policies import Demands, Level, PastVersion, Stance, Text, judge, judge_whole


def avro(*fields: str) -> str:
    """`a` is an int without, `a=0` one with a default, `a:string` of another type."""
    made: list[dict[str, Any]] = []
    for field in fields:
        name, _, default = field.partition("=")
        name, _, type_ = name.partition(":")
        made.append({"name": name, "type": type_ or "int", **({"default": int(default)} if default else {})})
    return json.dumps({"type": "record", "name": "R", "fields": made})


def history(*texts: str, format: Format = Format.AVRO) -> list[PastVersion]:
    return [PastVersion(number, Text(format, text)) for number, text in enumerate(texts, 1)]


def demands(level: str, **more: Any) -> Demands:
    return Demands(level=Level.named(level), **more)


def test_each_broken_pair_is_told_with_its_direction() -> None:
    verdict = judge_whole(history(avro("a"), avro("a", "b"), avro("a", "b", "c")), demands("FORWARD_FULL"))
    assert not verdict.satisfied
    assert verdict.pairs == 3
    assert [(each.older, each.newer, each.direction) for each in verdict.broken] == [
        (1, 2, "backward"),
        (1, 3, "backward"),
        (2, 3, "backward"),
    ]
    assert verdict.broken[0].types == ("READER_FIELD_MISSING_DEFAULT_VALUE",)
    assert verdict.broken[0].paths == ("/fields/1",)


def test_full_step_by_step_is_not_full_transitive() -> None:
    """v1{a}, v2{a,b=0}, v3{a,b}: each step is fine, v3 does not read v1."""
    versions = history(avro("a"), avro("a", "b=0"), avro("a", "b"))
    assert judge_whole(versions, demands("FULL")).satisfied
    verdict = judge_whole(versions, demands("FULL_TRANSITIVE"))
    assert [(each.older, each.newer) for each in verdict.broken] == [(1, 3)]


@pytest.mark.parametrize(
    ("level", "pairs"),
    [("NONE", 0), ("BACKWARD", 3), ("FORWARD_TRANSITIVE", 6), ("FULL", 3), ("FORWARD_FULL", 6)],
)
def test_only_what_the_level_compares_is_compared(level: str, pairs: int) -> None:
    versions = history(avro("a"), avro("a", "b=0"), avro("a", "c=0"), avro("a", "d=0"))
    verdict = judge_whole(versions, demands(level))
    assert verdict.satisfied
    assert verdict.pairs == pairs


def test_the_bridge_is_proved_against_every_version() -> None:
    versions = history(avro("a"), avro("a", "b"))
    verdict = judge_whole(versions, demands("FORWARD_FULL"), bridge=True)
    assert verdict.bridge is not None
    assert verdict.bridge.version is None
    assert not verdict.bridged
    again = judge(Text(Format.AVRO, verdict.bridge.text), versions, demands("FORWARD_FULL"))
    assert again.allowed
    bridged = [*versions, PastVersion(3, Text(Format.AVRO, verdict.bridge.text))]
    after = judge_whole(bridged, demands("FORWARD_FULL"), bridge=True)
    assert not after.satisfied
    assert after.bridged
    assert after.bridge is not None
    assert after.bridge.version == 3


def test_a_bridge_that_is_an_old_text_becomes_a_new_version() -> None:
    """A registry answers a known text with its old version: that would leave the newest version as it is."""
    versions = history(avro("a"), avro("a", "b=0"), avro("a", "b"))
    verdict = judge_whole(versions, demands("FORWARD_FULL"), bridge=True)
    assert verdict.bridge is not None
    assert verdict.bridge.version is None
    assert json.loads(verdict.bridge.text)["doc"] == "Bridges versions 1 to 3."
    assert judge(Text(Format.AVRO, verdict.bridge.text), versions, demands("FORWARD_FULL")).allowed


def test_what_no_edit_undoes_has_no_bridge() -> None:
    verdict = judge_whole(history(avro("a"), avro("a:string")), demands("FORWARD_FULL"), bridge=True)
    assert {each.direction for each in verdict.broken} == {"backward", "forward"}
    assert verdict.bridge is None


def test_an_unreadable_version_satisfies_nothing_but_none() -> None:
    versions = history(avro("a"), "no schema", avro("a"))
    assert judge_whole(versions, demands("NONE")).satisfied
    verdict = judge_whole(versions, demands("BACKWARD"), bridge=True)
    assert (2, 2) in {(each.older, each.newer) for each in verdict.broken}
    assert (2, 3) in {(each.older, each.newer) for each in verdict.broken}


def test_deleted_versions_count_for_a_floor_only() -> None:
    versions = [
        PastVersion(1, Text(Format.AVRO, avro("x:string")), deleted=True),
        PastVersion(2, Text(Format.AVRO, avro("a"))),
        PastVersion(3, Text(Format.AVRO, avro("a", "b=0"))),
    ]
    assert judge_whole(versions, demands("FULL_TRANSITIVE")).satisfied
    floor = demands("NONE", floor=Level.named("BACKWARD_TRANSITIVE"), policy_set="p")
    assert [(each.older, each.newer, each.deleted) for each in judge_whole(versions, floor).broken] == [
        (1, 2, True),
        (1, 3, True),
    ]
    assert judge_whole(versions, demands("NONE", floor=Level.named("BACKWARD"), stance=Stance.WARN)).satisfied


def test_protobuf_and_json_are_judged_by_their_own_rules() -> None:
    proto = [f'syntax = "proto3"; message M {{ {fields} }}' for fields in ("int32 a = 1;", "string a = 1;")]
    verdict = judge_whole(history(*proto, format=Format.PROTOBUF), demands("FULL"))
    assert not verdict.satisfied
    json_texts = [
        json.dumps({"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False}),
        json.dumps(
            {
                "type": "object",
                "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
                "additionalProperties": False,
                "required": ["b"],
            }
        ),
    ]
    verdict = judge_whole(history(*json_texts, format=Format.JSON_SCHEMA), demands("BACKWARD"), bridge=True)
    assert not verdict.satisfied
    assert verdict.bridge is not None
