"""Version 2 of Apicurio's own API, for servers before 3.0: no labels on versions, no search among versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

import orjson

from decapolis_formats import Schema
from decapolis_translators.confluent.faults import Asked
from decapolis_translators.confluent.wire import listed, typed
from decapolis_translators.errors import Absent, Incompatible
from decapolis_translators.fanout import ask_each
from decapolis_translators.http import Call

from .core import PAGE, Core, content_type
from .face import Face
from .wire import FORMATS, KINDS, Entry, Link, artifact_segment, entry_in, link_out


class CoreV2(Core):
    """What the older API says in other words, or only one by one."""

    base: ClassVar[str] = "/apis/registry/v2"
    rule_key: ClassVar[str] = "type"
    keeps_labels: ClassVar[bool] = False
    searches_versions: ClassVar[bool] = False
    legacy_ids: ClassVar[str] = "registry.ccompat.legacy-id-mode.enabled"

    async def prove(self) -> None:
        """The cheapest question that needs credentials."""
        await self.ask(Call("GET", f"{self.base}/search/artifacts", {"limit": "1", "group": self.group}))

    async def names(self, face: Face, *, deleted: bool) -> set[str]:
        """The artifacts of our kinds; only those are looked into whose newest version is deleted or the face hides."""
        listing = [each for each in await self._listing() if each[1] in FORMATS]
        hidden = set() if deleted else await face.dead()
        doubtful = [name for name, _, state in listing if not deleted and (state == "DISABLED" or name in hidden)]
        dead = {name for name, alive in zip(doubtful, await ask_each(self._lives, doubtful), strict=True) if not alive}
        return {name for name, _, _ in listing} - dead

    async def kind(self, artifact: str) -> str:
        """The type of an artifact."""
        body = (await self.ask(Call("GET", f"{self._path(artifact)}/meta"), Asked(artifact))).json()
        return typed(typed(body, dict, "artifact").get("type"), str, "type")

    async def holding(self, artifact: str, schema: Schema) -> set[int]:
        """The content id under which the artifact holds this text; the older API tells one version only."""
        call = Call(
            "POST",
            f"{self._path(artifact)}/meta",
            body=schema.text,
            headers={"Content-Type": content_type(schema)},
        )
        try:
            return {entry_in((await self.ask(call, Asked(artifact))).json(), artifact).content_id}
        except Absent:
            return set()

    async def newest(self) -> Entry | None:
        """Not to be asked here."""
        return None

    async def version(self, link: Link) -> Entry:
        """One version that a reference names."""
        path = f"{self.base}/groups/{quote(link.group, safe='')}/artifacts/{artifact_segment(link.artifact)}"
        call = Call("GET", f"{path}/versions/{quote(link.version, safe='')}/meta")
        return entry_in((await self.ask(call, Asked(link.artifact))).json(), link.artifact)

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
        """Adds a version; a dry run is a call of its own here, which answers nothing."""
        headers = {
            "X-Registry-ArtifactId": artifact,
            "X-Registry-ArtifactType": KINDS[schema.format],
            "Content-Type": content_type(schema),
        }
        if dry_run:
            return await self._dry_run(artifact, schema, headers)
        body: str = schema.text
        if links:
            body = orjson.dumps({"content": schema.text, "references": [link_out(link) for link in links]}).decode()
            headers["Content-Type"] = "application/create.extended+json"
        if version is not None:
            headers["X-Registry-Version"] = version
        call = Call("POST", self._artifacts, {"ifExists": "UPDATE"}, body, write=True, headers=headers)
        return entry_in((await self.ask(call, Asked(artifact, write=True))).json(), artifact)

    async def _dry_run(self, artifact: str, schema: Schema, headers: Mapping[str, str]) -> Entry:
        sent = {"Content-Type": headers["Content-Type"]}
        call = Call("PUT", f"{self._path(artifact)}/test", body=schema.text, headers=sent)
        answer = await self._client.call(call)
        if answer.status == 409:
            words = answer.json()
            said = words.get("message") if isinstance(words, dict) else None
            raise Incompatible(self._client.scrub(str(said or "incompatible"))[:2_000])
        if answer.status not in {200, 204, 404}:
            await self.ask(call, Asked(artifact))
        return Entry(self.group, artifact, "", headers["X-Registry-ArtifactType"], "ENABLED", 1, 1)

    async def _listing(self) -> list[tuple[str, str, str]]:
        found: list[tuple[str, str, str]] = []
        while True:
            paging = {"group": self.group, "limit": str(PAGE), "offset": str(len(found)), "orderby": "createdOn"}
            body = (await self.ask(Call("GET", f"{self.base}/search/artifacts", paging))).json()
            page = listed(typed(body, dict, "answer").get("artifacts"), dict)
            found += [_summary(each) for each in page]
            if len(page) < PAGE:
                return found

    async def _lives(self, artifact: str) -> bool:
        try:
            return any(not entry.deleted for entry in await self.history(artifact))
        except Absent:
            return False


def _summary(body: Mapping[str, Any]) -> tuple[str, str, str]:
    return (
        typed(body.get("id"), str, "id"),
        typed(body.get("type"), str, "type"),
        typed(body.get("state") or "ENABLED", str, "state"),
    )
