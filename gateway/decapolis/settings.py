"""Typed configuration: what may stand in `gateway.yaml` and `registries.yaml`, and what the command line may say.

Precedence: a flag, then a variable (`DECAPOLIS_…`), then the file, then the default. Unknown keys are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from decapolis_translators.catalog import Projection

MAX_ID = 2**31 - 1
HOME_SPAN = 999_999_999
DEFAULT_SPAN = 10_000_000
FIRST_BASE = 1_000_000_000
REGISTRY_TYPES = (
    "confluent",
    "unity_catalog",
    "aws_glue",
    "azure_purview",
    "apicurio",
    "karapace",
    "pulsar",
    "redpanda",
    "snowflake",
    "gcp_data_catalog",
    "embedded",
)
"""The names that a configuration may use, also where an installation cannot speak to all of them."""
_SECRET: dict[str, Any] = {"writeOnly": True}
"""Marks a key whose value may hold a password, and may therefore be read from a file as `…_file`."""
_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class IdRange(_Strict):
    """Which public ids a registry's schemas get: `base` + native id, `span` of them."""

    base: int = Field(ge=0, le=MAX_ID, description="public id = base + native id")
    span: int = Field(default=DEFAULT_SPAN, gt=0, le=MAX_ID, description="how many ids the range holds")

    @model_validator(mode="after")
    def _inside_int32(self) -> IdRange:
        if self.base + self.span > MAX_ID:
            raise ValueError(f"base + span must stay within {MAX_ID}, the largest id that a message can carry")
        return self


class Resilience(_Strict):
    """How long and how often one registry is asked."""

    deadline: float = Field(default=3.0, gt=0, le=60, description="seconds for one question, retries included")
    concurrency: int = Field(default=64, ge=1, description="questions under way at once")
    background_calls: float = Field(
        default=25.0,
        gt=0,
        le=1000,
        description="calls per second that the gateway makes of its own accord, to know levels and texts",
    )
    retries: int = Field(default=2, ge=0, le=10, description="repeats of a failed question that may be repeated")
    breaker_failures: int = Field(default=5, ge=1, description="faults in a row that open the breaker")
    breaker_seconds: float = Field(
        default=5.0, gt=0, description="how long an open breaker refuses before it tries again"
    )


def _compiled(match: str) -> str:
    """A glob, or an expression after `re:`, that can be used; ValueError otherwise."""
    if match.startswith("re:"):
        try:
            re.compile(match[3:])
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
    return match


class RegistryEntry(_Strict):
    """One registry behind the gateway."""

    id: str = Field(pattern=_ID_PATTERN, description="its name in routes, doors and reports")
    type: str = Field(description="the registry type, e.g. confluent")
    enabled: bool = Field(default=True, description="false keeps the entry, but nothing is asked of it")
    config: dict[str, Any] = Field(default_factory=dict, description="the type's own keys")
    metadata: dict[str, Any] = Field(default_factory=dict, description="free keys: region, environment, owner …")
    ids: IdRange | None = Field(default=None, description="its range of public ids; without it the ledger gives one")
    routes: list[Annotated[str, AfterValidator(_compiled)]] = Field(
        default_factory=list, description="subjects it owns, as in `match`; asked after the gateway file's own rules"
    )
    resilience: Resilience = Field(default_factory=Resilience, description="bounds around every call")
    on_reissued_id: Literal["refuse", "relearn"] = Field(
        default="refuse", description="when the registry gives an id out again with another text"
    )


class RegistriesFile(_Strict):
    """`registries.yaml`: a list of registries."""

    registries: list[RegistryEntry] = Field(default_factory=list, description="the registries behind the gateway")


class RouteEntry(_Strict):
    """Which registry owns the subjects that match; without `match` all of them."""

    match: Annotated[str, AfterValidator(_compiled)] | None = Field(
        default=None, description="a glob, or an expression after re:, on the whole subject"
    )
    registry: str = Field(description="the id of the registry that owns them")
    projection: Projection | None = Field(
        default=None, description="what becomes of their tables in a catalog; without it as the catalog says"
    )


class Tls(_Strict):
    """Certificates of the listener: PEM files, relative to the gateway file, read again when they change."""

    cert: Path = Field(description="the certificate, with its chain")
    key: Path = Field(description="its private key, without a passphrase")
    client_ca: Path | None = Field(default=None, description="only clients with a certificate of this authority get in")


class Listen(_Strict):
    """Where clients reach the gateway."""

    host: str = Field(default="127.0.0.1", min_length=1, description="the address; another than loopback needs access")
    port: int = Field(default=8081, ge=0, le=65535, description="the port; 0 takes any free one")
    tls: Tls | None = Field(default=None, description="certificates; without them plain HTTP")
    notice_seconds: float = Field(
        default=1.0,
        ge=0,
        le=60,
        description="how long a gateway told to stop (SIGTERM) still takes new requests while readiness says no",
    )


