"""The Confluent face of a fake Apicurio Registry, as far as its own API has no word for the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from .apicurio_state import ApicurioState, Artifact, Text, Version
from .asgi import Problem, Request, Route

BASE = "/apis/ccompat/v7"
_FINISHED = frozenset({"ENABLED", "DEPRECATED", "SUNSET", "DISABLED"})


def refuse(status: int, code: int, message: str) -> Problem:
    """An error body of the dialect; wrong orders of deletes come as conflicts here."""
    return Problem(status, {"message": message, "error_code": code})


class FaceRoutes:
    """The routes under `/apis/ccompat/v7`; the group travels in a header."""

    state: ApicurioState
    global_ids: bool

    def face_routes(self) -> list[Route]:
        """What the fake knows of the dialect."""
        subject = f"{BASE}/subjects/{{subject}}"
        return [
            Route("GET", f"{BASE}/subjects", self._subjects),
            Route("GET", f"{subject}/versions", self._versions),
            Route("POST", f"{subject}/versions", self._register, True),
            Route("GET", f"{subject}/versions/{{number}}", self._version),
            Route("DELETE", subject, self._delete_subject, True),
            Route("DELETE", f"{subject}/versions/{{number}}", self._delete_version, True),
            Route("GET", f"{BASE}/schemas/ids/{{id}}", self._by_id),
            Route("GET", f"{BASE}/schemas/ids/{{id}}/versions", self._usages),
            Route("POST", f"{BASE}/compatibility/subjects/{{subject}}/versions/{{number}}", self._check),
        ]

    def _subjects(self, request: Request, names: Mapping[str, str]) -> list[str]:
        group = _group(request)
        return sorted(
            artifact.name
            for artifact in self.state.artifacts.values()
            if artifact.group == group and _shown(artifact, deleted=request.flag("deleted"))
        )

    def _versions(self, request: Request, names: Mapping[str, str]) -> list[int]:
        return [each.order for each in self._told(request, names["subject"], deleted=request.flag("deleted"))]

    def _told(self, request: Request, subject: str, *, deleted: bool) -> list[Version]:
        artifact = self.state.artifacts.get((_group(request), subject))
        versions = _shown(artifact, deleted=deleted) if artifact else []
        if not versions:
            raise refuse(404, 40401, f"Subject '{subject}' not found.")
        return versions

    def _one(self, request: Request, names: Mapping[str, str], *, deleted: bool = False) -> Version:
        versions = self._told(request, names["subject"], deleted=deleted)
        if names["number"] == "latest":
            return versions[-1]
        for each in versions:
            if str(each.order) == names["number"]:
                return each
        raise refuse(404, 40402, f"Version {names['number']} not found.")

    def _register(self, request: Request, names: Mapping[str, str]) -> Any:
        body, group = orjson.loads(request.body), _group(request)
        references = tuple(
            (each["name"], group, each["subject"], str(each["version"])) for each in body.get("references") or ()
        )
        made = self.state.create(
            group,
            names["subject"],
            body.get("schemaType") or "AVRO",
            Text(body["schema"], references),
            if_exists="FIND_OR_CREATE_VERSION",
        )
        return {"id": self._id(made)}

    def _version(self, request: Request, names: Mapping[str, str]) -> Any:
        found = self._one(request, names)
        shown = {"subject": found.artifact, "version": found.order, "id": self._id(found)}
        return shown | self._content(found)

    def _content(self, version: Version) -> dict[str, Any]:
        held = self.state.texts[version.content_id]
        body: dict[str, Any] = {"schema": held.text}
        if version.kind != "AVRO":
            body["schemaType"] = version.kind
        if held.references:
            body["references"] = [
                {"name": name, "subject": artifact, "version": self.state.version(group, artifact, number).order}
                for name, group, artifact, number in held.references
            ]
        return body

    def _id(self, version: Version) -> int:
        return version.global_id if self.global_ids else version.content_id

    def _holders(self, names: Mapping[str, str]) -> list[Version]:
        found = [each for each in self.state.all_versions() if str(self._id(each)) == names["id"]]
        if not found:
            raise refuse(404, 40403, f"Schema {names['id']} not found.")
        return found

    def _by_id(self, request: Request, names: Mapping[str, str]) -> Any:
        return self._content(self._holders(names)[0])

    def _usages(self, request: Request, names: Mapping[str, str]) -> list[Any]:
        deleted = request.flag("deleted")
        return [
            {"subject": each.artifact, "version": each.order}
            for each in self._holders(names)
            if each.state in _FINISHED and (deleted or each.state != "DISABLED")
        ]

    def _delete_subject(self, request: Request, names: Mapping[str, str]) -> list[int]:
        subject, permanent = names["subject"], request.flag("permanent")
        versions = self._told(request, subject, deleted=True)
        live = [each for each in versions if each.state != "DISABLED"]
        if permanent and live:
            raise refuse(409, 40405, f"Subject {subject} must be soft deleted first")
        if not permanent and not live:
            raise refuse(404, 40404, f"Subject {subject} is in soft deleted state.")
        self._demand_unreferenced(versions)
        for each in versions:
            each.state = "DISABLED"
        if permanent:
            del self.state.artifacts[_group(request), subject]
        return [each.order for each in versions]

    def _delete_version(self, request: Request, names: Mapping[str, str]) -> int:
        found, permanent = self._one(request, names, deleted=True), request.flag("permanent")
        if not permanent and found.state == "DISABLED":
            raise refuse(409, 40406, "Schema is already soft deleted")
        if permanent and found.state != "DISABLED":
            raise refuse(409, 40407, f"Subject {found.artifact} version {found.order} must be soft deleted first")
        self._demand_unreferenced([found])
        found.state = "DISABLED"
        if permanent:
            self.state.artifact(found.group, found.artifact).versions.remove(found)
        return found.order

    def _demand_unreferenced(self, versions: list[Version]) -> None:
        if any(self.state.referring(each) for each in versions):
            raise refuse(422, 42206, f"There are subjects referencing {versions[0].artifact}")

    def _check(self, request: Request, names: Mapping[str, str]) -> Any:
        against = self._one(request, names)
        artifact = self.state.artifact(against.group, against.artifact)
        level = self.state.level_of(artifact) or "BACKWARD"
        candidate = Text(orjson.loads(request.body)["schema"])
        return {"is_compatible": not self.state.verdict(artifact, candidate, level, against)}


def _group(request: Request) -> str:
    return request.headers.get("x-registry-groupid") or "default"


def _shown(artifact: Artifact, *, deleted: bool) -> list[Version]:
    return [each for each in artifact.versions if each.state in _FINISHED and (deleted or each.state != "DISABLED")]
