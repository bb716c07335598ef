"""Registering and deleting.

A registration reads the latest version first: that answers the usual identical one in one call, tells the data format
(a text may be valid in two of them), and shows afterwards whether Glue made a new version or named an old one.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from decapolis_formats import Schema
from decapolis_translators.contract import Feature, StoredVersion
from decapolis_translators.errors import (
    Incompatible,
    NotPermitted,
    RegistryError,
    SchemaNotFound,
    SchemaRefused,
    SubjectNotFound,
    TooLarge,
    Unreachable,
    Unsupported,
    VersionNotFound,
    WriteConflict,
)
from decapolis_translators.fanout import ask_both

from .config import DEFAULT_REGISTRY
from .faults import NameTaken, RegistryMissing
from .reading import ReadsVersions, same_meaning
from .settings import NEEDS_NEWEST, TO_GLUE
from .waiting import Patience
from .wire import (
    AVAILABLE,
    DELETING,
    FAILURE,
    FORMATS,
    KINDS,
    MAX_DEFINITION,
    NAMES,
    PENDING,
    Entry,
    Version,
    created_in,
    entry_in,
    items_in,
)

_FIRST_STAYS = "Glue deletes version 1 only together with the whole schema."
_CHECKPOINT_STAYS = "Version {} is the checkpoint, from which Glue judges compatibility; it cannot be deleted."


class WritesVersions(ReadsVersions):
    """The half of the contract that changes something."""

    async def register(
        self, subject: str, schema: Schema, *, native_id: int | None = None, version: int | None = None
    ) -> StoredVersion:
        """Adds a version, or answers the one that holds the schema; Glue cannot compare the number beforehand."""
        self._refuse_what_would_be_lost(schema, native_id)
        NAMES.name_of(subject)
        patience = Patience(self.settings.timeout)
        try:
            latest = await self._latest(subject)
        except SubjectNotFound:
            return await self._created(subject, schema, patience)
        self._demand_kind(subject, schema, latest)
        if latest is not None and latest.text == schema.text and latest.status in {AVAILABLE, PENDING}:
            settled = Entry(latest.id, latest.number, latest.status, latest.created_ms)
            return await self._accepted(subject, schema, settled, patience)
        try:
            return await self._added(subject, schema, latest, patience)
        except SubjectNotFound:  # deleted since, or this moment
            return await self._created(subject, schema, patience)

    async def delete(self, subject: str, version: int | None = None, *, permanent: bool = False) -> list[int]:
        """Deletes for good; Glue finishes later, but tells such versions and schemas as DELETING from then on."""
        if not permanent:
            self.capabilities.demand(Feature.SOFT_DELETE)
        if version is None:
            numbers = await self.versions(subject)
            await self._call("DeleteSchema", self._schema(subject), self._asked(subject, write=True))
            return numbers
        found, head = await ask_both(self._numbered(subject, version), self._head(subject))
        if found.number == 1:
            raise Unsupported(Feature.DELETE_VERSION, _FIRST_STAYS)
        if found.number == head.checkpoint:
            raise Unsupported(Feature.DELETE_VERSION, _CHECKPOINT_STAYS.format(version))
        await self._delete_number(subject, version)
        return [version]

    # --- a new version

    async def _added(
        self, subject: str, schema: Schema, latest: Version | None, patience: Patience, *, again: bool = True
    ) -> StoredVersion:
        """Sends the text; a refusal against a checkpoint that lags behind is tried once more with it moved on."""
        try:
            entry = await self._sent(subject, schema)
        except NotPermitted:
            found = await self.lookup(subject, schema)  # a frozen schema still holds what it holds
            if found is None:
                raise
            return found
        if latest is not None and entry.number <= latest.number and entry.status == AVAILABLE:
            return await self._older(subject, schema, entry)
        try:
            return await self._accepted(subject, schema, entry, patience)
        except Incompatible:
            if again and await self._checkpoint_moved(subject):
                return await self._added(subject, schema, latest, patience, again=False)
            raise

    async def _sent(self, subject: str, schema: Schema) -> Entry:
        parameters = {**self._schema(subject), "SchemaDefinition": schema.text}
        return entry_in(await self._call("RegisterSchemaVersion", parameters, self._asked(subject, write=True)))

    async def _older(self, subject: str, schema: Schema, entry: Entry) -> StoredVersion:
        """The version that Glue takes for the same; it says nothing of what its comparison overlooks."""
        found = await self._version(entry.id)
        if not same_meaning(schema, found.text):
            raise SchemaRefused(
                f"Glue takes this schema for the same as version {entry.number} of '{subject}', although they differ; "
                "it cannot hold both"
            )
        return found.told(subject)

    async def _accepted(self, subject: str, schema: Schema, entry: Entry, patience: Patience) -> StoredVersion:
        """The version once Glue has judged it; a refused one is removed, as far as that succeeds."""
        entry = await self._judged(subject, entry, patience)
        if entry.status == AVAILABLE:
            return StoredVersion(subject, entry.number, entry.id, schema, False, entry.created_ms)
        if entry.status == DELETING:
            raise WriteConflict(f"Version {entry.number} of '{subject}' holds this schema and is being deleted")
        with suppress(RegistryError):
            await self._delete_number(subject, entry.number)
        raise Incompatible(f"Glue refused the schema as version {entry.number} of '{subject}' under its compatibility")

    async def _judged(self, subject: str, entry: Entry, patience: Patience) -> Entry:
        while entry.status == PENDING:
            if not await patience.pause():
                raise Unreachable(
                    f"Glue has taken version {entry.number} of '{subject}' and is still judging it (PENDING)", sent=True
                )
            try:
                found = await self._version(entry.id, write=True)
            except SchemaNotFound:
                continue  # a copy of Glue's that has not heard of it yet
            entry = Entry(found.id, found.number, found.status, found.created_ms)
        return entry

    # --- a new schema

    async def _created(self, subject: str, schema: Schema, patience: Patience) -> StoredVersion:
        """Makes the schema; where somebody else did, or it is still being deleted, the way is gone once more."""
        while True:
            try:
                entry = created_in(await self._create(subject, schema))
                return await self._first(subject, schema, entry, patience)
            except RegistryMissing:
                await self._make_registry()
            except NameTaken:
                with suppress(SubjectNotFound):
                    latest = await self._latest(subject)
                    self._demand_kind(subject, schema, latest)
                    return await self._added(subject, schema, latest, patience)
            if not await patience.pause():
                raise WriteConflict(f"'{subject}' is still being deleted, or was made this moment; ask again")

    async def _first(self, subject: str, schema: Schema, entry: Entry, patience: Patience) -> StoredVersion:
        """The first version is compared with nothing: Glue can only have found it unreadable."""
        entry = await self._judged(subject, entry, patience)
        if entry.status != FAILURE:
            return await self._accepted(subject, schema, entry, patience)
        with suppress(RegistryError):
            items = items_in(
                await self._call("ListSchemaVersions", self._schema(subject), self._asked(subject)), "Schemas"
            )
            if len(items) == 1:
                await self._call("DeleteSchema", self._schema(subject), self._asked(subject, write=True))
        raise SchemaRefused(f"Glue refused the first version of '{subject}'")

    async def _create(self, subject: str, schema: Schema) -> Any:
        settings = self.settings
        # Glue makes its default registry by itself, but only where none is named
        registry = {} if settings.registry_name == DEFAULT_REGISTRY else {"RegistryId": self._registry}
        parameters = {
            **registry,
            "SchemaName": NAMES.name_of(subject),
            "DataFormat": KINDS[schema.format],
            "Compatibility": TO_GLUE[settings.default_compatibility],
            "SchemaDefinition": schema.text,
            **({"Tags": dict(settings.tags)} if settings.tags else {}),
        }
        return await self._call("CreateSchema", parameters, self._asked(subject, write=True))

    async def _make_registry(self) -> None:
        name = self.settings.registry_name
        if not self._may_appear:
            raise RegistryMissing(
                f"The registry '{name}' does not exist in this account and region; make it, or set create_registry: true"
            )
        with suppress(NameTaken):
            await self._call("CreateRegistry", {"RegistryName": name}, self._asked(write=True))

    # --- what Glue refused, and what is removed

    async def _checkpoint_moved(self, subject: str) -> bool:
        """Glue judges against the checkpoint, the dialect against the newest version: lets them be the same."""
        head = await self._head(subject)
        newest = (await self._live(subject))[-1].number
        if head.compatibility not in NEEDS_NEWEST or head.checkpoint == newest:
            return False
        parameters = {**self._schema(subject), "SchemaVersionNumber": {"VersionNumber": newest}}
        await self._call("UpdateSchema", parameters, self._asked(subject, write=True))
        return True

    async def _delete_number(self, subject: str, number: int) -> None:
        asked = self._asked(subject, number, write=True)
        answer = await self._call("DeleteSchemaVersions", {**self._schema(subject), "Versions": str(number)}, asked)
        for refused in answer.get("SchemaVersionErrors") or []:
            details = refused.get("ErrorDetails") or {}
            code, words = str(details.get("ErrorCode", "")), str(details.get("ErrorMessage", ""))
            if "NotFound" in code:
                raise VersionNotFound(subject, number)
            if "heckpoint" in words:
                raise Unsupported(Feature.DELETE_VERSION, _CHECKPOINT_STAYS.format(number))
            raise WriteConflict(f"Glue did not delete version {number}: {self._client.scrub(words)[:500]}")

    # --- what is refused before anything is sent

    def _demand_kind(self, subject: str, schema: Schema, latest: Version | None) -> None:
        if latest is not None and latest.kind != KINDS[schema.format]:
            held = FORMATS[latest.kind].schema_type
            raise SchemaRefused(
                f"'{subject}' holds {held}, which Glue fixes when a schema is made; "
                f"it takes no {schema.format.schema_type} version"
            )

    def _refuse_what_would_be_lost(self, schema: Schema, native_id: int | None) -> None:
        capabilities = self.capabilities
        if schema.format not in capabilities.formats:
            raise Unsupported("formats", f"This {self.type} registry does not hold {schema.format} schemas.")
        if schema.references:
            raise Unsupported("references", "Glue keeps every schema alone; it has no references between them.")
        if native_id is not None:
            capabilities.demand(Feature.IMPORT_IDS)
        if schema.metadata is not None:
            capabilities.demand(Feature.METADATA)
            if schema.metadata.tags or schema.metadata.sensitive:
                capabilities.demand(Feature.METADATA_TAGS)
        if schema.rule_set is not None:
            capabilities.demand(Feature.RULE_SETS)
        if not schema.text.strip():
            raise SchemaRefused("The schema is empty")
        if len(schema.text) > MAX_DEFINITION:
            raise TooLarge(
                f"Glue takes schemas of at most {MAX_DEFINITION} characters, this one has {len(schema.text)}"
            )
