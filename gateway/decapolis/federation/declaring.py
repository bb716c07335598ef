"""Declared state: what a folder under version control says of registries, the steps that lead there, and taking them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from decapolis.operations.candidate import Request
from decapolis.operations.declared import (
    Declared,
    DeclaredRegistry,
    DeclaredSubject,
    Step,
    Unset,
    applied,
    planned,
)
from decapolis_formats import Format
from decapolis_formats.spelling import references_from, rule_set_from

from .endpoint import Answer, Asked, Endpoint, Inputs, Shape
from .subjects import format_named


class SubjectDeclaration(Inputs):
    """What one subject should be; what is left out is left alone."""

    schema_content: str | None = Field(default=None, description="the text of its newest version")
    schema_format: str = Field(default="avro", description="avro, json_schema or protobuf, in any case")
    references: list[dict[str, Any]] = Field(default_factory=list, description="name, subject, version of each")
    rule_set: dict[str, Any] | None = None
    level: str | None = Field(default=None, description="its own level; an empty text: none of its own")
    metadata: dict[str, Any] | None = Field(default=None, description="keys of its newest version; others stay")


class RegistryDeclaration(Inputs):
    """What one registry should hold; what is left out is left alone."""

    level: str | None = Field(default=None, description="its global level")
    subjects: dict[str, SubjectDeclaration] = Field(default_factory=dict)


class DeclarationInputs(Inputs):
    """What registries should hold, by registry id."""

    registries: dict[str, RegistryDeclaration]


class ApplyInputs(DeclarationInputs):
    """The same, and how far it may go."""

    may_destroy: bool = Field(
        default=False, description="whether versions that somebody added since may be deleted softly"
    )


class StepShape(Shape):
    """One change that is missing."""

    registry: str
    subject: str | None
    action: str = Field(description="register, delete-version, set-level or set-metadata")
    before: Any
    after: Any
    possible: bool = Field(description="false where the candidate would be refused")
    messages: list[str]
    destroys: bool
    done: bool | None = Field(description="null while it is only planned")
    error: str | None


class StepsShape(Shape):
    """The steps in their order."""

    steps: list[StepShape]
    in_step: bool = Field(description="whether nothing is missing (any more)")


async def plan_declared(asked: Asked[DeclarationInputs]) -> Answer:
    """The steps that are missing."""
    return Answer(_shape(await planned(asked.desk.gateway, _declared(asked.inputs))))


async def apply_declared(asked: Asked[ApplyInputs]) -> Answer:
    """The steps that were taken."""
    steps = await applied(asked.desk.gateway, _declared(asked.inputs), may_destroy=asked.inputs.may_destroy)
    return Answer(_shape(steps))


def _declared(inputs: DeclarationInputs) -> Declared:
    return {
        registry: DeclaredRegistry(
            _level(each.level), {name: _subject(subject) for name, subject in each.subjects.items()}
        )
        for registry, each in inputs.registries.items()
    }


def _subject(said: SubjectDeclaration) -> DeclaredSubject:
    format: Format = format_named(said.schema_format)
    request = None
    if said.schema_content is not None:
        request = Request(
            text=said.schema_content,
            schema_type=format.schema_type,
            references=references_from(said.references),
            rule_set=rule_set_from(said.rule_set),
        )
    return DeclaredSubject(request, _level(said.level), said.metadata)


def _level(said: str | None) -> str | Unset | None:
    return Unset.UNSET if said is not None and not said.strip() else said


def _shape(steps: list[Step]) -> StepsShape:
    shapes = [
        StepShape(
            registry=each.registry,
            subject=each.subject,
            action=each.action.value,
            before=each.before,
            after=each.after,
            possible=each.possible,
            messages=list(each.messages),
            destroys=each.destroys,
            done=each.done,
            error=each.error,
        )
        for each in steps
    ]
    return StepsShape(steps=shapes, in_step=all(each.done for each in steps))


ENDPOINTS = (
    Endpoint(
        "POST",
        "/declared/plan",
        plan_declared,
        "Tell which steps lead to what is declared; nothing is changed",
        "declared",
        inputs=DeclarationInputs,
        answers={200: StepsShape},
        problems=(400, 404, 502),
    ),
    Endpoint(
        "POST",
        "/declared/apply",
        apply_declared,
        "Take the steps that lead to what is declared",
        "declared",
        inputs=ApplyInputs,
        answers={200: StepsShape},
        problems=(400, 404, 502),
    ),
)
