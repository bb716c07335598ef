"""What is remembered is bounded, and errors are not remembered."""

from __future__ import annotations

from functools import partial

import pytest

from decapolis_policies.memory import Remembered


def test_work_is_done_once_for_a_key() -> None:
    memory: Remembered[int] = Remembered(100)
    work = iter([7, 8])
    for _ in range(3):
        assert memory.get("k", 10, lambda: next(work)) == 7


def test_the_least_recently_used_goes_first() -> None:
    memory: Remembered[str] = Remembered(100)
    for key in "abcd":
        memory.get(key, 25, partial(str, key))
    memory.get("a", 25, lambda: "again")
    memory.get("e", 25, lambda: "e")
    assert memory.get("a", 25, lambda: "new") == "a"
    assert memory.get("b", 25, lambda: "new") == "new"


def test_what_is_too_heavy_is_not_kept() -> None:
    memory: Remembered[int] = Remembered(100)
    assert memory.get("k", 26, lambda: 1) == 1
    assert memory.get("k", 26, lambda: 2) == 2


def test_errors_are_not_kept() -> None:
    memory: Remembered[int] = Remembered(100)
    with pytest.raises(ZeroDivisionError):
        memory.get("k", 1, lambda: 1 // 0)
    assert memory.get("k", 1, lambda: 5) == 5
