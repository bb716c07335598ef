"""A stateful fake of the Confluent dialect, in the manner of five products and releases.

    fake = DialectFake(CONFLUENT_8)
    with Loopback(fake) as served: ...           # or httpx.ASGITransport(app=fake)

Built from the Schema Registry API reference of Confluent Platform, Karapace's README and Redpanda's Schema
Registry API reference; where a product lacks a route or answers another shape,
the fake does too. It judges compatibility only through `judge`, and reads texts only as far as `texts` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, unquote_plus

import orjson

from decapolis_translators.subjects import Subject

from .asgi import FakeServer, Problem, Request, Route
from .dialect_checks import CheckRoutes
from .dialect_deletes import DeleteRoutes
from .dialect_settings import SettingsRoutes
from .dialect_state import (
    Content,
    DialectState,
    Judge,
    Version,
    refuse,
    version_number,
)
from .profiles import CONFLUENT_8, Profile

_BODY_KEYS = {"schema", "schemaType", "references", "id", "version", "metadata", "ruleSet"}
_BODY_TYPES = ("application/vnd.schemaregistry", "application/json", "application/octet-stream")


class DialectFake(SettingsRoutes, DeleteRoutes, CheckRoutes, FakeServer):
    """One fake registry."""

    media_type = "application/vnd.schemaregistry.v1+json"

    def __init__(self, profile: Profile = CONFLUENT_8) -> None:
        self.profile = profile
        self.state = DialectState(profile)
        self.cluster_id = "fake-kafka-cluster"
        super().__init__()

    @property
    def judge(self) -> Judge:
        """Who decides whether a schema is compatible."""
        return self.state.judge

    @judge.setter
    def judge(self, judge: Judge) -> None:
        self.state.judge = judge

    @property
    def reissue_ids(self) -> bool:
        """Whether the id of a permanently deleted schema is given to the next one."""
        return self.state.reissue_ids

    @reissue_ids.setter
    def reissue_ids(self, reissue: bool) -> None:
        self.state.reissue_ids = reissue

    def restart(self, *, keep: bool = True) -> None:
        """The registry starts anew, with its state or without."""
        if keep:
            self.state.restart()
        else:
            self.state.wipe()

    def decode_segment(self, segment: str) -> str:
        """Karapace takes a plus for a space."""
        return unquote_plus(segment) if self.profile.family == "karapace" else unquote(segment)

    def no_such_route(self, other_verb: bool) -> Problem:
        """Each family words it differently."""
        status, words = (405, "Method Not Allowed") if other_verb else (404, "Not Found")
        match self.profile.family:
            case "karapace":
                return Problem(status, orjson.dumps(words))
            case "redpanda":
                return Problem(status, {"message": words.capitalize(), "code": status})
            case _:
                return refuse(status, status, f"HTTP {status} {words}")

    def unauthorized(self) -> Problem:
        """Redpanda has a code of its own."""
        code = 40101 if self.profile.family == "redpanda" else 401
        return Problem(401, {"error_code": code, "message": "Unauthorized"}, {"www-authenticate": "Basic"})

    def routes(self) -> list[Route]:
        """The routes that the product has."""
        common = [
            Route("GET", "/", lambda request, names: {}),
            Route("GET", "/subjects", self._list_subjects),
            Route("POST", "/subjects/{subject}", self._look_up),
            Route("DELETE", "/subjects/{subject}", self.delete_subject, True),
            Route("GET", "/subjects/{subject}/versions", self._list_versions),
            Route("POST", "/subjects/{subject}/versions", self._register, True),
            Route("GET", "/subjects/{subject}/versions/{version}", self._get_version),
            Route("GET", "/subjects/{subject}/versions/{version}/schema", self._get_text),
            Route("DELETE", "/subjects/{subject}/versions/{version}", self.delete_version, True),
            Route("GET", "/subjects/{subject}/versions/{version}/referencedby", self._referenced_by),
            Route("GET", "/schemas/types", lambda request, names: ["JSON", "PROTOBUF", "AVRO"]),
            Route("GET", "/schemas/ids/{id}", self._get_by_id),
            Route("GET", "/schemas/ids/{id}/versions", self._uses),
            Route("POST", "/compatibility/subjects/{subject}/versions/{version}", self.check),
        ]
        return [*common, *self._own_routes(), *self.settings_routes()]

    def _own_routes(self) -> list[Route]:
        uses = Route("GET", "/schemas/ids/{id}/subjects", self._using_subjects)
        contexts = Route("GET", "/contexts", self._list_contexts)
        if self.profile.family == "karapace":
            health = Route(
                "GET",
                "/_health",
                lambda request, names: {"healthy": True, "karapace_version": self.profile.version},
            )
            return [health, Route("GET", "/schemas", self._list_schemas)]
        if self.profile.family == "redpanda":
            return [uses, *([contexts] if self.profile.contexts else [])]
        return [
            uses,
            contexts,
            Route("GET", "/schemas", self._list_schemas),
            Route("GET", "/schemas/ids/{id}/schema", lambda request, names: self._by_id(request, names)[1].text),
            Route("POST", "/compatibility/subjects/{subject}/versions", self.check_all),
            Route("GET", "/v1/metadata/version", lambda request, names: {"version": self.profile.version}),
            Route("GET", "/v1/metadata/id", self._server_id),
        ]

    def _server_id(self, request: Request, names: Mapping[str, str]) -> Any:
        clusters = {"kafka-cluster": self.cluster_id, "schema-registry-cluster": "schema-registry"}
        return {"scope": {"path": [], "clusters": clusters}}

    def _list_subjects(self, request: Request, names: Mapping[str, str]) -> list[str]:
        deleted = request.flag("deleted")
        only = request.flag("deletedOnly") and self.profile.family == "confluent"
        found = []
        for name, versions in self.state.subjects.items():
            live = any(not version.deleted for version in versions.values())
            if (not live) if only else (live or deleted):
                found.append(name)
        if self.profile.family == "karapace":
            levels = {name for name in self.state.configs if name} if deleted else set()
            return sorted({*found, *levels})
        return sorted(name for name in found if self._has_prefix(name, request.query.get("subjectPrefix")))

    def _has_prefix(self, name: str, prefix: str | None) -> bool:
        if prefix is None or not self.profile.contexts:
            return name.startswith(prefix or "")
        if prefix.startswith(":*:"):
            return Subject.parse(name).name.startswith(prefix[3:])
        wanted, found = Subject.parse(prefix), Subject.parse(name)
        return wanted.context == found.context and found.name.startswith(wanted.name)

    def _list_versions(self, request: Request, names: Mapping[str, str]) -> list[int]:
        found = self.state.versions_of(names["subject"], deleted=request.flag("deleted"))
        return [version.number for version in found]

    def _get_version(self, request: Request, names: Mapping[str, str]) -> Any:
        return self._printed(self._version(request, names))

    def _version(self, request: Request, names: Mapping[str, str]) -> Version:
        token, deleted = names["version"], request.flag("deleted")
        if token.lower() not in {"latest", "-1"}:
            version_number(token)
        try:
            return self.state.version_of(names["subject"], token, deleted=deleted)
        except Problem:
            for name in self._same_name_elsewhere(names["subject"]):
                return self.state.version_of(name, token, deleted=deleted)
            raise

    def _same_name_elsewhere(self, subject: str) -> list[str]:
        """Confluent searches every other context for a plain name."""
        if self.profile.family != "confluent" or subject.startswith(":."):
            return []
        return sorted(name for name in self.state.subjects if name != subject and Subject.parse(name).name == subject)

    def _get_text(self, request: Request, names: Mapping[str, str]) -> Any:
        text = self._version(request, names).content.text
        if self.profile.family == "karapace" and not text.startswith("{"):
            raise Problem(500, {"error_code": 500, "message": "Internal server error"})
        return text

    def _printed(self, version: Version) -> dict[str, Any]:
        body = {"subject": version.subject, "version": version.number, "id": version.native_id}
        body |= self._printed_content(version.content)
        return body | self._marks(version)

    def _marks(self, version: Version) -> dict[str, Any]:
        return {"ts": version.created_ms, "deleted": version.deleted} if self.profile.whole_answers else {}

    def _printed_content(self, content: Content) -> dict[str, Any]:
        body: dict[str, Any] = {"schema": content.text}
        if content.kind != "AVRO" or self.profile.whole_answers:
            body["schemaType"] = content.kind
        if content.references:
            body["references"] = [
                {"name": name, "subject": subject, "version": version} for name, subject, version in content.references
            ]
        if content.metadata is not None:
            body["metadata"] = content.metadata
        if content.rule_set is not None:
            body["ruleSet"] = content.rule_set
        return body

    def read_body(self, request: Request) -> dict[str, Any]:
        """The JSON object of a request."""
        kind = request.headers.get("content-type", "application/json")
        if not kind.startswith(_BODY_TYPES):
            raise Problem(415, {"message": "HTTP 415 Unsupported Media Type"})
        try:
            body = orjson.loads(request.body)
        except ValueError:
            raise refuse(400, 400, "Unrecognized token") from None
        if not isinstance(body, dict):
            raise refuse(422, 422, "must be an object")
        return body

    def schema_body(self, request: Request) -> dict[str, Any]:
        """The body of a schema request; strict products refuse unknown keys and nulls."""
        body = self.read_body(request)
        if self.profile.strict_bodies:
            nulls = {key for key, value in body.items() if value is None} - {"metadata", "ruleSet"}
            if set(body) - _BODY_KEYS or nulls:
                raise refuse(422, 422, "Invalid request body")
        return body

    def _register(self, request: Request, names: Mapping[str, str]) -> Any:
        subject = names["subject"]
        if self.profile.family != "karapace" and not Subject.parse(subject).is_registrable():
            raise refuse(422, 42208, f"The specified subject '{subject}' is not a valid.")
        body = self.schema_body(request)
        version = self.state.register(subject, self.state.content_of(body, subject), body)
        if not self.profile.whole_answers:
            return {"id": version.native_id}
        return {"id": version.native_id, "version": version.number} | self._printed_content(version.content)

    def _look_up(self, request: Request, names: Mapping[str, str]) -> Any:
        subject, deleted = names["subject"], request.flag("deleted")
        elsewhere = self._same_name_elsewhere(subject)
        if not elsewhere or subject in self.state.subjects:
            self.state.versions_of(subject, deleted=deleted)
        body = self.schema_body(request)
        try:
            content = self.state.content_of(body, subject)
        except Problem:
            if self.profile.family == "redpanda":
                raise refuse(500, 500, f"Error while looking up schema under subject {subject}") from None
            raise
        for name in [name for name in (subject, *elsewhere) if name in self.state.subjects]:
            found = self.state.find(name, content, deleted=deleted)
            if found is not None:
                printed = self._printed(found)
                return _without(printed, "references") if self.profile.family == "karapace" else printed
        raise refuse(404, 40403, "Schema not found")

    def _by_id(self, request: Request, names: Mapping[str, str]) -> tuple[int, Content]:
        if not names["id"].lstrip("-").isdigit():
            raise self.no_such_route(other_verb=False)
        number = int(names["id"])
        content = self.state.ids.get(self._asked_context(request), {}).get(number)
        if content is None:
            raise refuse(404, 40403, f"Schema {number} not found")
        return number, content

    def _asked_context(self, request: Request) -> str:
        return self.state.context(request.query.get("subject", ""))

    def _get_by_id(self, request: Request, names: Mapping[str, str]) -> Any:
        number, content = self._by_id(request, names)
        body = self._printed_content(content)
        if not self.profile.whole_answers:
            return body
        for version in self._using(request, number, deleted=True):
            return {"subject": version.subject, "version": version.number} | body | self._marks(version)
        return body

    def _using(self, request: Request, number: int, *, deleted: bool) -> list[Version]:
        context = self._asked_context(request)
        found = [
            version
            for version in self.state.all_versions()
            if version.native_id == number
            and self.state.context(version.subject) == context
            and (deleted or not version.deleted)
        ]
        return sorted(found, key=lambda version: (version.subject, version.number), reverse=True)

    def _uses(self, request: Request, names: Mapping[str, str]) -> Any:
        number, _ = self._by_id(request, names)
        deleted = request.flag("deleted") and self.profile.family != "redpanda"
        found = self._using(request, number, deleted=deleted)
        return [{"subject": version.subject, "version": version.number} for version in found]

    def _using_subjects(self, request: Request, names: Mapping[str, str]) -> list[str]:
        number, _ = self._by_id(request, names)
        return [*{version.subject for version in self._using(request, number, deleted=request.flag("deleted"))}]

    def _referenced_by(self, request: Request, names: Mapping[str, str]) -> list[int]:
        target = self.state.version_of(names["subject"], names["version"], deleted=True)
        found = self.state.referrers(target, deleted=request.flag("deleted"))
        return sorted({version.native_id for version in found})

    def _list_contexts(self, request: Request, names: Mapping[str, str]) -> list[str]:
        found = {self.state.context(name) for name in self.state.subjects}
        return [".", *sorted(found - {"."})]

    def _list_schemas(self, request: Request, names: Mapping[str, str]) -> list[Any]:
        found = [v for v in self.state.all_versions() if request.flag("deleted") or not v.deleted]
        wanted = [v for v in found if self._has_prefix(v.subject, request.query.get("subjectPrefix", ""))]
        wanted.sort(key=lambda version: (version.subject, version.number))
        return [self._printed(version) for version in wanted]


def _without(body: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != key}