class Limits(_Strict):
    """What one request may ask for."""

    body_bytes: int = Field(default=16 * 1024 * 1024, ge=1024, description="above it 413")
    answer_seconds: float = Field(default=4.0, gt=0, description="every answer leaves within it")
    stale_after_seconds: float = Field(
        default=0.3, ge=0, description="how long a read waits for a registry before the last known answer will do"
    )
    judge_seconds: float = Field(
        default=10.0, gt=0, description="a heavier comparison is ended, and nothing is allowed"
    )
    judge_processes: int = Field(default=2, ge=1, description="heavy comparisons under way at once")


class Cache(_Strict):
    """Where short-lived answers are shared."""

    redis: str | None = Field(
        default=None,
        description="redis://…; without it each process remembers for itself",
        json_schema_extra=_SECRET,
    )
    answers: int = Field(default=50_000, ge=0, description="ready answers kept in memory")
    bytes: int = Field(default=32 * 1024 * 1024, ge=0, description="how large they may be together")
    seconds: float = Field(default=2.0, ge=0, description="how long a listing or a latest of a remote registry lives")


LevelName = Literal[
    "NONE",
    "BACKWARD",
    "BACKWARD_TRANSITIVE",
    "FORWARD",
    "FORWARD_TRANSITIVE",
    "FORWARD_FULL",
    "FULL",
    "FULL_TRANSITIVE",
]


class Dialect(_Strict):
    """How the front answers."""

    extra_fields: Literal["auto", "always", "never"] = Field(
        default="auto", description="fields that old clients cannot read: for those that announce it, for all, for none"
    )
    incompatible_code: Literal[409, 40901] = Field(
        default=409, description="the error code of an incompatible schema; the status is 409 either way"
    )
    default_level: LevelName = Field(default="BACKWARD", description="the level where nothing is configured")
    mode_mutability: bool = Field(default=True, description="whether modes may be changed")


class Plugins(_Strict):
    """Registry types that are loaded at run time from a folder."""

    folder: Path = Field(description="modules and packages with registry types, relative to the gateway file")
    allow: bool = Field(default=False, description="true: everything in the folder is code that this gateway may run")


class Syslog(_Strict):
    """A collector of the trail that speaks syslog (RFC 5424)."""

    host: str = Field(min_length=1, description="where it listens")
    port: int = Field(default=514, ge=1, le=65535, description="on which port")
    protocol: Literal["udp", "tcp"] = Field(default="udp", description="tcp counts octets (RFC 6587)")


class Webhook(_Strict):
    """A service that the trail is sent to, signed."""

    url: str = Field(pattern=r"^https?://[^\s]+$", description="where entries are POSTed")
    secret: SecretStr = Field(min_length=16, description="signs every call (HMAC-SHA256)", json_schema_extra=_SECRET)


class AuditSettings(_Strict):
    """Where the trail goes besides the store; each place gets every sealed entry in order."""

    file: Path | None = Field(default=None, description="JSON lines are appended to it, relative to the gateway file")
    syslog: Syslog | None = Field(default=None, description="a collector that speaks syslog")
    webhooks: list[Webhook] = Field(default_factory=list, description="services that are called")


class GatewaySettings(_Strict):
    """`gateway.yaml`."""

    registries_file: Path | None = Field(default=None, description="the registries, relative to this file")
    policies_file: Path | None = Field(default=None, description="the policies, relative to this file")
    home: str | None = Field(default=None, description="the registry whose ids appear unchanged")
    routes: list[RouteEntry] = Field(default_factory=list, description="who owns which subjects; the first match wins")
    store: str = Field(
        default="sqlite:///data/decapolis.db",
        description="where the gateway keeps its own data: sqlite:///PATH or postgresql://…",
        json_schema_extra=_SECRET,
    )
    cache: Cache = Field(default_factory=Cache, description="how answers are remembered")
    listen: Listen = Field(default_factory=Listen, description="where clients reach the gateway")
    limits: Limits = Field(default_factory=Limits, description="what one request may ask for")
    dialect: Dialect = Field(default_factory=Dialect, description="how the front answers")
    access: Literal["open"] | None = Field(default=None, description="open: everybody who reaches the port may do all")
    allow_private_networks: bool = Field(
        default=False,
        description="whether registries that are added at run time may be at private or loopback addresses",
    )
    audit: AuditSettings = Field(default_factory=AuditSettings, description="where the trail of changes goes")
    plugins: Plugins | None = Field(default=None, description="registry types that are loaded at run time")
    replicas: int = Field(default=1, ge=1, description="how many gateways share the store; more than one: PostgreSQL")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="what is logged")

    @field_validator("store")
    @classmethod
    def _known_store(cls, store: str) -> str:
        if not re.match(r"sqlite:///.|postgres(ql)?(\+\w+)?://.", store):
            raise ValueError("a store is sqlite:///PATH or postgresql://…")
        return store

    @field_validator("replicas")
    @classmethod
    def _share_a_server(cls, replicas: int, info: ValidationInfo) -> int:
        if replicas > 1 and str(info.data.get("store", "")).startswith("sqlite"):
            raise ValueError(f"{replicas} gateways cannot share a SQLite file: give them one PostgreSQL as store")
        return replicas


