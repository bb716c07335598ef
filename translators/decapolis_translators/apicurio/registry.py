"""The type `apicurio`: Apicurio Registry 3, and 2 as far as its older API goes.

- Its own API holds any text under any type, refers to nothing, and judges only where a rule exists: what it would
  store without reading is refused here.
- The native id is the one its Confluent face gives out, because that is what is in the topics: one for equal texts
  in all groups (content ids), or one for every version in its legacy mode (global ids).
- Version numbers are the registry's order; names that other tools chose do not matter.
"""

from __future__ import annotations

from typing import ClassVar

from decapolis_translators.contract import Capabilities, Feature

from .config import ApicurioConfig
from .questions import AnswersMore
from .settings import KeepsLevels
from .wire import KINDS

_FORMATS = frozenset(KINDS)
_KEPT_IN_LABELS = (Feature.METADATA, Feature.METADATA_TAGS, Feature.RULE_SETS)
_OLDER = "Version 2 of Apicurio's own API cannot set a version's properties in the same step as its text."
_ONE_ID = (
    "With content ids Apicurio gives equal texts one id, whatever else is said about them, and what an id means must "
    "not change; a server in legacy id mode has an id for every version and keeps this in labels."
)


class ApicurioRegistry(KeepsLevels, AnswersMore):
    """One group of an Apicurio Registry; artifacts of other types than `capabilities.formats` are not shown."""

    type = "apicurio"
    Config = ApicurioConfig
    declared: ClassVar[Capabilities] = Capabilities(
        formats=_FORMATS,
        references=_FORMATS,
        missing={
            Feature.IMPORT_IDS: "Apicurio numbers by itself; only an import of a whole registry keeps ids.",
            Feature.CONFIG: "Apicurio keeps compatibility levels as rules, and none of the dialect's other settings.",
            Feature.MODES: "Apicurio stores modes in its Confluent face and obeys none of them.",
            Feature.CONTEXTS: "Apicurio has groups; one configured registry is one group, and a group is no context.",
        },
    )

    @property
    def capabilities(self) -> Capabilities:
        """The type's own, narrowed where equal texts share an id or only version 2 of the API was found."""
        if self._known is not None and not self._known.keeps_labels:
            return self.declared.without(dict.fromkeys(_KEPT_IN_LABELS, _OLDER))
        if self._ids != "global":
            return self.declared.without(dict.fromkeys(_KEPT_IN_LABELS, _ONE_ID))
        return self.declared
