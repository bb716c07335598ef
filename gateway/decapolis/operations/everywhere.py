"""Asks many registries the same at once: each within its own deadline, and one that fails hides nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from decapolis.registries.live import LiveRegistry

T = TypeVar("T")

GRACE_SECONDS = 0.5
"""What an answer of several questions may take beyond the deadline of one."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Why one registry has no answer."""

    error: Exception

    def __str__(self) -> str:
        return str(self.error) or type(self.error).__name__


async def everywhere(
    registries: Iterable[LiveRegistry], question: Callable[[LiveRegistry], Awaitable[T]]
) -> dict[str, T | Failed]:
    """The answer of each registry by its id, or why it has none; all are asked at once."""
    chosen = list(registries)
    answers = await asyncio.gather(*(_one(registry, question) for registry in chosen))
    return {registry.id: answer for registry, answer in zip(chosen, answers, strict=True)}


async def _one(registry: LiveRegistry, question: Callable[[LiveRegistry], Awaitable[T]]) -> T | Failed:
    seconds = registry.entry.resilience.deadline + GRACE_SECONDS
    try:
        async with asyncio.timeout(seconds):
            return await question(registry)
    except TimeoutError:
        return Failed(TimeoutError(f"Registry {registry.id} did not answer within {seconds:g} s"))
    except Exception as error:  # told beside the answers of the others; the face finds the words
        return Failed(error)
