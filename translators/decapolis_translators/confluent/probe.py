"""Questions that a ping asks of servers which do not tell their abilities: cheap, and without a write."""

from __future__ import annotations

import re
from typing import Any

from decapolis_translators.errors import Garbled
from decapolis_translators.http import Call

from .faults import Asked
from .registry import DialectRegistry

_NOBODYS_PREFIX = "decapolis-probe-"
"""A prefix that no subject has: the answer stays small, whatever the registry holds."""


class Probes(DialectRegistry):
    """The probes that several types share."""

    async def _prove_credentials(self) -> None:
        """Lists the subjects under a prefix nobody uses; every server asks for credentials first."""
        query = {"subjectPrefix": _NOBODYS_PREFIX, "limit": "1"}
        await self._ask(Call("GET", "/subjects", query), Asked())

    async def _product_version(self) -> str | None:
        body = await self._described("/v1/metadata/version")
        version = body.get("version")
        return version if isinstance(version, str) else None

    async def _cluster_id(self) -> str | None:
        """The Kafka cluster's id and the registry's name in it; either alone is not unique."""
        scope = (await self._described("/v1/metadata/id")).get("scope")
        clusters = scope.get("clusters") if isinstance(scope, dict) else None
        if not isinstance(clusters, dict):
            return None
        parts = [clusters.get("kafka-cluster"), clusters.get("schema-registry-cluster")]
        return "/".join(part for part in parts if isinstance(part, str) and part) or None

    async def _has_contexts(self) -> bool:
        return isinstance(await self._ask_if_there(Call("GET", "/contexts")), list)

    async def _described(self, path: str) -> dict[str, Any]:
        """An optional object; proxies answer their own pages for paths that they do not know."""
        try:
            body = await self._ask_if_there(Call("GET", path))
        except Garbled:
            return {}
        return body if isinstance(body, dict) else {}


def release(version: str | None) -> tuple[int, int] | None:
    """The first two numbers of a product version such as `7.4.1-ccs`."""
    found = re.match(r"v?(\d{1,4})\.(\d{1,4})", version or "")
    return (int(found[1]), int(found[2])) if found else None
