"""The type `aws_glue`: one registry of AWS Glue Schema Registry.

- A version's id is its SchemaVersionId; version numbers are Glue's own. Only AVAILABLE versions exist for us: PENDING ones
  are waited for, FAILURE ones were refused, DELETING ones are gone.
- Glue judges against a checkpoint, after the number was given out, and says nothing of its reasons.
- What Glue has no place for (references, soft deletes, metadata, rules, integer ids) is refused here and kept by the
  gateway.
"""

from __future__ import annotations

from typing import ClassVar

from decapolis_formats import Format
from decapolis_translators.contract import Capabilities, Feature

from .config import GlueConfig
from .notes import KeepsNotesInMetadata
from .settings import KeepsLevels


class GlueRegistry(KeepsNotesInMetadata, KeepsLevels):
    """One registry of one account and region."""

    type = "aws_glue"
    Config = GlueConfig
    declared: ClassVar[Capabilities] = Capabilities(
        formats=frozenset({Format.AVRO, Format.JSON_SCHEMA, Format.PROTOBUF}),
        missing={
            Feature.INTEGER_IDS: "Glue gives every version a UUID; integers for messages are the gateway's own.",
            Feature.IMPORT_IDS: "Glue draws the ids of versions by itself.",
            Feature.SOFT_DELETE: "Glue deletes for good.",
            Feature.GLOBAL_LEVEL: "Glue keeps compatibility on every schema, and none for all of them.",
            Feature.CONFIG: "Glue keeps a compatibility on every schema, and none of the dialect's other settings.",
            Feature.MODES: "Glue has no modes; only the compatibility DISABLED stops further versions of a schema.",
            Feature.CONTEXTS: "One configured registry is one registry of Glue, which has no contexts inside.",
            Feature.METADATA: "Glue's metadata stands beside a version and is no part of what makes it the same.",
            Feature.METADATA_TAGS: "Glue tags whole schemas, not the fields of a version.",
            Feature.RULE_SETS: "Glue has no place for rules.",
            Feature.NATIVE_CHECK: "Glue judges only what is registered; asking for a verdict would leave a version.",
            Feature.REFERRERS: "Glue has no references between schemas.",
            Feature.USAGES: "A version's id belongs to exactly one version, and Glue cannot be searched by text.",
            Feature.SERVER_SIDE_RULES: "Glue judges compatibility only.",
        },
    )

    @property
    def capabilities(self) -> Capabilities:
        """The type's own, with the formats that the configuration leaves."""
        formats = frozenset(map(Format.named, self.settings.formats))
        return Capabilities(formats, self.declared.references, self.declared.missing)
