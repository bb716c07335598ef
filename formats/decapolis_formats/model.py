"""What a schema *is*: its format, text, references, metadata and rules, and how two of them differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Protocol
from uuid import UUID

from .identity import digest


class Format(StrEnum):
    """The formats of the platform; the values are what goes over every wire but the dialect's."""

    AVRO = "avro"
    PROTOBUF = "protobuf"
    JSON_SCHEMA = "json_schema"
    ICEBERG = "iceberg"
    PARQUET = "parquet"
    OPENAPI = "openapi"
    ASYNCAPI = "asyncapi"
    SQL_DDL = "sql_ddl"

    @property
    def schema_type(self) -> str:
        """The dialect's `schemaType`: `AVRO`, `JSON` or `PROTOBUF` (others print their own name)."""
        return "JSON" if self is Format.JSON_SCHEMA else self.value.upper()

    @classmethod
    def named(cls, name: str) -> Format:
        """The format of that name in any letter case, `JSON` included; ValueError lists the known ones."""
        wanted = name.strip().lower()
        if wanted == "json":
            return cls.JSON_SCHEMA
        try:
            return cls(wanted)
        except ValueError:
            known = ", ".join(cls)
            raise ValueError(f"Unknown schema format: {name} (known: {known})") from None


@dataclass(frozen=True, slots=True)
class Reference:
    """A schema's use of another one: the name in the text, and the subject and version that hold it."""

    name: str
    subject: str
    version: int


@dataclass(frozen=True, slots=True)
class Dependency:
    """A reference resolved to its text; lists of them are in resolution order (depth first, each name once).

    `indirect` marks one that only another dependency asks for.
    """

    name: str
    text: str
    subject: str = ""
    version: int = -1
    indirect: bool = False


@dataclass(frozen=True, slots=True)
class Metadata:
    """Tags by path, free properties, and the names of properties whose values are sensitive."""

    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    sensitive: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One data-contract rule, as the dialect knows it (confluent field names in snake case)."""

    name: str | None = None
    doc: str | None = None
    kind: str | None = None
    mode: str | None = None
    type: str | None = None
    tags: tuple[str, ...] | None = None
    params: Mapping[str, str] | None = None
    expr: str | None = None
    on_success: str | None = None
    on_failure: str | None = None
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The three kinds of rules in their order, and from which side on they apply."""

    migration_rules: tuple[Rule, ...] | None = None
    domain_rules: tuple[Rule, ...] | None = None
    encoding_rules: tuple[Rule, ...] | None = None
    enable_at: str | None = None


@dataclass(frozen=True)
class Schema:
    """One schema as registries hold it: everything that makes two registrations the same or not."""

    format: Format
    text: str
    references: tuple[Reference, ...] = ()
    metadata: Metadata | None = None
    rule_set: RuleSet | None = None

    @cached_property
    def fingerprint(self) -> bytes:
        """The 16 bytes that are equal exactly when two schemas are the same (format and subject excluded)."""
        return digest(self.text, self.references, self.metadata, self.rule_set)

    def is_same(self, other: Schema) -> bool:
        """Whether both have one fingerprint; where there is nothing but text, that need not be worked out."""
        if self._has_more or other._has_more:
            return self.fingerprint == other.fingerprint
        return self.text == other.text

    @property
    def _has_more(self) -> bool:
        return bool(self.references) or self.metadata is not None or self.rule_set is not None

    @cached_property
    def guid(self) -> str:
        """The fingerprint printed as a UUID, as the dialect shows it."""
        return str(UUID(bytes=self.fingerprint))


@dataclass(frozen=True, slots=True)
class Difference:
    """One finding of a comparison: its type name, the path, whether it breaks, and the facts of both sides.

    An empty path means the whole schema: such a finding breaks, but belongs to no list of places.
    """

    type: str
    path: str
    compatible: bool
    info: str = ""

    def __str__(self) -> str:
        return f"{self.type} {self.path}"


@dataclass(frozen=True, slots=True)
class CompareOptions:
    """How to compare: `lenient` is compatibilityPolicy LENIENT, `strict_semantics` leaves the reference's oddities.

    `budget` bounds the node pairs that one comparison may visit, and the findings it may collect, before
    ComparisonTooCostly.
    """

    lenient: bool = False
    strict_semantics: bool = False
    budget: int = 2_000_000


DEFAULT_OPTIONS = CompareOptions()


class ParsedSchema(Protocol):
    """A schema text read once: what engines compare and print. Immutable, safe to share and to cache."""

    @property
    def format(self) -> Format: ...
    @property
    def text(self) -> str: ...
    @property
    def dependencies(self) -> tuple[Dependency, ...]: ...


class Engine(Protocol):
    """What each of `decapolis_formats.avro`, `.json_schema` and `.protobuf` exports: pure functions.

    1. No function touches a network, a clock or a file.  2. Bad input raises InvalidSchema and nothing else.
    3. Depth and work are bounded; a bound that is hit raises InvalidSchema (parse) or ComparisonTooCostly.
    """

    def parse(
        self,
        text: str,
        dependencies: Sequence[Dependency] = (),
        *,
        strict: bool = True,
        validate_fields: bool = False,
    ) -> Any:
        """Reads a text; `strict` as for a new registration, not strict as for stored history."""

    def canonical(self, parsed: Any) -> str:
        """The text that is stored, hashed and answered."""

    def normalized(self, parsed: Any) -> str:
        """The text under `normalize=true`."""

    def compare(self, reader: Any, writer: Any, options: CompareOptions = DEFAULT_OPTIONS) -> list[Difference]:
        """All differences found when `reader` reads what was written with `writer`, breaking ones and others."""

    def describe(self, difference: Difference, *, reader: str = "new", writer: str = "old") -> str:
        """One line for people and for the dialect's verbose messages, in the dialect's shape for the format."""

    def equivalent(self, left: Any, right: Any) -> bool:
        """Whether a lookup may take one for the other (compatibility.md section 2, "Equivalent")."""

    def rendered(self, parsed: Any, style: str) -> str:
        """The text in a `format=` style of the dialect; an unknown style is ignored (the canonical text)."""

    def field_names(self, parsed: Any) -> tuple[str, ...]:
        """The names of the top-level fields or properties, for reserved names and naming rules."""

    def entity_name(self, parsed: Any) -> str | None:
        """The full name of the outermost named type, None where the schema has none."""
