"""Comparing any two schemas, across registries and formats."""

from __future__ import annotations

from pydantic import Field

from decapolis.operations.compare import Comparison, Direction, compared
from decapolis.operations.history_check import level_named
from decapolis.operations.sides import Side
from decapolis.web import current_call
from decapolis_formats.options import Dialect, Options

from .endpoint import Answer, Asked, Endpoint, Inputs, Shape
from .sides import SchemaChoice, chosen_side


class CompareBody(Inputs):
    """Two schemas."""

    schema1: SchemaChoice
    schema2: SchemaChoice
    level: str = Field(default="FULL", description="the compatibility level that is asked about, in any case")
    sql_dialect: Dialect = Field(default=Dialect.ANSI, description="in which SQL texts are written")


class CompareQuery(Inputs):
    """Two subjects."""

    registry1_id: str
    subject1: str
    version1: int | None = Field(default=None, ge=1)
    registry2_id: str
    subject2: str
    version2: int | None = Field(default=None, ge=1)
    level: str = Field(default="FULL", description="the compatibility level that is asked about, in any case")


class SideShape(Shape):
    """What stands on one side."""

    name: str
    registry: str | None
    subject: str | None
    version: int | None
    schema_format: str


class DifferenceShape(Shape):
    """One difference."""

    path: str = Field(description="fields joined by dots; [] items, {} values; empty for the whole schema")
    change: str = Field(
        description="only on the left, only on the right, name, type, nullability, default, doc or tags"
    )
    left: str
    right: str
    lossy: bool = Field(description="whether values of the left side have no place on the right side")


class DirectionShape(Shape):
    """Whether one side can read data of the other."""

    is_compatible: bool
    messages: list[str]


class CompatibilityShape(Shape):
    """Both directions, and the verdict under the level when the right side follows the left one."""

    level: str
    is_compatible: bool
    judged_by: str = Field(description="format: by the rules of their format; structure: by the values each can hold")
    left_reads_right: DirectionShape
    right_reads_left: DirectionShape


class NoteShape(Shape):
    """What a side says that was passed over."""

    path: str
    what: str
    why: str


class ComparisonShape(Shape):
    """Everything that two schemas differ in."""

    left: SideShape
    right: SideShape
    identical: bool
    differences: list[DifferenceShape]
    compatibility: CompatibilityShape
    notes: list[NoteShape]
    recommendations: list[str]


async def compare_schemas(asked: Asked[CompareBody]) -> Answer:
    """The comparison of two schemas of any kind."""
    current_call().demand_fresh()
    inputs, desk = asked.inputs, asked.desk
    left = await chosen_side(desk, inputs.schema1, "schema1")
    right = await chosen_side(desk, inputs.schema2, "schema2")
    options = Options(dialect=inputs.sql_dialect)
    return Answer(_shape(await compared(desk.gateway, left, right, level_named(inputs.level), options)))


async def compare_subjects(asked: Asked[CompareQuery]) -> Answer:
    """The comparison of two subjects."""
    current_call().demand_fresh()
    inputs, desk = asked.inputs, asked.desk
    first = SchemaChoice(registry=inputs.registry1_id, subject=inputs.subject1, version=inputs.version1)
    second = SchemaChoice(registry=inputs.registry2_id, subject=inputs.subject2, version=inputs.version2)
    left, right = await chosen_side(desk, first, "schema1"), await chosen_side(desk, second, "schema2")
    return Answer(_shape(await compared(desk.gateway, left, right, level_named(inputs.level))))


def _shape(found: Comparison) -> ComparisonShape:
    return ComparisonShape(
        left=_side(found.left),
        right=_side(found.right),
        identical=found.identical,
        differences=[
            DifferenceShape(
                path=each.path, change=each.change.value, left=each.left, right=each.right, lossy=each.lossy
            )
            for each in found.findings
        ],
        compatibility=CompatibilityShape(
            level=found.level.name,
            is_compatible=found.compatible,
            judged_by=found.judged_by,
            left_reads_right=_direction(found.left_reads_right),
            right_reads_left=_direction(found.right_reads_left),
        ),
        notes=[NoteShape(path=each.path, what=each.what, why=each.why) for each in found.notes],
        recommendations=list(found.recommendations),
    )


def _side(side: Side) -> SideShape:
    return SideShape(
        name=side.name,
        registry=side.registry,
        subject=side.subject,
        version=side.version,
        schema_format=side.format.value,
    )


def _direction(direction: Direction) -> DirectionShape:
    return DirectionShape(is_compatible=direction.compatible, messages=list(direction.messages))


ENDPOINTS = (
    Endpoint(
        "GET",
        "/schemas/compare",
        compare_subjects,
        "Compare two subjects field by field",
        "schemas",
        inputs=CompareQuery,
        answers={200: ComparisonShape},
    ),
    Endpoint(
        "POST",
        "/schemas/compare",
        compare_schemas,
        "Compare any two schemas field by field: versions, tables, or texts at hand, across formats",
        "schemas",
        inputs=CompareBody,
        answers={200: ComparisonShape},
    ),
)
