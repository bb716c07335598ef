"""The calls that user interfaces make, replayed with their headers, and the fields that each of them needs.

kafka-ui asks through Spring's WebClient and takes plain JSON, Redpanda Console is built on franz-go and takes the v1 type
only, AKHQ uses Confluent's Java client.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway.conftest import EXTRA, Client, code, record

V1 = "application/vnd.schemaregistry.v1+json"
KAFKA_UI = {"Accept": "application/json"}
CONSOLE = {"Accept": V1, "User-Agent": "franz-go"}
AKHQ = {"Accept": "text/html, image/gif, image/jpeg, */*; q=.2", **EXTRA}

OLD, NEW, BREAKING = (json.dumps(each) for each in (record("a"), record("a", "b=0"), record("a", "c")))


@pytest.fixture
async def filled(client: Client) -> Client:
    """Two subjects, one of them with a deleted version and one that refers to it."""
    for text in (OLD, NEW):
        await client.registered("orders-value", text)
    await client.registered("deleted-value", '"int"')
    await client.delete("/subjects/deleted-value")
    holder = json.dumps({"type": "record", "name": "H", "fields": [{"name": "r", "type": "R"}]})
    await client.registered("holder", holder, references=[{"name": "R", "subject": "orders-value", "version": 1}])
    return client


class TestKafkaUi:
    """kafbat/kafka-ui: `id`, `subject`, `version` and `schema` are required, health is `GET /config`."""

    @pytest.fixture(autouse=True)
    def ui(self, filled: Client) -> None:
        filled.headers.update(KAFKA_UI)
        self.client = filled

    async def get(self, path: str) -> Any:
        answer = await self.client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json"), answer.text
        return answer.json()

    async def test_reads(self) -> None:
        assert (await self.get("/config"))["compatibilityLevel"] == "BACKWARD"
        assert await self.get("/subjects?deleted=false") == ["holder", "orders-value"]
        assert await self.get("/subjects/orders-value/versions") == [1, 2]
        for version in ("1", "latest"):
            found = await self.get(f"/subjects/orders-value/versions/{version}?deleted=false")
            assert {"id", "subject", "version", "schema"} <= set(found)
        assert (await self.get("/config/orders-value?defaultToGlobal=true"))["compatibilityLevel"] == "BACKWARD"

    async def test_a_subject_is_made_checked_changed_and_deleted(self) -> None:
        body = {"schema": OLD, "schemaType": "AVRO", "references": []}
        made = await self.client.post("/subjects/new/versions", json=body)
        assert (made.status_code, made.json()["id"] > 0) == (200, True)
        check = "/compatibility/subjects/new/versions/latest?verbose=true"
        assert (await self.client.post(check, json={**body, "schema": NEW})).json()["is_compatible"] is True
        refused = (await self.client.post(check, json={**body, "schema": BREAKING})).json()
        assert (refused["is_compatible"], bool(refused["messages"])) == (False, True)
        put = await self.client.put("/config/new", json={"compatibility": "FULL"})
        assert put.json()["compatibility"] == "FULL"
        assert (await self.client.delete("/subjects/new/versions/1")).json() == 1

    async def test_refusals(self) -> None:
        conflict = await self.client.post("/subjects/orders-value/versions", json={"schema": BREAKING})
        assert code(conflict) == (409, 409)
        assert code(await self.client.post("/subjects/s/versions", json={"schema": "x"})) == (422, 42201)
        assert code(await self.client.get("/subjects/none/versions/latest")) == (404, 40401)

    async def test_the_registrys_own_type_is_taken_back(self) -> None:
        headers = {"Content-Type": V1}
        body = json.dumps({"schema": OLD}).encode()
        answer = await self.client.post("/subjects/typed/versions", content=body, headers=headers)
        assert answer.status_code == 200


class TestRedpandaConsole:
    """Redpanda Console: everything with and without deleted versions, absent extensions are 404."""

    @pytest.fixture(autouse=True)
    def ui(self, filled: Client) -> None:
        filled.headers.update(CONSOLE)
        self.client = filled

    async def get(self, path: str) -> Any:
        answer = await self.client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, V1), answer.text
        return answer.json()

    async def test_overview(self) -> None:
        assert (await self.get("/mode"))["mode"] == "READWRITE"
        assert (await self.get("/config"))["compatibilityLevel"] == "BACKWARD"
        assert await self.get("/contexts") == ["."]
        assert sorted(await self.get("/schemas/types")) == ["AVRO", "JSON", "PROTOBUF"]
        live, everything = await self.get("/subjects"), await self.get("/subjects?deleted=true")
        assert set(everything) - set(live) == {"deleted-value"}
        listed = await self.get("/schemas")
        assert all({"subject", "version", "id", "schema"} <= set(each) for each in listed)
        assert (await self.client.get("/security/acls")).status_code == 404

    async def test_one_subject(self) -> None:
        assert await self.get("/subjects/orders-value/versions?deleted=true") == [1, 2]
        assert code(await self.client.get("/subjects/deleted-value/versions")) == (404, 40401)
        assert await self.get("/subjects/deleted-value/versions?deleted=true") == [1]
        found = await self.get("/subjects/orders-value/versions/1")
        assert await self.get(f"/schemas/ids/{found['id']}/versions") == [{"subject": "orders-value", "version": 1}]
        [referrer] = await self.get("/subjects/orders-value/versions/1/referencedby")
        assert await self.get(f"/schemas/ids/{referrer}/versions") == [{"subject": "holder", "version": 1}]
        assert code(await self.client.get("/config/orders-value")) == (404, 40408)
        assert code(await self.client.get("/mode/orders-value")) == (404, 40409)

    async def test_messages_can_be_read_as_objects(self) -> None:
        answer = await self.client.post(
            "/compatibility/subjects/orders-value/versions/latest?verbose=true", json={"schema": BREAKING}
        )
        first = answer.json()["messages"][0]
        assert first.startswith("{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'")

    async def test_deletes(self) -> None:
        assert (await self.client.delete("/subjects/deleted-value?permanent=true")).json() == [1]
        assert (await self.client.delete("/subjects/orders-value/versions/2")).json() == 2
        assert (await self.client.delete("/subjects/orders-value/versions/2?permanent=true")).json() == 2
        assert code(await self.client.delete("/subjects/orders-value")) == (422, 42206)


class TestAkhq:
    """AKHQ: existence is the code 40401, what was registered is the latest at once, a delete answers a full list."""

    @pytest.fixture(autouse=True)
    def ui(self, filled: Client) -> None:
        filled.headers.update(AKHQ)
        self.client = filled

    async def test_a_subject_is_made_and_found(self) -> None:
        assert code(await self.client.get("/subjects/new/versions/latest")) == (404, 40401)
        made = await self.client.post("/subjects/new/versions?normalize=false", json={"schema": OLD})
        latest = await self.client.get("/subjects/new/versions/latest")
        assert latest.json()["id"] == made.json()["id"]
        assert "new" in (await self.client.get("/subjects")).json()
        assert (await self.client.get("/subjects/new/versions")).json() == [1]
        number = latest.json()["id"]
        assert (await self.client.get(f"/schemas/ids/{number}?fetchMaxId=false")).json()["schema"]
        pairs = (await self.client.get(f"/schemas/ids/{number}/versions")).json()
        assert {"subject": "new", "version": 1} in pairs

    async def test_settings_and_deletes(self) -> None:
        level = await self.client.get("/config/orders-value?defaultToGlobal=true")
        assert level.json()["compatibilityLevel"] == "BACKWARD"
        put = await self.client.put("/config/orders-value", json={"compatibility": "NONE"})
        assert put.json()["compatibility"] == "NONE"
        check = await self.client.post("/compatibility/subjects/orders-value/versions/latest", json={"schema": '"int"'})
        assert check.json()["is_compatible"] is True
        assert (await self.client.delete("/subjects/holder")).json() == [1]
        assert (await self.client.delete("/subjects/orders-value")).json() == [1, 2]
