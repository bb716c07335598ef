"""Levels, the whole configuration and modes, for the registries that keep them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from decapolis_translators.contract import Feature
from decapolis_translators.errors import ConfigNotFound, Garbled, SubjectNotFound, Unsupported
from decapolis_translators.http import Call

from . import wire
from .faults import Asked
from .registry import DialectRegistry

_RULE_SETTINGS = {"defaultRuleSet", "overrideRuleSet"}
_METADATA_SETTINGS = {"defaultMetadata", "overrideMetadata"}


class KeepsLevels(DialectRegistry):
    """A registry that keeps one level for all and one per subject, and nothing else."""

    async def config(self, subject: str | None) -> Mapping[str, Any] | None:
        """What is set exactly there."""
        try:
            answer = await self._ask(Call("GET", self._settings("config", subject)), Asked(subject or ""))
        except ConfigNotFound:
            return None
        wire.typed(wire.typed(answer, dict, "config").get("compatibilityLevel"), str, "compatibilityLevel")
        return dict(answer)

    async def set_config(self, subject: str | None, changes: Mapping[str, Any]) -> None:
        """Sets or clears the level."""
        self._demand_settings(changes)
        if "compatibilityLevel" not in changes:
            return
        if changes["compatibilityLevel"] is None:
            await self._clear_level(subject)
        else:
            await self._put_config(subject, {"compatibility": str(changes["compatibilityLevel"]).upper()})

    async def clear_config(self, subject: str | None) -> None:
        """Removes a subject's level."""
        if subject is None:
            raise Unsupported(Feature.CONFIG, f"A {self.type} registry cannot forget its global level.")
        await self._delete_config(subject)

    async def _clear_level(self, subject: str | None) -> None:
        try:
            await self.clear_config(subject)
        except ConfigNotFound:
            return

    def _demand_settings(self, changes: Mapping[str, Any]) -> None:
        if set(changes) - {"compatibilityLevel"}:
            self.capabilities.demand(Feature.CONFIG)

    async def _put_config(self, subject: str | None, body: Mapping[str, Any]) -> None:
        call = Call("PUT", self._settings("config", subject), body=body, write=True)
        await self._ask(call, Asked(subject or "", write=True))

    async def _delete_config(self, subject: str | None) -> None:
        call = Call("DELETE", self._settings("config", subject), write=True)
        try:
            await self._ask(call, Asked(subject or "", write=True))
        except SubjectNotFound:
            raise ConfigNotFound(subject or "") from None

    def _settings(self, kind: str, subject: str | None) -> str:
        return f"/{kind}" if subject is None else f"/{kind}/{self._segment(subject)}"


class KeepsConfig(KeepsLevels):
    """A registry that keeps the dialect's whole configuration."""

    async def set_config(self, subject: str | None, changes: Mapping[str, Any]) -> None:
        """Changes the named keys; the registry merges them, null clears one. No key at all sets an empty configuration."""
        self._demand_settings(changes)
        body = dict(changes)
        if "compatibilityLevel" in body:
            level = body.pop("compatibilityLevel")
            body["compatibility"] = level if level is None else str(level).upper()
        await self._put_config(subject, body)

    async def clear_config(self, subject: str | None) -> None:
        """Removes what is set there; of the global setting the server's default remains."""
        await self._delete_config(subject)

    def _demand_settings(self, changes: Mapping[str, Any]) -> None:
        given = {key for key, value in changes.items() if value is not None}
        if given & _RULE_SETTINGS:
            self.capabilities.demand(Feature.RULE_SETS)
        if given & _METADATA_SETTINGS:
            self.capabilities.demand(Feature.METADATA)
        if given - {"compatibilityLevel"}:
            self.capabilities.demand(Feature.CONFIG)


class KeepsModes(KeepsLevels):
    """A registry that keeps and obeys modes."""

    async def mode(self, subject: str | None) -> str | None:
        """What is set exactly there."""
        try:
            answer = await self._ask(Call("GET", self._settings("mode", subject)), Asked(subject or ""))
        except ConfigNotFound:
            return None
        return wire.typed(wire.typed(answer, dict, "mode").get("mode"), str, "mode")

    async def set_mode(self, subject: str | None, mode: str | None, *, force: bool = False) -> None:
        """Sets it, or clears it with None; ConfigNotFound where none was set."""
        path, asked = self._settings("mode", subject), Asked(subject or "", write=True)
        if mode is not None:
            query = {"force": "true"} if force else {}
            await self._ask(Call("PUT", path, query, {"mode": mode.upper()}, write=True), asked)
            return
        try:
            await self._ask(Call("DELETE", path, write=True), asked)
        except SubjectNotFound:
            raise ConfigNotFound(subject or "") from None
        except Garbled:
            if subject is None:
                raise Unsupported(Feature.MODES, "This registry cannot forget its global mode.") from None
            raise
