"""Levels: names, and the algebra that floors rely on."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decapolis_policies import LEVELS, Demands, Level, Text, UnknownLevel, join, judge
from decapolis_policies.levels import Depth
from tests.policies.schemas import avro, past

levels = st.sampled_from(list(LEVELS.values()))


def depths(level: Level) -> tuple[Depth, Depth]:
    return level.backward, level.forward


@given(levels, levels)
def test_join_is_commutative_in_what_it_asks(one: Level, other: Level) -> None:
    assert depths(join(one, other)) == depths(join(other, one))


@given(levels, levels, levels)
def test_join_is_associative_in_what_it_asks(one: Level, two: Level, three: Level) -> None:
    assert depths(join(join(one, two), three)) == depths(join(one, join(two, three)))


@given(levels)
def test_join_is_idempotent(level: Level) -> None:
    assert join(level, level) is level


@given(levels, levels)
def test_join_covers_both_and_asks_nothing_that_no_named_level_between_could_spare(one: Level, other: Level) -> None:
    joined = join(one, other)
    assert joined.covers(one)
    assert joined.covers(other)
    for level in LEVELS.values():
        if level.covers(one) and level.covers(other):
            assert level.covers(joined)


@given(levels, levels)
def test_below_is_strict_and_leaves_what_cannot_be_compared(one: Level, floor: Level) -> None:
    assert one.below(floor) is (depths(join(one, floor)) == depths(floor) and depths(one) != depths(floor))
    assert not (one.below(floor) and floor.below(one))


def test_names_are_found_in_any_case() -> None:
    assert Level.named(" forward_full ") is LEVELS["FORWARD_FULL"]
    with pytest.raises(UnknownLevel, match=r"SIDEWAYS.*known: NONE, BACKWARD"):
        Level.named("SIDEWAYS")


def test_registries_are_sent_a_name_that_they_know() -> None:
    assert LEVELS["FORWARD_FULL"].native_name == "FULL_TRANSITIVE"
    assert LEVELS["FULL"].native_name == "FULL"


RECORDS = [avro(), avro("a"), avro("a=0"), avro("a", "b"), avro("a", "b=0"), avro({"name": "a", "type": "long"})]
histories = st.lists(st.sampled_from(RECORDS), max_size=4)


def allowed(history: list[Text], new: Text, level: str) -> bool:
    return judge(new, past(*history), Demands(LEVELS[level], repairs=False)).allowed


@pytest.mark.parametrize("depth", ["", "_TRANSITIVE"])
@given(history=histories, new=st.sampled_from(RECORDS))
def test_full_is_backward_and_forward(depth: str, history: list[Text], new: Text) -> None:
    both = allowed(history, new, f"BACKWARD{depth}") and allowed(history, new, f"FORWARD{depth}")
    assert allowed(history, new, f"FULL{depth}") is both


@given(history=histories, new=st.sampled_from(RECORDS), name=st.sampled_from(["BACKWARD", "FORWARD", "FULL"]))
def test_transitive_implies_plain(history: list[Text], new: Text, name: str) -> None:
    assert not allowed(history, new, f"{name}_TRANSITIVE") or allowed(history, new, name)


@given(history=histories, new=st.sampled_from(RECORDS))
def test_forward_full_is_full_transitive(history: list[Text], new: Text) -> None:
    assert allowed(history, new, "FORWARD_FULL") is allowed(history, new, "FULL_TRANSITIVE")


@given(history=histories, new=st.sampled_from(RECORDS), one=levels, other=levels)
def test_a_floor_only_ever_adds(history: list[Text], new: Text, one: Level, other: Level) -> None:
    floored = judge(new, past(*history), Demands(one, floor=other, policy_set="f", repairs=False))
    assert not floored.allowed or (allowed(history, new, one.name) and allowed(history, new, other.name))


COVERING = [pair for pair in itertools.permutations(LEVELS.values(), 2) if pair[0].covers(pair[1])]


@pytest.mark.parametrize(("one", "other"), COVERING)
def test_a_level_that_covers_another_allows_no_more(one: Level, other: Level) -> None:
    for history, new in itertools.product(itertools.product(RECORDS, repeat=2), RECORDS):
        assert not allowed(list(history), new, one.name) or allowed(list(history), new, other.name)
