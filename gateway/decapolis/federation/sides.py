"""How callers name a schema: a version in a registry, a table in a catalog, or a text at hand."""

from __future__ import annotations

from pydantic import AliasChoices, Field

from decapolis.operations.sides import Side, given_side, stored_side, table_side
from decapolis_formats import Format

from .desk import Desk
from .endpoint import Inputs
from .problems import Refused
from .subjects import format_named

FORMAT_WORDS = "avro, protobuf, json_schema, iceberg, parquet, openapi, asyncapi or sql_ddl, in any case"


class SchemaChoice(Inputs):
    """One schema: `registry` with `subject` or `table`, or `schema_content` with `schema_format`."""

    registry: str | None = Field(default=None, validation_alias=AliasChoices("registry", "registry_id"))
    subject: str | None = None
    table: str | None = Field(
        default=None, description="a table of a catalog, with the columns that it has now; elsewhere the subject"
    )
    version: int | None = Field(default=None, ge=1, description="the newest live one where it is left out")
    schema_content: str | None = Field(
        default=None, validation_alias=AliasChoices("schema_content", "content", "schema")
    )
    schema_format: str | None = Field(
        default=None, validation_alias=AliasChoices("schema_format", "format"), description=FORMAT_WORDS
    )


async def chosen_side(desk: Desk, choice: SchemaChoice, name: str, format: Format | None = None) -> Side:
    """The schema that is meant; a problem where that cannot be told."""
    if choice.schema_content is not None:
        if choice.schema_format is None and format is None:
            raise Refused(400, "invalid-request", f"{name}: a text needs its schema_format ({FORMAT_WORDS})")
        said = format_named(choice.schema_format) if choice.schema_format is not None else format
        return given_side(choice.schema_content, said or Format.AVRO, name)
    subject = choice.subject or choice.table
    if choice.registry is None or subject is None:
        raise Refused(
            400,
            "invalid-request",
            f"{name}: name a registry with a subject or a table, or bring schema_content with schema_format",
        )
    registry = desk.registry(choice.registry)
    if choice.subject is None and choice.version is None and (table := await table_side(registry, subject)) is not None:
        return table
    return await stored_side(desk.gateway, registry, subject, choice.version)
