"""What a registry type must be able to say in our model, and what it may say besides.

A type is a class: `type` names it on every wire, `Config` is its configuration (pydantic, unknown keys refused), and an
instance speaks to one configured registry. Types are found through the entry-point group `decapolis.translators`; the ones
that ship here use the same door as a stranger's.

Subjects are spelled as the dialect spells them: plain in the default context, `:.ctx:name` in another; a registry without
the CONTEXTS feature never receives the second form.
"""

from __future__ import annotations

import builtins
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, ConfigDict

from decapolis_formats import Dependency, Format, Schema

from .errors import Unsupported

NativeId = int | str
"""What a registry calls a schema: an int32 where its clients put it into messages, else a string of its own."""


class Feature(StrEnum):
    """What a registry may or may not be able to do; each missing one has a sentence that says why."""

    INTEGER_IDS = "integer_ids"
    IMPORT_IDS = "import_ids"
    SOFT_DELETE = "soft_delete"
    DELETE_VERSION = "delete_version"
    LEVELS = "levels"
    GLOBAL_LEVEL = "global_level"
    CONFIG = "config"
    MODES = "modes"
    CONTEXTS = "contexts"
    METADATA = "metadata"
    METADATA_TAGS = "metadata_tags"
    RULE_SETS = "rule_sets"
    NATIVE_CHECK = "native_check"
    REFERRERS = "referrers"
    USAGES = "usages"
    SERVER_SIDE_RULES = "server_side_rules"


class Way(StrEnum):
    """How a registry has a format."""

    NATIVE = "native"
    """It holds texts or tables of that format itself."""
    TRANSFORMED = "via transformation"
    """It shows them as something else, a catalog as a table; the gateway keeps the text."""
    KEPT = "kept by the gateway"
    """It shows nothing of them."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one registry can do: the formats it holds, those it resolves references for, and what it lacks and why."""

    formats: frozenset[Format]
    references: frozenset[Format] = frozenset()
    missing: Mapping[Feature, str] = field(default_factory=dict)
    ways: Mapping[Format, Way] = field(default_factory=dict)
    """How it has the formats that it does not hold natively."""

    def way(self, format: Format) -> Way:
        """How it has one of its formats."""
        return self.ways.get(format, Way.NATIVE)

    def has(self, feature: Feature) -> bool:
        """Whether the registry can do it."""
        return feature not in self.missing

    def why_not(self, feature: Feature) -> str:
        """The sentence that people read; empty where the feature is there."""
        return self.missing.get(feature, "")

    def demand(self, feature: Feature) -> None:
        """Raises Unsupported with the capability's own sentence where the feature is missing."""
        if feature in self.missing:
            raise Unsupported(feature, self.missing[feature])

    def without(self, missing: Mapping[Feature, str]) -> Capabilities:
        """The same, narrowed by what a probe found missing."""
        return replace(self, missing={**self.missing, **missing})


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One version of a subject as its registry holds it."""

    subject: str
    version: int
    native_id: NativeId
    schema: Schema
    deleted: bool = False
    created_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One live version as a listing names it; `schema` only where the listing carries texts anyway."""

    version: int
    native_id: NativeId
    created_ms: int | None = None
    schema: Schema | None = None


@dataclass(frozen=True, slots=True)
class Ping:
    """What a registry says of itself: its product version and cluster id, where it tells them."""

    version: str | None = None
    cluster_id: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NativeVerdict:
    """What the registry's own check says; messages are empty where it gives none."""

    compatible: bool
    messages: tuple[str, ...] = ()


class TranslatorConfig(BaseModel):
    """The base of every type's configuration: frozen, and a key that it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


ConfigT = TypeVar("ConfigT", bound=TranslatorConfig)


class Translator(ABC, Generic[ConfigT]):
    """One registry, spoken to in its own tongue, answering in our model.

    Guarantees, each of them a test of `decapolis_translators.testing`:

    1. An instance is safe for concurrent use by any number of tasks on one event loop.
    2. The constructor and `open()` need no network; `open()` and `close()` may each be called twice.
    3. Absence is a typed error (`Absent`); only `lookup` returns None. A version that is soft-deleted is absent unless
       `deleted` asks for it; `fetch_by_id` serves soft-deleted schemas.
    4. Only errors of `decapolis_translators.errors` leave, cancellation excepted; no error text contains a secret.
    5. No retries (SDK retries are off; one re-authentication is allowed), no caching of answers, no metrics: who calls
       wraps each call. No call outlives the deadline that the caller's cancellation sets.
    6. `register` of a schema that the subject already holds, live, answers the version that holds it. What a registry
       would drop silently (metadata, rule sets, an imposed id, an unknown reference) is refused beforehand as
       Unsupported.
    7. Versions are positive, ascend in the registry's own order, and are never renumbered. Lists are sorted.
    8. Texts come back as the registry holds them; canonical forms are the caller's affair.
    9. A subject name travels byte for byte, or is refused as SubjectRefused before anything is sent.
    """

    type: ClassVar[str]
    Config: ClassVar[builtins.type[TranslatorConfig]]

    def __init__(self, registry_id: str, config: ConfigT) -> None:
        self.registry_id = registry_id
        self.settings = config  # not `config`: that is what HoldsConfig asks a registry for

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What this registry can do; declared by the type, narrowed by the latest `ping`."""

    @abstractmethod
    async def open(self) -> None:
        """Prepares clients and pools, without a call over the network."""

    @abstractmethod
    async def close(self) -> None:
        """Gives everything back; calls under way may fail as Unreachable."""

    @abstractmethod
    async def ping(self) -> Ping:
        """Asks the registry the cheapest question that proves credentials, and narrows the capabilities."""

    @abstractmethod
    async def subjects(self, *, deleted: bool = False) -> list[str]:
        """All subjects with a live version, sorted; with `deleted` also those that have only soft-deleted ones."""

    @abstractmethod
    async def versions(self, subject: str, *, deleted: bool = False) -> list[int]:
        """The live versions, ascending; with `deleted` the soft-deleted ones too. SubjectNotFound when none."""

    @abstractmethod
    async def fetch(self, subject: str, version: int | None = None, *, deleted: bool = False) -> StoredVersion:
        """One version, the newest live one where `version` is None. SubjectNotFound or VersionNotFound."""

    @abstractmethod
    async def fetch_by_id(self, native_id: NativeId, context: str = ".") -> Schema:
        """The schema of that id, soft-deleted ones included. SchemaNotFound."""

    @abstractmethod
    async def lookup(self, subject: str, schema: Schema, *, deleted: bool = False) -> StoredVersion | None:
        """The version that holds this schema, None where none does. SubjectNotFound for an unknown subject."""

    @abstractmethod
    async def register(
        self, subject: str, schema: Schema, *, native_id: int | None = None, version: int | None = None
    ) -> StoredVersion:
        """Adds a version, or answers the one that already holds the schema.

        `native_id` imposes an id (IMPORT_IDS). `version` is the number that the caller judged for: a registry that can
        compare raises WriteConflict when another number would come next; with `native_id` the number is imposed too.
        """

    @abstractmethod
    async def delete(self, subject: str, version: int | None = None, *, permanent: bool = False) -> list[int]:
        """Deletes a version, or the whole subject where it is None; answers the numbers deleted.

        Raises SubjectNotFound, VersionNotFound, a WrongDeleteOrder, ReferenceExists, or Unsupported.
        """


