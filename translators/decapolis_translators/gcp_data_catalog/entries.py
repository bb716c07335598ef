"""The entries of Dataplex: read, listed page by page, made, changed and removed; and what their aspects say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from decapolis_translators.errors import Garbled
from decapolis_translators.http import Call

from .faults import Missing
from .login import DataplexClient
from .names import ASPECT_TYPE, SCHEMA_TYPE, Names, path_of

Entry = Mapping[str, Any]

PAGE: Final = 100
_OUR_SUFFIX: Final = f".{ASPECT_TYPE}"
_SCHEMA_SUFFIX: Final = ".global.schema"


class Entries:
    """The calls of one project."""

    def __init__(self, client: DataplexClient, names: Names) -> None:
        self._client = client
        self._names = names

    async def get(self, resource: str, *, aspects: bool = True) -> Entry | None:
        """One entry with the two aspects that concern us, None where there is none."""
        types = (SCHEMA_TYPE, self._names.aspect_type)
        query = [("view", "CUSTOM"), *(("aspectTypes", each) for each in types)] if aspects else [("view", "BASIC")]
        try:
            return _entry(await self._client.ask(Call("GET", f"{path_of(resource)}?{urlencode(query)}")))
        except Missing:
            return None

    async def listed(self, group: str, filter: str = "", size: int = PAGE) -> AsyncIterator[Entry]:
        """The entries of a group without their aspects."""
        query = {"pageSize": str(size), **({"filter": filter} if filter else {})}
        token = ""
        while True:
            asked = {**query, **({"pageToken": token} if token else {})}
            page = await self._client.ask(Call("GET", f"{path_of(group)}/entries", asked))
            if not isinstance(page, Mapping) or not isinstance(page.get("entries", []), list):
                raise Garbled("Dataplex answered no list of entries")
            for entry in page.get("entries", []):
                yield _entry(entry)
            following = page.get("nextPageToken") or ""
            if not following or following == token:
                return
            token = following

    async def create(self, group: str, id: str, body: Entry) -> None:
        """Makes an entry; Exists where there is one, Missing where a parent or a type is not there."""
        await self._client.ask(Call("POST", f"{path_of(group)}/entries", {"entryId": id}, body, write=True))

    async def patch(self, body: Entry, mask: str, keys: Sequence[str] = (), *, prune: bool = False) -> None:
        """Changes an entry; aspects that are not in the body stay, unless `prune` names them in `keys`."""
        query = [("updateMask", mask), *(("aspectKeys", key) for key in keys)]
        if prune:
            query.append(("deleteMissingAspects", "true"))
        await self._client.ask(Call("PATCH", f"{path_of(body['name'])}?{urlencode(query)}", body=body, write=True))

    async def delete(self, resource: str) -> None:
        """Removes an entry; nothing where there is none."""
        try:
            await self._client.ask(Call("DELETE", path_of(resource), write=True))
        except Missing:
            return


def _entry(given: Any) -> Entry:
    if not isinstance(given, Mapping) or not isinstance(given.get("name"), str):
        raise Garbled("Dataplex answered no entry")
    return given


def _aspect(entry: Entry, suffix: str) -> Mapping[str, Any] | None:
    """The data of an aspect; answers name it with a project's number, whatever it was written with."""
    aspects = entry.get("aspects")
    for key, aspect in (aspects if isinstance(aspects, Mapping) else {}).items():
        if key.endswith(suffix) and isinstance(aspect, Mapping):
            data = aspect.get("data")
            return data if isinstance(data, Mapping) else {}
    return None


def ours_in(entry: Entry) -> Mapping[str, Any] | None:
    """What our own aspect says, None where there is none."""
    return _aspect(entry, _OUR_SUFFIX)


def columns_in(entry: Entry) -> list[Any] | None:
    """The fields of the system's schema aspect, None where the entry has none."""
    data = _aspect(entry, _SCHEMA_SUFFIX)
    if data is None:
        return None
    fields = data.get("fields")
    return fields if isinstance(fields, list) else []
