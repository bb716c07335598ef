"""The tables of the store.

`schemas` and `versions` hold the truth of the embedded registry and, for every other registry, what it was last known to
hold: that is what answers when the registry is down. Rows of both carry the registry's id, so that they never mix.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Sequence,
    String,
    Table,
    Text,
)

metadata = MetaData()

_Id = BigInteger().with_variant(Integer, "sqlite")

schemas = Table(
    "schemas",
    metadata,
    Column("registry", String(255), nullable=False),
    Column("context", Text, nullable=False),
    Column("native_id", _Id, nullable=False),
    Column("guid", String(36), nullable=False),
    Column("format", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("extras", JSON(none_as_null=True)),
    Column("created_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("registry", "context", "native_id"),
    Index("schemas_by_guid", "registry", "context", "guid"),
)
"""One row an id: the text, and in `extras` references, metadata and rules in the dialect's spelling."""

versions = Table(
    "versions",
    metadata,
    Column("registry", String(255), nullable=False),
    Column("context", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("native_id", _Id, nullable=False),
    Column("deleted", Boolean, nullable=False, default=False),
    Column("created_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("registry", "context", "subject", "version"),
    Index("versions_by_id", "registry", "context", "native_id"),
)

referrers = Table(
    "referrers",
    metadata,
    Column("registry", String(255), nullable=False),
    Column("context", Text, nullable=False),
    Column("native_id", _Id, nullable=False),
    Column("target_context", Text, nullable=False),
    Column("target_subject", Text, nullable=False),
    Column("target_version", Integer, nullable=False),
    PrimaryKeyConstraint(
        "registry",
        "target_context",
        "target_subject",
        "target_version",
        "context",
        "native_id",
        name="referrers_pk",
    ),
)
"""Which schemas refer to which versions: the reverse of every reference."""

counters = Table(
    "counters",
    metadata,
    Column("registry", String(255), nullable=False),
    Column("context", Text, nullable=False),
    Column("next_id", BigInteger, nullable=False),
    PrimaryKeyConstraint("registry", "context"),
)
"""The next id of each context; a row never goes down, so an id is never given twice."""

settings = Table(
    "settings",
    metadata,
    Column("registry", String(255), nullable=False),
    Column("context", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("body", JSON(none_as_null=True), nullable=False),
    PrimaryKeyConstraint("registry", "context", "subject", "kind"),
)
"""Configuration (`kind` config) and modes (`kind` mode); an empty subject stands for the whole context."""

contexts = Table(
    "contexts",
    metadata,
    Column("registry", String(255), nullable=False),
    Column("context", Text, nullable=False),
    PrimaryKeyConstraint("registry", "context"),
)

ranges = Table(
    "ranges",
    metadata,
    Column("registry", String(255), primary_key=True),
    Column("base", BigInteger, nullable=False),
    Column("span", BigInteger, nullable=False),
    Column("home", Boolean, nullable=False),
    Column("cluster_id", Text),
    Column("created_ms", BigInteger, nullable=False),
)
"""The ledger of ids: which public ids belong to which registry, for ever."""

snapshots = Table(
    "snapshots",
    metadata,
    Column("registry", String(255), nullable=False),
    Column("name", String(64), nullable=False),
    Column("body", JSON(none_as_null=True), nullable=False),
    Column("taken_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("registry", "name"),
)
"""The last known listing of each registry, for the time when it cannot be asked."""

conflicts = Table(
    "conflicts",
    metadata,
    Column("registry", String(255), nullable=False),
    Column("context", Text, nullable=False),
    Column("native_id", _Id, nullable=False),
    Column("known_guid", String(36), nullable=False),
    Column("seen_guid", String(36), nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("registry", "context", "native_id"),
)
"""Ids that a registry handed out a second time with another text."""

changes = Table(
    "changes",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("counter", BigInteger, nullable=False),
)
"""The number of the last change to a registry or a subject: what replicas ask before they trust a short-lived answer."""

change_numbers = Sequence("change_numbers", metadata=metadata)

locks = Table(
    "locks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("token", BigInteger, nullable=False),
    Column("holder", Text),
    Column("expires_ms", BigInteger, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(64), nullable=False),
    Column("registry", String(255), nullable=False),
    Column("target", Text, nullable=False),
    Column("intent", JSON(none_as_null=True)),
    Column("outcome", String(32)),
    Column("result", JSON(none_as_null=True)),
    Index("audit_open", "outcome", "registry", "target"),
)
"""Intent before a change, outcome after it; an intent without an outcome is a crash to be looked into."""

audit_seals = Table(
    "audit_seals",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("entry", _Id, nullable=False),
    Column("part", String(8), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("sealed_ms", BigInteger, nullable=False),
    Index("audit_seals_by_entry", "entry", "part", unique=True),
)
"""The chain over the trail: each link covers one entry, or its intent or outcome, and the hash of the link before it."""
audit_seals.add_is_dependent_on(audit)

audit_cursors = Table(
    "audit_cursors",
    metadata,
    Column("sink", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
)
"""How far each place outside, to which the trail is sent, has got."""

plugged_registries = Table(
    "plugged_registries",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("body", JSON(none_as_null=True), nullable=False),
    Column("revision", String(64), nullable=False),
    Column("removed", Boolean, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("changed_by", Text, nullable=False),
)
"""Registries that were added at run time: their entries as they were given, secrets sealed; of removed ones the type."""

pinned_routes = Table(
    "pinned_routes",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("registry", String(255), nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
)
"""Subjects whose owner was decided at run time; they come before every rule."""

overlaid = Table(
    "overlaid",
    metadata,
    Column("registry", String(255), nullable=False),
    Column("subject", Text, nullable=False),
    Column("native_key", Text, nullable=False),
    Column("native_version", BigInteger, nullable=False),
    Column("schema_id", _Id, nullable=False),
    Column("note", Text),
    PrimaryKeyConstraint("registry", "subject", "native_key"),
    Index("overlaid_by_schema", "registry", "schema_id"),
)
"""Which schema each native version of a registry without integer ids stands for, and what was pinned to it there."""

projections = Table(
    "projections",
    metadata,
    Column("registry", String(255), nullable=False),
    Column("subject", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("table_name", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text),
    Column("fingerprint", Text),
    Column("lease_until_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("registry", "subject"),
)
"""How far the table of each subject of a catalog follows its newest document."""

mirrors = Table(
    "mirrors",
    metadata,
    Column("registry", String(255), nullable=False),
    Column("subject", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("gone", Boolean, nullable=False),
    PrimaryKeyConstraint("registry", "subject", "version"),
)
"""Versions whose copy in the catalog is not up to date: to be written, or (`gone`) to be removed."""

version_notes = Table(
    "version_notes",
    metadata,
    Column("registry", String(255), nullable=False),
    Column("subject", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", JSON(none_as_null=True), nullable=False),
    PrimaryKeyConstraint("registry", "subject", "version"),
)
"""Metadata that was set on a version after it was registered, where its registry cannot hold it."""

estate = Table(
    "estate",
    metadata,
    Column("registry", String(255), nullable=False),
    Column("subject", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("native_id", _Id, nullable=False),
    Column("format", String(16), nullable=False),
    Column("guid", String(36), nullable=False),
    Column("kind", Text),
    Column("namespace", Text, nullable=False),
    Column("owner", Text),
    Column("tags", JSON(none_as_null=True), nullable=False),
    Column("fields", JSON(none_as_null=True), nullable=False),
    Column("words", Text, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("registry", "subject"),
    Index("estate_by_guid", "guid"),
)
"""What every subject's newest version is made of, so that searching asks no registry; rows are made anew after changes."""

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("title", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("draft", Boolean, nullable=False),
    Column("changes", Boolean, nullable=False),
    Column("actor", Text, nullable=False),
    Column("administrator", Boolean, nullable=False),
    Column("request", JSON(none_as_null=True), nullable=False),
    Column("on_failure", String(16), nullable=False),
    Column("total", Integer),
    Column("entries", BigInteger, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("holder", Text),
    Column("lease_until_ms", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("started_ms", BigInteger),
    Column("ended_ms", BigInteger),
    Column("reason", Text),
    Column("idempotency_key", Text),
    Column("request_hash", String(64)),
    Index("jobs_by_key", "actor", "idempotency_key", unique=True),
    Index("jobs_by_time", "created_ms", "id"),
    Index("jobs_by_state", "state"),
)
"""Runs of plans. `total` is None until all steps are there; `fence` grows with each process that takes the job up, and what
one writes that lost it is refused; `entries` is the number of its journal's last entry. A `draft` is only looked at."""

job_steps = Table(
    "job_steps",
    metadata,
    Column("job", String(36), nullable=False),
    Column("number", Integer, nullable=False),
    Column("phase", Integer, nullable=False),
    Column("registry", String(255), nullable=False),
    Column("subject", Text, nullable=False),
    Column("action", String(32), nullable=False),
    Column("needs", Integer),
    Column("state", String(16), nullable=False),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
    Column("inverse", JSON(none_as_null=True)),
    Column("outcome", JSON(none_as_null=True)),
    Column("reason", Text),
    Column("attempts", Integer, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("job", "number"),
    Index("job_steps_by_state", "job", "state", "phase", "registry", "number"),
    Index("job_steps_by_place", "registry", "subject"),
)
"""What a job does, one thing at one place a row; an empty subject stands for the whole registry."""

job_journal = Table(
    "job_journal",
    metadata,
    Column("job", String(36), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("event", String(32), nullable=False),
    Column("step", Integer),
    Column("facts", JSON(none_as_null=True)),
    PrimaryKeyConstraint("job", "number"),
)
"""What happened to a job, in order: intents before, outcomes after, and who did what to the job as a whole."""
