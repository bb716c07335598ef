"""The Confluent face of an Apicurio Registry, for what its own API cannot tell or do.

Its own API tells no version numbers, judges against no chosen version, protects no referenced schema, and deletes
nothing for good unless an administrator has allowed it; the face does all that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from decapolis_formats import Schema
from decapolis_translators.confluent import wire
from decapolis_translators.confluent.faults import Asked, refusal
from decapolis_translators.errors import Absent, Garbled
from decapolis_translators.fanout import ask_each
from decapolis_translators.http import Call

from .login import ApicurioClient

_BASE = "/apis/ccompat/v7"
_TYPE = "application/vnd.schemaregistry.v1+json"


class Face:
    """The dialect's questions about one group."""

    def __init__(self, client: ApicurioClient, group: str) -> None:
        self._client = client
        self._headers = {"X-Registry-GroupId": group, "Accept": f"{_TYPE}, application/json"}

    async def numbers(self, subject: str) -> list[int]:
        """The numbers of all finished versions, ascending; none where the face does not know the artifact."""
        call = self._call("GET", f"/subjects/{wire.segment(subject)}/versions", {"deleted": "true"})
        try:
            answer = await self._ask(call, Asked(subject))
        except Absent:
            return []
        return sorted(wire.positive(number, "version") for number in wire.listed(answer, int))

    async def dead(self) -> set[str]:
        """The subjects that have only soft-deleted versions, of the first thousand, which is all that the face lists."""
        subjects = self._call("GET", "/subjects"), self._call("GET", "/subjects", {"deleted": "true"})
        live, everything = await ask_each(lambda call: self._ask(call, Asked()), subjects)
        return {*wire.listed(everything, str)} - {*wire.listed(live, str)}

    async def usages(self, native_id: int, *, deleted: bool) -> list[tuple[str, int]]:
        """Subjects of all groups and their numbers that have an id."""
        call = self._call("GET", f"/schemas/ids/{native_id}/versions", {"deleted": "true"} if deleted else {})
        return [
            (wire.typed(each.get("subject"), str, "subject"), wire.positive(each.get("version"), "version"))
            for each in wire.listed(await self._ask(call, Asked(native_id=native_id)), dict)
        ]

    async def schema(self, native_id: int) -> Schema:
        """The schema of an id, as the face prints it."""
        return wire.schema_in(
            await self._ask(self._call("GET", f"/schemas/ids/{native_id}"), Asked(native_id=native_id))
        )

    async def native_id(self, subject: str, number: int) -> int:
        """The id that clients of the face get for a version."""
        call = self._call("GET", f"/subjects/{wire.segment(subject)}/versions/{number}")
        answer = wire.typed(await self._ask(call, Asked(subject, number)), dict, "answer")
        return wire.positive(answer.get("id"), "id")

    async def delete(self, subject: str, number: int | None, *, permanent: bool) -> list[int]:
        """Deletes a version or all of them; the face keeps the order and what others refer to."""
        path = f"/subjects/{wire.segment(subject)}" + ("" if number is None else f"/versions/{number}")
        call = self._call("DELETE", path, {"permanent": "true"} if permanent else {}, write=True)
        answer = await self._ask(call, Asked(subject, -1 if number is None else number, write=True))
        return sorted(wire.listed(answer if isinstance(answer, list) else [answer], int))

    async def check(self, subject: str, schema: Schema, number: int) -> bool:
        """Whether a candidate is compatible with one version."""
        path = f"/compatibility/subjects/{wire.segment(subject)}/versions/{number}"
        answer = await self._ask(self._call("POST", path, body=wire.request(schema)), Asked(subject, number))
        return wire.typed(wire.typed(answer, dict, "answer").get("is_compatible"), bool, "is_compatible")

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        *,
        write: bool = False,
    ) -> Call:
        headers = self._headers if body is None else {**self._headers, "Content-Type": _TYPE}
        return Call(method, _BASE + path, query or {}, body, write, headers=headers)

    async def _ask(self, call: Call, asked: Asked) -> Any:
        answer = await self._client.call(call)
        if answer.status == 200:
            return answer.json()
        if answer.status == 404 and answer.headers.get("content-type", "").startswith("text/html"):
            raise Garbled("The Confluent face of this registry is switched off or not reachable")
        raise refusal(answer, asked, self._client.scrub)
