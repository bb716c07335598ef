"""The type `confluent`: Confluent Schema Registry, Platform and Cloud.

- Metadata needs 7.4; the community edition drops rule sets without a word, so they are refused unless the
  configuration says that this edition keeps them.
- The server searches a plain name in every context; an answer from another one counts as absent here.
- Before 8.0 a registration answers only the id; the version is looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import httpx
from pydantic import Field

from decapolis_formats import Format
from decapolis_translators.contract import Capabilities, Feature, Ping

from .config import DialectConfig
from .probe import Probes, release
from .questions import ChecksVersions, HasOwnContexts
from .registry import NO_SERVER_RULES
from .settings import KeepsConfig, KeepsModes

_FORMATS = frozenset({Format.AVRO, Format.JSON_SCHEMA, Format.PROTOBUF})
_RULES_DROPPED = (
    "The community edition drops rule sets without a word; "
    "set rule_sets: true for an Enterprise or Cloud registry that keeps them."
)
_METADATA_SINCE = (7, 4)


class ConfluentConfig(DialectConfig):
    """As for every registry of the dialect; `rule_sets` says that this edition keeps rule sets."""

    rule_sets: bool = Field(default=False)


class ConfluentRegistry(KeepsConfig, KeepsModes, ChecksVersions, HasOwnContexts, Probes):
    """A Confluent Schema Registry."""

    type = "confluent"
    Config = ConfluentConfig
    declared: ClassVar[Capabilities] = Capabilities(
        formats=_FORMATS, references=_FORMATS, missing={Feature.SERVER_SIDE_RULES: NO_SERVER_RULES}
    )

    def __init__(
        self, registry_id: str, config: ConfluentConfig, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        super().__init__(registry_id, config, transport=transport)
        self._keeps_rules = config.rule_sets

    @property
    def capabilities(self) -> Capabilities:
        """The type's own, without rule sets where nobody vouched for them, narrowed by the latest probe."""
        found = super().capabilities
        return found if self._keeps_rules else found.without({Feature.RULE_SETS: _RULES_DROPPED})

    async def _probe(self) -> tuple[Ping, Mapping[Feature, str]]:
        await self._prove_credentials()
        version = await self._product_version()
        missing: dict[Feature, str] = {}
        if not await self._has_contexts():
            missing[Feature.CONTEXTS] = "This server has no contexts; they came with release 7.0."
        if (release(version) or (0, 0)) < _METADATA_SINCE:
            reason = f"Release 7.4 or newer is needed; this server says {version or 'no version'}."
            missing |= dict.fromkeys((Feature.METADATA, Feature.METADATA_TAGS, Feature.RULE_SETS), reason)
        facts = {"contexts": Feature.CONTEXTS not in missing, "rule_sets": self._keeps_rules}
        return Ping(version, await self._cluster_id(), facts), missing
