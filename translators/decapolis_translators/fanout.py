"""Many questions at once, but not too many: for registries that have no list of what is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar

Item = TypeVar("Item")
Found = TypeVar("Found")
Other = TypeVar("Other")


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


async def ask_both(one: Coroutine[Any, Any, Found], other: Coroutine[Any, Any, Other]) -> tuple[Found, Other]:
    """Both answers, asked for at the same time; the first error ends the other question."""
    first, second = asyncio.ensure_future(one), asyncio.ensure_future(other)
    try:
        return await asyncio.gather(first, second)
    finally:
        first.cancel()
        second.cancel()
