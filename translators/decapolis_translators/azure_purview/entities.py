"""The calls of the Data Map: entities by their qualified names, in bulk, found by search, and their types."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from decapolis_translators.errors import Garbled, RegistryFault, WriteConflict

from .faults import Missing, TypeMissing
from .login import PurviewClient
from .typedefs import TYPEDEFS, VERSION

PAGE: Final = 1_000
_BULK: Final = 50
"""Guids in one address."""
_LIVE: Final = "ACTIVE"
Attributes = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """An entity as it is now, and those that it contains."""

    guid: str
    attributes: Attributes
    inside: Mapping[str, Sequence[Found]] = field(default_factory=dict)


class Entities:
    """One account's."""

    def __init__(self, client: PurviewClient, *, collection: str | None, is_atlas: bool) -> None:
        self._client = client
        self._collection = collection
        self._is_atlas = is_atlas

    async def get(self, kind: str, qualified: str) -> Found | None:
        """One entity with what it contains, None where there is none; never late, unlike search."""
        path = f"/atlas/v2/entity/uniqueAttribute/type/{kind}"
        try:
            told = await self._client.ask("GET", path, (("attr:qualifiedName", qualified),))
        except Missing:
            return None
        entity, referred = told.get("entity"), told.get("referredEntities")
        if not isinstance(entity, Mapping):
            raise Garbled("Purview answered no entity")
        return None if entity.get("status", _LIVE) != _LIVE else await self._whole(entity, referred or {})

    async def _whole(self, entity: Mapping[str, Any], referred: Mapping[str, Any]) -> Found:
        inside: dict[str, list[Found]] = {}
        related = entity.get("relationshipAttributes")
        for name, given in (related if isinstance(related, Mapping) else {}).items():
            guids = [each["guid"] for each in given if _is_live(each)] if isinstance(given, list) else []
            known = {guid: referred[guid] for guid in guids if guid in referred}
            for each in await self._by_guid([guid for guid in guids if guid not in known]):
                known[each["guid"]] = each
            inside[name] = [_found(known[guid]) for guid in guids if guid in known and _is_live(known[guid])]
        return Found(_found(entity).guid, _found(entity).attributes, inside)

    async def _by_guid(self, guids: Sequence[str]) -> list[Mapping[str, Any]]:
        entities: list[Mapping[str, Any]] = []
        for start in range(0, len(guids), _BULK):
            query = tuple(("guid", guid) for guid in guids[start : start + _BULK])
            told = await self._client.ask("GET", "/atlas/v2/entity/bulk", query)
            entities += told.get("entities") or ()
        return entities

    async def put(self, entities: Sequence[Mapping[str, Any]]) -> None:
        """Makes entities or brings them up to date; WriteConflict where only a part was taken."""
        query = (("collectionId", self._collection),) if self._collection else ()
        body = {"entities": list(entities), "referredEntities": {}}
        try:
            told = await self._client.ask("POST", "/atlas/v2/entity/bulk", query, body, write=True)
        except TypeMissing as missing:
            raise RegistryFault(f"Purview lacks our types, say `set_up: true`: {missing}") from None
        if told.get("partialUpdatedEntities"):
            raise WriteConflict("Purview took only a part of the entities; what is left is planned again")

    async def delete(self, guids: Sequence[str]) -> None:
        """Removes entities; nothing where they are gone."""
        for start in range(0, len(guids), _BULK):
            query = tuple(("guid", guid) for guid in guids[start : start + _BULK])
            try:
                await self._client.ask("DELETE", "/atlas/v2/entity/bulk", query, write=True)
            except Missing:
                await self._one_by_one(guids[start : start + _BULK])

    async def _one_by_one(self, guids: Iterable[str]) -> None:
        for guid in guids:
            try:
                await self._client.ask("DELETE", f"/atlas/v2/entity/guid/{quote(guid, safe='')}", write=True)
            except Missing:
                continue

    async def searched(self, kind: str) -> list[str]:
        """The qualified names of all entities of a type, as far as the index has come."""
        names: list[str] = []
        token, offset = "", 0
        while True:
            values, token = await (self._atlas_page(kind, offset) if self._is_atlas else self._page(kind, token))
            names += values
            offset += PAGE
            if not token:
                return names

    async def _page(self, kind: str, token: str) -> tuple[list[str], str]:
        body: dict[str, Any] = {"keywords": None, "limit": PAGE, "filter": {"entityType": kind}}
        if token:
            body["continuationToken"] = token
        told = await self._client.ask("POST", "/search/query", (), body)
        return [str(each.get("qualifiedName")) for each in _listed(told, "value")], str(
            told.get("continuationToken") or ""
        )

    async def _atlas_page(self, kind: str, offset: int) -> tuple[list[str], str]:
        query = (
            ("typeName", kind),
            ("excludeDeletedEntities", "true"),
            ("limit", str(PAGE)),
            ("offset", str(offset)),
        )
        told = await self._client.ask("GET", "/atlas/v2/search/basic", query)
        found = [str((each.get("attributes") or {}).get("qualifiedName")) for each in _listed(told, "entities")]
        return found, "more" if len(found) == PAGE else ""

    async def has_types(self) -> bool:
        """Whether our types are there."""
        try:
            await self._client.ask("GET", f"/atlas/v2/types/entitydef/name/{VERSION}")
        except Missing:
            return False
        return True

    async def make_types(self) -> None:
        """Makes them; another gateway may do so at the same time."""
        try:
            await self._client.ask("POST", "/atlas/v2/types/typedefs", (), TYPEDEFS, write=True)
        except WriteConflict:
            return


class Recent:
    """Names that were made or removed a moment ago, of which the index may not know yet."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._at: dict[str, float] = {}

    def note(self, name: str) -> None:
        """It changed just now."""
        self._at[name] = time.monotonic()

    def names(self) -> list[str]:
        """Those that are still too young to be believed of an index."""
        edge = time.monotonic() - self._seconds
        self._at = {name: at for name, at in self._at.items() if at > edge}
        return list(self._at)


def _listed(told: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    given = told.get(key) or []
    if not isinstance(given, list) or not all(isinstance(each, Mapping) for each in given):
        raise Garbled("Purview answered no list")
    return given


def _is_live(given: Any) -> bool:
    if not isinstance(given, Mapping) or not isinstance(given.get("guid"), str):
        return False
    states = (given.get("status"), given.get("entityStatus"), given.get("relationshipStatus"))
    return all(state in {None, _LIVE} for state in states)


def _found(given: Mapping[str, Any]) -> Found:
    attributes, guid = given.get("attributes"), given.get("guid")
    if not isinstance(attributes, Mapping) or not isinstance(guid, str):
        raise Garbled("Purview answered no entity")
    return Found(guid, attributes)
