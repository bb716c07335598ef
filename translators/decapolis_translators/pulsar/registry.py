"""The type `pulsar`: the schemas of one namespace of an Apache Pulsar cluster.

- A schema belongs to a topic; versions count from 0 there and from 1 here. There are no ids: a version is named by its
  topic, number and time.
- A deletion hides every version so far; single versions cannot be deleted, and nothing can be brought back.
- What Pulsar has no place for goes into the version's properties as a whole document, or is kept by the gateway.
"""

from __future__ import annotations

from typing import ClassVar

from decapolis_formats import Format
from decapolis_translators.contract import Capabilities, Feature

from .config import PulsarConfig
from .notes import KeepsNotesInProperties
from .settings import KeepsLevels


class PulsarRegistry(KeepsNotesInProperties, KeepsLevels):
    """One namespace of one cluster."""

    type = "pulsar"
    Config = PulsarConfig
    declared: ClassVar[Capabilities] = Capabilities(
        formats=frozenset({Format.AVRO, Format.JSON_SCHEMA, Format.PROTOBUF}),
        missing={
            Feature.INTEGER_IDS: "Pulsar has versions of topics and no ids; integers for messages are the gateway's own.",
            Feature.IMPORT_IDS: "Pulsar has no ids that could be given.",
            Feature.SOFT_DELETE: "Pulsar's deletion hides all versions of a topic for good.",
            Feature.DELETE_VERSION: "Pulsar deletes all versions of a topic at once, and no single one.",
            Feature.CONFIG: "Pulsar keeps compatibility strategies, and none of the dialect's other settings.",
            Feature.MODES: "Pulsar has no modes; only the strategy ALWAYS_INCOMPATIBLE stops further versions.",
            Feature.CONTEXTS: "One configured registry is one namespace, which has no contexts inside.",
            Feature.METADATA: "Pulsar's properties are no part of what makes a version the same; whole documents keep it.",
            Feature.METADATA_TAGS: "Pulsar has no tags of fields; whole documents keep them.",
            Feature.RULE_SETS: "Pulsar has no place for rules; whole documents keep them.",
            Feature.REFERRERS: "Pulsar has no references between schemas.",
            Feature.USAGES: "A version belongs to exactly one topic, and Pulsar cannot be searched by text.",
            Feature.SERVER_SIDE_RULES: "Pulsar judges compatibility only.",
        },
    )

    @property
    def capabilities(self) -> Capabilities:
        """The type's own; nothing about a cluster changes them."""
        return self.declared
