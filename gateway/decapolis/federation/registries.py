"""Registries: what is configured, how it does, what it can do and why not."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pydantic import Field

from decapolis.gateway import Gateway
from decapolis.operations.pinged import Tested, tested
from decapolis.operations.plugging import Plugged
from decapolis.registries.live import LiveRegistry
from decapolis.settings import RegistryEntry
from decapolis_translators.contract import Feature

from .endpoint import Answer, Asked, Endpoint, Inputs, Shape, etag
from .problems import Refused
from .shapes import iso_time

RESERVED = frozenset({"type", "enabled", "id", "limit", "cursor"})


class RegistryFilter(Inputs):
    """Which registries are listed; any other name is looked for in their metadata."""

    type: str | None = Field(default=None, description="only of this type")
    enabled: bool | None = Field(default=None, description="only enabled, or only disabled ones")


class FeatureShape(Shape):
    """Whether a registry can do something, and the reason where it cannot."""

    supported: bool
    reason: str | None


class CapabilitiesShape(Shape):
    """What one registry can do."""

    formats: list[str] = Field(description="the formats it holds")
    format_ways: dict[str, str] = Field(description="of each: native, via transformation, or kept by the gateway")
    references: list[str] = Field(description="the formats it resolves references for")
    features: dict[str, FeatureShape]


class HealthShape(Shape):
    """How a registry did when it was last asked."""

    status: str = Field(description="up, down, unknown, or disabled")
    breaker: str
    error: str | None
    version: str | None
    latency_ms: float | None
    checked_at: str | None


class IdsShape(Shape):
    """Its range of public ids."""

    base: int
    span: int


class RegistryShape(Shape):
    """One configured registry; secrets never come back."""

    id: str
    type: str
    enabled: bool
    config: dict[str, Any]
    metadata: dict[str, Any]
    ids: IdsShape
    home: bool
    capabilities: CapabilitiesShape
    health: HealthShape
    routes: list[str] = Field(description="subjects that it brings with it, in the order in which they are asked")
    source: str = Field(description="file or api: where it is declared, and can be edited")
    declared_in: str | None = Field(description="the file to edit, where a file declares it")
    problem: str | None = Field(description="why it is not asked at all, where it could not be opened")


class TestShape(Shape):
    """What a test of a registry found."""

    registry: str
    status: str = Field(description="ok or error")
    version: str | None
    cluster_id: str | None
    latency_ms: float
    checked: list[str]
    error: str | None
    facts: dict[str, Any]


def capabilities_shape(registry: LiveRegistry) -> CapabilitiesShape:
    """Every feature with its reason where it is missing."""
    able = registry.capabilities
    features = {
        feature.value: FeatureShape(supported=able.has(feature), reason=able.why_not(feature) or None)
        for feature in Feature
    }
    ways = {format.value: able.way(format).value for format in sorted(able.formats)}
    return CapabilitiesShape(
        formats=list(ways),
        format_ways=ways,
        references=sorted(each.value for each in able.references),
        features=features,
    )


def health_shape(registry: LiveRegistry) -> HealthShape:
    """What is known without asking."""
    known, last = registry.health, registry.last_ping
    status = {None: "unknown", True: "up", False: "down"}[known["up"]] if registry.entry.enabled else "disabled"
    return HealthShape(
        status=status,
        breaker=known["breaker"],
        error=known["error"],
        version=last.version if last else None,
        latency_ms=last.latency_ms if last else None,
        checked_at=iso_time(last.at_ms) if last else None,
    )


def registry_shape(gateway: Gateway, plugged: Plugged) -> RegistryShape:
    """One registry as callers see it."""
    registry = plugged.live
    entry: RegistryEntry = registry.entry
    given = gateway.ledger.range_of(registry.id)
    return RegistryShape(
        id=entry.id,
        type=entry.type,
        enabled=entry.enabled,
        config=dict(plugged.config),
        metadata=dict(plugged.metadata),
        ids=IdsShape(base=given.base, span=given.span),
        home=gateway.registries.home is registry,
        capabilities=capabilities_shape(registry),
        health=health_shape(registry),
        routes=list(entry.routes),
        source=plugged.source,
        declared_in=plugged.declared_in,
        problem=plugged.problem,
    )


_STABLE = {"id", "type", "enabled", "config", "metadata", "ids", "routes", "source"}


def tag_of(shape: RegistryShape, revision: str) -> str:
    """Changes with every change of the registry, also of a secret: neither its health nor what was probed counts."""
    return etag([shape.model_dump(mode="json", include=_STABLE), revision])


def _wanted(entry: RegistryEntry, given: dict[str, Any]) -> bool:
    free = {name: value for name, value in given.items() if name not in RESERVED}
    return all(str(entry.metadata.get(name)) == str(value) for name, value in free.items())


async def list_registries(asked: Asked[RegistryFilter]) -> Answer:
    """All configured registries that the filter keeps."""
    gateway, inputs = asked.desk.gateway, asked.inputs
    found = [
        plugged
        for plugged in asked.desk.plugging.everything()
        if (inputs.type is None or plugged.live.entry.type == inputs.type.lower())
        and (inputs.enabled is None or plugged.live.entry.enabled == inputs.enabled)
        and _wanted(plugged.live.entry, dict(asked.given))
    ]
    return Answer([registry_shape(gateway, plugged) for plugged in found])


async def get_registry(asked: Asked[Inputs]) -> Answer:
    """One registry."""
    return shown(asked, asked.desk.plugging.plugged(asked.path["registry_id"]))


def shown(asked: Asked[Any], plugged: Plugged, status: int = 200) -> Answer:
    """One registry with its tag."""
    shape = registry_shape(asked.desk.gateway, plugged)
    return Answer(shape, status, headers={"ETag": tag_of(shape, plugged.revision)})


async def test_registry(asked: Asked[Inputs]) -> Answer:
    """A test of a configured registry, made now."""
    registry = asked.desk.registry(asked.path["registry_id"])
    if not registry.entry.enabled:
        raise Refused(409, "registry-disabled", f"Registry {registry.id} is disabled: enable it, then test it")
    return Answer(test_shape(await tested(registry)))


def test_shape(found: Tested) -> TestShape:
    """A finding as callers see it."""
    return TestShape(**{**asdict(found), "checked": list(found.checked)})


ENDPOINTS = (
    Endpoint(
        "GET",
        "/registries",
        list_registries,
        "List the configured registries; unknown parameters filter by metadata (environment=production)",
        "registries",
        inputs=RegistryFilter,
        answers={200: list[RegistryShape]},
        problems=(400,),
    ),
    Endpoint(
        "GET",
        "/registries/{registry_id}",
        get_registry,
        "Show one registry with its capabilities, its health, and its configuration without secrets",
        "registries",
        answers={200: RegistryShape},
    ),
    Endpoint(
        "POST",
        "/registries/{registry_id}/test",
        test_registry,
        "Test a registry now: does it answer, are the credentials taken, how long does it take",
        "registries",
        answers={200: TestShape},
        problems=(404, 409),
    ),
)
