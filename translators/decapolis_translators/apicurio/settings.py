"""Levels: the COMPATIBILITY rule of an artifact, and the one for all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from decapolis_translators.contract import Feature
from decapolis_translators.errors import ConfigNotFound, NotPermitted, Refused, SubjectNotFound
from decapolis_translators.fanout import ask_both

from .reading import ReadsVersions
from .wire import DEFAULT_GROUP

_LEVELS = frozenset(
    {"NONE", *(level + depth for level in ("BACKWARD", "FORWARD", "FULL") for depth in ("", "_TRANSITIVE"))}
)


class KeepsLevels(ReadsVersions):
    """One level an artifact and one for all; a group may set its own in between."""

    async def config(self, subject: str | None) -> Mapping[str, Any] | None:
        """The rule set exactly there; for all, what is enforced: the group's rule, else the global one, else NONE."""
        core = await self._core()
        if subject is not None:
            self._segment(subject)
            level = await core.rule(subject)
            return None if level is None else {"compatibilityLevel": level}
        overall, group = await ask_both(core.rule(None), self._group_rule())
        return {"compatibilityLevel": group or overall or "NONE"}

    async def set_config(self, subject: str | None, changes: Mapping[str, Any]) -> None:
        """Sets or clears the level; the registry itself would take any word for one."""
        if set(changes) - {"compatibilityLevel"}:
            self.capabilities.demand(Feature.CONFIG)
        if "compatibilityLevel" not in changes:
            return
        given = changes["compatibilityLevel"]
        if given is None:
            await self._clear(subject)
            return
        level = str(given).upper()
        if level not in _LEVELS:
            raise Refused(f"Invalid compatibility level: {level}")
        await self._demand_effect(subject)
        await (await self._core()).put_rule(subject, level)

    async def clear_config(self, subject: str | None) -> None:
        """Removes the rule; ConfigNotFound where none was set."""
        await self._demand_effect(subject)
        try:
            await (await self._core()).drop_rule(subject)
        except SubjectNotFound:
            raise ConfigNotFound(subject or "") from None

    async def _clear(self, subject: str | None) -> None:
        try:
            await self.clear_config(subject)
        except ConfigNotFound:
            return

    async def _demand_effect(self, subject: str | None) -> None:
        """A group's own rule hides the global one: a change there would do nothing for us."""
        if subject is not None:
            self._segment(subject)
        elif await self._group_rule() is not None:
            raise NotPermitted(f"The group '{self.settings.group}' has a level of its own, which hides the global one")

    async def _group_rule(self) -> str | None:
        """The default group cannot have rules."""
        if self.settings.group == DEFAULT_GROUP:
            return None
        return await (await self._core()).group_rule()
