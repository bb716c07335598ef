"""Sets one compatibility level: of a subject, or of a registry as a whole."""

from __future__ import annotations

from pydantic import AliasChoices, Field

from decapolis.jobs.plan import GLOBAL
from decapolis.operations.history_check import level_named
from decapolis.operations.set_level import set_level

from .endpoint import Answer, Asked, Endpoint, Inputs, Shape


class ModeInputs(Inputs):
    """Which level, and where."""

    mode: str = Field(
        validation_alias=AliasChoices("mode", "level", "compatibility"), description="the level, in any case"
    )
    subject: str | None = Field(default=None, min_length=1, description="without it the registry's global level")


class ModeShape(Shape):
    """What was set, and what was there."""

    success: bool
    registry_id: str
    mode: str
    subject: str = Field(description="the subject, or `global`")
    before: str | None = Field(description="null where no level was set there")
    after: str | None


async def set_compatibility_mode(asked: Asked[ModeInputs]) -> Answer:
    """The level before and after."""
    door = asked.desk.door(asked.path["registry_id"])
    level, subject = level_named(asked.inputs.mode), asked.inputs.subject
    result = await set_level(door, subject, level)
    shape = ModeShape(
        success=True,
        registry_id=asked.path["registry_id"],
        mode=result.after or level.name,
        subject=subject or GLOBAL,
        before=result.before,
        after=result.after,
    )
    return Answer(shape)


ENDPOINTS = (
    Endpoint(
        "PUT",
        "/compatibility/{registry_id}/mode",
        set_compatibility_mode,
        "Set the compatibility level of a subject, or of a registry as a whole",
        "compatibility",
        ModeInputs,
        {200: ModeShape},
        (400, 404, 409, 422),
    ),
)
