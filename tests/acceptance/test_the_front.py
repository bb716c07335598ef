"""The gateway as a whole, from outside: routing, one spelling, listings, errors, references, logs, metrics."""

from __future__ import annotations

import json
import shutil
import subprocess
from uuid import uuid4

import httpx
import pytest

from decapolis_translators.testing.facade import DialectFacade
from decapolis_translators.testing.fakes import DialectFake
from tests.gateway.command import ran
from tests.gateway.conftest import code, record

from .conftest import DOORS, FACADES, Estate, type_of

REMOTE = [name for name, facade in FACADES.items() if issubclass(facade, DialectFacade)]
ODD = (
    '{ "fields": [ {"type": {"type":"string"}, "name": "a", "default": "x", "doc": "d"} ],'
    ' "doc": "é", "namespace": "n.s", "name": "n.s.Odd", "type": "record" }'
)
CANONICAL = (
    '{"type":"record","name":"Odd","namespace":"n.s","doc":"é",'
    '"fields":[{"name":"a","type":"string","doc":"d","default":"x"}]}'
)


def fake(estate: Estate, name: str) -> DialectFake:
    found = getattr(estate.facades[name], "fake", None)
    assert isinstance(found, DialectFake)
    return found


def register(front: httpx.Client, subject: str, schema: str, **fields: object) -> httpx.Response:
    return front.post(f"/subjects/{subject}/versions", json={"schema": schema, **fields})


def test_row_2_each_write_goes_to_its_owner_alone(front: httpx.Client, estate: Estate) -> None:
    for name in REMOTE:
        before = {each: fake(estate, each).writes for each in REMOTE}
        assert register(front, f"{name}.{uuid4()}", '"int"').status_code == 200
        after = {each: fake(estate, each).writes for each in REMOTE}
        assert {each for each in REMOTE if after[each] != before[each]} == {name}
        assert after[name] == before[name] + 1


def test_row_12_the_command_names_registry_and_rule(estate: Estate) -> None:
    told = ran("route", "karapace-6.orders", "--config", "gateway.yaml", folder=estate.folder)
    assert told.returncode == 0
    assert "karapace-6 (match: karapace-6.*)" in told.stdout


@pytest.mark.parametrize("name", DOORS)
def test_row_13_one_canonical_text_whatever_the_registry_does_to_it(front: httpx.Client, name: str) -> None:
    subject = f"{name}.{uuid4()}" if name != "embedded" else str(uuid4())
    number = register(front, subject, ODD).json()["id"]
    assert front.get(f"/schemas/ids/{number}").json()["schema"] == CANONICAL
    assert front.get(f"/subjects/{subject}/versions/1").json()["schema"] == CANONICAL
    assert front.get(f"/subjects/{subject}/versions/1/schema").text == CANONICAL


def test_row_134_what_a_registry_is_sent(front: httpx.Client, estate: Estate) -> None:
    subject = f"confluent-7.a b/%+ü:{uuid4()}"
    encoded = httpx.URL("http://x", params={"q": subject}).query.decode().removeprefix("q=").replace("+", "%20")
    sent = front.post(f"/subjects/{encoded}/versions", json={"schema": "{}", "schemaType": "JSON_SCHEMA"})
    assert sent.status_code == 200, sent.text
    last = next(each for each in reversed(fake(estate, "confluent-7").requests) if each.method == "POST")
    assert json.loads(last.body)["schemaType"] == "JSON"
    assert "authorization" not in last.headers
    assert front.get(f"/subjects/{encoded}/versions/latest").json()["subject"] == subject
    assert subject in fake(estate, "confluent-7").state.subjects


def test_row_126_the_start_tells_every_type_and_where_it_comes_from(estate: Estate) -> None:
    told = {line["type"]: line for line in estate.errors if line["message"] == "registry type loaded"}
    assert set(told) == {"embedded", *map(type_of, estate.facades.values())}
    assert told["karapace"]["source"] == "decapolis_translators.karapace:KarapaceRegistry"
    assert told["karapace"]["package"] == "decapolis"
    configured = [line["registry"] for line in estate.errors if line["message"] == "registry configured"]
    assert sorted(set(configured)) == sorted(DOORS), "told again by each start"


