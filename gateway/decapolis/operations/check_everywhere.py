"""One candidate against many registries: our verdict, and beside it what each registry says itself."""

from __future__ import annotations

from dataclasses import dataclass

from decapolis.gateway import Gateway, View
from decapolis.registries.live import LiveRegistry
from decapolis_formats import Format, Schema
from decapolis_policies import Level
from decapolis_translators.contract import ChecksNatively, Feature, NativeVerdict
from decapolis_translators.errors import Absent, RegistryError

from .candidate import DIALECT_TYPES, Request
from .check import Weighed, weigh
from .errors import SchemaInvalid


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a registry's own check says, or why it has nothing to say."""

    verdict: NativeVerdict | None = None
    silent_because: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """The verdict on a candidate in one registry."""

    weighed: Weighed
    native: Opinion

    @property
    def disagrees(self) -> bool:
        """Whether the registry itself says something else."""
        said = self.native.verdict
        return said is not None and said.compatible != self.weighed.verdict.allowed


async def check_in(
    gateway: Gateway,
    registry: LiveRegistry,
    spelled: str,
    request: Request,
    *,
    version: int | None = None,
    level: Level | None = None,
    normalize: bool = False,
) -> Checked:
    """The verdict that a registration there would get: under the whole history, or one version where that is named."""
    view = View(gateway, registry.id)
    weighed = await weigh(view, spelled, request, version, every=version is None, normalize=normalize, level=level)
    return Checked(weighed, await _native(registry, str(weighed.subject), weighed.schema, version))


async def _native(registry: LiveRegistry, subject: str, schema: Schema, version: int | None) -> Opinion:
    if not registry.capabilities.has(Feature.NATIVE_CHECK):
        return Opinion(silent_because=registry.capabilities.why_not(Feature.NATIVE_CHECK))
    translator = registry.translator
    if not isinstance(translator, ChecksNatively):
        return Opinion(silent_because="This registry does not judge on request.")
    try:
        return Opinion(await registry.ask(lambda: translator.check(subject, schema, version)))
    except RegistryError as fault:
        return Opinion(silent_because=str(fault))


async def format_of(registry: LiveRegistry, subject: str) -> Format:
    """The format of a subject's latest version; AVRO for a subject that does not exist yet."""
    try:
        return (await registry.fetch(subject)).schema.format
    except Absent:
        return Format.AVRO


def demand_dialect(format: Format) -> None:
    """SchemaInvalid for a format that no rules of compatibility are known for."""
    if format not in DIALECT_TYPES.values():
        known = ", ".join(each.value for each in DIALECT_TYPES.values())
        raise SchemaInvalid(f"There are no compatibility rules for {format} (there are for {known}); compare instead")
