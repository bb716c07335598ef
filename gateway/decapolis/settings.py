"""Typed configuration: what may stand in `gateway.yaml` and `registries.yaml`, and what the command line may say.

Precedence: a flag, then a variable (`DECAPOLIS_…`), then the file, then the default. Unknown keys are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

MAX_ID = 2**31 - 1
HOME_SPAN = 999_999_999
DEFAULT_SPAN = 10_000_000
FIRST_BASE = 1_000_000_000
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
    retries: int = Field(default=2, ge=0, le=10, description="repeats of a failed question that may be repeated")
    breaker_failures: int = Field(default=5, ge=1, description="faults in a row that open the breaker")
    breaker_seconds: float = Field(
        default=5.0, gt=0, description="how long an open breaker refuses before it tries again"
    )


class RegistryEntry(_Strict):
    """One registry behind the gateway."""

    id: str = Field(pattern=_ID_PATTERN, description="its name in routes, doors and reports")
    type: str = Field(description="the registry type, e.g. confluent")
    enabled: bool = Field(default=True, description="false keeps the entry, but nothing is asked of it")
    config: dict[str, Any] = Field(default_factory=dict, description="the type's own keys")
    metadata: dict[str, Any] = Field(default_factory=dict, description="free keys: region, environment, owner …")
    ids: IdRange | None = Field(default=None, description="its range of public ids; without it the ledger gives one")
    resilience: Resilience = Field(default_factory=Resilience)
    on_reissued_id: Literal["refuse", "relearn"] = Field(
        default="refuse", description="when the registry gives an id out again with another text"
    )


class RegistriesFile(_Strict):
    """`registries.yaml`: a list of registries."""

    registries: list[RegistryEntry] = Field(default_factory=list)

    @field_validator("registries")
    @classmethod
    def _unique(cls, entries: list[RegistryEntry]) -> list[RegistryEntry]:
        seen: set[str] = set()
        for entry in entries:
            if entry.id in seen:
                raise ValueError(f"the registry id {entry.id} is used twice")
            seen.add(entry.id)
        _refuse_overlaps(entries)
        return entries


def _refuse_overlaps(entries: list[RegistryEntry]) -> None:
    taken = sorted((entry.ids.base, entry.ids.base + entry.ids.span, entry.id) for entry in entries if entry.ids)
    for (_, end, first), (start, _, second) in pairwise(taken):
        if start < end:
            raise ValueError(f"the id ranges of {first} and {second} overlap ({start} is below {end})")


class RouteEntry(_Strict):
    """Which registry owns the subjects that match; without `match` all of them."""

    match: str | None = Field(default=None, description="a glob, or an expression after re:, on the whole subject")
    registry: str

    @field_validator("match")
    @classmethod
    def _compiles(cls, match: str | None) -> str | None:
        if match is not None and match.startswith("re:"):
            try:
                re.compile(match[3:])
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from error
        return match


class Tls(_Strict):
    """Certificates of the listener."""

    cert: Path
    key: Path
    client_ca: Path | None = Field(default=None, description="only clients with a certificate of this authority get in")


class Listen(_Strict):
    """Where clients reach the gateway."""

    host: str = "127.0.0.1"
    port: int = Field(default=8081, ge=0, le=65535)
    tls: Tls | None = None


class Limits(_Strict):
    """What one request may ask for."""

    body_bytes: int = Field(default=16 * 1024 * 1024, ge=1024, description="above it 413")
    answer_seconds: float = Field(default=4.0, gt=0, description="every answer leaves within it")
    judge_seconds: float = Field(
        default=10.0, gt=0, description="a heavier comparison is ended, and nothing is allowed"
    )
    judge_processes: int = Field(default=2, ge=1, description="heavy comparisons under way at once")


class Cache(_Strict):
    """Where short-lived answers are shared."""

    redis: str | None = Field(default=None, description="redis://…; without it each process remembers for itself")
    answers: int = Field(default=50_000, ge=0, description="ready answers kept in memory")
    bytes: int = Field(default=64 * 1024 * 1024, ge=0, description="how large they may be together")
    seconds: float = Field(default=2.0, ge=0, description="how long a listing or a latest of a remote registry lives")


class Dialect(_Strict):
    """How the front answers."""

    extra_fields: Literal["auto", "always", "never"] = "auto"
    incompatible_code: Literal[409, 40901] = 409
    default_level: str = Field(default="BACKWARD", description="the level where nothing is configured")
    mode_mutability: bool = True


class GatewaySettings(_Strict):
    """`gateway.yaml`."""

    registries_file: Path | None = None
    policies_file: Path | None = None
    home: str | None = Field(default=None, description="the registry whose ids appear unchanged")
    routes: list[RouteEntry] = Field(default_factory=list)
    store: str = "sqlite:///data/decapolis.db"
    cache: Cache = Field(default_factory=Cache)
    listen: Listen = Field(default_factory=Listen)
    limits: Limits = Field(default_factory=Limits)
    dialect: Dialect = Field(default_factory=Dialect)
    access: Literal["open"] | None = Field(default=None, description="open: everybody who reaches the port may do all")
    replicas: int = Field(default=1, ge=1, description="how many gateways share the store")
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class Configuration(_Strict):
    """Everything that a start needs: the gateway's settings and its registries, checked against each other."""

    gateway: GatewaySettings = Field(default_factory=GatewaySettings)
    registries: tuple[RegistryEntry, ...] = ()
    home: str | None = None
    routes: tuple[RouteEntry, ...] = ()

    @classmethod
    def assembled(cls, gateway: GatewaySettings, registries: list[RegistryEntry]) -> Configuration:
        """Joins both files; without any registry the embedded one is home. ValueError on a dangling name."""
        entries = tuple(registries)
        home = gateway.home
        if not entries:
            entries = (RegistryEntry(id="embedded", type="embedded"),)
            home = home or "embedded"
        known = [entry.id for entry in entries]
        if home is not None and home not in known:
            raise ValueError(f"home: {home} is not a registry (known: {', '.join(known)})")
        for index, route in enumerate(gateway.routes):
            if route.registry not in known:
                raise ValueError(
                    f"routes[{index}].registry: {route.registry} is not a registry (known: {', '.join(known)})"
                )
        routes = tuple(gateway.routes)
        if not any(route.match is None for route in routes):
            default = home or (known[0] if len(known) == 1 else None)
            routes += (RouteEntry(registry=default),) if default else ()
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
