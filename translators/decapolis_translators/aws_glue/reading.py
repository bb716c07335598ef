"""Finding and reading versions: what the rest of the type builds on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import orjson

from decapolis_formats import Format, FormatError, Schema, engine_of
from decapolis_translators.contract import Capabilities, Feature, Listed, NativeId, Ping, StoredVersion, Translator
from decapolis_translators.errors import (
    Garbled,
    RegistryFault,
    SchemaNotFound,
    SubjectNotFound,
    VersionNotFound,
)
from decapolis_translators.subjects import DEFAULT_CONTEXT

from .client import Answer, GlueClient
from .config import DEFAULT_REGISTRY, GlueConfig
from .faults import Asked, RegistryMissing
from .wire import (
    AVAILABLE,
    DELETING,
    KINDS,
    MAX_DEFINITION,
    MAX_VERSION,
    NAMES,
    Entry,
    Head,
    Version,
    entry_in,
    head_in,
    is_id,
    items_in,
    typed,
    version_in,
)

PAGE = 100
_LATEST: Mapping[str, Any] = {"LatestVersion": True}


class ReadsVersions(Translator[GlueConfig]):
    """The half of the contract that changes nothing."""

    declared: ClassVar[Capabilities]

    def __init__(self, registry_id: str, config: GlueConfig) -> None:
        super().__init__(registry_id, config)
        self._client = GlueClient(config)

    async def open(self) -> None:
        """Prepares the threads; credentials are looked for at the first call."""
        self._client.open()

    async def close(self) -> None:
        """Gives threads and connections back."""
        await self._client.close()

    async def ping(self) -> Ping:
        """Reads the registry, which proves credentials, region and name; its ARN stands for the cluster."""
        facts = {"registry": self.settings.registry_name, "region": self.settings.region}
        try:
            arn = await self._arn()
        except RegistryMissing:
            if not self._may_appear:
                raise
            return Ping(None, None, {**facts, "exists": False})
        return Ping(None, arn, {**facts, "region": arn.split(":")[3], "exists": True})

    async def subjects(self, *, deleted: bool = False) -> list[str]:
        """The schemas of the registry, 100 a call; names that no subject can have are left out."""
        registry = {"RegistryId": self._registry}
        try:
            items = await self._pages("ListSchemas", registry, self._asked())
        except RegistryMissing:
            if not self._may_appear:
                raise
            return []
        names = [typed(item, "SchemaName", str) for item in items if item.get("SchemaStatus") == AVAILABLE]
        return sorted(subject for subject in map(NAMES.subject_of, names) if subject is not None)

    async def versions(self, subject: str, *, deleted: bool = False) -> list[int]:
        """The numbers of the available versions."""
        return [entry.number for entry in await self._live(subject)]

    async def listed(self, subject: str) -> list[Listed]:
        """The available versions with their ids, 100 a call."""
        return [Listed(entry.number, entry.id, entry.created_ms) for entry in await self._live(subject)]

    async def fetch(self, subject: str, version: int | None = None, *, deleted: bool = False) -> StoredVersion:
        """One version; the newest takes more than one call only while it is still judged or was refused."""
        if version is not None:
            return (await self._numbered(subject, version)).told(subject)
        newest = await self._newest(subject)
        if newest is None:
            newest = await self._numbered(subject, (await self._live(subject))[-1].number)
        return newest.told(subject)

    async def fetch_by_id(self, native_id: NativeId, context: str = DEFAULT_CONTEXT) -> Schema:
        """The schema of a version's id, as long as Glue still knows it; other registries' versions are not ours."""
        if context != DEFAULT_CONTEXT:
            self.capabilities.demand(Feature.CONTEXTS)
        if not isinstance(native_id, str) or not is_id(native_id):
            raise SchemaNotFound(native_id)
        found = await self._version(native_id)
        if found.arn.split("/")[-2:-1] != [self.settings.registry_name] or found.status not in {AVAILABLE, DELETING}:
            raise SchemaNotFound(native_id)
        return found.schema()

    async def lookup(self, subject: str, schema: Schema, *, deleted: bool = False) -> StoredVersion | None:
        """The version that Glue's canonical form and ours both call the same."""
        if not self._could_hold(schema):
            await self._live(subject)
            return None
        found = await self._same(subject, schema)
        return None if found is None else found.told(subject)

    # --- the calls

    @property
    def _registry(self) -> dict[str, str]:
        return {"RegistryName": self.settings.registry_name}

    @property
    def _may_appear(self) -> bool:
        """Whether a registry that is missing comes into being with its first schema."""
        return self.settings.create_registry or self.settings.registry_name == DEFAULT_REGISTRY

    def _schema(self, subject: str) -> dict[str, Any]:
        return {"SchemaId": {**self._registry, "SchemaName": NAMES.name_of(subject)}}

    def _asked(self, subject: str = "", version: int = -1, *, native_id: NativeId = -1, write: bool = False) -> Asked:
        return Asked("", self.settings.registry_name, subject, version, native_id, write)

    async def _call(self, operation: str, parameters: Mapping[str, Any], asked: Asked) -> Answer:
        return await self._client.call(operation, parameters, replace(asked, operation=operation))

    async def _pages(self, operation: str, parameters: Mapping[str, Any], asked: Asked) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        token: str | None = None
        while True:
            paging = {"MaxResults": PAGE} | ({} if token is None else {"NextToken": token})
            answer = await self._call(operation, {**parameters, **paging}, asked)
            found += items_in(answer, "Schemas")
            following = answer.get("NextToken") or None
            if following is None:
                return found
            if following == token:
                raise Garbled("Answered the same page's token twice")
            token = following

    async def _arn(self) -> str:
        """The registry's name of its own; a fault where it does not exist or is being deleted."""
        answer = await self._call("GetRegistry", {"RegistryId": self._registry}, self._asked())
        if answer.get("Status") == DELETING:
            raise RegistryFault(f"The registry '{self.settings.registry_name}' is being deleted")
        return typed(answer, "RegistryArn", str)

    async def _live(self, subject: str) -> list[Entry]:
        """The available versions, ascending; SubjectNotFound where there is none."""
        items = await self._pages("ListSchemaVersions", self._schema(subject), self._asked(subject))
        found = sorted((entry_in(item) for item in items), key=lambda entry: entry.number)
        live = [entry for entry in found if entry.status == AVAILABLE]
        if not live:
            raise SubjectNotFound(subject)
        return live

    async def _head(self, subject: str) -> Head:
        return head_in(await self._call("GetSchema", self._schema(subject), self._asked(subject)))

    async def _version(self, native_id: str, *, write: bool = False) -> Version:
        asked = self._asked(native_id=native_id, write=write)
        return version_in(await self._call("GetSchemaVersion", {"SchemaVersionId": native_id}, asked))

    async def _latest(self, subject: str) -> Version | None:
        """What Glue calls the latest version, whatever its state; None for a schema that has none."""
        parameters = {**self._schema(subject), "SchemaVersionNumber": _LATEST}
        try:
            return version_in(await self._call("GetSchemaVersion", parameters, self._asked(subject)))
        except VersionNotFound:
            return None

    async def _newest(self, subject: str) -> Version | None:
        latest = await self._latest(subject)
        return latest if latest is not None and latest.live else None

    async def _numbered(self, subject: str, number: int) -> Version:
        if not 1 <= number <= MAX_VERSION:
            raise VersionNotFound(subject, number)
        parameters = {**self._schema(subject), "SchemaVersionNumber": {"VersionNumber": number}}
        found = version_in(await self._call("GetSchemaVersion", parameters, self._asked(subject, number)))
        if not found.live:
            raise VersionNotFound(subject, number)
        return found

    # --- finding a text

    async def _same(self, subject: str, schema: Schema) -> Version | None:
        parameters = {**self._schema(subject), "SchemaDefinition": schema.text}
        try:
            answer = await self._call("GetSchemaByDefinition", parameters, self._asked(subject))
        except VersionNotFound:
            return None
        if answer.get("Status") != AVAILABLE or answer.get("DataFormat") != KINDS[schema.format]:
            return None
        found = await self._version(typed(answer, "SchemaVersionId", str))
        return found if found.live and same_meaning(schema, found.text) else None

    def _could_hold(self, schema: Schema) -> bool:
        plain = not schema.references and schema.metadata is None and schema.rule_set is None
        held = schema.format in self.capabilities.formats
        return plain and held and bool(schema.text.strip()) and len(schema.text) <= MAX_DEFINITION


def same_meaning(schema: Schema, text: str) -> bool:
    """Whether our canonical form calls both the same; Glue's own, which is not published, may overlook more."""
    return schema.text == text or _canonical(schema.format, schema.text) == _canonical(schema.format, text)


def _canonical(format: Format, text: str) -> Any:
    """The canonical text, for JSON without the order of keys, which registries may change when they print."""
    try:
        engine = engine_of(format)
        text = engine.canonical(engine.parse(text, strict=False))
        return text if format is Format.PROTOBUF else orjson.loads(text)
    except (FormatError, ValueError):
        return text
