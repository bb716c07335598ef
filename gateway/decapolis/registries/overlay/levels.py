"""An overlay over a registry that holds levels itself, if only of subjects that exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from decapolis.store import settings
from decapolis_translators.contract import Feature, HoldsConfig
from decapolis_translators.errors import ConfigNotFound, SubjectNotFound
from decapolis_translators.subjects import Subject

from .registry import Overlay

LEVEL = "compatibilityLevel"
WANTED = "wanted-level"
"""Which kind of setting holds a level that the registry cannot hold yet, or not at all."""


class OverlayWithLevels(Overlay):
    """The same for a registry that holds levels, if only of subjects that exist."""

    async def config(self, subject: str | None) -> Mapping[str, Any] | None:
        """What is set exactly there; a level that the registry cannot hold is read from the store."""
        wanted = await self._wanted(subject)
        if wanted is not None or (subject is None and not self.native.capabilities.has(Feature.GLOBAL_LEVEL)):
            return wanted
        try:
            return await self._holder.config(subject)
        except SubjectNotFound:
            return None

    async def set_config(self, subject: str | None, changes: Mapping[str, Any]) -> None:
        """Sets the level where it can be held; the registry gets it once the subject exists there."""
        if subject is None and not self.native.capabilities.has(Feature.GLOBAL_LEVEL):
            await self._want(None, changes)
            return
        try:
            await self._holder.set_config(subject, changes)
        except SubjectNotFound:
            await self._want(subject, changes)
        else:
            await self._want(subject, {})

    async def clear_config(self, subject: str | None) -> None:
        """Removes what is set there; ConfigNotFound when nothing was."""
        if await self._wanted(subject) is not None:
            await self._want(subject, {LEVEL: None})
            return
        if subject is None and not self.native.capabilities.has(Feature.GLOBAL_LEVEL):
            raise ConfigNotFound("")
        try:
            await self._holder.clear_config(subject)
        except SubjectNotFound:
            raise ConfigNotFound(subject or "") from None

    @property
    def _holder(self) -> HoldsConfig:
        return cast("HoldsConfig", self.native)

    async def _wanted(self, subject: str | None) -> Mapping[str, Any] | None:
        context, name = Subject.parse(subject or "")
        return await self.read(lambda c: settings.setting(c, self.registry_id, context, name, WANTED))

    async def _want(self, subject: str | None, changes: Mapping[str, Any]) -> None:
        context, name = Subject.parse(subject or "")
        level = changes.get(LEVEL)
        if level is None:
            await self.write(lambda c: settings.drop_setting(c, self.registry_id, context, name, WANTED))
        else:
            body = {LEVEL: level}
            await self.write(lambda c: settings.keep_setting(c, self.registry_id, context, name, WANTED, body))

    async def apply_wanted_level(self, subject: str) -> None:
        wanted = await self._wanted(subject)
        if wanted is not None:
            await self._holder.set_config(subject, wanted)
            await self._want(subject, {})
