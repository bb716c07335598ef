"""Many questions at once, but not too many: for registries that have no list of what is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")
Found = TypeVar("Found")


async def ask_each(ask: Callable[[Item], Awaitable[Found]], items: Iterable[Item], *, width: int = 8) -> list[Found]:
    """The answers in the order of the items, at most `width` under way; the first error ends all others."""
    gate = asyncio.Semaphore(width)

    async def one(item: Item) -> Found:
        async with gate:
            return await ask(item)

    tasks = [asyncio.ensure_future(one(item)) for item in items]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
