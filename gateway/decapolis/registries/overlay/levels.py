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

UNSEEN = "unseen-level"
"""Which kind of setting holds a level that the registry was given and does not tell from none."""


class OverlayWithLevels(Overlay):
    """The same for a registry that holds levels, if only of subjects that exist."""

    async def config(self, subject: str | None) -> Mapping[str, Any] | None:
        """What is set exactly there; a level that the registry cannot hold, or not show, is read from the store."""
        wanted = await self._kept(subject, WANTED)
        if wanted is not None or self._holds_none_for(subject):
            return wanted
        try:
            found = await self._holder.config(subject)
        except SubjectNotFound:
            return None
        return await self._kept(subject, UNSEEN) if found is None else found

    async def set_config(self, subject: str | None, changes: Mapping[str, Any]) -> None:
        """Sets the level where it can be held; the registry gets it once the subject exists there."""
        if self._holds_none_for(subject):
            await self._keep(subject, WANTED, changes)
            return
        try:
            await self._holder.set_config(subject, changes)
            seen = await self._holder.config(subject)
        except SubjectNotFound:
            await self._keep(subject, WANTED, changes)
            return
        await self._keep(subject, WANTED, {})
        # a level that is the registry's own default cannot be told from none there
        await self._keep(subject, UNSEEN, changes if seen is None else {})

    async def clear_config(self, subject: str | None) -> None:
        """Removes what is set there; ConfigNotFound when nothing was."""
        kept = [await self._forget(subject, kind) for kind in (WANTED, UNSEEN)]
        if self._holds_none_for(subject):
            if not any(kept):
                raise ConfigNotFound("")
            return
        try:
            await self._holder.clear_config(subject)
        except (SubjectNotFound, ConfigNotFound):
            if not any(kept):
                raise ConfigNotFound(subject or "") from None

    def _holds_none_for(self, subject: str | None) -> bool:
        return subject is None and not self.native.capabilities.has(Feature.GLOBAL_LEVEL)

    @property
    def _holder(self) -> HoldsConfig:
        return cast("HoldsConfig", self.native)

    async def _kept(self, subject: str | None, kind: str) -> Mapping[str, Any] | None:
        context, name = Subject.parse(subject or "")
        return await self.read(lambda c: settings.setting(c, self.registry_id, context, name, kind))

    async def _keep(self, subject: str | None, kind: str, changes: Mapping[str, Any]) -> None:
        level = changes.get(LEVEL)
        if level is None:
            await self._forget(subject, kind)
            return
        context, name = Subject.parse(subject or "")
        body = {LEVEL: level}
        await self.write(lambda c: settings.keep_setting(c, self.registry_id, context, name, kind, body))

    async def _forget(self, subject: str | None, kind: str) -> bool:
        context, name = Subject.parse(subject or "")
        return await self.write(lambda c: settings.drop_setting(c, self.registry_id, context, name, kind))

    async def apply_wanted_level(self, subject: str) -> None:
        """The registry gets the level that waited for its subject."""
        wanted = await self._kept(subject, WANTED)
        if wanted is not None:
            await self.set_config(subject, wanted)
