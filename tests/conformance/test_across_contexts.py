"""What a plain name means when other contexts know it too: versions, lookups, ids and who uses them."""

from __future__ import annotations

import httpx
import pytest

from tests.gateway.conftest import EXTRA, Client, code, record

CACHED_TWICE = 2


async def test_a_version_that_a_plain_name_lacks_is_found_elsewhere(client: Client) -> None:
    await client.registered("s", '"int"')
    for schema in (record("a"), record("a", "b=1")):
        await client.registered(":.c:s", schema)
    found = (await client.get("/subjects/s/versions/2")).json()
    assert (found["subject"], found["version"]) == (":.c:s", 2)
    assert (await client.get("/subjects/s/versions/1")).json()["subject"] == "s"
    absent = await client.get("/subjects/s/versions/3")
    assert (code(absent), absent.json()["message"]) == ((404, 40402), "Version 3 not found.")
    assert (await client.get("/subjects/s/versions")).json() == [1]


async def test_a_text_that_a_plain_name_lacks_is_found_elsewhere(client: Client) -> None:
    await client.registered("s", '"int"')
    await client.registered(":.c:s", '"long"')
    found = (await client.post("/subjects/s", json={"schema": '"long"'})).json()
    assert found["subject"] == ":.c:s"
    assert code(await client.post("/subjects/:.d:s", json={"schema": '"long"'})) == (404, 40401)
    assert code(await client.post("/subjects/s", json={"schema": '"bytes"'})) == (404, 40403)


@pytest.mark.parametrize(
    ("subject", "body", "expected"),
    [
        # a schema is read first, then its subject is looked for; a text that is not there is held by nobody
        ("nobody", {"schema": "nonsense"}, (422, 42201)),
        ("nobody", {"schema": ""}, (404, 40401)),
        ("s", {}, (404, 40403)),
        ("s", {"schema": "", "schemaType": "PROTOBUF"}, (404, 40403)),
    ],
)
async def test_the_order_of_refusals_of_a_lookup(
    client: Client, subject: str, body: dict[str, str], expected: tuple[int, int]
) -> None:
    await client.registered("s", '"int"')
    assert code(await client.post(f"/subjects/{subject}", json=body)) == expected


async def test_a_subject_beside_an_id_chooses_a_context_and_filters_nothing(client: Client) -> None:
    number = await client.registered("s", '"int"')
    await client.registered("t", '"int"')
    for question in ("", "?subject=s", "?subject=t", "?subject=nobody"):
        assert (await client.get(f"/schemas/ids/{number}/subjects{question}")).json() == ["s", "t"]
    await client.registered(":.c:only", '"long"')
    uses = [{"subject": ":.c:only", "version": 1}]
    for question in ("?subject=only", "?subject=:.c:only", "?subject=:.c:"):
        assert (await client.get(f"/schemas/ids/{number}/versions{question}")).json() == uses
    assert code(await client.get(f"/schemas/ids/{number}/versions?subject=:.c:s")) == (404, 40403)


async def text(client: Client, question: str) -> str:
    """The schema that an id stands for; asked twice, so that an answer that is kept would be seen."""
    answers = [await client.get(question) for _ in range(CACHED_TWICE)]
    assert len({answer.text for answer in answers}) == 1
    schema: str = answers[0].json()["schema"]
    return schema


async def test_an_id_that_another_context_gives_the_subject_later_is_not_answered_from_memory(client: Client) -> None:
    await client.registered("other", '"int"')
    assert await text(client, "/schemas/ids/1?subject=s") == '"int"'
    await client.registered(":.c:s", '"long"')
    assert await text(client, "/schemas/ids/1?subject=s") == '"long"'
    await client.registered("s", '"int"')
    assert await text(client, "/schemas/ids/1?subject=s") == '"int"'
    assert await text(client, "/schemas/ids/1") == '"int"'


async def described(client: Client, question: str) -> tuple[str, int, bool]:
    answer = (await client.get(question, headers=EXTRA)).json()
    assert isinstance(answer["ts"], int)
    return answer["subject"], answer["version"], answer["deleted"]


@pytest.mark.parametrize("question", ["/schemas/ids/1", "/schemas/ids/1?subject=s"])
async def test_an_id_is_described_as_the_version_that_holds_it_now(client: Client, question: str) -> None:
    await client.registered("s", '"int"')
    assert await described(client, question) == ("s", 1, False)
    await client.delete("/subjects/s")
    assert await described(client, question) == ("s", 1, True)
    await client.registered("t", '"int"')
    assert await described(client, "/schemas/ids/1") == ("t", 1, False)


async def test_ids_are_decoded_like_every_part_of_a_path(client: Client) -> None:
    await client.registered("s", '"int"')
    for number, status in (("%31", 200), ("1%20", 404), ("%D9%A1", 404), ("%FF", 400)):
        answer: httpx.Response = await client.get(f"/schemas/ids/{number}")
        assert answer.status_code == status
