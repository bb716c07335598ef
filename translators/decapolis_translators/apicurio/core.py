"""Apicurio's own API, version 3, as questions and writes about one group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

import orjson

from decapolis_formats import Format, Schema
from decapolis_translators.confluent.faults import Asked
from decapolis_translators.confluent.wire import listed, typed
from decapolis_translators.errors import ConfigNotFound, SubjectNotFound
from decapolis_translators.http import Answer, Call

from .face import Face
from .faults import refusal
from .login import ApicurioClient
from .wire import KINDS, Entry, Link, artifact_segment, entry_in, link_out, links_in

PAGE = 1_000
_RULE = "COMPATIBILITY"


class Core:
    """Version 3 of the API; what version 2 does differently overrides it."""

    base: ClassVar[str] = "/apis/registry/v3"
    rule_key: ClassVar[str] = "ruleType"
    keeps_labels: ClassVar[bool] = True
    searches_versions: ClassVar[bool] = True
    legacy_ids: ClassVar[str] = "apicurio.ccompat.legacy-id-mode.enabled"

    def __init__(self, client: ApicurioClient, group: str) -> None:
        self._client = client
        self.group = group
        self._artifacts = f"{self.base}/groups/{quote(group, safe='')}/artifacts"

    async def ask(self, call: Call, asked: Asked | None = None) -> Answer:
        """The answer of a success; everything else leaves as one of our errors."""
        answer = await self._client.call(call)
        if answer.status in {200, 204}:
            return answer
        raise refusal(answer, asked or Asked(), self._client.scrub)

    async def product(self) -> str | None:
        """The release of the server, None where it does not tell."""
        body = (await self.ask(Call("GET", f"{self.base}/system/info"))).json()
        release = typed(body, dict, "system/info").get("version")
        return release if isinstance(release, str) else None

    async def property(self, name: str) -> str | None:
        """A setting of the server, which only administrators may read."""
        body = (await self.ask(Call("GET", f"{self.base}/admin/config/properties/{name}"))).json()
        value = typed(body, dict, "property").get("value")
        return value if isinstance(value, str) else None

    async def prove(self) -> None:
        """The cheapest question that needs credentials."""
        await self.ask(Call("GET", f"{self.base}/search/artifacts", {"limit": "1", "groupId": self.group}))

    # --- versions

    async def names(self, face: Face, *, deleted: bool) -> set[str]:
        """The artifacts of our kinds with a live version, or with any."""
        query = {"groupId": self.group, "orderby": "globalId", "order": "asc"}
        entries = await self._pages(f"{self.base}/search/versions", query, Asked(), None)
        return {entry.artifact for entry in entries if entry.told and (deleted or not entry.deleted)}

    async def history(self, artifact: str) -> list[Entry]:
        """All versions in the registry's order; SubjectNotFound where there is no such artifact."""
        path = f"{self._path(artifact)}/versions"
        query = {"orderby": "globalId", "order": "asc"}
        return await self._pages(path, query, Asked(artifact), artifact)

    async def kind(self, artifact: str) -> str:
        """The type of an artifact, which all its versions share."""
        body = (await self.ask(Call("GET", self._path(artifact)), Asked(artifact))).json()
        return typed(typed(body, dict, "artifact").get("artifactType"), str, "artifactType")

    async def holding(self, artifact: str, schema: Schema) -> set[int]:
        """The content ids under which versions of an artifact hold exactly this text, without references."""
        query = {"groupId": self.group, "artifactId": artifact, "limit": str(PAGE)}
        return {entry.content_id for entry in await self._with_text(schema, query)}

    async def with_id(self, name: str, number: int, limit: int | None = None) -> list[Entry]:
        """The versions of all groups that have an id; `name` says which of the two kinds of ids."""
        query = {name: str(number), "orderby": "globalId", "order": "asc"}
        path = f"{self.base}/search/versions"
        if limit is None:
            return await self._pages(path, query, Asked(native_id=number), None)
        return await self._page(Call("GET", path, query | {"limit": str(limit)}), Asked(native_id=number), None)

    async def newest(self) -> Entry | None:
        """The version of the group that was made last, None where that cannot be asked or there is none."""
        query = {"groupId": self.group, "orderby": "globalId", "order": "desc", "limit": "1"}
        return next(iter(await self._page(Call("GET", f"{self.base}/search/versions", query), Asked(), None)), None)

    async def version(self, link: Link) -> Entry:
        """One version that a reference names."""
        artifact = f"{self.base}/groups/{quote(link.group, safe='')}/artifacts/{quote(link.artifact, safe='')}"
        call = Call("GET", f"{artifact}/versions/{quote(link.version, safe='')}")
        return entry_in((await self.ask(call, Asked(link.artifact))).json(), link.artifact)

    async def text(self, content_id: int) -> str:
        """A text as it was stored."""
        call = Call("GET", f"{self.base}/ids/contentIds/{content_id}", headers={"Accept": "*/*"})
        return (await self.ask(call, Asked(native_id=content_id))).text()

    async def links(self, content_id: int) -> list[Link]:
        """The references of a text."""
        call = Call("GET", f"{self.base}/ids/contentIds/{content_id}/references")
        return links_in((await self.ask(call, Asked(native_id=content_id))).json())

    async def referring(self, entry: Entry) -> list[Link]:
        """Who refers to a version: the versions of all groups, soft-deleted ones too."""
        path = f"{self._path(entry.artifact)}/versions/{quote(entry.version, safe='')}/references"
        call = Call("GET", path, {"refType": "INBOUND"})
        return links_in((await self.ask(call, Asked(entry.artifact))).json())

    async def create(
        self,
        artifact: str,
        schema: Schema,
        links: list[Link],
        *,
        version: str | None = None,
        labels: Mapping[str, str] | None = None,
        dry_run: bool = False,
    ) -> Entry:
        """Adds a version, and the artifact where it is the first; `dry_run` only asks the rules."""
        content = {
            "content": schema.text,
            "contentType": content_type(schema),
            "references": [link_out(link) for link in links],
        }
        first: dict[str, Any] = {"content": content, "labels": dict(labels or {})}
        if version is not None:
            first["version"] = version
        body = {"artifactId": artifact, "artifactType": KINDS[schema.format], "firstVersion": first}
        query = {"ifExists": "CREATE_VERSION"} | ({"dryRun": "true"} if dry_run else {})
        call = Call("POST", self._artifacts, query, body, write=not dry_run)
        answer = (await self.ask(call, Asked(artifact, write=not dry_run))).json()
        return entry_in(typed(answer, dict, "answer").get("version"), artifact)

    # --- rules

    async def rule(self, artifact: str | None) -> str | None:
        """The level set exactly there, None where there is no rule."""
        return await self._level(f"{self._rules(artifact)}/{_RULE}")

    async def group_rule(self) -> str | None:
        """The level that our group sets for all its artifacts, None where it sets none."""
        return await self._level(f"{self.base}/groups/{quote(self.group, safe='')}/rules/{_RULE}")

    async def put_rule(self, artifact: str | None, level: str) -> None:
        """Changes the rule, or adds it where there is none; SubjectNotFound for an unknown artifact."""
        path, body = self._rules(artifact), {self.rule_key: _RULE, "config": level}
        asked = Asked(artifact or "", write=True)
        try:
            await self.ask(Call("PUT", f"{path}/{_RULE}", body=body, write=True), asked)
        except ConfigNotFound:
            await self.ask(Call("POST", path, body=body, write=True), asked)

    async def drop_rule(self, artifact: str | None) -> None:
        """Removes the rule; ConfigNotFound where there is none."""
        call = Call("DELETE", f"{self._rules(artifact)}/{_RULE}", write=True)
        await self.ask(call, Asked(artifact or "", write=True))

    async def _level(self, path: str) -> str | None:
        try:
            body = (await self.ask(Call("GET", path))).json()
        except (ConfigNotFound, SubjectNotFound):
            return None
        return typed(typed(body, dict, "rule").get("config"), str, "config")

    def _rules(self, artifact: str | None) -> str:
        return f"{self.base}/admin/rules" if artifact is None else f"{self._path(artifact)}/rules"

    def _path(self, artifact: str) -> str:
        return f"{self._artifacts}/{artifact_segment(artifact)}"

    async def _with_text(self, schema: Schema, query: Mapping[str, str]) -> list[Entry]:
        kind = {"artifactType": KINDS[schema.format]}
        headers = {"Content-Type": content_type(schema)}
        call = Call("POST", f"{self.base}/search/versions", {**query, **kind}, schema.text, headers=headers)
        return await self._page(call, Asked(), None)

    async def _pages(self, path: str, query: Mapping[str, str], asked: Asked, artifact: str | None) -> list[Entry]:
        """All pages; the last one is the first that is not full."""
        found: list[Entry] = []
        while True:
            paging = {"limit": str(PAGE), "offset": str(len(found))}
            page = await self._page(Call("GET", path, {**query, **paging}), asked, artifact)
            found += page
            if len(page) < PAGE:
                return found

    async def _page(self, call: Call, asked: Asked, artifact: str | None) -> list[Entry]:
        body = typed((await self.ask(call, asked)).json(), dict, "answer")
        return [entry_in(each, artifact) for each in listed(body.get("versions"), dict)]


def content_type(schema: Schema) -> str:
    """What a text is made of; only the descriptions of APIs may be written in YAML."""
    if schema.format is Format.PROTOBUF:
        return "application/x-protobuf"
    return "application/json" if is_json(schema.text) else "application/x-yaml"


def is_json(text: str) -> bool:
    """Whether a text is JSON at all."""
    try:
        orjson.loads(text)
    except ValueError:
        return False
    return True