class Conflict(NamedTuple):
    """Two statements that cannot both hold: in which file the second stands, where, and what is wrong."""

    in_registries: bool
    place: tuple[str | int, ...]
    what: str
    meant: str | None = None


def conflicts(
    home: str | None, routes: Sequence[str | None], ids: Sequence[str | None], ranges: Sequence[IdRange | None]
) -> list[Conflict]:
    """What contradicts itself between home, the routes' registries, and the registries' ids and ranges, None unknown."""
    known = [name for name in ids if name is not None]
    found = [
        Conflict(True, ("registries", index, "id"), f"the registry id {name} is used twice")
        for index, name in enumerate(ids)
        if name is not None and name in ids[:index]
    ]
    named = [(("home",), home), *((("routes", index, "registry"), name) for index, name in enumerate(routes))]
    for place, name in named:
        if name is not None and name not in known:
            what = f"{name} is not a registry (known: {', '.join(known) or 'none'})"
            found.append(Conflict(False, place, what, name))
    return found + _range_conflicts(home, ids, ranges)


def _range_conflicts(home: str | None, ids: Sequence[str | None], ranges: Sequence[IdRange | None]) -> list[Conflict]:
    found, taken = [], []
    for index, (name, configured) in enumerate(zip(ids, ranges, strict=True)):
        is_home = name is not None and name == home
        if is_home and configured is not None and configured.base != 0:
            what = f"the ids of {name} appear unchanged, because it is home: its base can only be 0"
            found.append(Conflict(True, ("registries", index, "ids", "base"), what))
            continue
        held = configured or (IdRange(base=0, span=HOME_SPAN) if is_home else None)
        if held is not None:
            taken.append((held.base, held.base + held.span, index))
    for (_, end, first), (start, _, second) in pairwise(sorted(taken)):
        if start < end:
            what = f"the id ranges of {ids[first]} and {ids[second]} overlap ({start} is below {end})"
            found.append(Conflict(True, ("registries", second, "ids"), what))
    return found


def with_own_routes(routes: Sequence[RouteEntry], entries: Iterable[RegistryEntry]) -> tuple[RouteEntry, ...]:
    """The rules with those that registries bring themselves: after the rules that name subjects, before the default."""
    at = next((index for index, route in enumerate(routes) if route.match is None), len(routes))
    own = [RouteEntry(match=match, registry=entry.id) for entry in entries for match in entry.routes]
    return (*routes[:at], *own, *routes[at:])


@dataclass(frozen=True)
class Origin:
    """From where a configuration was read, so that it can be read again."""

    path: Path | None
    changes: Mapping[str, Any]
    registries: Path | None


class Configuration(_Strict):
    """Everything that a start needs: the gateway's settings and its registries, checked against each other."""

    gateway: GatewaySettings = Field(default_factory=GatewaySettings)
    registries: tuple[RegistryEntry, ...] = ()
    home: str | None = None
    routes: tuple[RouteEntry, ...] = ()
    origin: Origin | None = None

    @classmethod
    def assembled(cls, gateway: GatewaySettings, registries: list[RegistryEntry]) -> Configuration:
        """Joins both files; without any registry the embedded one is home. ValueError on a dangling name."""
        entries = tuple(registries) or (RegistryEntry(id="embedded", type="embedded"),)
        home = gateway.home if registries else gateway.home or "embedded"
        known = [entry.id for entry in entries]
        wrong = conflicts(home, [route.registry for route in gateway.routes], known, [entry.ids for entry in entries])
        if wrong:
            raise ValueError("; ".join(conflict.what for conflict in wrong))
        routes = tuple(gateway.routes)
        if not any(route.match is None for route in routes):
            default = home or (known[0] if len(known) == 1 else None)
            routes += (RouteEntry(registry=default),) if default else ()
        routes = with_own_routes(routes, entries)
        return cls(gateway=gateway, registries=entries, home=home, routes=routes)

    def entry(self, registry_id: str) -> RegistryEntry:
        """The entry of that id; KeyError otherwise."""
        for entry in self.registries:
            if entry.id == registry_id:
                return entry
        raise KeyError(registry_id)


def from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What the variables say: DECAPOLIS_CONFIG, _HOST, _PORT, _STORE, _ACCESS."""
    names = ("config", "host", "port", "store", "access")
    return {name: environ[f"DECAPOLIS_{name.upper()}"] for name in names if environ.get(f"DECAPOLIS_{name.upper()}")}
