"""The dialect's fakes, one per product and release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from decapolis_translators.confluent import ConfluentRegistry
from decapolis_translators.karapace import KarapaceRegistry
from decapolis_translators.redpanda import RedpandaRegistry
from decapolis_translators.testing.facade import DialectFacade
from decapolis_translators.testing.fakes import CONFLUENT_7, CONFLUENT_8, KARAPACE_6, REDPANDA_24, REDPANDA_26


class Confluent7(DialectFacade):
    """Confluent before 8.0: answers as short as they used to be."""

    name = "confluent-7"
    profile = CONFLUENT_7
    type = ConfluentRegistry


class Confluent8(DialectFacade):
    """Confluent 8: whole answers."""

    name = "confluent-8"
    profile = CONFLUENT_8
    type = ConfluentRegistry


class ConfluentEnterprise(DialectFacade):
    """An edition that keeps rule sets, and a configuration that says so."""

    name = "confluent-enterprise"
    profile = replace(CONFLUENT_8, name="confluent-enterprise", rule_sets="kept")
    type = ConfluentRegistry

    def config(self) -> Mapping[str, Any]:
        """The URL and the word that rule sets are kept."""
        return {**super().config(), "rule_sets": True}


class Karapace6(DialectFacade):
    """Karapace."""

    name = "karapace-6"
    profile = KARAPACE_6
    type = KarapaceRegistry


class Redpanda24(DialectFacade):
    """Redpanda before contexts, metadata and IMPORT."""

    name = "redpanda-24"
    profile = REDPANDA_24
    type = RedpandaRegistry


class Redpanda26(DialectFacade):
    """Redpanda with contexts, metadata and IMPORT."""

    name = "redpanda-26"
    profile = REDPANDA_26
    type = RedpandaRegistry
