"""Transformations between the eight formats, with the list of what was lost or guessed."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import AliasChoices, Field, field_validator

from decapolis.web import current_call
from decapolis_formats.options import Dialect, Naming, Options
from decapolis_formats.rules import rules
from decapolis_formats.transform import supported, transform

from .endpoint import Answer, Asked, Endpoint, Inputs, Shape
from .problems import Refused
from .sides import FORMAT_WORDS, SchemaChoice, chosen_side
from .subjects import format_named


class TransformOptions(Inputs):
    """Wishes; each has a value that asks for nothing."""

    field_mappings: dict[str, str] = Field(default_factory=dict, description="new names by field name or path")
    naming: Naming = Naming.AS_IS
    name: str | None = Field(default=None, description="of the result's root")
    namespace: str | None = None
    select: str | None = Field(default=None, description="which table, message or component of a source with several")
    dialect: Dialect = Field(
        default=Dialect.ANSI,
        validation_alias=AliasChoices("dialect", "sql_dialect"),
        description="of SQL in the result",
    )
    source_dialect: Dialect | None = Field(default=None, description="of SQL in the source")
    iceberg_version: int = Field(default=2, ge=1, le=3)
    payload: str | None = Field(default=None, description="in which format messages of AsyncAPI are written")


class TransformInputs(Inputs):
    """What is to become what."""

    source: SchemaChoice | str = Field(
        validation_alias=AliasChoices("schema", "ref", "schema_content"),
        description="a text with `source_format`, or an object that names a registry and a subject or table",
    )
    source_format: str | None = Field(default=None, description=FORMAT_WORDS)
    target_format: str = Field(description=FORMAT_WORDS)
    options: TransformOptions = Field(default_factory=TransformOptions)

    @field_validator("source", mode="before")
    @classmethod
    def _text_or_choice(cls, value: Any) -> Any:
        return SchemaChoice.model_validate(value) if isinstance(value, dict) else value


class LossShape(Shape):
    """One thing that was lost or guessed."""

    path: str
    what: str
    why: str
    guessed: bool


class TransformedShape(Shape):
    """The text in the target format, and what was lost or guessed on the way."""

    schema_content: str
    source_format: str
    target_format: str
    losses: list[LossShape]


class RulesInputs(Inputs):
    """A pair of formats."""

    source: str = Field(validation_alias=AliasChoices("source", "source_format"), description=FORMAT_WORDS)
    target: str = Field(validation_alias=AliasChoices("target", "target_format"), description=FORMAT_WORDS)
    dialect: Dialect = Field(default=Dialect.ANSI, description="of SQL")


class RuleShape(Shape):
    """What becomes of one type or feature."""

    what: str
    source: str
    target: str
    lossy: bool
    losses: list[str]


class RulesShape(Shape):
    """Whether a pair can be transformed, and how."""

    source: str
    target: str
    supported: bool
    reason: str | None
    rules: list[RuleShape]


async def transform_schema(asked: Asked[TransformInputs]) -> Answer:
    """The schema in another format."""
    current_call().demand_fresh()
    inputs = asked.inputs
    format = None if inputs.source_format is None else format_named(inputs.source_format)
    choice = SchemaChoice(schema_content=inputs.source) if isinstance(inputs.source, str) else inputs.source
    side = await chosen_side(asked.desk, choice, "schema", format)
    target = format_named(inputs.target_format)
    options = _options(inputs.options)
    done = await asyncio.to_thread(transform, side.text.text, side.format, target, options, side.dependencies)
    losses = [LossShape(path=each.path, what=each.what, why=each.why, guessed=each.guessed) for each in done.losses]
    return Answer(
        TransformedShape(
            schema_content=done.text, source_format=side.format.value, target_format=target.value, losses=losses
        )
    )


def _options(wishes: TransformOptions) -> Options:
    return Options(
        field_mappings=wishes.field_mappings,
        naming=wishes.naming,
        name=wishes.name,
        namespace=wishes.namespace,
        select=wishes.select,
        dialect=wishes.dialect,
        source_dialect=wishes.source_dialect,
        iceberg_version=wishes.iceberg_version,
        payload=None if wishes.payload is None else format_named(wishes.payload),
    )


async def transform_rules(asked: Asked[RulesInputs]) -> Answer:
    """The type table of a pair."""
    inputs = asked.inputs
    try:
        source, target = format_named(inputs.source), format_named(inputs.target)
    except Refused as unknown:  # asking about a pair is a question, no mistake
        said = RulesShape(source=inputs.source, target=inputs.target, supported=False, reason=str(unknown), rules=[])
        return Answer(said)
    support = supported(source, target)
    rows = await asyncio.to_thread(rules, source, target, Options(dialect=inputs.dialect)) if support.supported else ()
    shapes = [
        RuleShape(what=r.what, source=r.source, target=r.target, lossy=r.lossy, losses=list(r.losses)) for r in rows
    ]
    return Answer(
        RulesShape(
            source=source.value,
            target=target.value,
            supported=support.supported,
            reason=support.reason or None,
            rules=shapes,
        )
    )


ENDPOINTS = (
    Endpoint(
        "POST",
        "/schemas/transform",
        transform_schema,
        "Transform a schema into another format, with the list of what was lost or guessed",
        "schemas",
        inputs=TransformInputs,
        answers={200: TransformedShape},
        problems=(400, 404, 422),
    ),
    Endpoint(
        "GET",
        "/schemas/transform/rules",
        transform_rules,
        "Tell whether a pair of formats can be transformed, and what becomes of each type",
        "schemas",
        inputs=RulesInputs,
        answers={200: RulesShape},
        problems=(400,),
    ),
)
