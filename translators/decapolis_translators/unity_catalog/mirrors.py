"""Where copies of documents are kept: files in a volume of Databricks, or functions of the open-source server.

The open-source server has no other place: properties take 255 characters, comments are for people. A function takes a
text of 16 MiB, is listed with it and never altered, so a copy that changes becomes another function.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from decapolis_translators.catalog import Document
from decapolis_translators.errors import Garbled, RegistryFault
from decapolis_translators.fanout import ask_each
from decapolis_translators.http import Call

from .calls import API, UnityCalls, segment
from .copies import key_of, packed, unpacked
from .faults import Asked, NameTaken, NotThere

_FILE: Final = re.compile(r"[a-z0-9_]+_[0-9a-f]{32}\.\d+\.json")
_FUNCTION: Final = re.compile(r"[a-z0-9_]+_[0-9a-f]{32}_\d+_(live|gone)")
_BYTES: Final = {"Content-Type": "application/octet-stream"}
_WIDTH: Final = 8


class Mirror(ABC):
    """A place for copies."""

    @abstractmethod
    async def keep(self, document: Document) -> None:
        """Keeps a copy, or brings the one that is there up to date."""

    @abstractmethod
    async def kept(self) -> Sequence[Document]:
        """Every copy."""

    @abstractmethod
    async def remove(self, subject: str, version: int) -> None:
        """Removes a copy; nothing where there is none."""


class NoMirror(Mirror):
    """No place is configured: the gateway's store alone has the documents."""

    async def keep(self, document: Document) -> None:
        """Nothing."""

    async def kept(self) -> Sequence[Document]:
        """None."""
        return ()

    async def remove(self, subject: str, version: int) -> None:
        """Nothing."""


class VolumeMirror(Mirror):
    """One file for each version, through the Files API of Databricks."""

    def __init__(self, volume: str, calls: UnityCalls) -> None:
        self._volume = volume
        self._folder = "/Volumes/" + "/".join(map(segment, volume.split(".")))
        self._calls = calls

    async def keep(self, document: Document) -> None:
        """Writes the file over the one that is there."""
        path = self._file(document.subject, document.version)
        call = Call("PUT", path, {"overwrite": "true"}, packed(document), write=True, headers=_BYTES)
        try:
            await self._calls.sent(call, self._asked("WRITE VOLUME", write=True))
        except NotThere:
            raise self._missing() from None

    async def kept(self) -> Sequence[Document]:
        """Lists the folder and reads its files; those of other people are left alone."""
        try:
            listed = await self._calls.pages(
                f"/api/2.0/fs/directories{self._folder}", {"page_size": "1000"}, "contents", self._asked("READ VOLUME")
            )
        except NotThere:
            raise self._missing() from None
        names = sorted(str(each.get("name")) for each in listed if not each.get("is_directory"))
        return await ask_each(self._read, (name for name in names if _FILE.fullmatch(name)), width=_WIDTH)

    async def _read(self, name: str) -> Document:
        call = Call("GET", f"/api/2.0/fs/files{self._folder}/{quote(name)}", headers={"Accept": "*/*"})
        try:
            answer = await self._calls.sent(call, self._asked("READ VOLUME"))
        except NotThere:
            raise Garbled(f"The copy {name} was listed and is not there") from None
        return unpacked(answer.content, name)

    async def remove(self, subject: str, version: int) -> None:
        """Deletes the file."""
        try:
            call = Call("DELETE", self._file(subject, version), write=True)
            await self._calls.sent(call, self._asked("WRITE VOLUME", write=True))
        except NotThere:
            return

    def _file(self, subject: str, version: int) -> str:
        return f"/api/2.0/fs/files{self._folder}/{key_of(subject)}.{version}.json"

    def _asked(self, right: str, *, write: bool = False) -> Asked:
        return Asked("a copy of a document", f"{right} on {self._volume}", write)

    def _missing(self) -> RegistryFault:
        return RegistryFault(f"mirror_volume: there is no volume {self._volume}")


class FunctionMirror(Mirror):
    """One function for each version, named by whether the version is deleted, because nothing of it can be altered."""

    def __init__(self, schema: str, calls: UnityCalls) -> None:
        self._schema = schema
        self._calls = calls

    async def keep(self, document: Document) -> None:
        """Makes the new function before the old one goes, so that a crash between loses none."""
        name = self._name(document.subject, document.version, document.deleted)
        text = packed(document)
        try:
            await self._make(name, text)
        except NameTaken:
            if await self._text(name) != text:
                await self._delete(name)
                await self._make(name, text)
        await self._delete(self._name(document.subject, document.version, not document.deleted))

    async def kept(self) -> Sequence[Document]:
        """Of two states of one version, which a crash may leave, the younger."""
        catalog, schema = self._schema.split(".")
        query = {"catalog_name": catalog, "schema_name": schema, "max_results": "50"}
        try:
            listed = await self._calls.pages(f"{API}/functions", query, "functions", self._asked("USE SCHEMA"))
        except NotThere:
            raise self._missing() from None
        ours = [each for each in listed if _FUNCTION.fullmatch(str(each.get("name")))]
        found = {}
        for each in sorted(ours, key=lambda each: int(each.get("created_at") or 0)):
            document = unpacked(str(each.get("routine_definition")), str(each.get("name")))
            found[(document.subject, document.version)] = document
        return list(found.values())

    async def remove(self, subject: str, version: int) -> None:
        """Deletes both states."""
        for deleted in (False, True):
            await self._delete(self._name(subject, version, deleted))

    @staticmethod
    def _name(subject: str, version: int, deleted: bool) -> str:
        return f"{key_of(subject)}_{version}_{'gone' if deleted else 'live'}"

    async def _make(self, name: str, text: str) -> None:
        catalog, schema = self._schema.split(".")
        said: dict[str, Any] = {
            "name": name,
            "catalog_name": catalog,
            "schema_name": schema,
            "input_params": {"parameters": []},
            "data_type": "STRING",
            "full_data_type": "STRING",
            "routine_body": "SQL",
            "routine_definition": text,
            "parameter_style": "S",
            "is_deterministic": True,
            "sql_data_access": "NO_SQL",
            "is_null_call": True,
            "security_type": "DEFINER",
            "specific_name": name,
            "properties": "{}",
            "comment": "A copy of a schema that a gateway keeps here; do not call it",
        }
        call = Call("POST", f"{API}/functions", body={"function_info": said}, write=True)
        try:
            await self._calls.told(call, self._asked("CREATE FUNCTION", write=True))
        except NotThere:
            raise self._missing() from None

    async def _text(self, name: str) -> str | None:
        try:
            said: Mapping[str, Any] = await self._calls.told(Call("GET", self._path(name)), self._asked("EXECUTE"))
        except NotThere:
            return None
        return str(said.get("routine_definition"))

    async def _delete(self, name: str) -> None:
        try:
            await self._calls.sent(Call("DELETE", self._path(name), write=True), self._asked("ownership", write=True))
        except NotThere:
            return

    def _path(self, name: str) -> str:
        return f"{API}/functions/{segment(f'{self._schema}.{name}')}"

    def _asked(self, right: str, *, write: bool = False) -> Asked:
        return Asked("a copy of a document", f"{right} on {self._schema}", write)

    def _missing(self) -> RegistryFault:
        return RegistryFault(f"mirror_functions: there is no schema {self._schema}")
