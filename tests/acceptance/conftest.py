"""A gateway started as a user starts it, in front of one registry of every type, asked over HTTP only.

Real registries join where a variable names them (`tests/facades`); DECAPOLIS_ESTATE_STORE and DECAPOLIS_ESTATE_REDIS name a
PostgreSQL and a Redis to use. `make test-registries` sets all of these.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml

import tests.facades
from decapolis_translators.testing.facade import CatalogFacade, Facade, facades_of
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
LIVE: dict[str, type[Facade | CatalogFacade]] = {
    facade.name: facade
    for kind in (Facade, CatalogFacade)
    for facade in facades_of(tests.facades, kind)
    if os.environ.get(getattr(facade, "variable", ""))
}
"""Real registries that somebody names, one each: other views of the same one are for the contract suite."""
LIVE = {name: facade for name, facade in LIVE.items() if "variable" in vars(facade)}
DOORS = ("embedded", *FACADES, *LIVE)

LACKS: dict[str, tuple[str, ...]] = {
    "aws-glue": ("references of PROTOBUF", "2019-09", "2020-12"),
    "pulsar": ("permanent deletes of single versions",),
}
LACKS |= {"aws-glue-real": LACKS["aws-glue"], "pulsar-real": LACKS["pulsar"]}
"""What a registry's own documentation says it cannot hold, and a refusal is therefore right."""


def type_of(facade: Facade | CatalogFacade) -> str:
    """The type that speaks to it."""
    return facade.translator_type().type if isinstance(facade, Facade) else facade.catalog_type().type


class Estate:
    """A running gateway, and the registries behind it."""

    def __init__(self, facades: dict[str, Facade | CatalogFacade], folder: Path) -> None:
        self.facades = facades
        self.folder = folder
        self._stack = ExitStack()
        self.gateway = self._served()

    def _served(self) -> Gateway:
        store = os.environ.get("DECAPOLIS_ESTATE_STORE", f"sqlite:///{self.folder}/store.db")
        arguments = ("--config", "gateway.yaml", "--port", "0", "--store", store)
        return self._stack.enter_context(serving(*arguments, folder=self.folder))

    def restart(self) -> None:
        """Another process in front of the same registries, with the same store."""
        assert self.gateway.stop() == 0
        self.close()
        self.gateway = self._served()

    def close(self) -> None:
        """Ends the gateway."""
        self._stack.close()

    @property
    def errors(self) -> list[dict[str, Any]]:
        """What it logged so far."""
        return [json.loads(line) for line in (self.folder / "stderr.log").read_text().splitlines()]


@pytest.fixture(scope="package")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """The embedded registry is home; `NAME.…` is routed to the registry of that name, all else to the home."""
    folder = tmp_path_factory.mktemp("estate")
    facades = {name: facade() for name, facade in {**FACADES, **LIVE}.items()}
    with ExitStack() as stack:
        for facade in facades.values():
            facade.start()
            stack.callback(facade.stop)
        entries: list[dict[str, Any]] = [{"id": "embedded", "type": "embedded"}]
        entries += [
            {"id": name, "type": type_of(facade), "config": dict(facade.config())} for name, facade in facades.items()
        ]
        routes = [{"match": f"{name}.*", "registry": name} for name in facades] + [{"registry": "embedded"}]
        settings: dict[str, Any] = {"registries_file": "registries.yaml", "home": "embedded", "routes": routes}
        if redis := os.environ.get("DECAPOLIS_ESTATE_REDIS"):
            settings["cache"] = {"redis": redis}
        (folder / "registries.yaml").write_text(yaml.safe_dump({"registries": entries}))
        (folder / "gateway.yaml").write_text(yaml.safe_dump(settings))
        estate = Estate(facades, folder)
        stack.callback(estate.close)
        yield estate


@dataclass
class Door:
    """One registry through its door or by its route, with subjects that nobody else uses."""

    name: str
    client: httpx.Client
    way: str

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
def registry(request: pytest.FixtureRequest) -> str:
    """Every registry in turn."""
    name: str = request.param
    return name


@pytest.fixture(params=("door", "route"))
def way(request: pytest.FixtureRequest) -> str:
    """Through its own door, and at the front by the route of its subjects."""
    chosen: str = request.param
    return chosen


@pytest.fixture
def door(registry: str, way: str, estate: Estate) -> Iterator[Door]:
    """Every registry through every way to it."""
    url = f"{estate.gateway.url}/registries/{registry}" if way == "door" else estate.gateway.url
    with httpx.Client(base_url=url, timeout=30) as client:
        yield Door(registry, client, way)


@pytest.fixture
def own_door(registry: str, estate: Estate) -> Iterator[Door]:
    """Every registry through its own door, for what concerns it as a whole."""
    with httpx.Client(base_url=f"{estate.gateway.url}/registries/{registry}", timeout=30) as client:
        yield Door(registry, client, "door")


@pytest.fixture
def front(estate: Estate) -> Iterator[httpx.Client]:
    """The gateway itself."""
    with httpx.Client(base_url=estate.gateway.url) as client:
        yield client
