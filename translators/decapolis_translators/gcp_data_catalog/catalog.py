"""A catalog of Dataplex: one entry per subject that shows its columns, and under it one per version with its text."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Final

import orjson

from decapolis_formats import Format, Schema
from decapolis_formats.fitting import fitted
from decapolis_formats.options import Dialect
from decapolis_formats.types import Model, Struct
from decapolis_translators.catalog import Catalog, CatalogConfig, Document, Plan, Step, Table
from decapolis_translators.columns import changes
from decapolis_translators.contract import Capabilities, Feature, Ping
from decapolis_translators.copies import document_of, values_of
from decapolis_translators.errors import Incompatible, RegistryFault, TooLarge, WriteConflict
from decapolis_translators.fanout import ask_each
from decapolis_translators.http import Call

from .columns import HOLDS, columns_of, fields_of, struct_of
from .config import DataplexConfig
from .entries import Entries, Entry, columns_in, ours_in
from .faults import Exists, Missing
from .login import DataplexClient
from .names import (
    SCHEMA_ASPECT,
    SCHEMA_TYPE,
    SUBJECT_TYPE,
    VERSION_TYPE,
    Names,
    entry_id,
    is_version,
    last,
    path_of,
)
from .setting_up import SettingUp

LARGEST: Final = 115_000
"""Bytes of an aspect's data; Dataplex takes 120 KB and does not say how it counts."""
_LARGEST_NUMBER: Final = 2**31 - 1
_SHOWN: Final = {"decapolis-columns": "shown"}
"""The label of a subject's entry that shows columns: listings carry labels, and no aspects."""
_MISSING: Final = {
    Feature.CONTEXTS: "Dataplex has no contexts; one registry here is one entry group.",
    Feature.LEVELS: "Dataplex keeps no levels; the gateway keeps and enforces them.",
    Feature.CONFIG: "Dataplex keeps no configuration of subjects; the gateway does.",
    Feature.MODES: "Dataplex knows no modes; the gateway keeps and obeys them.",
    Feature.NATIVE_CHECK: "Dataplex describes and judges nothing; any columns may follow any others.",
    Feature.SERVER_SIDE_RULES: "Dataplex sees no messages.",
}


