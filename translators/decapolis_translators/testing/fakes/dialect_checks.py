"""Compatibility checks of a fake of the dialect, which its judge decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .asgi import Problem, Request
from .dialect_state import DialectState, Version, no_subject, no_version
from .profiles import Profile


class CheckRoutes:
    """The routes under `/compatibility`."""

    profile: Profile
    state: DialectState

    def schema_body(self, request: Request) -> dict[str, Any]:
        """The body of a schema request."""
        raise NotImplementedError

    def check(self, request: Request, names: Mapping[str, str]) -> Any:
        """A check against one version; Karapace compares with all under a transitive level."""
        subject, token = names["subject"], names["version"]
        latest = token.lower() in {"latest", "-1"}
        try:
            against = [self.state.version_of(subject, token)]
        except Problem as problem:
            return self._nothing_to_compare(subject, token, latest, problem)
        if self.profile.family == "karapace" and self.state.level_of(subject).endswith("_TRANSITIVE"):
            against = self.state.live_history(subject)
        return self._verdict(request, subject, against)

    def _nothing_to_compare(self, subject: str, token: str, latest: bool, problem: Problem) -> Any:
        if problem.body.get("error_code") == 42202:
            raise problem
        if self.profile.family == "karapace" or not latest:
            raise no_version(-1 if latest else int(token))
        if self.profile.family == "redpanda":
            raise no_subject(subject)
        return {"is_compatible": True}

    def check_all(self, request: Request, names: Mapping[str, str]) -> Any:
        """A check under the level."""
        return self._verdict(request, names["subject"], None)

    def _verdict(self, request: Request, subject: str, against: list[Version] | None) -> Any:
        verbose = request.flag("verbose")
        try:
            content = self.state.content_of(self.schema_body(request), subject)
        except Problem as problem:
            if verbose and self.profile.family != "karapace":
                return {"is_compatible": False, "messages": [problem.body["message"]]}
            raise
        messages = self.state.verdict(subject, content, against)
        always = self.profile.family == "karapace" and bool(messages)
        return {"is_compatible": not messages} | ({"messages": messages} if verbose or always else {})
