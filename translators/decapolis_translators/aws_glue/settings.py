"""Levels, which Glue keeps on every schema and nowhere else.

A level of a subject is what differs from `default_compatibility`; the checkpoint, the version from which Glue judges, goes
with it: the newest version for levels that look at one version, the first one for the others, because those look at all
versions from the checkpoint on and because a checkpoint cannot be deleted, just as version 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from decapolis_translators.contract import Feature
from decapolis_translators.errors import ConfigNotFound, NotPermitted, Refused, SubjectNotFound

from .reading import ReadsVersions
from .wire import FROZEN, Head

TO_GLUE = {
    "NONE": "NONE",
    "BACKWARD": "BACKWARD",
    "BACKWARD_TRANSITIVE": "BACKWARD_ALL",
    "FORWARD": "FORWARD",
    "FORWARD_TRANSITIVE": "FORWARD_ALL",
    "FULL": "FULL",
    "FULL_TRANSITIVE": "FULL_ALL",
}
_FROM_GLUE = {native: level for level, native in TO_GLUE.items()}

NEEDS_NEWEST = frozenset({"BACKWARD", "FORWARD", "FULL"})
"""Compatibilities that compare with one version: the checkpoint."""

LEVEL = "compatibilityLevel"


class KeepsLevels(ReadsVersions):
    """Glue's compatibility of a schema as a level of its subject."""

    async def config(self, subject: str | None) -> Mapping[str, Any] | None:
        """The level where it is not the default one; a frozen schema (DISABLED) has none that could be told."""
        default = self.settings.default_compatibility
        if subject is None:
            return {LEVEL: default}
        level = _FROM_GLUE.get((await self._head(subject)).compatibility)
        return None if level in {None, default} else {LEVEL: level}

    async def set_config(self, subject: str | None, changes: Mapping[str, Any]) -> None:
        """Sets the level and moves the checkpoint; a None sets the default one."""
        if set(changes) - {LEVEL}:
            self.capabilities.demand(Feature.CONFIG)
        if LEVEL not in changes:
            return
        given = changes[LEVEL]
        level = self.settings.default_compatibility if given is None else str(given).upper()
        if level not in TO_GLUE:
            raise Refused(f"Invalid compatibility level: {level}")
        await self._set_level(self._named(subject), level)

    async def clear_config(self, subject: str | None) -> None:
        """Sets the default level; ConfigNotFound where nothing else was set."""
        name = self._named(subject)
        try:
            head = await self._changeable(name)
        except SubjectNotFound:
            raise ConfigNotFound(name) from None
        default = self.settings.default_compatibility
        if head.compatibility == TO_GLUE[default]:
            raise ConfigNotFound(name)
        await self._update(name, default)

    async def _set_level(self, subject: str, level: str) -> None:
        head = await self._changeable(subject)
        lagging = TO_GLUE[level] in NEEDS_NEWEST  # whether the checkpoint is the newest version, Glue does not tell
        if head.compatibility != TO_GLUE[level] or lagging:
            await self._update(subject, level)

    async def _update(self, subject: str, level: str) -> None:
        newest: Mapping[str, Any] = {"LatestVersion": True}
        parameters = {
            **self._schema(subject),
            "Compatibility": TO_GLUE[level],
            "SchemaVersionNumber": newest if TO_GLUE[level] in NEEDS_NEWEST else {"VersionNumber": 1},
        }
        await self._call("UpdateSchema", parameters, self._asked(subject, write=True))

    async def _changeable(self, subject: str) -> Head:
        """What an administrator of AWS froze is not thawed by a change of the level."""
        head = await self._head(subject)
        if head.compatibility == FROZEN:
            raise NotPermitted(
                f"'{subject}' is FROZEN: its compatibility in Glue is DISABLED, which only AWS's own tools may end"
            )
        return head

    def _named(self, subject: str | None) -> str:
        if subject is None:
            self.capabilities.demand(Feature.GLOBAL_LEVEL)
        return subject or ""
