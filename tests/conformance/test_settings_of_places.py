"""Settings of the odder places: everything at once, an empty configuration, aliases in listings."""

from __future__ import annotations

import pytest

from tests.gateway.conftest import Client, code


@pytest.mark.parametrize("place", ["", "/:.:", "/:.__GLOBAL:"])
async def test_forward_is_a_global_mode(client: Client, place: str) -> None:
    assert (await client.put(f"/mode{place}", json={"mode": "FORWARD"})).json() == {"mode": "FORWARD"}
    assert code(await client.register("s", '"int"')) == (422, 42205)
    assert await client.registered("s", '"int"', id=77, version=3) == 77
    assert await client.registered("s", '"int"') == 77
    for subject in ("s", ":.c:", ":.c:s"):
        assert code(await client.put(f"/mode/{subject}", json={"mode": "FORWARD"})) == (422, 42204)


async def test_one_text_may_be_imported_under_several_ids(client: Client) -> None:
    await client.put("/mode", json={"mode": "IMPORT"})
    for subject, number, version in (("s", 100, 1), ("s", 200, 2), ("t", 300, 1)):
        assert await client.registered(subject, '"int"', id=number, version=version) == number
        assert (await client.get(f"/schemas/ids/{number}")).json()["schema"] == '"int"'
    assert (await client.post("/subjects/t", json={"schema": '"int"'})).json()["version"] == 1


async def test_an_empty_configuration_is_one(client: Client) -> None:
    await client.put("/config", json={"compatibility": "NONE"})
    assert code(await client.get("/config/s")) == (404, 40408)
    assert (await client.put("/config/s", json={})).json() == {}
    assert (await client.get("/config/s")).json() == {"compatibilityLevel": "BACKWARD"}
    assert (await client.delete("/config/s")).json() == {"compatibilityLevel": "BACKWARD"}
    assert code(await client.get("/config/s")) == (404, 40408)


async def test_schemas_of_subjects_that_aliases_under_a_prefix_stand_for(client: Client) -> None:
    await client.registered("target", '"int"')
    for alias in ("b-alias", "a-alias"):
        await client.put(f"/config/{alias}", json={"alias": "target"})
    listed = (await client.get("/schemas?aliases=true")).json()
    assert [(each["subject"], each["aliases"]) for each in listed] == [("target", ["a-alias", "b-alias"])]
    listed = (await client.get("/schemas?aliases=true&subjectPrefix=b-")).json()
    assert [(each["subject"], each["aliases"]) for each in listed] == [("target", ["b-alias"])]
    assert (await client.get("/schemas?subjectPrefix=b-")).json() == []
    assert "aliases" not in (await client.get("/schemas?subjectPrefix=target")).json()[0]