@runtime_checkable
class HoldsConfig(Protocol):
    """A registry that keeps levels (LEVELS), or the dialect's whole configuration (CONFIG).

    Keys are the dialect's, the level's is `compatibilityLevel`; `subject` None is the registry's global setting.
    """

    async def config(self, subject: str | None) -> Mapping[str, Any] | None:
        """What is set exactly there, None when nothing is; the global answers what the registry enforces.

        SubjectNotFound where levels belong to subjects that must exist first. Without GLOBAL_LEVEL nobody asks for the
        global one.
        """

    async def set_config(self, subject: str | None, changes: Mapping[str, Any]) -> None:
        """Changes the named keys; a None clears one. SubjectNotFound as above, NotPermitted when refused."""

    async def clear_config(self, subject: str | None) -> None:
        """Removes what is set there; ConfigNotFound when nothing was."""


@runtime_checkable
class HoldsModes(Protocol):
    """A registry that keeps and obeys modes (MODES)."""

    async def mode(self, subject: str | None) -> str | None:
        """What is set exactly there, None when nothing is; the global answers what holds."""

    async def set_mode(self, subject: str | None, mode: str | None, *, force: bool = False) -> None:
        """Sets it, or clears it with None; ConfigNotFound when nothing was there to clear, NotPermitted when refused."""


@runtime_checkable
class ListsUsages(Protocol):
    """A registry that can say who uses an id (USAGES)."""

    async def usages(self, native_id: NativeId, context: str = ".", *, deleted: bool = False) -> list[tuple[str, int]]:
        """Subjects and versions that hold the schema of that id, sorted. SchemaNotFound."""


@runtime_checkable
class ListsReferrers(Protocol):
    """A registry that can say who refers to a version (REFERRERS)."""

    async def referrers(self, subject: str, version: int, *, deleted: bool = False) -> list[NativeId]:
        """Native ids of the schemas that refer to it, sorted."""


@runtime_checkable
class ChecksNatively(Protocol):
    """A registry that judges on request (NATIVE_CHECK)."""

    async def check(self, subject: str, schema: Schema, version: int | None = None) -> NativeVerdict:
        """Its verdict on a candidate against one version, or under its own level where `version` is None."""


@runtime_checkable
class HasContexts(Protocol):
    """A registry with contexts of its own (CONTEXTS)."""

    async def contexts(self) -> Sequence[str]:
        """Their names, `.` first, the rest sorted."""


@runtime_checkable
class ListsVersions(Protocol):
    """A registry that names a subject's versions with their native ids in few calls: what an overlay is built on."""

    async def listed(self, subject: str) -> list[Listed]:
        """The live versions in the registry's own order. SubjectNotFound when none."""


@runtime_checkable
class HoldsDocuments(Protocol):
    """A registry that keeps a whole document (references, metadata, rules) beside what it understands of it."""

    async def register_document(
        self, subject: str, schema: Schema, dependencies: tuple[Dependency, ...]
    ) -> StoredVersion:
        """As `register`; `dependencies` are the texts of all references, depth first."""


@runtime_checkable
class KeepsNotes(Protocol):
    """A registry to which short texts can be pinned, so that public ids survive the loss of the gateway's store.

    A note has at most 256 characters of `A-Z a-z 0-9 = + - . _ / @`; a new one replaces the one before.
    """

    async def notes(self, subject: str) -> Mapping[int, str]:
        """The note of each version that has one, by the registry's own number. SubjectNotFound."""

    async def note(self, subject: str, version: int, text: str) -> None:
        """Pins a note to a version. SubjectNotFound or VersionNotFound."""

    async def own_note(self) -> str | None:
        """The note of the registry as a whole, None where there is none."""

    async def set_own_note(self, text: str) -> None:
        """Pins it."""
