"""One stand-in of each of the ten types on loopback; each keeps state and refuses what its vendor refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from decapolis_formats import Format
from decapolis_policies import Demands, Level, PastVersion, Text, judge
from decapolis_translators.testing.fakes import (
    CONFLUENT_8,
    KARAPACE_6,
    REDPANDA_26,
    DialectFake,
    Loopback,
)
from decapolis_translators.testing.fakes.apicurio import ApicurioFake
from decapolis_translators.testing.fakes.dataplex import METADATA_PATH, DataplexFake
from decapolis_translators.testing.fakes.dialect_state import Content
from decapolis_translators.testing.fakes.glue import GlueFake
from decapolis_translators.testing.fakes.pulsar import PulsarFake
from decapolis_translators.testing.fakes.purview import TOKEN_PATH, PurviewFake
from decapolis_translators.testing.fakes.snowflake import PAT, SnowflakeFake
from decapolis_translators.testing.fakes.unity_oss import UnityOssFake

HOME = "kafka-prod"
_FORMATS = {"AVRO": Format.AVRO, "JSON": Format.JSON_SCHEMA, "PROTOBUF": Format.PROTOBUF}


@dataclass(frozen=True, slots=True)
class StandIn:
    """A registry of the estate: what imitates it, and how the gateway reaches it."""

    id: str
    type: str
    fake: Any
    config: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def entry(self) -> dict[str, Any]:
        """The entry of `registries.yaml`."""
        return {"id": self.id, "type": self.type, "config": dict(self.config), "metadata": dict(self.metadata)}


@contextmanager
def estate() -> Iterator[dict[str, StandIn]]:
    """All stand-ins by id, listening until the context ends."""
    with ExitStack() as stack:

        def served(fake: Any) -> str:
            loopback = stack.enter_context(_listening(fake))
            return loopback.url

        yield {each.id: each for each in (*_dialect(served), *_others(served), *_catalogs(served))}


@contextmanager
def _listening(fake: Any) -> Iterator[Loopback]:
    loopback = Loopback(fake)
    loopback.start()
    try:
        yield loopback
    finally:
        fake.calm()
        loopback.stop()


def _meta(environment: str, region: str, owner: str) -> dict[str, str]:
    return {"environment": environment, "region": region, "owner": owner}


def _dialect(served: Any) -> Iterator[StandIn]:
    for name, type_, profile, metadata in (
        (HOME, "confluent", CONFLUENT_8, _meta("production", "us-west", "platform")),
        ("kafka-eu", "karapace", KARAPACE_6, _meta("production", "eu-central", "platform-eu")),
        ("edge", "redpanda", REDPANDA_26, _meta("production", "stores", "store-systems")),
    ):
        fake = DialectFake(profile)
        fake.judge = _judged
        yield StandIn(name, type_, fake, {"url": served(fake)}, metadata)


def _judged(candidate: Content, history: Sequence[Content], level: str) -> Sequence[str]:
    """What a registry of the dialect finds wrong: the stand-in judges by the same rules as the products do."""
    past = [PastVersion(number, _text(each)) for number, each in enumerate(reversed(history), 1)]
    verdict = judge(_text(candidate), past, Demands(level=Level.named(level), repairs=False))
    return [each.message for each in verdict.violations]


def _text(content: Content) -> Text:
    return Text(_FORMATS[content.kind], content.text)


def _others(served: Any) -> Iterator[StandIn]:
    apicurio, glue, pulsar = ApicurioFake(), GlueFake(), PulsarFake()
    yield StandIn(
        "partners", "apicurio", apicurio, {"url": served(apicurio)}, _meta("production", "us-west", "partner-api")
    )
    keys = {"region": "us-east-1", "aws_access_key_id": "AKIADEMO", "aws_secret_access_key": "demo"}
    where = {"endpoint_url": served(glue), "registry_name": "schemas"}
    yield StandIn("glue-analytics", "aws_glue", glue, {**keys, **where}, _meta("production", "us-east-1", "analytics"))
    yield StandIn("iot", "pulsar", pulsar, {"url": served(pulsar)}, _meta("staging", "us-west", "devices"))


def _catalogs(served: Any) -> Iterator[StandIn]:
    unity, snowflake, dataplex, purview = UnityOssFake(), SnowflakeFake(), DataplexFake(), PurviewFake()
    for schema in ("sr", "bronze"):
        unity.state.make_schema("main", schema)
    dataplex.demand_login()
    purview.demand_client("client", "demo-client-secret")
    lake = {"url": served(unity), "storage_location": "file:///tmp/lake", "mirror_functions": "main.sr"}
    yield StandIn("lake", "unity_catalog", unity, lake, _meta("production", "us-west", "lakehouse"))
    warehouse = {
        "url": served(snowflake),
        "token": PAT,
        "database": "DB",
        "schema": "PUBLIC",
        "warehouse": "COMPUTE_WH",
    }
    yield StandIn("warehouse", "snowflake", snowflake, warehouse, _meta("production", "us-east", "finance"))
    url = served(dataplex)
    ml = {"project": "demo", "location": "us-central1", "url": url, "metadata_url": f"{url}{METADATA_PATH}"}
    yield StandIn("ml-catalog", "gcp_data_catalog", dataplex, ml, _meta("staging", "us-central", "data-science"))
    url = served(purview)
    client = {"tenant_id": "tenant", "client_id": "client", "client_secret": "demo-client-secret"}
    govern = {"account_name": "demo-purview", **client, "url": f"{url}/datamap/api", "token_url": f"{url}{TOKEN_PATH}"}
    yield StandIn("governance", "azure_purview", purview, govern, _meta("production", "westeurope", "data-office"))