class DataplexCatalog(Catalog[DataplexConfig]):
    """One entry group, and those of others that are shown."""

    type: ClassVar[str] = "gcp_data_catalog"
    Config: ClassVar[builtins.type[CatalogConfig]] = DataplexConfig
    sql_dialect: ClassVar[Dialect] = Dialect.BIGQUERY

    def __init__(self, registry_id: str, config: DataplexConfig) -> None:
        super().__init__(registry_id, config)
        self.names = Names.of(registry_id, config)
        self._client = DataplexClient(config)
        self._entries = Entries(self._client, self.names)
        self._setting_up = SettingUp(self._client, config, self.names)

    @property
    def capabilities(self) -> Capabilities:
        """Documents of the three formats; what Dataplex lacks."""
        return Capabilities(frozenset({Format.AVRO, Format.JSON_SCHEMA, Format.PROTOBUF}), missing=_MISSING)

    async def open(self) -> None:
        """Prepares the pool."""
        self._client.open()

    async def close(self) -> None:
        """Closes it."""
        await self._client.close()

    async def ping(self) -> Ping:
        """Reads the entry group, which may still have to be made."""
        facts = {"api": "dataplex", "entry_group": self.names.group}
        try:
            await self._client.ask(Call("GET", path_of(self.names.group)))
        except Missing:
            if not self.settings.set_up:
                raise RegistryFault(
                    f"Entry group {self.names.group} does not exist: make it, or say `set_up: true`"
                ) from None
            facts["entry_group"] += " (made at the first write)"
        return Ping(version="v1", facts=facts)

    # --- tables

    def table_of(self, subject: str) -> str:
        """The id of the subject's entry; an entry of another group is named after that group."""
        return self.names.table_of(subject)

    def admit(self, subject: str, schema: Schema) -> None:
        """TooLarge where the copy would not fit an aspect."""
        super().admit(subject, schema)
        if self.settings.mirror:
            _demand_room(Document(subject, _LARGEST_NUMBER, _LARGEST_NUMBER, schema, created_ms=10**13))

    def subject_of(self, table: str) -> str:
        """The codec's other direction, and the name itself where no subject has it."""
        return self.names.subject_of(table) or table

    async def tables(self) -> list[str]:
        """Our entries that show columns, and those of others whose type is one that is shown."""
        found = [name async for name in self._own()]
        for group in self.names.others:
            found += [name async for name in self._of_others(group)]
        return sorted(name for name in found if self._is_exposed(name))

    async def _of_others(self, group: str) -> AsyncIterator[str]:
        try:
            async for entry in self._entries.listed(self.names.group_of(group)):
                name = f"{group}/{entry_id(entry['name'])}"
                if self._is_shown_type(entry) and self.names.subject_of(name) is not None:
                    yield name
        except Missing:
            raise RegistryFault(f"other_groups: there is no entry group {self.names.group_of(group)}") from None

    async def _own(self) -> AsyncIterator[str]:
        versions = self.names.entry_type(VERSION_TYPE)
        try:
            async for entry in self._entries.listed(self.names.group, f"NOT entry_type={versions}"):
                id, kind = entry_id(entry["name"]), last(str(entry.get("entryType")))
                shown = _is_labelled(entry) if kind == SUBJECT_TYPE else self._is_shown_type(entry)
                if kind != VERSION_TYPE and shown and self.names.subject_of(id) is not None:
                    yield id
        except Missing:
            return  # the group is made with the first entry

    def _is_exposed(self, name: str) -> bool:
        return any(fnmatchcase(name, glob) for glob in self.settings.tables)

    def _is_shown_type(self, entry: Entry) -> bool:
        kind = last(str(entry.get("entryType")))
        return any(fnmatchcase(kind, glob) for glob in self.settings.shown_types)

    async def table(self, name: str) -> Table | None:
        """One entry with its columns; an entry without any is no table."""
        entry = await self._entries.get(self.names.entry(name))
        fields = None if entry is None else columns_in(entry)
        if entry is None or fields is None:
            return None
        struct, ours = struct_of(fields), ours_in(entry)
        is_other = self.names.other_group(name) is not None
        source = entry.get("entrySource")
        return Table(
            name,
            columns_of(struct),
            struct,
            None if ours is None or is_other else ours.get("subject"),
            last(str(entry.get("entryType"))),
            _ref(entry),
            str(source["description"]) if isinstance(source, Mapping) and source.get("description") else None,
        )

    def plan(self, subject: str, wanted: Model, current: Table | None) -> Plan:
        """Anything may become anything: an entry describes, and nothing is behind it."""
        name = self.table_of(subject)
        model, losses = fitted(wanted, HOLDS, name="Record")
        struct = model.meaning(model.root)
        if not isinstance(struct, Struct):
            return Plan(name, impossible=("the root of the schema is no record, so that there are no columns",))
        other = self.names.other_group(name)
        if other is not None:
            return Plan(name, impossible=(f"entries of {other} belong to others: they are only shown",), losses=losses)
        fields = fields_of(struct)
        size = len(orjson.dumps({"fields": fields}))
        if size > LARGEST:
            return Plan(name, impossible=(f"the columns take {size} bytes, Dataplex holds {LARGEST}",), losses=losses)
        said = _said(struct, current)
        if current is not None and not said and current.subject == subject:
            return Plan(name, losses=losses)
        seen = None if current is None else current.native_ref
        text = f"describe entry {name}: {'; '.join(said) or 'take it over'}"
        step = Step("describe", "", text, {"subject": subject, "fields": fields, "seen": seen})
        return Plan(name, (step,), losses=losses)

    async def apply(self, table: str, step: Step) -> None:
        """Writes the columns; WriteConflict where somebody changed the entry since the plan."""
        await self._setting_up.ready()
        subject, seen = step.arguments["subject"], step.arguments["seen"]
        entry = await self._entries.get(self.names.entry(table))
        body = self._subject_entry(subject, step.arguments["fields"])
        if entry is None:
            await self._made(table, body)
            return
        is_bare = columns_in(entry) is None and seen is None
        if not is_bare and _ref(entry) != seen:
            raise WriteConflict(f"Entry {table} was changed by somebody else")
        ours = ours_in(entry)
        if ours is not None and ours.get("subject") != subject:
            raise Incompatible(f"Entry {table} belongs to subject '{ours.get('subject')}'")
        await self._entries.patch(body, "aspects,entrySource")

    def _subject_entry(self, subject: str, fields: list[dict[str, Any]] | None) -> dict[str, Any]:
        aspects: dict[str, Any] = {self.names.aspect_key: {"data": {"subject": subject, "state": "ACTIVE"}}}
        if fields is not None:
            aspects[SCHEMA_ASPECT] = {"aspectType": SCHEMA_TYPE, "data": {"fields": fields}}
        return {
            "name": self.names.entry(self.names.table_of(subject)),
            "entryType": self.names.entry_type(SUBJECT_TYPE),
            "entrySource": _source(subject, {} if fields is None else _SHOWN),
            "aspects": aspects,
        }

    async def _made(self, id: str, body: Mapping[str, Any]) -> None:
        """Makes an entry; what was set up may have been removed since."""
        try:
            await self._entries.create(self.names.group, id, body)
        except Missing:
            self._setting_up.again()
            await self._setting_up.ready()
            await self._entries.create(self.names.group, id, body)

    async def drop(self, table: str) -> None:
        """Removes the entry; one with versions under it only loses its columns."""
        resource = self.names.entry(table)
        entry = await self._entries.get(resource)
        ours = None if entry is None or self.names.other_group(table) is not None else ours_in(entry)
        if ours is None:
            return
        if not await self._has_versions(resource):
            await self._entries.delete(resource)
            return
        bare = self._subject_entry(str(ours.get("subject")), None)
        keys = (self.names.aspect_key, SCHEMA_ASPECT)
        await self._entries.patch(bare, "aspects,entrySource", keys, prune=True)

    async def _has_versions(self, resource: str) -> bool:
        async for _ in self._entries.listed(self.names.group, f"parent_entry={resource}", 1):
            return True
        return False

    # --- copies

    async def mirror(self, document: Document) -> None:
        """One entry per version, under that of the subject; an entry that is there is brought up to date."""
        if not self.settings.mirror:
            return
        values = _demand_room(document)
        await self._setting_up.ready()
        id = self.names.version(document.subject, document.version)
        body = {
            "name": f"{self.names.group}/entries/{id}",
            "entryType": self.names.entry_type(VERSION_TYPE),
            "parentEntry": self.names.entry(self.names.table_of(document.subject)),
            "entrySource": _source(f"{document.subject} v{document.version}", {}),
            "aspects": {self.names.aspect_key: {"data": values}},
        }
        try:
            await self._entries.create(self.names.group, id, body)
        except Exists:
            await self._entries.patch(body, "aspects")
        except Missing:
            await self._with_parent(document.subject, id, body)

    async def _with_parent(self, subject: str, id: str, body: Mapping[str, Any]) -> None:
        """Makes the subject's entry first, without columns: those are the projection's affair."""
        try:
            await self._made(self.names.table_of(subject), self._subject_entry(subject, None))
        except Exists:
            self._setting_up.again()
            await self._setting_up.ready()
        await self._entries.create(self.names.group, id, body)

    async def mirrored(self) -> Sequence[Document]:
        """Every version that has an entry, read one by one: a listing carries no aspects."""
        if not self.settings.mirror:
            return []
        ids = []
        try:
            async for entry in self._entries.listed(self.names.group):
                id = entry_id(entry["name"])
                if is_version(id) and last(str(entry.get("entryType"))) == VERSION_TYPE:
                    ids.append(id)
        except Missing:
            return []
        found = await ask_each(self._copy, ids)
        return [document for document in found if document is not None]

    async def _copy(self, id: str) -> Document | None:
        entry = await self._entries.get(f"{self.names.group}/entries/{id}")
        return None if entry is None else document_of(ours_in(entry) or {}, id)

    async def unmirror(self, subject: str, version: int) -> None:
        """Removes the entry of a version, and with the last one an entry that shows no columns."""
        if not self.settings.mirror:
            return
        await self._entries.delete(f"{self.names.group}/entries/{self.names.version(subject, version)}")
        resource = self.names.entry(self.names.table_of(subject))
        entry = await self._entries.get(resource)
        is_bare = entry is not None and columns_in(entry) is None and ours_in(entry) is not None
        if is_bare and not await self._has_versions(resource):
            await self._entries.delete(resource)


