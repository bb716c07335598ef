"""Which product and release a fake of the dialect imitates, as data.

Built from the products' public documentation: Confluent's Schema Registry API reference, the Karapace README
with its API level 6.1.1, and Redpanda's Schema Registry API documentation.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """One product in one release; each field is a way in which clones of the dialect differ."""

    name: str
    family: str
    version: str
    whole_answers: bool = False
    """8.x shapes: register answers the whole version, AVRO is named, guid, ts and deleted are sent."""
    contexts: bool = True
    metadata: str = "kept"
    """kept, properties (only those), dropped or refused."""
    rule_sets: str = "dropped"
    """kept, dropped or refused."""
    imports: str = "import_mode"
    """When an imposed id counts: import_mode, always, or never (then it is dropped)."""
    modes: frozenset[str] = frozenset({"READWRITE", "READONLY", "READONLY_OVERRIDE", "IMPORT"})
    """The modes that can be set; none means the route is missing."""
    incompatible_code: int = 409
    strict_bodies: bool = False
    keeps_purged_ids: bool = False
    """Ids keep resolving after the permanent delete of every use, until a restart."""


CONFLUENT_7 = Profile("confluent-7", "confluent", "7.9.2")
CONFLUENT_8 = Profile(
    "confluent-8",
    "confluent",
    "8.2.0",
    whole_answers=True,
    modes=frozenset({"READWRITE", "READONLY", "READONLY_OVERRIDE", "IMPORT", "FORWARD"}),
    incompatible_code=40901,
)
KARAPACE_6 = Profile(
    "karapace-6",
    "karapace",
    "6.2.0",
    contexts=False,
    metadata="dropped",
    imports="never",
    modes=frozenset(),
    keeps_purged_ids=True,
)
REDPANDA_24 = Profile(
    "redpanda-24",
    "redpanda",
    "24.3.1",
    contexts=False,
    metadata="refused",
    rule_sets="refused",
    imports="always",
    modes=frozenset({"READWRITE", "READONLY"}),
    strict_bodies=True,
)
REDPANDA_26 = Profile(
    "redpanda-26",
    "redpanda",
    "26.1.4",
    metadata="properties",
    rule_sets="refused",
    modes=frozenset({"READWRITE", "READONLY", "IMPORT"}),
    strict_bodies=True,
)

PROFILES: dict[str, Profile] = {
    profile.name: profile for profile in (CONFLUENT_7, CONFLUENT_8, KARAPACE_6, REDPANDA_24, REDPANDA_26)
}
"""The profiles by name."""