def test_row_237_one_sorted_stable_listing_over_all_registries(front: httpx.Client) -> None:
    run = uuid4().hex
    names = sorted([f"{name}.{run}" for name in FACADES] + [f"{run}-{each}" for each in range(3)])
    for subject in names:
        assert register(front, subject, '"int"').status_code == 200
    whole = front.get("/subjects").json()
    assert whole == sorted(whole)
    assert [name for name in whole if run in name] == names
    paged: list[str] = []
    while page := front.get(f"/subjects?offset={len(paged)}&limit=4").json():
        paged += page
    assert paged == whole
    assert front.get(f"/subjects?subjectPrefix={run}").json() == [f"{run}-{each}" for each in range(3)]
    for subject in names:
        assert front.delete(f"/subjects/{subject}").json() == [1]
    assert [name for name in front.get("/subjects?deletedOnly=true").json() if run in name] == names
    assert [name for name in front.get("/subjects").json() if run in name] == []


@pytest.mark.parametrize("name", FACADES)
def test_row_252_ids_are_positive_unique_and_the_same_from_everywhere(front: httpx.Client, name: str) -> None:
    subject = f"{name}.{uuid4()}"
    number = register(front, subject, json.dumps(record(f"f{uuid4().hex}"))).json()["id"]
    assert 10**9 < number < 2**31
    text = front.get(f"/schemas/ids/{number}").json()["schema"]
    native = front.get(f"/registries/{name}/subjects/{subject}/versions/1").json()
    assert native["schema"] == text
    # row 253: an old record carries the registry's own id, and its reader names the subject
    assert front.get(f"/schemas/ids/{native['id']}?subject={subject}").json()["schema"] == text


@pytest.mark.parametrize("other", FACADES)
def test_row_244_references_stay_inside_one_registry(front: httpx.Client, other: str) -> None:
    inner = str(uuid4())
    register(front, inner, json.dumps(record("x", name="B")))
    outer = {"type": "record", "name": "A", "fields": [{"name": "b", "type": "B"}]}
    references = [{"name": "B", "subject": inner, "version": 1}]
    refused = register(front, f"{other}.{uuid4()}", json.dumps(outer), references=references)
    assert code(refused) == (422, 42201)
    assert "embedded" in refused.json()["message"]
    assert other in refused.json()["message"]


@pytest.mark.parametrize("name", REMOTE)
def test_row_254_an_outage_is_50003_and_never_an_absence(front: httpx.Client, estate: Estate, name: str) -> None:
    subject = f"{name}.{uuid4()}"
    known = register(front, subject, json.dumps(record(f"f{uuid4().hex}"))).json()["id"]
    base = known - front.get(f"/registries/{name}/subjects/{subject}/versions/1").json()["id"]
    served = estate.facades[name]
    served.stop()
    try:
        assert front.get(f"/schemas/ids/{known}").status_code == 200
        assert code(front.get(f"/schemas/ids/{base + 987_654}")) == (500, 50003)
        assert code(front.get(f"/subjects/{name}.nobody/versions/latest")) == (500, 50003)
        assert code(register(front, f"{name}.new", '"int"')) == (500, 50003)
    finally:
        served.start()


def test_row_275_prometheus_can_read_the_metrics(front: httpx.Client) -> None:
    page = front.get("/metrics").text
    for name in FACADES:
        assert f'decapolis_registry_up{{registry="{name}"}}' in page
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    said = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True, check=False)
    complaints = [line for line in (said.stdout + said.stderr).splitlines() if line.strip()]
    foreign = [line for line in complaints if not (line.startswith("kafka_schema_registry_") and "_count" in line)]
    assert foreign == []


def test_row_277_probes_with_a_registry_down(front: httpx.Client, estate: Estate) -> None:
    served = estate.facades["redpanda-24"]
    served.stop()
    try:
        front.get("/subjects/redpanda-24.nobody/versions")
        assert front.get("/health/live").status_code == 200
        ready = front.get("/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert ready.json()["registries"]["redpanda-24"]["up"] is False
        assert 'decapolis_registry_up{registry="redpanda-24"} 0.0' in front.get("/metrics").text
    finally:
        served.start()
