"""Ids are for ever: which public id stands for which schema of which registry, and alarms when that is in doubt.

Clients write the public id into every message. The ranges in the ledger are written at first use and only read after it;
a configuration that says otherwise is refused at the start.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from decapolis.settings import DEFAULT_SPAN, FIRST_BASE, HOME_SPAN, MAX_ID, IdRange
from decapolis.store import Store
from decapolis.store.ledger import RangeRow, add_range, all_ranges, hold_ranges, keep_cluster_id


class LedgerConflict(ValueError):
    """The configuration contradicts ids that were given already; the text has both values and the ways out."""


class RangeFull(Exception):
    """A registry's native id does not fit its range of public ids any more."""

    def __init__(self, registry: str, native_id: int, span: int) -> None:
        super().__init__(f"Id {native_id} of registry {registry} does not fit its range of {span} ids")
        self.registry = registry


@dataclass(frozen=True, slots=True)
class Owned:
    """Whose public id it is, and what that registry calls it."""

    registry: str
    native_id: int


class Ledger:
    """The ranges of public ids, by registry and by number."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._by_registry: dict[str, RangeRow] = {}
        self._sorted: list[RangeRow] = []

    async def open(self, wanted: dict[str, IdRange | None], home: str | None) -> None:
        """Reads the ranges, gives one to each registry that has none yet; LedgerConflict where they disagree."""

        def work(connection: Connection) -> list[RangeRow]:
            hold_ranges(connection)
            known = {row.registry: row for row in all_ranges(connection)}
            _refuse_moved_home(known, home)
            for registry, configured in wanted.items():
                row = known.get(registry)
                if row is None:
                    row = _new_range(registry, configured, is_home=registry == home, taken=known.values())
                    add_range(connection, row)
                    known[registry] = row
                _refuse_changed(row, configured)
            return list(known.values())

        self._take(await self._store.write(work))

    async def demand(self, registry: str, configured: IdRange | None, home: str | None) -> None:
        """The same for one registry, without asking the store where its range is known and fits."""
        row = self._by_registry.get(registry)
        if row is None or (configured is not None and (configured.base, configured.span) != (row.base, row.span)):
            await self.open({registry: configured}, home)

    def _take(self, rows: Iterable[RangeRow]) -> None:
        self._sorted = sorted(rows, key=lambda row: row.base)
        self._by_registry = {row.registry: row for row in self._sorted}

    def range_of(self, registry: str) -> RangeRow:
        """The range of a registry that was named to `open`."""
        return self._by_registry[registry]

    def public(self, registry: str, native_id: int) -> int:
        """The id that clients see; RangeFull where the native one does not fit."""
        row = self._by_registry[registry]
        if not 0 < native_id <= row.span:
            raise RangeFull(registry, native_id, row.span)
        return row.base + native_id

    def owner(self, public_id: int) -> Owned | None:
        """Whose id it is, None outside every range."""
        at = bisect_right(self._sorted, public_id - 1, key=lambda row: row.base) - 1
        if at < 0:
            return None
        row = self._sorted[at]
        native_id = public_id - row.base
        return Owned(row.registry, native_id) if 0 < native_id <= row.span else None

    def native(self, registry: str, public_id: int) -> int | None:
        """What that registry calls a public id, None where it is not of its range."""
        row = self._by_registry.get(registry)
        if row is None or not 0 < public_id - row.base <= row.span:
            return None
        return public_id - row.base

    def share_used(self, registry: str, native_id: int) -> float | None:
        """How much of its range a registry has used once it gave this id; None for one without a range."""
        row = self._by_registry.get(registry)
        return None if row is None else native_id / row.span

    async def recognise(self, registry: str, cluster_id: str | None) -> None:
        """Binds a range to the cluster it was given for; LedgerConflict when another cluster answers there."""
        if cluster_id is None:
            return
        row = self._by_registry[registry]
        if row.cluster_id is None:
            await self._store.write(lambda c: keep_cluster_id(c, registry, cluster_id))
            self._take([*(r for r in self._sorted if r.registry != registry), row._replace(cluster_id=cluster_id)])
        elif row.cluster_id != cluster_id:
            raise LedgerConflict(
                f"registry {registry} is cluster {cluster_id}, but its ids were given for cluster {row.cluster_id}: "
                "old messages would decode with other schemas. Configure the new cluster under an id of its own"
            )


def _refuse_moved_home(known: dict[str, RangeRow], home: str | None) -> None:
    for row in known.values():
        if row.home and row.registry != home:
            raise LedgerConflict(
                f"home is {home or 'not set'}, but the ids of {row.registry} were given unchanged (home: {row.registry}): "
                f"keep home: {row.registry}, or start with a new store if no message carries its ids"
            )
    if home is not None and home in known and not known[home].home:
        row = known[home]
        raise LedgerConflict(
            f"home is {home}, but its ids were given from base {row.base} on: keep it a registry with a range, "
            "or start with a new store if no message carries its ids"
        )


def _new_range(registry: str, configured: IdRange | None, *, is_home: bool, taken: Iterable[RangeRow]) -> RangeRow:
    others = list(taken)
    if configured is not None:
        row = RangeRow(registry, configured.base, configured.span, is_home, None)
    elif is_home:
        row = RangeRow(registry, 0, HOME_SPAN, is_home, None)
    else:
        base = max([FIRST_BASE, *(other.base + other.span for other in others if other.base >= FIRST_BASE)])
        row = RangeRow(registry, base, DEFAULT_SPAN, is_home, None)
    if row.base + row.span > MAX_ID:
        raise LedgerConflict(f"no {row.span} public ids are left for registry {registry}: give it `ids` of its own")
    for other in others:
        if row.base < other.base + other.span and other.base < row.base + row.span:
            raise LedgerConflict(
                f"the ids of registry {registry} (base {row.base}, span {row.span}) overlap those of "
                f"{other.registry} (base {other.base}, span {other.span}), which are reserved for ever"
            )
    return row


def _refuse_changed(row: RangeRow, configured: IdRange | None) -> None:
    if configured is None or (configured.base, configured.span) == (row.base, row.span):
        return
    raise LedgerConflict(
        f"registry {row.registry} is configured with ids base {configured.base}, span {configured.span}, but ids were "
        f"given with base {row.base}, span {row.span}: put the old values back"
    )
