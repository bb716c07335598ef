"""What only some registries of the dialect answer: their own verdict, and which contexts they have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from decapolis_formats import Schema
from decapolis_translators.contract import Feature, NativeVerdict
from decapolis_translators.errors import SubjectNotFound, VersionNotFound
from decapolis_translators.http import Call
from decapolis_translators.subjects import DEFAULT_CONTEXT

from . import wire
from .faults import Asked
from .registry import DialectRegistry

_VERBOSE = {"verbose": "true"}


class ChecksVersions(DialectRegistry):
    """A registry that judges a candidate against one version, or under the level it would enforce."""

    async def check(self, subject: str, schema: Schema, version: int | None = None) -> NativeVerdict:
        """The registry's verdict; with nothing to compare, every candidate passes."""
        self._demand_readable(schema)
        if version is not None:
            return await self._check_against(subject, schema, version)
        try:
            return await self._check_all(subject, schema)
        except (SubjectNotFound, VersionNotFound):
            return NativeVerdict(True)

    async def _check_all(self, subject: str, schema: Schema) -> NativeVerdict:
        """The check that a registration would run."""
        return await self._verdict(subject, schema, "", -1)

    async def _check_against(self, subject: str, schema: Schema, version: int) -> NativeVerdict:
        if not 1 <= version <= wire.MAX_ID:
            raise VersionNotFound(subject, version)
        try:
            return await self._verdict(subject, schema, f"/{version}", version)
        except SubjectNotFound:
            raise VersionNotFound(subject, version) from None

    async def _verdict(self, subject: str, schema: Schema, suffix: str, version: int) -> NativeVerdict:
        path = f"/compatibility/subjects/{self._segment(subject)}/versions{suffix}"
        call = Call("POST", path, _VERBOSE, wire.request(schema))
        return self._read_verdict(await self._ask(call, Asked(subject, version)))

    def _read_verdict(self, answer: Any) -> NativeVerdict:
        body = wire.typed(answer, dict, "answer")
        compatible = wire.typed(body.get("is_compatible"), bool, "is_compatible")
        messages = wire.listed(body.get("messages") or [], str)
        return NativeVerdict(compatible, tuple(self._client.scrub(message) for message in messages))


class HasOwnContexts(DialectRegistry):
    """A registry with contexts."""

    async def contexts(self) -> Sequence[str]:
        """Their names, the default one first."""
        self.capabilities.demand(Feature.CONTEXTS)
        answer = wire.listed(await self._ask(Call("GET", "/contexts"), Asked()), str)
        names = {name.strip(":") or DEFAULT_CONTEXT for name in answer}
        return [DEFAULT_CONTEXT, *sorted(names - {DEFAULT_CONTEXT})]
