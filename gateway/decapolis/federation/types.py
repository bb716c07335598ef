"""Registry types: which there are, what they are configured with, and loading more of them while the gateway runs."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from decapolis.settings import REGISTRY_TYPES
from decapolis_translators.catalog import Catalog
from decapolis_translators.discovery import KnownType, UnknownTypeError, documentation

from .endpoint import Answer, Asked, Endpoint, Inputs, Shape
from .problems import Refused


class TypeShape(Shape):
    """One registry type, or the reason why it cannot be used here."""

    name: str
    available: bool
    reason: str | None = Field(description="why it cannot be used")
    kind: str | None = Field(description="registry, or catalog where the gateway keeps the documents")
    source: str | None = Field(description="the module and class that bring it")
    package: str | None = Field(description="the package, or the plug-in folder")
    version: str | None
    documentation: str | None
    config_schema: dict[str, Any] | None = Field(description="JSON Schema of what stands under `config`")


class ModuleInputs(Inputs):
    """Which module is loaded."""

    module: str = Field(min_length=1, description="a module or package in the plug-in folder")


def _shape(found: KnownType) -> TypeShape:
    loaded = found.loaded
    usable = not isinstance(loaded, str)
    return TypeShape(
        name=found.name,
        available=usable,
        reason=found.reason,
        kind=("catalog" if issubclass(loaded, Catalog) else "registry") if not isinstance(loaded, str) else None,
        source=found.source,
        package=found.package,
        version=found.version,
        documentation=documentation(found),
        config_schema=None if isinstance(loaded, str) else loaded.Config.model_json_schema(),
    )


def _absent(name: str) -> TypeShape:
    reason = "No installed package brings this type"
    return TypeShape(
        name=name,
        available=False,
        reason=reason,
        kind=None,
        source=None,
        package=None,
        version=None,
        documentation=f"docs/registries/{name}.md",
        config_schema=None,
    )


async def list_types(asked: Asked[Inputs]) -> Answer:
    """Every type, usable or not."""
    found = [_shape(each) for each in asked.desk.plugging.types()]
    absent = [_absent(name) for name in REGISTRY_TYPES if name not in {each.name for each in found}]
    return Answer(sorted([*found, *absent], key=lambda each: each.name))


async def load_type(asked: Asked[ModuleInputs]) -> Answer:
    """The types of a module, known from now on."""
    return Answer([_shape(each) for each in await asked.desk.plugging.load_type(asked.inputs.module)], 201)


async def unload_type(asked: Asked[Inputs]) -> Answer:
    """A type less."""
    try:
        await asked.desk.plugging.unload_type(asked.path["type"])
    except UnknownTypeError as unknown:
        raise Refused(404, "unknown-type", str(unknown), known=list(unknown.known)) from unknown
    return Answer(UnloadedShape(unloaded=asked.path["type"]))


class UnloadedShape(Shape):
    """Which type is not known any more."""

    unloaded: str


ENDPOINTS = (
    Endpoint(
        "GET",
        "/types",
        list_types,
        "List the registry types with the JSON Schema of their configuration, or the reason why one cannot be used",
        "types",
        answers={200: list[TypeShape]},
        problems=(),
    ),
    Endpoint(
        "POST",
        "/types",
        load_type,
        "Load the registry types of a module in the plug-in folder, where gateway.yaml allows that",
        "types",
        inputs=ModuleInputs,
        answers={201: list[TypeShape]},
        problems=(400, 403, 422),
    ),
    Endpoint(
        "DELETE",
        "/types/{type}",
        unload_type,
        "Forget a registry type that was loaded at run time",
        "types",
        answers={200: UnloadedShape},
        problems=(403, 404, 409),
    ),
)
