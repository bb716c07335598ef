"""Long lists in pages: an opaque cursor says where the next page begins."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from pydantic import Field

from .endpoint import Inputs, Shape
from .problems import Refused

S = TypeVar("S")
T = TypeVar("T")
MOST = 1000


class Paged(Inputs):
    """Which part of a list is wanted."""

    limit: int = Field(default=100, ge=1, le=MOST, description="how many entries a page has")
    cursor: str | None = Field(default=None, description="`next_cursor` of the page before")


class Page(Shape, Generic[T]):
    """A part of a list."""

    items: list[T]
    next_cursor: str | None = Field(default=None, description="absent on the last page")
    total: int | None = Field(default=None, description="how many there are in all, where that is known")


def encoded_cursor(key: str) -> str:
    """A place in a list, opaque to callers."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def decoded_cursor(cursor: str) -> str:
    """The place that a cursor means; a problem for one that was not given out here."""
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise Refused(400, "invalid-cursor", "The cursor is none that was given out here") from error


def page_of(
    kind: type[Page[T]], items: Sequence[S], wanted: Paged, key: Callable[[S], str], shape: Callable[[S], T]
) -> Page[T]:
    """The page of a list sorted by `key`: what comes after the cursor's key, so that changes elsewhere move nothing."""
    after = decoded_cursor(wanted.cursor) if wanted.cursor else None
    rest = [each for each in items if after is None or key(each) > after]
    chosen = rest[: wanted.limit]
    cursor = encoded_cursor(key(chosen[-1])) if len(rest) > len(chosen) else None
    return kind(items=[shape(each) for each in chosen], next_cursor=cursor, total=len(items))
