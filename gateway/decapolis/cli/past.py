"""What registries hold, read for a replay: over HTTP from a running gateway, or through the configured registries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from decapolis.assembly import assembled
from decapolis.operations.demanded import facts_of
from decapolis.operations.versions import past_versions
from decapolis.registries.references import resolve
from decapolis.registries.routing import NoRoute, Registries
from decapolis.settings import Configuration, RegistryEntry
from decapolis.store import StoreUnavailable
from decapolis_formats import FormatError
from decapolis_policies import PastVersion, Text
from decapolis_policies.matching import Facts
from decapolis_translators.confluent import ConfluentRegistry
from decapolis_translators.contract import StoredVersion
from decapolis_translators.errors import RegistryError
from decapolis_translators.subjects import Subject


class PastUnavailable(Exception):
    """The past cannot be read; the text says why and what would help."""


@dataclass(frozen=True, slots=True)
class Past:
    """One subject with its versions, ascending."""

    facts: Facts
    versions: Sequence[PastVersion]


async def of_gateway(configuration: Configuration) -> list[Past]:
    """Everything that the configured registries hold; nothing is written to them."""
    try:
        async with assembled(configuration) as gateway:
            found = []
            for registry in gateway.registries.all:
                if not registry.entry.enabled:
                    continue
                for name in await registry.subjects():
                    subject = Subject.parse(name)
                    versions = await past_versions(registry, subject, await registry.history(name))
                    found.append(Past(facts_of(registry, subject), versions))
            return found
    except (RegistryError, StoreUnavailable, LookupError) as error:
        raise PastUnavailable(f"{error}; a gateway that is running can be read with --url") from error


async def of_url(url: str, configuration: Configuration) -> list[Past]:
    """Everything that a gateway or a registry shows at a URL; the configuration tells which registry owns what."""
    async with _reader(url) as registry:
        try:
            return [await _past(registry, name, configuration) for name in await registry.subjects()]
        except RegistryError as error:
            raise PastUnavailable(f"{url}: {error}") from error


@asynccontextmanager
async def _reader(url: str) -> AsyncIterator[ConfluentRegistry]:
    registry = ConfluentRegistry("past", ConfluentRegistry.Config.model_validate({"url": url}))
    await registry.open()
    try:
        yield registry
    finally:
        await registry.close()


async def _past(registry: ConfluentRegistry, name: str, configuration: Configuration) -> Past:
    numbers = await registry.versions(name)
    stored = [await registry.fetch(name, number) for number in numbers]
    subject = Subject.parse(name)
    versions = [await _version(each, subject.context, registry.fetch) for each in stored]
    entry = _owner(configuration, name)
    metadata = tuple(sorted((str(k), str(v)) for k, v in entry.metadata.items())) if entry else ()
    return Past(Facts(subject.name, entry.id if entry else "", subject.context, None, metadata), versions)


async def _version(
    stored: StoredVersion, context: str, fetch: Callable[[str, int], Awaitable[StoredVersion]]
) -> PastVersion:
    schema = stored.schema
    try:
        known = await resolve(schema.references, context, fetch)
    except FormatError:
        known = ()  # judged as it is: it cannot be read, and that is what the replay says
    text = Text(schema.format, schema.text, known)
    return PastVersion(stored.version, text, schema.metadata, schema.rule_set)


def _owner(configuration: Configuration, name: str) -> RegistryEntry | None:
    try:
        return configuration.entry(Registries([], configuration.routes, configuration.home).explain(name)[0])
    except (NoRoute, KeyError):
        return None