def _demand_room(document: Document) -> dict[str, Any]:
    """The values of a copy; TooLarge where an aspect cannot hold them."""
    values = values_of(document)
    size = len(orjson.dumps(values))
    if size > LARGEST:
        raise TooLarge(
            f"The document takes {size} bytes, and an aspect of Dataplex holds {LARGEST}: shorten it, or say "
            "`mirror: false` and keep documents in the gateway's store alone"
        )
    return values


def _source(title: str, labels: Mapping[str, str]) -> dict[str, Any]:
    return {"system": "decapolis", "platform": "kafka", "displayName": title[:500], "labels": dict(labels)}


def _is_labelled(entry: Entry) -> bool:
    source = entry.get("entrySource")
    labels = source.get("labels") if isinstance(source, Mapping) else None
    return isinstance(labels, Mapping) and all(labels.get(key) == value for key, value in _SHOWN.items())


def _ref(entry: Entry) -> str:
    """What changes with every change of an entry; there is no etag."""
    return f"{entry['name']}@{entry.get('updateTime', '')}"


def _said(wanted: Struct, current: Table | None) -> list[str]:
    """What changes, in words; the order of columns counts as well."""
    if current is None:
        return [f"{len(wanted.fields)} columns"]
    before = struct_of(fields_of(current.model))
    after = struct_of(fields_of(wanted))
    said = [f"{change.kind} {change.name}" for change in changes(before, after)]
    return said or (["reorder columns"] if before.fields != after.fields else [])
