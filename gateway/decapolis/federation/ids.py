"""Ids: what a number in a message means, at the front and in every registry."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from decapolis.operations.everywhere import Failed
from decapolis.operations.numbers import Meaning, meaning_of
from decapolis.settings import MAX_ID

from .endpoint import REGISTRIES, Answer, Asked, Endpoint, Inputs, Listed, Shape, named
from .problems import Refused
from .shapes import PARTIAL, FailedEntry, ReferenceShape, failed_entry, references_of


class IdInputs(Inputs):
    """Where the number is looked for."""

    registries: Listed = named(*REGISTRIES, description="only these; all enabled ones where it is left out")


class UseShape(Shape):
    """A version that holds the schema."""

    subject: str
    version: int


class MeaningShape(Shape):
    """A schema that the number stands for."""

    registry: str = Field(description="the registry that holds it; empty where it is not configured any more")
    native_id: int
    context: str
    public_id: int | None = Field(description="how messages written through the gateway carry it")
    schema_format: str
    schema_content: str
    guid: str
    references: list[ReferenceShape]
    uses: list[UseShape]


class NumberShape(Shape):
    """Everything that a number means."""

    id: int
    reserved_for: str | None = Field(description="the registry in whose range of public ids it lies")
    front: MeaningShape | None = Field(description="what a reader at the front gets who gives no further hint")
    results: dict[str, list[MeaningShape]] = Field(description="by registry: what it calls so itself")
    failures: dict[str, FailedEntry]


def _shape(meaning: Meaning) -> MeaningShape:
    schema = meaning.schema
    return MeaningShape(
        registry=meaning.registry,
        native_id=meaning.native_id,
        context=meaning.context,
        public_id=meaning.public_id,
        schema_format=schema.format.value,
        schema_content=schema.text,
        guid=schema.guid,
        references=references_of(schema),
        uses=[UseShape(subject=subject, version=version) for subject, version in meaning.uses],
    )


async def get_id(asked: Asked[IdInputs]) -> Answer:
    """What a number means everywhere."""
    spelled = asked.path["id"]
    if not (spelled.isascii() and spelled.isdigit() and 0 < int(spelled[:11]) <= MAX_ID):
        raise Refused(400, "invalid-id", f"An id is a number from 1 to {MAX_ID}, not '{spelled}'")
    number = int(spelled)
    found = await meaning_of(asked.desk.gateway, number, asked.desk.chosen(asked.inputs.registries))
    results: dict[str, Any] = {}
    failures: dict[str, FailedEntry] = {}
    for registry_id, answer in found.natively.items():
        if isinstance(answer, Failed):
            failures[registry_id] = failed_entry(answer)
        elif answer:
            results[registry_id] = [_shape(each) for each in answer]
    front = None if found.front is None else _shape(found.front)
    shape = NumberShape(id=number, reserved_for=found.reserved_for, front=front, results=results, failures=failures)
    return Answer(shape, headers={PARTIAL: "true"} if failures else {})


ENDPOINTS = (
    Endpoint(
        "GET",
        "/ids/{id}",
        get_id,
        "Tell what a number means: at the front, and as an own id of every registry",
        "ids",
        inputs=IdInputs,
        answers={200: NumberShape},
    ),
)
