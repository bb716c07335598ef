"""How often a registry is asked: repeats are set up after a first fault, and count it."""

from __future__ import annotations

import pytest

from decapolis.registries.resilience import Caller
from decapolis.settings import Resilience
from decapolis_translators.errors import Garbled, SchemaNotFound, Throttled, Unreachable


class Registry:
    """Fails so many times, then answers."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.asked = 0

    async def __call__(self) -> str:
        self.asked += 1
        if self.faults:
            raise self.faults.pop(0)
        return "answer"


def caller(**bounds: float) -> Caller:
    return Caller("far", Resilience.model_validate({"deadline": 3.0, "retries": 2, "breaker_failures": 100, **bounds}))


async def test_a_good_answer_is_asked_for_once() -> None:
    registry = Registry()
    assert (await caller().ask(registry, repeatable=True), registry.asked) == ("answer", 1)


@pytest.mark.parametrize("faults", [1, 2])
async def test_a_fault_that_passes_is_waited_out(faults: int) -> None:
    registry = Registry(*(Unreachable("gone") for _ in range(faults)))
    assert (await caller().ask(registry, repeatable=True), registry.asked) == ("answer", faults + 1)


async def test_the_first_attempt_counts() -> None:
    registry = Registry(*(Unreachable(f"gone {number}") for number in range(9)))
    with pytest.raises(Unreachable, match="gone 2"):
        await caller().ask(registry, repeatable=True)
    assert registry.asked == 3


@pytest.mark.parametrize("fault", [Garbled("nonsense"), SchemaNotFound(1)])
async def test_what_asking_again_cannot_help_is_told_at_once(fault: Exception) -> None:
    registry = Registry(fault)
    with pytest.raises(type(fault)):
        await caller().ask(registry, repeatable=True)
    assert registry.asked == 1


async def test_a_write_is_never_repeated() -> None:
    registry = Registry(Unreachable("gone"))
    with pytest.raises(Unreachable):
        await caller().ask(registry, repeatable=False)
    assert registry.asked == 1


async def test_a_registry_that_names_a_time_beyond_the_deadline_is_not_waited_for() -> None:
    registry = Registry(Throttled("slow down", retry_after=30.0))
    with pytest.raises(Throttled):
        await caller().ask(registry, repeatable=True)
    assert registry.asked == 1
