"""One side of a comparison or the source of a transformation: a version in a registry, a table, or a text at hand."""

from __future__ import annotations

from dataclasses import dataclass

from decapolis.gateway import Gateway
from decapolis.registries.catalog.registry import columns_as
from decapolis.registries.live import LiveRegistry
from decapolis_formats import Dependency, Format
from decapolis_policies import Text
from decapolis_translators.contract import StoredVersion
from decapolis_translators.subjects import Subject


@dataclass(frozen=True, slots=True)
class Side:
    """A text with everything that is needed to read it, and what people call it."""

    name: str
    text: Text
    registry: str | None = None
    subject: str | None = None
    version: int | None = None

    @property
    def format(self) -> Format:
        """The format of the text."""
        return self.text.format

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        """The texts of its references."""
        return self.text.dependencies


async def stored_side(gateway: Gateway, registry: LiveRegistry, subject: str, version: int | None) -> Side:
    """A version of a subject; the newest live one for None."""
    stored = await registry.fetch(subject, version)
    return await side_of(registry, stored)


async def table_side(registry: LiveRegistry, subject: str) -> Side | None:
    """The columns that a subject's table has now, whoever altered it last; None where there is no table."""
    table = await registry.table(subject)
    if table is None:
        return None
    text = Text(Format.ICEBERG, columns_as(table, Format.ICEBERG))
    return Side(f"{registry.id}: table {table.name}", text, registry.id, subject)


async def side_of(registry: LiveRegistry, stored: StoredVersion) -> Side:
    """A stored version with the texts of its references."""
    schema = stored.schema
    context = Subject.parse(stored.subject).context
    known = await registry.dependencies(schema, context, deleted=True)
    name = f"{registry.id}: {stored.subject} version {stored.version}"
    return Side(name, Text(schema.format, schema.text, known), registry.id, stored.subject, stored.version)


def given_side(text: str, format: Format, name: str) -> Side:
    """A text that the caller brought."""
    return Side(name, Text(format, text))
