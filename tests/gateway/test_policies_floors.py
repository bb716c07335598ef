"""Floors: they combine with what subjects are configured to, they are reported, and nothing goes round them."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from decapolis.web import Call, enter_call
from decapolis_policies import LEVELS, join
from tests.gateway.conftest import Client, code, record
from tests.gateway.policed import Policed, gateway_of

BACKWARD = {"name": "base", "floor": "BACKWARD"}
A = record("a")
AS_TEXT = record({"name": "a", "type": "string"})
OBJECT = '{"type": "object", "properties": {"a": {"type": "integer"}}}'


async def deleted_for_good(client: Client, path: str) -> None:
    """Deletes softly, then permanently."""
    for query in ("", "?permanent=true"):
        assert (await client.delete(path + query)).status_code == 200


async def test_a_level_below_the_floor_is_refused_by_name(policed: Policed) -> None:
    client = await policed(BACKWARD)
    answer = await client.put("/config/s", json={"compatibility": "NONE"})
    assert code(answer) == (422, 42205)
    assert "BACKWARD" in answer.json()["message"]
    assert "'base'" in answer.json()["message"]
    trail = await gateway_of(client).audit.newest()
    assert (trail[0]["action"], trail[0]["outcome"]) == ("set-config", "refused")


async def test_a_global_level_below_the_floor_is_refused(policed: Policed) -> None:
    client = await policed(BACKWARD)
    assert code(await client.put("/config", json={"compatibility": "NONE"})) == (422, 42205)
    assert code(await client.put("/registries/embedded/config", json={"compatibility": "NONE"})) == (422, 42205)


async def test_a_floor_for_some_subjects_leaves_the_global_level_alone(policed: Policed) -> None:
    client = await policed({"name": "pay", "match": {"subject": "pay-*"}, "floor": "FULL"})
    assert (await client.put("/config", json={"compatibility": "NONE"})).status_code == 200
    answer = await client.get("/config/pay-in?defaultToGlobal=true")
    assert answer.json()["compatibilityLevel"] == "FULL"
    answer = await client.get("/config/other?defaultToGlobal=true")
    assert answer.json()["compatibilityLevel"] == "NONE"


async def test_a_level_below_the_floor_is_clamped_by_option(policed: Policed) -> None:
    client = await policed({**BACKWARD, "below_floor": "clamp"})
    answer = await client.put("/config/s", json={"compatibility": "NONE"})
    assert answer.json() == {"compatibility": "BACKWARD"}
    assert (await client.get("/config/s")).json() == {"compatibilityLevel": "BACKWARD"}


async def test_what_a_client_sets_is_what_it_reads_back(policed: Policed) -> None:
    client = await policed(BACKWARD)
    assert (await client.put("/config/s", json={"compatibility": "FORWARD"})).status_code == 200
    assert (await client.get("/config/s")).json()["compatibilityLevel"] == "FORWARD"
    assert (await client.get("/config/s?defaultToGlobal=true")).json()["compatibilityLevel"] == "FULL"


async def test_floor_and_level_combine(policed: Policed) -> None:
    client = await policed(BACKWARD)
    await client.put("/config/s", json={"compatibility": "FORWARD"})
    await client.registered("s", A)
    assert code(await client.register("s", record())) == (409, 409)
    assert code(await client.register("s", record("a", "b"))) == (409, 409)
    await client.registered("s", record("a", "b=0"))


@pytest.mark.parametrize(("floor", "level"), list(itertools.product(LEVELS, LEVELS)))
async def test_the_level_that_is_reported_is_the_one_that_judged(policed: Policed, floor: str, level: str) -> None:
    client = await policed({"name": "f", "floor": floor, "below_floor": "clamp"})
    wanted = join(LEVELS[level], LEVELS[floor])
    for candidate, breaks in ((record("a", "b"), "backward"), (record(), "forward")):
        await client.put(f"/config/{breaks}", json={"compatibility": level})
        reported = (await client.get(f"/config/{breaks}?defaultToGlobal=true")).json()["compatibilityLevel"]
        assert LEVELS[reported].covers(wanted)
        await client.registered(breaks, A)
        answer = await client.register(breaks, candidate)
        judged = LEVELS[reported].backward if breaks == "backward" else LEVELS[reported].forward
        assert answer.status_code == (409 if judged else 200), (breaks, reported)
        if answer.status_code == 409:
            assert f"compatibility: '{reported}'" in answer.json()["message"]


class TestWaysRound:
    async def test_lenient(self, policed: Policed) -> None:
        client = await policed({"name": "f", "floor": "BACKWARD"})
        await client.put("/config/s", json={"compatibilityPolicy": "LENIENT"})
        open_model = '{"type": "object", "properties": {"a": {"type": "integer"}}}'
        more = '{"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}}'
        await client.registered("s", open_model, schemaType="JSON")
        assert code(await client.register("s", more, schemaType="JSON")) == (409, 409)

    async def test_group(self, policed: Policed) -> None:
        client = await policed(BACKWARD)
        await client.put("/config/s", json={"compatibilityGroup": "line"})
        await client.registered("s", A, metadata={"properties": {"line": "1"}})
        answer = await client.register("s", AS_TEXT, metadata={"properties": {"line": "2"}})
        assert code(answer) == (409, 409)

    async def test_force(self, policed: Policed) -> None:
        client = await policed(BACKWARD)
        await client.registered("s", A)
        answer = await client.post("/subjects/s/versions?force=true", json={"schema": str(AS_TEXT).replace("'", '"')})
        assert code(answer) == (409, 409)

    async def test_delete_and_register_again(self, policed: Policed) -> None:
        client = await policed(BACKWARD)
        await client.registered("s", A)
        await client.delete("/subjects/s")
        assert code(await client.register("s", AS_TEXT)) == (409, 409)
        await client.registered("s", A)

    async def test_delete_and_register_again_where_deleted_versions_do_not_count(self, policed: Policed) -> None:
        client = await policed({**BACKWARD, "counts_soft_deleted": False})
        await client.registered("s", A)
        await client.delete("/subjects/s")
        await client.registered("s", AS_TEXT)

    async def test_delete_for_good_and_register_again(self, policed: Policed) -> None:
        client = await policed({"name": "f", "floor": "BACKWARD_TRANSITIVE"})
        await client.registered("s", A)
        await client.registered("s", record("a", "b=0"))
        await deleted_for_good(client, "/subjects/s")
        refused = await client.register("s", AS_TEXT)
        assert code(refused) == (409, 409)
        assert "version 2 is deleted" in refused.json()["message"]
        body = {"schema": str(AS_TEXT).replace("'", '"')}
        checked = await client.post("/compatibility/subjects/s/versions", json=body)
        assert checked.json() == {"is_compatible": False}
        await client.registered("s", record("a"))
        await deleted_for_good(client, "/subjects/s")
        assert code(await client.register("s", AS_TEXT)) == (409, 409)

    async def test_delete_one_version_for_good(self, policed: Policed) -> None:
        client = await policed({"name": "f", "floor": "BACKWARD"})
        await client.registered("s", A)
        await client.registered("s", record("a", "b=0"))
        await deleted_for_good(client, "/subjects/s/versions/2")
        as_text = {"name": "b", "type": "string", "default": ""}
        # the newest that was ever written is still what must be read
        assert code(await client.register("s", record("a", as_text))) == (409, 409)
        await client.registered("s", record("a", "b=0", "c=0"))
        await client.registered("s", record("c=0"))

    async def test_what_was_deleted_for_good_in_between_keeps_its_place(self, policed: Policed) -> None:
        client = await policed({"name": "f", "floor": "BACKWARD"})
        for names in (("a",), ("a", "b=0"), ("a", "b=0", "c=0")):
            await client.registered("s", record(*names))
        await deleted_for_good(client, "/subjects/s/versions/2")
        as_text = {"name": "b", "type": "string", "default": ""}
        assert code(await client.register("s", record("a", as_text))) == (409, 409)
        await client.registered("s", record("a", "d=0"))
        await client.registered("s", record("a", as_text))

    async def test_a_deletion_that_was_refused_buries_nothing(self, policed: Policed) -> None:
        client = await policed(BACKWARD)
        await client.registered("s", A)
        assert (await client.delete("/subjects/s?permanent=true")).status_code == 404
        await client.registered("s", record("a", "b=0"))
        await client.registered("s", record("b=0"))

    async def test_deleted_for_good_without_a_floor(self, policed: Policed) -> None:
        client = await policed({"name": "f", "match": {"subject": "t"}, "floor": "BACKWARD"})
        for _ in range(2):
            await client.registered("s", A)
            await deleted_for_good(client, "/subjects/s")
            await client.registered("s", AS_TEXT)
            await deleted_for_good(client, "/subjects/s")

    async def test_import_mode_that_clears_the_ground(self, policed: Policed) -> None:
        client = await policed(BACKWARD)
        await client.registered("s", A)
        await client.delete("/subjects/s")
        assert (await client.put("/mode/s", json={"mode": "IMPORT"})).status_code == 200
        assert code(await client.register("s", AS_TEXT, id=12, version=1)) == (409, 409)
        await client.put("/mode/s", json={"mode": "READWRITE"})
        assert code(await client.register("s", AS_TEXT)) == (409, 409)

    async def test_references_that_are_deleted_for_good_as_well(self, policed: Policed) -> None:
        client = await policed(BACKWARD)
        await client.registered("r", A)
        uses = '{"type": "record", "name": "U", "fields": [{"name": "r", "type": "R"}]}'
        references = [{"name": "R", "subject": "r", "version": 1}]
        await client.registered("u", uses, references=references)
        await deleted_for_good(client, "/subjects/u")
        await deleted_for_good(client, "/subjects/r")
        inlined = uses.replace('"type": "R"', f'"type": {AS_TEXT!s}').replace("'", '"')
        assert code(await client.register("u", inlined)) == (409, 409)

    async def test_another_format_than_the_set_is_for(self, policed: Policed) -> None:
        client = await policed({"name": "avro", "match": {"format": "AVRO"}, "floor": "BACKWARD"})
        assert (await client.put("/config/s", json={"compatibility": "NONE"})).status_code == 200
        await client.registered("s", A)
        answer = await client.register("s", OBJECT, schemaType="JSON")
        assert code(answer) == (409, 409)
        assert "avro" in answer.json()["message"]
        body = {"schema": OBJECT, "schemaType": "JSON"}
        assert (await client.post("/compatibility/subjects/s/versions", json=body)).json() == {"is_compatible": False}
        await deleted_for_good(client, "/subjects/s")
        assert code(await client.register("s", AS_TEXT)) == (409, 409)

    async def test_import(self, policed: Policed) -> None:
        client = await policed({"name": "f", "floor": "BACKWARD_TRANSITIVE"})
        await client.put("/mode/s", json={"mode": "IMPORT"})
        await client.registered("s", A, id=11, version=1)
        assert code(await client.register("s", AS_TEXT, id=12, version=2)) == (409, 409)
        await client.registered("s", record("a", "b=0", "c=0"), id=13, version=4)
        # between two that are there it must follow the one and be followed by the other
        assert code(await client.register("s", record("a", "b=0", "d=0", "c", "e"), id=14, version=3)) == (409, 409)
        await client.registered("s", record("a", "b=0"), id=15, version=3)

    async def test_another_schema_type(self, policed: Policed) -> None:
        client = await policed(BACKWARD)
        await client.registered("s", A)
        assert code(await client.register("s", OBJECT, schemaType="JSON")) == (409, 409)

    async def test_a_context(self, policed: Policed) -> None:
        client = await policed({"name": "f", "match": {"subject": "pay-*"}, "floor": "BACKWARD"})
        await client.put("/config/:.x:pay-in", json={"compatibility": "FORWARD"})
        await client.registered(":.x:pay-in", A)
        assert code(await client.register(":.x:pay-in", AS_TEXT)) == (409, 409)

    async def test_the_door(self, policed: Policed) -> None:
        client = await policed(BACKWARD)
        await client.registered("s", A)
        body = {"schema": '"string"'}
        assert code(await client.post("/registries/embedded/subjects/s/versions", json=body)) == (409, 409)

    async def test_an_alias(self, policed: Policed) -> None:
        client = await policed({"name": "f", "match": {"subject": "pay-*"}, "floor": "BACKWARD"})
        await client.registered("pay-in", A)
        await client.put("/config/other", json={"alias": "pay-in", "compatibility": "NONE"})
        assert code(await client.register("other", AS_TEXT)) == (409, 409)

    async def test_permanent_deletion_by_somebody_else_than_an_administrator(self, policed: Policed) -> None:
        client = await policed(BACKWARD)
        await client.registered("s", A)
        await client.delete("/subjects/s")
        from decapolis.gateway import View
        from decapolis.operations.delete import delete_subject
        from decapolis.operations.errors import NotAllowed

        enter_call(Call("1", "t", actor="somebody", administrator=False))
        with pytest.raises(NotAllowed, match="base"):
            await delete_subject(View(gateway_of(client)), "s", permanent=True)


async def test_a_weaker_own_level_than_a_later_floor(policed: Policed) -> None:
    client = await policed()
    await client.put("/config/s", json={"compatibility": "NONE"})
    await client.registered("s", A)
    policed.write({"name": "late", "floor": "BACKWARD"})
    judge = gateway_of(client).judge
    assert judge.file.refresh() is True
    answer = await client.register("s", AS_TEXT)
    assert code(answer) == (409, 409)
    assert "late" in answer.json()["message"]
    assert (await client.get("/config/s?defaultToGlobal=true")).json()["compatibilityLevel"] == "BACKWARD"


async def test_the_format_chooses_a_set_also_for_levels(policed: Policed) -> None:
    client = await policed({"name": "json", "match": {"format": "JSON"}, "floor": "FULL"})
    await client.registered("j", OBJECT, schemaType="JSON")
    await client.registered("a", A)
    assert (await client.get("/config/j?defaultToGlobal=true")).json()["compatibilityLevel"] == "FULL"
    assert (await client.get("/config/a?defaultToGlobal=true")).json()["compatibilityLevel"] == "BACKWARD"


async def test_check_judges_as_register_does(policed: Policed) -> None:
    client = await policed({"name": "f", "floor": "FULL"})
    await client.registered("s", A)
    for candidate in (record("a", "b=0"), record("a", "b"), record(), AS_TEXT):
        body: dict[str, Any] = {"schema": str(candidate).replace("'", '"')}
        checked = (await client.post("/compatibility/subjects/s/versions?verbose=true", json=body)).json()
        answer = await client.post("/subjects/s/versions", json=body)
        assert checked["is_compatible"] is (answer.status_code == 200)
        for message in checked["messages"]:
            assert message in answer.json()["message"]
