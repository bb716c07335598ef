"""Finding schemas: one subject in every registry at once."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from decapolis.gateway import Gateway
from decapolis.operations.everywhere import Failed, everywhere
from decapolis.registries.live import LiveRegistry
from decapolis.web import current_call
from decapolis_translators.errors import Absent

from .endpoint import REGISTRIES, Answer, Asked, Endpoint, Inputs, Listed, named
from .shapes import FailedEntry, SchemaShape, failed_entry, partial, schema_shape


class FindInputs(Inputs):
    """Which subject is looked for, and where."""

    subject: str = Field(min_length=1, description="the name as clients write it")
    registries: Listed = named(*REGISTRIES, description="only these; all enabled ones where it is left out")
    version: int | None = Field(default=None, ge=1, description="this version instead of the latest")


async def find_schemas(asked: Asked[FindInputs]) -> Answer:
    """The subject's latest version in each registry that has it."""
    current_call().demand_fresh()
    desk, inputs = asked.desk, asked.inputs
    answers = await everywhere(
        desk.chosen(inputs.registries),
        lambda registry: _found(desk.gateway, registry, inputs.subject, inputs.version),
    )
    entries: dict[str, Any] = {}
    for registry_id, answer in answers.items():
        if isinstance(answer, Failed):
            entries[registry_id] = failed_entry(answer)
        elif answer is not None:
            entries[registry_id] = answer
    return Answer(entries, headers=partial(entries))


async def _found(gateway: Gateway, registry: LiveRegistry, subject: str, version: int | None) -> SchemaShape | None:
    try:
        return await schema_shape(gateway, registry, await registry.fetch(subject, version))
    except Absent:
        return None


ENDPOINTS = (
    Endpoint(
        "GET",
        "/schemas/find",
        find_schemas,
        "Find a subject in every registry: its latest version by registry id; a registry without it is left out",
        "schemas",
        inputs=FindInputs,
        answers={200: dict[str, SchemaShape | FailedEntry]},
    ),
)
