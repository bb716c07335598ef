"""A stateful fake of Apicurio Registry 3: its own API v3 (and v2 where it plays an older server) and its Confluent face.

    fake = ApicurioFake()
    with Loopback(fake) as served: ...           # or httpx.ASGITransport(app=fake)

Sources: the core registry API's OpenAPI document of release 3, the guides on content rules, references and the
Confluent compatibility API, and the answers of a server of release 3.3. It judges compatibility only through `judge`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from .apicurio_face import FaceRoutes
from .apicurio_state import STATES, ApicurioState, Artifact, Text, Version, no_rule, refuse
from .apicurio_told import references_in, told, told_artifact, told_reference
from .apicurio_v2 import OlderRoutes
from .asgi import FakeServer, Problem, Request, Route
from .dialect_state import Judge

BASE = "/apis/registry/v3"
_ARTIFACTS = BASE + "/groups/{group}/artifacts"
_ARTIFACT = _ARTIFACTS + "/{artifact}"
_VERSION = _ARTIFACT + "/versions/{version}"
_FILTERS: dict[str, Callable[[Version], str]] = {
    "groupId": lambda version: version.group,
    "artifactId": lambda version: version.artifact,
    "artifactType": lambda version: version.kind,
    "state": lambda version: version.state,
    "contentId": lambda version: str(version.content_id),
    "globalId": lambda version: str(version.global_id),
}
_ORDERS: dict[str, Callable[[Version], Any]] = {
    "globalId": lambda version: version.global_id,
    "version": lambda version: version.order,
    "artifactId": lambda version: (version.artifact, version.global_id),
}


class ApicurioFake(FaceRoutes, OlderRoutes, FakeServer):
    """One fake server; an `older` one has version 2 of the API only, as releases before 3.0."""

    def __init__(self, *, older: bool = False, global_ids: bool = False) -> None:
        self.state = ApicurioState()
        self.older = older
        self.global_ids = global_ids
        self.deletes = False
        """Whether its own API may delete for good, which is off until an administrator allows it."""
        self.administrator = True
        """Whether our credentials are an administrator's."""
        self.identity: dict[str, Any] = {"type": "none"}
        """What it tells its console of its identity provider."""
        super().__init__()

    @property
    def judge(self) -> Judge:
        """Who decides whether a schema is compatible."""
        return self.state.judge

    @judge.setter
    def judge(self, judge: Judge) -> None:
        self.state.judge = judge

    def no_such_route(self, other_verb: bool) -> Problem:
        """What the framework below it says."""
        status, name = (405, "NotAllowedException") if other_verb else (404, "NotFoundException")
        return refuse(status, name, f"Could not find resource, status {status}")

    def unauthorized(self) -> Problem:
        """An empty answer, as its security layer gives."""
        return Problem(401, b"", {"www-authenticate": "Bearer"})

    def _dispatch(self, request: Request) -> Any:
        """The console's configuration is given to everybody, because it says where to log in."""
        if request.raw_path.endswith("/system/uiConfig") and not (self.older and "/v3/" in request.raw_path):
            self.calls["GET uiConfig"] += 1
            return {"auth": self.identity, "features": {"readOnly": False}}
        return super()._dispatch(request)

    def routes(self) -> list[Route]:
        """The newer API and the face, or the older API and the face."""
        own = self.older_routes() if self.older else self._core_routes()
        return [*own, *self.face_routes()]

    def _core_routes(self) -> list[Route]:
        rules = _ARTIFACT + "/rules"
        return [
            Route("GET", f"{BASE}/system/info", lambda request, names: {"name": "Apicurio", "version": "3.3.3"}),
            Route("GET", f"{BASE}/admin/config/properties/{{name}}", self.server_property),
            *self.rule_routes(f"{BASE}/admin/rules"),
            *self.rule_routes(BASE + "/groups/{group}/rules"),
            *self.rule_routes(rules),
            Route("GET", f"{BASE}/search/artifacts", self._search_artifacts),
            Route("GET", f"{BASE}/search/versions", self._search_versions),
            Route("POST", f"{BASE}/search/versions", self._search_text),
            Route("POST", _ARTIFACTS, self._create, True),
            Route("GET", _ARTIFACT, lambda request, names: told_artifact(self._artifact(names))),
            Route("DELETE", _ARTIFACT, self._delete_artifact, True),
            Route("GET", _ARTIFACT + "/versions", self._list_versions),
            Route("GET", _VERSION, lambda request, names: told(self.one_version(names))),
            Route("GET", _VERSION + "/content", self._version_content),
            Route("GET", _VERSION + "/references", self.version_references),
            Route("PUT", _VERSION + "/state", self._set_state, True),
            Route("GET", f"{BASE}/ids/contentIds/{{id}}", self.text_by_id),
            Route("GET", f"{BASE}/ids/contentIds/{{id}}/references", self.references_by_id),
        ]

    # --- administration and rules

    def server_property(self, request: Request, names: Mapping[str, str]) -> Any:
        """One of the server's settings, for administrators."""
        if not self.administrator:
            raise refuse(403, "ForbiddenException", "User is not authorized to perform the requested operation.")
        if not names["name"].endswith(".ccompat.legacy-id-mode.enabled"):
            raise refuse(404, "ConfigPropertyNotFoundException", f"No configuration property named {names['name']}.")
        return {"name": names["name"], "value": str(self.global_ids).lower(), "type": "java.lang.Boolean"}

    def rule_routes(self, base: str, key: str = "ruleType") -> list[Route]:
        """Reading, adding, changing and removing the rules of one place."""

        def read(request: Request, names: Mapping[str, str]) -> Any:
            rules = self._rules(names)
            if names["rule"] not in rules:
                raise no_rule(names["rule"])
            return {"config": rules[names["rule"]], key: names["rule"]}

        def add(request: Request, names: Mapping[str, str]) -> None:
            body, rules = _body(request), self._rules(names)
            if body[key] in rules:
                raise refuse(409, "RuleAlreadyExistsException", f"A rule named '{body[key]}' already exists.")
            rules[body[key]] = body["config"]

        def change(request: Request, names: Mapping[str, str]) -> Any:
            read(request, names)
            self._rules(names)[names["rule"]] = _body(request)["config"]
            return read(request, names)

        def remove(request: Request, names: Mapping[str, str]) -> None:
            read(request, names)
            del self._rules(names)[names["rule"]]

        return [
            Route("POST", base, add, True),
            Route("GET", f"{base}/{{rule}}", read),
            Route("PUT", f"{base}/{{rule}}", change, True),
            Route("DELETE", f"{base}/{{rule}}", remove, True),
        ]

    def _rules(self, names: Mapping[str, str]) -> dict[str, str]:
        if "artifact" in names:
            return self._artifact(names).rules
        if "group" not in names:
            return self.state.rules
        if all(group != names["group"] for group, _ in self.state.artifacts):
            raise refuse(404, "GroupNotFoundException", f"No group '{names['group']}' was found.")
        return self.state.group_rules.setdefault(names["group"], {})

    def _artifact(self, names: Mapping[str, str]) -> Artifact:
        return self.state.artifact(names["group"], names["artifact"])

    # --- versions

    def one_version(self, names: Mapping[str, str]) -> Version:
        """The version that a path names."""
        return self.state.version(names["group"], names["artifact"], names["version"])

    def _create(self, request: Request, names: Mapping[str, str]) -> Any:
        body = _body(request)
        first, kind = body.get("firstVersion"), body.get("artifactType")
        if not isinstance(first, dict) or not isinstance(kind, str):
            raise refuse(400, "MissingRequiredParameterException", "The fake wants a type and a first version.")
        content = first["content"]
        if not content.get("content"):
            raise refuse(400, "BadRequestException", "Empty content is not allowed.")
        made = self.state.create(
            names["group"],
            body["artifactId"],
            kind,
            Text(content["content"], references_in(content.get("references") or ())),
            if_exists=request.query.get("ifExists", "FAIL"),
            version=first.get("version"),
            labels=first.get("labels"),
            draft=first.get("isDraft") is True,
            dry_run=request.flag("dryRun"),
        )
        return {"artifact": {"artifactId": made.artifact, "artifactType": made.kind}, "version": told(made)}

    def _delete_artifact(self, request: Request, names: Mapping[str, str]) -> None:
        if not self.deletes:
            raise refuse(405, "NotAllowedException", "Artifact deletion operation is not enabled.")
        self._artifact(names)
        del self.state.artifacts[names["group"], names["artifact"]]

    def _list_versions(self, request: Request, names: Mapping[str, str]) -> Any:
        return _paged(request, "versions", self._artifact(names).versions)

    def _search_artifacts(self, request: Request, names: Mapping[str, str]) -> Any:
        group = request.query.get("groupId")
        found = [each for each in self.state.artifacts.values() if group in {None, each.group}]
        listed = sorted(found, key=lambda artifact: artifact.name)
        offset, limit = _window(request)
        return {"artifacts": [told_artifact(each) for each in listed[offset : offset + limit]], "count": len(listed)}

    def _search_versions(self, request: Request, names: Mapping[str, str]) -> Any:
        return _paged(request, "versions", filter(_matcher(request), self.state.all_versions()))

    def _search_text(self, request: Request, names: Mapping[str, str]) -> Any:
        """By text, and without references: those with references are never found."""
        text = request.body.decode()
        same = {number for number, held in self.state.texts.items() if held == Text(text)}
        matches = _matcher(request)
        found = [each for each in self.state.all_versions() if each.content_id in same and matches(each)]
        return _paged(request, "versions", found)

    def _version_content(self, request: Request, names: Mapping[str, str]) -> bytes:
        """Disabled versions keep their description and hide their text."""
        found = self.one_version(names)
        if found.state == "DISABLED":
            raise refuse(404, "VersionNotFoundException", f"No version '{found.name}' found.")
        return self.state.texts[found.content_id].text.encode()

    def version_references(self, request: Request, names: Mapping[str, str]) -> list[Any]:
        """What a version refers to, or with `INBOUND` who refers to it; an unknown version has none."""
        try:
            found = self.one_version(names)
        except Problem:
            return []
        if request.query.get("refType") != "INBOUND":
            return [told_reference(each) for each in self.state.texts[found.content_id].references]
        return [
            told_reference((reference[0], version.group, version.artifact, version.name))
            for version, reference in self.state.referring(found)
        ]

    def _set_state(self, request: Request, names: Mapping[str, str]) -> None:
        found, state = self.one_version(names), _body(request).get("state")
        if state not in STATES:
            raise refuse(400, "BadRequestException", "Not able to deserialize data provided.")
        found.state = str(state)

    def text_by_id(self, request: Request, names: Mapping[str, str]) -> bytes:
        """A text as it was stored."""
        return self.state.text(int(names["id"])).text.encode()

    def references_by_id(self, request: Request, names: Mapping[str, str]) -> list[Any]:
        """The references of a text."""
        return [told_reference(each) for each in self.state.text(int(names["id"])).references]


def _body(request: Request) -> dict[str, Any]:
    try:
        body = orjson.loads(request.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise refuse(400, "BadRequestException", "Not able to deserialize data provided.")
    return body


def _matcher(request: Request) -> Callable[[Version], bool]:
    """The filters of a search; ids below zero filter nothing, as at the real server."""
    given = {
        name: value
        for name, value in request.query.items()
        if name in _FILTERS and not (name.endswith("tId") and value.startswith("-"))
    }
    return lambda version: all(_FILTERS[name](version) == value for name, value in given.items())


def _window(request: Request) -> tuple[int, int]:
    return max(0, int(request.query.get("offset", "0"))), max(0, int(request.query.get("limit", "20")))


def _paged(request: Request, name: str, versions: Iterable[Version]) -> dict[str, Any]:
    order = _ORDERS.get(request.query.get("orderby", "globalId"), _ORDERS["globalId"])
    found = sorted(versions, key=order, reverse=request.query.get("order") == "desc")
    offset, limit = _window(request)
    return {"count": len(found), name: [told(each) for each in found[offset : offset + limit]]}
