"""The registry that is always there: a whole one, on the gateway's own store.

Found through the same entry point as every other type and under the same contract; the only one that needs our store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

from decapolis_formats import Format, FormatError, Schema, engine_of
from decapolis_formats.transform import read_model
from decapolis_translators.contract import Capabilities, Feature, StoredVersion
from decapolis_translators.errors import NotPermitted, SchemaRefused, SubjectRefused
from decapolis_translators.subjects import Subject

from .references import resolve
from .stored import StoredRegistry, demand_references, demand_text

DEFAULT_LEVEL = "BACKWARD"
DEFAULT_MODE = "READWRITE"


class EmbeddedRegistry(StoredRegistry):
    """A registry in the gateway's store.

    Operations decide before they write here; who writes without them, as the contract allows, still meets readable
    schemas, references that are there, and the mode.
    """

    type: ClassVar[str] = "embedded"

    @cached_property
    def _able(self) -> Capabilities:
        missing = {Feature.NATIVE_CHECK: "The gateway is this registry's judge; there is no second opinion."}
        return replace(super().capabilities.without(missing), formats=frozenset(Format))

    @property
    def capabilities(self) -> Capabilities:
        """Everything that the dialect has, and texts of every other format."""
        return self._able

    async def config(self, subject: str | None) -> Mapping[str, Any] | None:
        """What is set exactly there; the global answers what holds."""
        found = await super().config(subject)
        return {"compatibilityLevel": DEFAULT_LEVEL, **(found or {})} if subject is None else found

    async def set_config(self, subject: str | None, changes: Mapping[str, Any]) -> None:
        """Changes the named keys, levels in capital letters; a None clears one."""
        level = changes.get("compatibilityLevel")
        await super().set_config(subject, {**changes, "compatibilityLevel": level.upper()} if level else changes)

    async def mode(self, subject: str | None) -> str | None:
        """What is set exactly there; the global answers what holds."""
        return await super().mode(subject) or (DEFAULT_MODE if subject is None else None)

    async def set_mode(self, subject: str | None, mode: str | None, *, force: bool = False) -> None:
        """Sets or clears it, in capital letters."""
        await super().set_mode(subject, mode.upper() if mode else None, force=force)

    async def register(
        self, subject: str, schema: Schema, *, native_id: int | None = None, version: int | None = None
    ) -> StoredVersion:
        """Adds a version in one transaction: dedup, id, number and text are durable together or not at all."""
        await self._demand_writable(subject)
        demand_references(schema, self.capabilities)
        await self._demand_readable(Subject.parse(subject).context, schema)
        return await super().register(subject, schema, native_id=native_id, version=version)

    async def versions(self, subject: str, *, deleted: bool = False) -> list[int]:
        """The numbers, ascending."""
        _demand_name(subject)
        return await super().versions(subject, deleted=deleted)

    async def _demand_writable(self, subject: str) -> None:
        _demand_name(subject)
        mode = await self.mode(subject) or await self.mode(None)
        if mode in {"READONLY", "READONLY_OVERRIDE"}:
            raise NotPermitted(f"Subject {subject} is in {mode} mode")

    async def _demand_readable(self, context: str, schema: Schema) -> None:
        async def text_of(subject: str, version: int) -> StoredVersion:
            return await self.fetch(subject, None if version < 1 else version, deleted=True)

        try:
            dependencies = await resolve(schema.references, context, text_of)
            if schema.format in super().capabilities.formats:
                engine_of(schema.format).parse(schema.text, dependencies)
            else:
                read_model(schema.text, schema.format, dependencies=dependencies)
        except FormatError as error:
            raise SchemaRefused(str(error)) from error


def _demand_name(subject: str) -> None:
    demand_text(subject)
    if not Subject.parse(subject).name:
        raise SubjectRefused("A subject needs a name")
