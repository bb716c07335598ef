"""The type `shelf`: a registry that lives in this process and forgets everything with it.

It shows the least that a type must do, and how it says what it cannot.
"""

from __future__ import annotations

import json
from itertools import count

from pydantic import Field

from decapolis_formats import Format, Schema
from decapolis_translators.contract import (
    Capabilities,
    Feature,
    NativeId,
    Ping,
    StoredVersion,
    Translator,
    TranslatorConfig,
)
from decapolis_translators.errors import (
    SchemaNotFound,
    SchemaRefused,
    SubjectNotFound,
    SubjectRefused,
    TooLarge,
    Unsupported,
    VersionNotFound,
)


class ShelfConfig(TranslatorConfig):
    """How large a shelf is."""

    max_text: int = Field(default=1_000_000, gt=0)


class ShelfRegistry(Translator[ShelfConfig]):
    """A shelf of schemas; deletes are permanent at once."""

    type = "shelf"
    Config = ShelfConfig
    capabilities = Capabilities(
        formats=frozenset({Format.AVRO, Format.JSON_SCHEMA}),
        missing={
            Feature.SOFT_DELETE: "What is taken from the shelf is gone.",
            Feature.IMPORT_IDS: "The shelf numbers its schemas itself.",
            Feature.METADATA: "A shelf holds texts and nothing beside them.",
            Feature.METADATA_TAGS: "A shelf holds texts and nothing beside them.",
            Feature.RULE_SETS: "A shelf holds texts and nothing beside them.",
            Feature.LEVELS: "A shelf takes every text; levels are the gateway's affair.",
            Feature.CONFIG: "A shelf has no settings.",
            Feature.MODES: "A shelf is always open.",
            Feature.CONTEXTS: "There is one shelf.",
            Feature.NATIVE_CHECK: "A shelf does not judge.",
            Feature.REFERRERS: "Schemas on a shelf do not refer to each other.",
            Feature.USAGES: "A shelf does not say who uses an id.",
            Feature.SERVER_SIDE_RULES: "A shelf does not judge.",
        },
    )

    def __init__(self, registry_id: str, config: ShelfConfig) -> None:
        super().__init__(registry_id, config)
        self._subjects: dict[str, dict[int, StoredVersion]] = {}
        self._next_version: dict[str, count[int]] = {}
        self._ids: dict[Schema, int] = {}

    async def open(self) -> None:
        """There is nothing to open."""

    async def close(self) -> None:
        """There is nothing to close; the schemas stay until the process ends."""

    async def ping(self) -> Ping:
        """Always there."""
        return Ping(version="1.0.0", cluster_id=f"shelf-{id(self)}")

    async def subjects(self, *, deleted: bool = False) -> list[str]:
        """All subjects; there are no deleted ones."""
        return sorted(self._subjects)

    async def versions(self, subject: str, *, deleted: bool = False) -> list[int]:
        """The version numbers."""
        return sorted(self._held(subject))

    async def fetch(self, subject: str, version: int | None = None, *, deleted: bool = False) -> StoredVersion:
        """One version, the newest where none is named."""
        held = self._held(subject)
        number = max(held) if version is None else version
        if number not in held:
            raise VersionNotFound(subject, number)
        return held[number]

    async def fetch_by_id(self, native_id: NativeId, context: str = ".") -> Schema:
        """The schema of that id."""
        for schema, number in self._ids.items():
            if number == native_id:
                return schema
        raise SchemaNotFound(native_id)

    async def lookup(self, subject: str, schema: Schema, *, deleted: bool = False) -> StoredVersion | None:
        """The version with exactly this text."""
        return next((each for each in self._held(subject).values() if each.schema == schema), None)

    async def register(
        self, subject: str, schema: Schema, *, native_id: int | None = None, version: int | None = None
    ) -> StoredVersion:
        """Puts a schema on the shelf; nothing is awaited in between, so two tasks cannot take one number."""
        self._refuse_what_would_be_lost(subject, schema, native_id)
        for held in self._subjects.get(subject, {}).values():
            if held.schema == schema:
                return held
        numbers = self._next_version.setdefault(subject, count(1))
        stored = StoredVersion(subject, next(numbers), self._ids.setdefault(schema, len(self._ids) + 1), schema)
        self._subjects.setdefault(subject, {})[stored.version] = stored
        return stored

    async def delete(self, subject: str, version: int | None = None, *, permanent: bool = False) -> list[int]:
        """Takes a version or the whole subject away, for good."""
        if not permanent:
            self.capabilities.demand(Feature.SOFT_DELETE)
        held = self._held(subject)
        numbers = sorted(held) if version is None else [version]
        if not held.keys() >= set(numbers):
            raise VersionNotFound(subject, numbers[0])
        for number in numbers:
            del held[number]
        if not held:
            del self._subjects[subject]
        return numbers

    def _held(self, subject: str) -> dict[int, StoredVersion]:
        if subject not in self._subjects:
            raise SubjectNotFound(subject)
        return self._subjects[subject]

    def _refuse_what_would_be_lost(self, subject: str, schema: Schema, native_id: int | None) -> None:
        if not subject or subject.startswith(":."):
            raise SubjectRefused("A shelf has neither nameless subjects nor contexts.")
        if native_id is not None:
            self.capabilities.demand(Feature.IMPORT_IDS)
        if schema.metadata is not None:
            self.capabilities.demand(Feature.METADATA)
        if schema.rule_set is not None:
            self.capabilities.demand(Feature.RULE_SETS)
        if schema.references:
            raise Unsupported("references", "Schemas on a shelf do not refer to each other.")
        if schema.format not in self.capabilities.formats:
            raise Unsupported("formats", f"A shelf does not hold {schema.format} schemas.")
        if len(schema.text) > self.settings.max_text:
            raise TooLarge(f"A text on this shelf has at most {self.settings.max_text} characters")
        try:
            json.loads(schema.text)
        except ValueError as error:
            raise SchemaRefused(f"Not JSON: {error}") from None
