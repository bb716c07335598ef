"""What must be there before the first entry: the group, the type of the aspect, and the two types of entries."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from decapolis_translators.errors import Garbled, RegistryFault, Unreachable
from decapolis_translators.http import Call

from .config import DataplexConfig
from .faults import Exists, Missing
from .login import DataplexClient
from .names import ASPECT_TYPE, SUBJECT_TYPE, VERSION_TYPE, Names, path_of

_FIELDS: Final = (
    ("subject", "string", "The subject, byte for byte"),
    ("version", "int", "The number of the version"),
    ("schemaId", "string", "The id that messages carry"),
    ("schemaType", "string", "AVRO, JSON or PROTOBUF"),
    ("schema", "string", "The text as it was registered"),
    ("fingerprint", "string", "Changes with the text, the references, the metadata and the rules"),
    ("references", "string", "References as JSON"),
    ("metadata", "string", "Metadata as JSON"),
    ("ruleSet", "string", "Rules as JSON"),
    ("state", "string", "ACTIVE or DELETED"),
    ("deleted", "bool", "Whether the version is soft-deleted"),
    ("created", "string", "Milliseconds since 1970"),
)
"""In this order for ever: the index numbers of a template cannot change, new fields go to the end."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0


class SettingUp:
    """Makes what is missing, once; forgets that it did when something turns out to be gone."""

    def __init__(self, client: DataplexClient, config: DataplexConfig, names: Names) -> None:
        self._client = client
        self._config = config
        self._names = names
        self._lock = asyncio.Lock()
        self._done = False

    def again(self) -> None:
        """Looks once more at the next write."""
        self._done = False

    async def ready(self) -> None:
        """Returns when entries can be made."""
        if self._done or not self._config.set_up:
            return
        async with self._lock:
            if not self._done:
                await self._all()
                self._done = True

    async def _all(self) -> None:
        names = self._names
        template = [
            {
                "index": index,
                "name": name,
                "type": kind,
                "constraints": {"required": name == "subject"},
                "annotations": {"description": words},
            }
            for index, (name, kind, words) in enumerate(_FIELDS, 1)
        ]
        await self._one(
            "entryGroups",
            "entryGroupId",
            names.group_id,
            {"description": "Subjects of a schema registry and their versions"},
        )
        await self._one(
            "aspectTypes",
            "aspectTypeId",
            ASPECT_TYPE,
            {
                "displayName": "Registered schema",
                "metadataTemplate": {"name": ASPECT_TYPE, "type": "record", "recordFields": template},
            },
        )
        for kind, title in ((SUBJECT_TYPE, "Subject"), (VERSION_TYPE, "Version of a subject")):
            body = {
                "displayName": title,
                "platform": "kafka",
                "system": "decapolis",
                "requiredAspects": [{"type": names.aspect_type}],
            }
            await self._one("entryTypes", "entryTypeId", kind, body)

    async def _one(self, collection: str, key: str, id: str, body: Mapping[str, Any]) -> None:
        name = f"{self._names.parent}/{collection}/{id}"
        if await self._is_there(name):
            return
        path = path_of(f"{self._names.parent}/{collection}")
        try:
            operation = await self._client.ask(Call("POST", path, {key: id}, body, write=True))
        except Exists:
            operation = None  # another gateway makes it right now
        await self._finished(name, operation)

    async def _finished(self, name: str, operation: Any) -> None:
        """Polls the operation, or what it makes where somebody else began it."""
        ends, pause = time.monotonic() + self._config.set_up_wait, _FIRST_PAUSE
        while True:
            if operation is None:
                if await self._is_there(name):
                    return
            elif not isinstance(operation, Mapping) or not isinstance(operation.get("name"), str):
                raise Garbled("Dataplex answered no operation")
            elif operation.get("done"):
                error = operation.get("error")
                if error:
                    raise RegistryFault(f"Dataplex did not make {name}: {self._client.scrub(str(error))[:300]}")
                return
            if time.monotonic() + pause > ends:
                raise Unreachable(f"Dataplex has not made {name} within {self._config.set_up_wait:g} s", sent=True)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            if operation is not None:
                operation = await self._client.ask(Call("GET", path_of(operation["name"])))

    async def _is_there(self, name: str) -> bool:
        try:
            await self._client.ask(Call("GET", path_of(name)))
        except Missing:
            return False
        return True
