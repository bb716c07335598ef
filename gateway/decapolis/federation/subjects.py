"""Subjects of one registry: list, register, read, delete, and the metadata of a version."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from decapolis.gateway import Gateway
from decapolis.operations.annotated import annotate, split_metadata, whole_metadata
from decapolis.operations.candidate import DIALECT_TYPES, Request
from decapolis.operations.check_everywhere import format_of
from decapolis.operations.delete import delete_subject, delete_version
from decapolis.operations.fetch import version_from
from decapolis.operations.register import register
from decapolis.operations.register_other import register_other
from decapolis.registries.live import LiveRegistry
from decapolis.settings import MAX_ID
from decapolis_formats import Format, Schema
from decapolis_formats.spelling import references_from, rule_set_from
from decapolis_translators.contract import Feature, StoredVersion
from decapolis_translators.errors import Absent, SubjectNotFound

from .endpoint import Answer, Asked, Endpoint, Inputs, Shape, etag
from .paging import Page, Paged, page_of
from .problems import Refused
from .shapes import SchemaShape, schema_shape


class SubjectsInputs(Paged):
    """Which subjects are listed."""

    prefix: str = Field(default="", description="only names that begin so")
    deleted: bool = Field(default=False, description="also those that have only soft-deleted versions")


class DeletedInputs(Inputs):
    """Whether soft-deleted versions count."""

    deleted: bool = Field(default=False, description="also soft-deleted versions")


class VersionInputs(DeletedInputs):
    """How one version is read."""

    schema_format: str | None = Field(
        default=None, description="of a table that nobody registered: its columns as avro, iceberg or sql_ddl"
    )


class DeleteInputs(Inputs):
    """How thoroughly something is deleted."""

    permanent: bool = Field(default=False, description="for good, after a soft delete")


class RegisterInputs(Inputs):
    """A schema to be registered."""

    schema_content: str = Field(description="the text")
    schema_format: str | None = Field(
        default=None, description="the format in any case, `JSON` included; the subject's own, else AVRO"
    )
    references: list[dict[str, Any]] | None = Field(default=None, description="name, subject, version of each")
    metadata: dict[str, Any] | None = Field(default=None, description="free keys; or `properties`, `tags`, `sensitive`")
    rule_set: dict[str, Any] | None = Field(default=None, description="data-contract rules, as the dialect spells them")
    normalize: bool = False
    id: int | None = Field(
        default=None, ge=1, le=MAX_ID, description="the registry's own id that it shall have; in mode IMPORT only"
    )
    version: int | None = Field(default=None, ge=1, le=MAX_ID, description="with `id`: the number that it shall have")


class DeletedShape(Shape):
    """What was deleted."""

    registry: str
    subject: str
    versions: list[int]
    permanent: bool


MetadataMap = dict[str, Any]


async def list_subjects(asked: Asked[SubjectsInputs]) -> Answer:
    """The names, sorted."""
    registry = asked.desk.enabled(asked.path["registry_id"])
    names = await registry.subjects(deleted=asked.inputs.deleted)
    kept = [name for name in names if name.startswith(asked.inputs.prefix)]
    return Answer(page_of(Page[str], kept, asked.inputs, key=str, shape=str))


async def list_versions(asked: Asked[DeletedInputs]) -> Answer:
    """All versions of a subject, ascending."""
    registry, subject = _place(asked)
    found = await registry.history(subject, deleted=asked.inputs.deleted)
    if not found:
        raise SubjectNotFound(subject)
    return Answer([await schema_shape(asked.desk.gateway, registry, each) for each in found])


async def get_version(asked: Asked[VersionInputs]) -> Answer:
    """One version."""
    registry, subject = _place(asked)
    shape = await schema_shape(asked.desk.gateway, registry, await _version(asked, deleted=asked.inputs.deleted))
    if asked.inputs.schema_format is not None:
        wanted = format_named(asked.inputs.schema_format)
        if not shape.derived and wanted.value != shape.schema_format:
            raise Refused(422, "unsupported", f"Version {shape.version} is {shape.schema_format}: transform it instead")
        if shape.derived:
            content = (await registry.derived(subject, wanted))[wanted]
            shape = shape.model_copy(update={"schema_format": wanted.value, "schema_content": content})
    return Answer(shape, headers={"ETag": etag(shape)})


async def register_schema(asked: Asked[RegisterInputs]) -> Answer:
    """The version that holds the schema afterwards: 201 for a new one, 200 for one that was there."""
    gateway, inputs = asked.desk.gateway, asked.inputs
    registry, subject = _place(asked)
    spelled = inputs.schema_format
    format = format_named(spelled) if spelled is not None else await format_of(registry, subject)
    held, beside = split_metadata(inputs.metadata, able=registry.capabilities.has(Feature.METADATA))
    request = Request(
        text=inputs.schema_content,
        schema_type=format.schema_type,
        references=references_from(inputs.references),
        metadata=held,
        rule_set=rule_set_from(inputs.rule_set),
        id=inputs.id,
        version=inputs.version or 0,
    )
    if format not in registry.capabilities.formats:
        raise Refused(
            422, "unsupported", f"Registry {registry.id} does not hold {format} documents", known=_formats(registry)
        )
    try:
        before = await registry.versions(subject)
    except Absent:
        before = []
    door = asked.desk.door(registry.id)
    if format in DIALECT_TYPES.values():
        shown = await register(door, subject, request, normalize=inputs.normalize)
    else:
        document = Schema(format, request.text, tuple(request.references), held, request.rule_set)
        shown = await register_other(door, subject, document)
    stored = await registry.fetch(shown.subject, shown.version)
    if beside:
        await annotate(gateway, registry, stored, {**await whole_metadata(gateway, registry, stored), **beside})
    shape = await schema_shape(gateway, registry, stored)
    return Answer(shape, 200 if shown.version in before else 201, {"ETag": etag(shape)})


def _formats(registry: LiveRegistry) -> list[str]:
    return sorted(each.value for each in registry.capabilities.formats)


def format_named(spelled: str) -> Format:
    """The format of that name; a problem that lists the eight."""
    try:
        return Format.named(spelled)
    except ValueError as error:
        raise Refused(400, "unknown-format", str(error), known=[each.value for each in Format]) from error


async def delete_one_version(asked: Asked[DeleteInputs]) -> Answer:
    """What was deleted."""
    registry, subject = _place(asked)
    permanent = asked.inputs.permanent
    door = asked.desk.door(registry.id)
    gone = await delete_version(door, subject, version_from(asked.path["version"]), permanent=permanent)
    return Answer(DeletedShape(registry=registry.id, subject=subject, versions=[gone], permanent=permanent))


async def delete_all_versions(asked: Asked[DeleteInputs]) -> Answer:
    """What was deleted."""
    registry, subject = _place(asked)
    permanent = asked.inputs.permanent
    gone = await delete_subject(asked.desk.door(registry.id), subject, permanent=permanent)
    return Answer(DeletedShape(registry=registry.id, subject=subject, versions=gone, permanent=permanent))


async def get_metadata(asked: Asked[Inputs]) -> Answer:
    """The map of a version."""
    registry, _ = _place(asked)
    stored = await _version(asked)
    return await _metadata_answer(asked.desk.gateway, registry, stored)


async def put_metadata(asked: Asked[Inputs]) -> Answer:
    """The map as it will be read back."""
    registry, _ = _place(asked)
    stored = await _version(asked)
    gateway = asked.desk.gateway
    asked.demand_match(etag(await whole_metadata(gateway, registry, stored)))
    await annotate(gateway, registry, stored, asked.given)
    return await _metadata_answer(gateway, registry, stored)


async def _metadata_answer(gateway: Gateway, registry: LiveRegistry, stored: StoredVersion) -> Answer:
    shape = await schema_shape(gateway, registry, stored)
    headers = {"ETag": etag(shape.metadata), "X-Decapolis-Kept-By": ", ".join(shape.metadata_kept_by) or "nobody"}
    return Answer(shape.metadata, headers=headers)


def _place(asked: Asked[Any]) -> tuple[LiveRegistry, str]:
    return asked.desk.enabled(asked.path["registry_id"]), asked.path["subject"]


async def _version(asked: Asked[Any], *, deleted: bool = False) -> StoredVersion:
    registry, subject = _place(asked)
    return await registry.fetch(subject, version_from(asked.path["version"]), deleted=deleted)


_SUBJECTS = "/registries/{registry_id}/subjects"
_SUBJECT = _SUBJECTS + "/{subject}"
_VERSIONS = _SUBJECT + "/versions"
_VERSION = _VERSIONS + "/{version}"

ENDPOINTS = (
    Endpoint(
        "GET",
        _SUBJECTS,
        list_subjects,
        "List the subjects of a registry",
        "subjects",
        inputs=SubjectsInputs,
        answers={200: Page[str]},
    ),
    Endpoint(
        "DELETE",
        _SUBJECT,
        delete_all_versions,
        "Delete all versions of a subject, softly first",
        "subjects",
        inputs=DeleteInputs,
        answers={200: DeletedShape},
    ),
    Endpoint(
        "GET",
        _VERSIONS,
        list_versions,
        "List all versions of a subject with their texts",
        "subjects",
        inputs=DeletedInputs,
        answers={200: list[SchemaShape]},
    ),
    Endpoint(
        "POST",
        _VERSIONS,
        register_schema,
        "Register a schema under the central policy; 200 where the subject holds it already",
        "subjects",
        inputs=RegisterInputs,
        answers={200: SchemaShape, 201: SchemaShape},
        problems=(400, 404, 409, 422),
    ),
    Endpoint(
        "GET",
        _VERSION,
        get_version,
        "Read one version; `latest` is the newest live one",
        "subjects",
        inputs=VersionInputs,
        answers={200: SchemaShape},
    ),
    Endpoint(
        "DELETE",
        _VERSION,
        delete_one_version,
        "Delete one version, softly first",
        "subjects",
        inputs=DeleteInputs,
        answers={200: DeletedShape},
        problems=(400, 404, 409, 422),
    ),
    Endpoint(
        "GET",
        _VERSION + "/metadata",
        get_metadata,
        "Read the metadata of a version as one map",
        "subjects",
        answers={200: MetadataMap},
    ),
    Endpoint(
        "PUT",
        _VERSION + "/metadata",
        put_metadata,
        "Set the metadata of a version; what its registry cannot hold is kept by the gateway, and a header says so",
        "subjects",
        inputs=Inputs,
        answers={200: MetadataMap},
        problems=(400, 404, 412, 422),
    ),
)
