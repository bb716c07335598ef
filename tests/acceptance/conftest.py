"""A gateway started as a user starts it, in front of one registry of every type of the dialect, asked over HTTP only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml

from decapolis_translators.testing.facade import CatalogFacade, Facade
from tests.facades.apicurio import FakeApicurio
from tests.facades.aws_glue import FakeGlue
from tests.facades.azure_purview import FakePurview
from tests.facades.dialect import Confluent7, Confluent8, ConfluentEnterprise, Karapace6, Redpanda24, Redpanda26
from tests.facades.gcp_data_catalog import FakeDataplex
from tests.facades.pulsar import FakePulsar
from tests.facades.snowflake import FakeSnowflake
from tests.facades.unity import FakeDatabricks, FakeUnityOss
from tests.gateway.command import Gateway, serving

FACADES: dict[str, type[Facade | CatalogFacade]] = {
    "confluent-7": Confluent7,
    "confluent-8": Confluent8,
    "confluent-enterprise": ConfluentEnterprise,
    "karapace-6": Karapace6,
    "redpanda-24": Redpanda24,
    "redpanda-26": Redpanda26,
    "apicurio-3": FakeApicurio,
    "aws-glue": FakeGlue,
    "pulsar": FakePulsar,
    "unity-oss": FakeUnityOss,
    "unity-databricks": FakeDatabricks,
    "snowflake": FakeSnowflake,
    "gcp-dataplex": FakeDataplex,
    "azure-purview": FakePurview,
}
DOORS = ("embedded", *FACADES)

LACKS: dict[str, tuple[str, ...]] = {
    "aws-glue": ("references of PROTOBUF", "2019-09", "2020-12"),
    "pulsar": ("permanent deletes of single versions",),
}
"""What a registry's own documentation says it cannot hold, and a refusal is therefore right."""


def type_of(facade: Facade | CatalogFacade) -> str:
    """The type that speaks to it."""
    return facade.translator_type().type if isinstance(facade, Facade) else facade.catalog_type().type


@dataclass
class Estate:
    """A running gateway, and the stand-ins behind it."""

    gateway: Gateway
    facades: dict[str, Facade | CatalogFacade]
    folder: Path

    @property
    def errors(self) -> list[dict[str, Any]]:
        """What it logged so far."""
        return [json.loads(line) for line in (self.folder / "stderr.log").read_text().splitlines()]


@pytest.fixture(scope="package")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """The embedded registry is home; `NAME.…` is routed to the registry of that name, all else to the home."""
    folder = tmp_path_factory.mktemp("estate")
    facades = {name: facade() for name, facade in FACADES.items()}
    with ExitStack() as stack:
        for facade in facades.values():
            facade.start()
            stack.callback(facade.stop)
        entries: list[dict[str, Any]] = [{"id": "embedded", "type": "embedded"}]
        entries += [
            {"id": name, "type": type_of(facade), "config": dict(facade.config())} for name, facade in facades.items()
        ]
        routes = [{"match": f"{name}.*", "registry": name} for name in facades] + [{"registry": "embedded"}]
        settings = {"registries_file": "registries.yaml", "home": "embedded", "routes": routes}
        (folder / "registries.yaml").write_text(yaml.safe_dump({"registries": entries}))
        (folder / "gateway.yaml").write_text(yaml.safe_dump(settings))
        arguments = ("--config", "gateway.yaml", "--port", "0", "--store", f"sqlite:///{folder}/store.db")
        yield Estate(stack.enter_context(serving(*arguments, folder=folder)), facades, folder)


@dataclass
class Door:
    """One registry through its door, with subjects that nobody else uses."""

    name: str
    client: httpx.Client

    def subject(self) -> str:
        """A new name."""
        return f"{self.name}.{uuid4().hex[:8]}"

    def lacks(self, what: str) -> bool:
        """Whether the registry is known to be unable to."""
        return what in LACKS.get(self.name, ())

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """An answer as it comes."""
        return self.client.request(method, path, json=body)

    def told(self, method: str, path: str, body: Any = None) -> Any:
        """What a 200 says."""
        answer = self.ask(method, path, body)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    def registered(self, subject: str, schema: Any, **fields: Any) -> int:
        """The id that a registration is answered."""
        text = schema if isinstance(schema, str) else json.dumps(schema)
        number: int = self.told("POST", f"/subjects/{subject}/versions", {"schema": text, **fields})["id"]
        return number


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest, estate: Estate) -> Iterator[Door]:
    """Every registry in turn."""
    with httpx.Client(base_url=f"{estate.gateway.url}/registries/{request.param}") as client:
        yield Door(request.param, client)


@pytest.fixture
def front(estate: Estate) -> Iterator[httpx.Client]:
    """The gateway itself."""
    with httpx.Client(base_url=estate.gateway.url) as client:
        yield client
