"""A largest matching between two sides, each member used once at most."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def largest_matching(edges: Sequence[Collection[int]]) -> dict[int, int]:
    """For as many left members as possible one right member of their edges each, by augmenting paths."""
    right_of: dict[int, int] = {}
    left_of: dict[int, int] = {}
    for start in range(len(edges)):
        came_from: dict[int, int] = {}
        right = _free_right(start, edges, left_of, came_from)
        while right is not None:
            left = came_from[right]
            left_of[right] = left
            earlier = right_of.get(left)
            right_of[left] = right
            right = earlier
    return dict(sorted(right_of.items()))


def _free_right(
    start: int, edges: Sequence[Collection[int]], left_of: dict[int, int], came_from: dict[int, int]
) -> int | None:
    front = [start]
    while front:
        left = front.pop()
        for right in edges[left]:
            if right not in came_from:
                came_from[right] = left
                if right not in left_of:
                    return right
                front.append(left_of[right])
    return None
