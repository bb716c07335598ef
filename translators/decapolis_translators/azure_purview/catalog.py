"""A catalog of Purview: an entity per subject, one per column inside, and one per version with its text."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Final

from decapolis_formats import Format
from decapolis_formats.fitting import fitted
from decapolis_formats.types import Model, Struct
from decapolis_translators.catalog import Catalog, CatalogConfig, Column, Document, Plan, Step, Table
from decapolis_translators.columns import changes
from decapolis_translators.contract import Capabilities, Feature, Ping
from decapolis_translators.copies import document_of, values_of
from decapolis_translators.errors import Incompatible, RegistryFault, WriteConflict
from decapolis_translators.fanout import ask_each
from decapolis_translators.names import NameCodec

from .columns import HOLDS, Flat, flat, struct_of, top
from .config import PurviewConfig
from .entities import Entities, Found, Recent
from .login import PurviewClient
from .typedefs import COLUMN, SUBJECT, VERSION

_CODEC: Final = NameCodec(allowed=r"a-z0-9_.\-", escape="_", width=800)
"""Upper case is escaped, because nobody says whether qualified names that differ only in case are one."""
_LAG: Final = 600.0
"""Seconds for which the index may be behind."""
_MISSING: Final = {
    Feature.CONTEXTS: "Purview has no contexts; one registry here is one prefix of qualified names.",
    Feature.LEVELS: "Purview keeps no levels; the gateway keeps and enforces them.",
    Feature.CONFIG: "Purview keeps no configuration of subjects; the gateway does.",
    Feature.MODES: "Purview knows no modes; the gateway keeps and obeys them.",
    Feature.NATIVE_CHECK: "Purview describes and judges nothing; any columns may follow any others.",
    Feature.SERVER_SIDE_RULES: "Purview sees no messages.",
}


class PurviewCatalog(Catalog[PurviewConfig]):
    """The entities of one namespace."""

    type: ClassVar[str] = "azure_purview"
    Config: ClassVar[builtins.type[CatalogConfig]] = PurviewConfig

    def __init__(self, registry_id: str, config: PurviewConfig) -> None:
        super().__init__(registry_id, config)
        self._namespace = f"sr://{config.namespace or registry_id}/"
        self._client = PurviewClient(config)
        self._entities = Entities(self._client, collection=config.collection, is_atlas=config.is_atlas)
        self._recent = Recent(_LAG)
        self._has_types = False
        self._making_types = asyncio.Lock()

    @property
    def capabilities(self) -> Capabilities:
        """Documents of the three formats; what Purview lacks."""
        return Capabilities(frozenset({Format.AVRO, Format.JSON_SCHEMA, Format.PROTOBUF}), missing=_MISSING)

    async def open(self) -> None:
        """Prepares the pool."""
        self._client.open()

    async def close(self) -> None:
        """Closes it."""
        await self._client.close()

    async def ping(self) -> Ping:
        """Reads one of our types, which may still have to be made."""
        if not await self._entities.has_types() and not self.settings.set_up:
            raise RegistryFault("Purview lacks our types: say `set_up: true`, with a role that may make them")
        return Ping(facts={"api": "atlas/v2", "namespace": self._namespace})

    async def _ready(self) -> None:
        if self._has_types or not self.settings.set_up:
            return
        async with self._making_types:
            if not self._has_types:
                if not await self._entities.has_types():
                    await self._entities.make_types()
                self._has_types = True

    # --- tables

    def table_of(self, subject: str) -> str:
        """The last part of the subject's qualified name."""
        return _CODEC.name_of(subject)

    def subject_of(self, table: str) -> str:
        """The codec's other direction."""
        return _CODEC.subject_of(table) or table

    def _qualified(self, table: str) -> str:
        return f"{self._namespace}{table}"

    async def tables(self) -> list[str]:
        """What search finds; whatever changed a moment ago is asked for by its name, because the index is late."""
        young = self._recent.names()
        if not await self._types_are_there():
            return []
        found = {name.removeprefix(self._namespace) for name in await self._searched_names()}
        found -= set(young)
        live = await ask_each(self.table, young)
        found |= {table.name for table in live if table is not None}
        return sorted(name for name in found if self._is_exposed(name))

    async def _types_are_there(self) -> bool:
        self._has_types = self._has_types or await self._entities.has_types()
        return self._has_types

    async def _searched_names(self) -> list[str]:
        names = await self._entities.searched(SUBJECT)
        return [name for name in names if name.startswith(self._namespace)]

    def _is_exposed(self, name: str) -> bool:
        return any(fnmatchcase(name, glob) for glob in self.settings.tables)

    async def table(self, name: str) -> Table | None:
        """One subject with its columns; one that shows none is no table."""
        found = await self._entities.get(SUBJECT, self._qualified(name))
        return None if found is None or not found.attributes.get("columnsShown") else self._table(name, found)

    def _table(self, name: str, found: Found) -> Table:
        columns = [Flat.of(each.attributes) for each in found.inside.get("columns", ())]
        shown = tuple(Column(each.path, each.type, each.nullable, each.doc or None) for each in top(columns))
        subject = found.attributes.get("subject")
        return Table(name, shown, struct_of(columns), subject, SUBJECT, found.guid)

    def plan(self, subject: str, wanted: Model, current: Table | None) -> Plan:
        """Anything may become anything: entities describe, and nothing is behind them."""
        name = self.table_of(subject)
        model, losses = fitted(wanted, HOLDS, name="Record")
        struct = model.meaning(model.root)
        if not isinstance(struct, Struct):
            return Plan(name, impossible=("the root of the schema is no record, so that there are no columns",))
        columns = flat(struct)
        said = _said(columns, current)
        if current is not None and not said and current.subject == subject:
            return Plan(name, losses=losses)
        seen = None if current is None else current.fingerprint
        text = f"describe subject {name}: {'; '.join(said) or 'take it over'}"
        step = Step("describe", "", text, {"subject": subject, "columns": columns, "seen": seen})
        return Plan(name, (step,), losses=losses)

    async def apply(self, table: str, step: Step) -> None:
        """Writes the columns; WriteConflict where somebody changed them since the plan."""
        await self._ready()
        subject, columns, seen = (step.arguments[key] for key in ("subject", "columns", "seen"))
        found = await self._entities.get(SUBJECT, self._qualified(table))
        shown = found is not None and bool(found.attributes.get("columnsShown"))
        now = self._table(table, found).fingerprint if shown and found is not None else None
        if now != seen:
            raise WriteConflict(f"The columns of {table} were changed by somebody else")
        if found is not None and found.attributes.get("subject") != subject:
            raise Incompatible(f"Entity {table} belongs to subject '{found.attributes.get('subject')}'")
        self._recent.note(table)
        there = {each.attributes.get("name"): each for each in (found.inside.get("columns", ()) if found else ())}
        made = [self._column(subject, table, each, -2 - number) for number, each in enumerate(columns)]
        changed = [
            entity
            for entity, each in zip(made, columns, strict=True)
            if each.path not in there or Flat.of(there[each.path].attributes) != each
        ]
        wanted = {each.path for each in columns}
        await self._entities.put([self._subject_entity(subject, table, columnsShown=True), *changed])
        gone = [each.guid for path, each in there.items() if path not in wanted]
        if gone:
            await self._entities.delete(gone)

    def _subject_entity(self, subject: str, table: str, **more: Any) -> dict[str, Any]:
        attributes = {
            "qualifiedName": self._qualified(table),
            "name": subject,
            "subject": subject,
            "registry": self.registry_id,
            **more,
        }
        return {"typeName": SUBJECT, "guid": "-1", "attributes": attributes}

    def _column(self, subject: str, table: str, column: Flat, guid: int) -> dict[str, Any]:
        name = {"qualifiedName": f"{self._qualified(table)}#col:{column.path}", "name": column.path}
        return {
            "typeName": COLUMN,
            "guid": str(guid),
            "attributes": {**name, **column.attributes()},
            "relationshipAttributes": {"table": {"typeName": SUBJECT, "guid": "-1"}},
        }

    async def drop(self, table: str) -> None:
        """Removes the columns, and the subject's entity too where no version needs it."""
        found = await self._entities.get(SUBJECT, self._qualified(table))
        if found is None:
            return
        self._recent.note(table)
        await self._entities.delete([each.guid for each in found.inside.get("columns", ())])
        if found.inside.get("versions"):
            subject = str(found.attributes.get("subject"))
            await self._entities.put([self._subject_entity(subject, table, columnsShown=False)])
        else:
            await self._entities.delete([found.guid])

    # --- copies

    async def mirror(self, document: Document) -> None:
        """One entity per version inside of the subject's; both are made or brought up to date in one call."""
        if not self.settings.mirror:
            return
        await self._ready()
        table = self.table_of(document.subject)
        values = values_of(document)
        attributes = {
            **{key: values.get(key) for key in ("metadata", "ruleSet", "created")},
            **{key: value for key, value in values.items() if key != "schema"},
            "schemaText": values["schema"],
            "qualifiedName": f"{self._qualified(table)}#v{document.version}",
            "name": f"{document.subject} v{document.version}",
        }
        version = {
            "typeName": VERSION,
            "guid": "-2",
            "attributes": attributes,
            "relationshipAttributes": {"ofSubject": {"typeName": SUBJECT, "guid": "-1"}},
        }
        self._recent.note(table)
        await self._entities.put([self._subject_entity(document.subject, table), version])

    async def mirrored(self) -> Sequence[Document]:
        """Every version of every subject; subjects that are too young for the index are known by name."""
        if not self.settings.mirror or not await self._types_are_there():
            return []
        names = {*await self._searched_names(), *(self._qualified(name) for name in self._recent.names())}
        return [document for each in await ask_each(self._copies, sorted(names)) for document in each]

    async def _copies(self, qualified: str) -> list[Document]:
        found = await self._entities.get(SUBJECT, qualified)
        versions = found.inside.get("versions", ()) if found is not None else ()
        return [
            document_of({**each.attributes, "schema": each.attributes.get("schemaText")}, qualified)
            for each in versions
        ]

    async def unmirror(self, subject: str, version: int) -> None:
        """Removes the entity of a version, and with the last one a subject's that shows no columns."""
        if not self.settings.mirror:
            return
        table = self.table_of(subject)
        found = await self._entities.get(SUBJECT, self._qualified(table))
        if found is None:
            return
        self._recent.note(table)
        versions = found.inside.get("versions", ())
        gone = [each.guid for each in versions if each.attributes.get("version") == version]
        if len(gone) == len(versions) and not found.attributes.get("columnsShown"):
            gone.append(found.guid)
        await self._entities.delete(gone)


def _said(wanted: Sequence[Flat], current: Table | None) -> list[str]:
    """What changes, in words; the order of columns counts as well."""
    if current is None:
        return [f"{len(top(wanted))} columns"]
    struct = struct_of(wanted)
    said = [f"{change.kind} {change.name}" for change in changes(current.model, struct)]
    return said or (["reorder columns"] if current.model.fields != struct.fields else [])
