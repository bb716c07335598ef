"""Version 2 of the core API in a fake Apicurio Registry, after the OpenAPI document of release 2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from .apicurio_state import ApicurioState, Artifact, Text, Version, no_artifact, refuse
from .asgi import Problem, Request, Route

BASE = "/apis/registry/v2"
_ARTIFACT = BASE + "/groups/{group}/artifacts/{artifact}"
_EXTENDED = "application/create.extended+json"


class OlderRoutes:
    """The routes under `/apis/registry/v2`."""

    state: ApicurioState

    def older_routes(self) -> list[Route]:
        """What the fake knows of the older API."""
        version = _ARTIFACT + "/versions/{version}"
        return [
            Route("GET", f"{BASE}/system/info", lambda request, names: {"name": "Apicurio", "version": "2.6.13.Final"}),
            Route("GET", f"{BASE}/admin/config/properties/{{name}}", self.server_property),
            *self.rule_routes(f"{BASE}/admin/rules", "type"),
            *self.rule_routes(_ARTIFACT + "/rules", "type"),
            Route("GET", f"{BASE}/search/artifacts", self._older_search),
            Route("POST", BASE + "/groups/{group}/artifacts", self._older_create, True),
            Route("GET", _ARTIFACT + "/meta", self._older_meta),
            Route("POST", _ARTIFACT + "/meta", self._older_look_up),
            Route("PUT", _ARTIFACT + "/test", self._older_test),
            Route("GET", _ARTIFACT + "/versions", self._older_versions),
            Route("GET", version + "/meta", lambda request, names: {**_told(self.one_version(names)), "id": "x"}),
            Route("GET", version + "/references", self.version_references),
            Route("GET", f"{BASE}/ids/contentIds/{{id}}", self.text_by_id),
            Route("GET", f"{BASE}/ids/contentIds/{{id}}/references", self.references_by_id),
        ]

    def server_property(self, request: Request, names: Mapping[str, str]) -> Any:
        """One of the server's settings."""
        raise NotImplementedError

    def rule_routes(self, base: str, key: str = "ruleType") -> list[Route]:
        """The rules of one place."""
        raise NotImplementedError

    def one_version(self, names: Mapping[str, str]) -> Version:
        """The version that a path names."""
        raise NotImplementedError

    def version_references(self, request: Request, names: Mapping[str, str]) -> list[Any]:
        """What a version refers to, or who refers to it."""
        raise NotImplementedError

    def text_by_id(self, request: Request, names: Mapping[str, str]) -> bytes:
        """A text as it was stored."""
        raise NotImplementedError

    def references_by_id(self, request: Request, names: Mapping[str, str]) -> list[Any]:
        """The references of a text."""
        raise NotImplementedError

    def _older_search(self, request: Request, names: Mapping[str, str]) -> Any:
        group = request.query.get("group")
        found = [each for each in self.state.artifacts.values() if each.group == group and each.versions]
        offset, limit = int(request.query.get("offset", "0")), int(request.query.get("limit", "20"))
        listed = [
            {"id": each.name, "type": each.kind, "state": each.versions[-1].state, "labels": []}
            for each in found[offset : offset + limit]
        ]
        return {"artifacts": listed, "count": len(found)}

    def _older_artifact(self, names: Mapping[str, str]) -> Artifact:
        found = self.state.artifact(names["group"], names["artifact"])
        if not found.versions:
            raise no_artifact(names["group"], names["artifact"])
        return found

    def _older_meta(self, request: Request, names: Mapping[str, str]) -> Any:
        return _told(self._older_artifact(names).versions[-1])

    def _older_versions(self, request: Request, names: Mapping[str, str]) -> Any:
        found = self._older_artifact(names).versions
        offset, limit = int(request.query.get("offset", "0")), int(request.query.get("limit", "20"))
        return {"count": len(found), "versions": [_told(each) for each in found[offset : offset + limit]]}

    def _older_look_up(self, request: Request, names: Mapping[str, str]) -> Any:
        wanted = Text(request.body.decode())
        for each in reversed(self._older_artifact(names).versions):
            if self.state.texts[each.content_id] == wanted:
                return {**_told(each), "id": each.artifact}
        raise refuse(404, "ArtifactNotFoundException", "No artifact with that content was found.")

    def _older_create(self, request: Request, names: Mapping[str, str]) -> Any:
        text = Text(request.body.decode())
        if request.headers.get("content-type") == _EXTENDED:
            body = orjson.loads(request.body)
            references = tuple(
                (each["name"], each["groupId"], each["artifactId"], each["version"]) for each in body["references"]
            )
            text = Text(body["content"], references)
        made = _as_older(
            lambda: self.state.create(
                names["group"],
                request.headers["x-registry-artifactid"],
                request.headers["x-registry-artifacttype"],
                text,
                if_exists="CREATE_VERSION" if request.query.get("ifExists") == "UPDATE" else "FAIL",
                version=request.headers.get("x-registry-version"),
            )
        )
        return {**_told(made), "id": made.artifact, "groupId": made.group}

    def _older_test(self, request: Request, names: Mapping[str, str]) -> None:
        _as_older(lambda: self.state.demand_rules(self._older_artifact(names), Text(request.body.decode())))


def _as_older(ask: Any) -> Any:
    """A broken rule was a conflict before 3.3, and words were called a message."""
    try:
        return ask()
    except Problem as problem:
        status = 409 if problem.body["name"] == "RuleViolationException" else problem.status
        body = {"message": problem.body["title"], "error_code": status, "detail": "", "name": problem.body["name"]}
        raise Problem(status, body) from None


def _told(version: Version) -> dict[str, Any]:
    return {
        "version": version.name,
        "createdOn": version.created.replace("Z", "+0000"),
        "createdBy": "",
        "type": version.kind,
        "labels": [],
        "state": version.state,
        "globalId": version.global_id,
        "contentId": version.content_id,
        "references": [],
    }
