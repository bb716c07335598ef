"""Levels, settings and modes of a fake of the dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .asgi import Problem, Request, Route
from .dialect_state import EVERYWHERE, GLOBAL, LEVELS, DialectState, no_subject, refuse
from .profiles import Profile

_BAD_LEVEL = (
    "Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, "
    "forward_transitive, and full_transitive"
)


class SettingsRoutes:
    """The routes under `/config` and `/mode`."""

    profile: Profile
    state: DialectState

    def read_body(self, request: Request) -> dict[str, Any]:
        """The JSON object of a request."""
        raise NotImplementedError

    def settings_routes(self) -> list[Route]:
        """The routes that the product has."""
        routes = [
            Route("GET", "/config", self._get_config),
            Route("PUT", "/config", self._put_config, True),
            Route("GET", "/config/{subject}", self._get_config),
            Route("PUT", "/config/{subject}", self._put_config, True),
            Route("DELETE", "/config/{subject}", self._delete_config, True),
            Route("GET", "/mode", self._get_mode),
            Route("GET", "/mode/{subject}", self._get_mode),
        ]
        if self.profile.family == "confluent":
            routes += [Route("DELETE", "/config", self._delete_config, True)]
        if self.profile.modes:
            routes += [
                Route("PUT", "/mode", self._put_mode, True),
                Route("PUT", "/mode/{subject}", self._put_mode, True),
                Route("DELETE", "/mode/{subject}", self._delete_mode, True),
            ]
        if self.profile.whole_answers:
            routes += [Route("DELETE", "/mode", self._delete_mode, True)]
        return routes

    def _get_config(self, request: Request, names: Mapping[str, str]) -> Any:
        subject = self._key(names)
        kept = self.state.configs.get(subject)
        if kept is not None or subject in GLOBAL:
            return {"compatibilityLevel": "BACKWARD", **(kept or {})}
        if request.flag("defaultToGlobal"):
            return {"compatibilityLevel": self.state.level_of(subject)}
        if self.profile.family == "karapace" and subject not in self.state.subjects:
            raise no_subject(subject)
        text = f"Subject '{subject}' does not have subject-level compatibility configured"
        raise refuse(404, 40408, text)

    def _put_config(self, request: Request, names: Mapping[str, str]) -> Any:
        body = self.read_body(request)
        if self.profile.strict_bodies and set(body) - {"compatibility"}:
            raise refuse(422, 422, "Invalid request body")
        changes = dict(body) if self.profile.family == "confluent" else {"compatibility": body.get("compatibility")}
        if "compatibility" in changes:
            changes["compatibilityLevel"] = self._level(changes.pop("compatibility"))
        if self.profile.rule_sets != "kept":
            changes = {key: value for key, value in changes.items() if not key.endswith("RuleSet")}
        kept = self.state.configs.setdefault(self._key(names), {})
        kept.update(changes)
        for key in [key for key, value in kept.items() if value is None]:
            del kept[key]
        return body

    def _level(self, given: Any) -> str | None:
        if given is None and self.profile.family == "confluent":
            return None
        level = str(given) if self.profile.family == "karapace" else str(given).upper()
        if level not in LEVELS:
            raise refuse(422, 42203, _BAD_LEVEL)
        return level

    def _delete_config(self, request: Request, names: Mapping[str, str]) -> Any:
        subject = self._key(names)
        kept = self.state.configs.pop(subject, None)
        if self.profile.family == "karapace":
            return {"compatibility": self.state.level_of("")}
        if kept is None and subject not in GLOBAL:
            raise no_subject(subject)
        return {"compatibilityLevel": "BACKWARD", **(kept or {})}

    def _get_mode(self, request: Request, names: Mapping[str, str]) -> Any:
        subject = self._key(names)
        if subject in GLOBAL or not self.profile.modes or request.flag("defaultToGlobal"):
            return {"mode": self.state.mode_of(subject)}
        if subject not in self.state.modes:
            text = f"Subject '{subject}' does not have subject-level mode configured"
            raise refuse(404, 40409, text + ("." if self.profile.family == "redpanda" else ""))
        return {"mode": self.state.modes[subject]}

    def _put_mode(self, request: Request, names: Mapping[str, str]) -> Any:
        subject, body = self._key(names), self.read_body(request)
        mode = str(body.get("mode")).upper()
        if mode not in self.profile.modes:
            raise refuse(422, 42204, f"Invalid mode. Valid values are {', '.join(sorted(self.profile.modes))}")
        if mode == "FORWARD" and subject not in GLOBAL:
            raise refuse(422, 42204, "Forward mode only supported on global level")
        if mode == "IMPORT" and not request.flag("force") and self._has_live(subject):
            raise refuse(422, 42205, "Cannot import since found existing subjects")
        self.state.modes[subject] = mode
        return body

    def _has_live(self, scope: str) -> bool:
        if scope and not scope.endswith(":"):
            return bool(self.state.live_history(scope))
        context = self.state.context(scope)
        return any(
            not version.deleted and self.state.context(version.subject) == context
            for version in self.state.all_versions()
        )

    def _delete_mode(self, request: Request, names: Mapping[str, str]) -> Any:
        subject = self._key(names)
        mode = self.state.modes.pop(subject, None)
        if mode is None and subject not in GLOBAL:
            raise self._no_mode(subject)
        return {"mode": mode or "READWRITE"}

    def _no_mode(self, subject: str) -> Problem:
        return no_subject(subject)

    def _key(self, names: Mapping[str, str]) -> str:
        """The subject, empty for the global setting; Confluent keeps what holds for every context apart from that."""
        subject = names.get("subject", "")
        everywhere = subject == EVERYWHERE and self.profile.family != "confluent"
        return "" if subject == ":.:" or everywhere else subject
