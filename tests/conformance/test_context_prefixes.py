"""Confluent dialect, URL prefixes and aliases: one test per row of the rewriting table."""

from __future__ import annotations

import pytest

from decapolis.dialect.paths import Place, placed
from tests.gateway.conftest import Client, code

TEXTS = {"foo": '"string"', ":.c:foo": '"int"', ":.c:xyz": '"long"', ":.d:foo": '"bytes"'}

ROWS = [
    # as written, what it means
    ("/contexts/.c/subjects/foo/versions/1", "/subjects/:.c:foo/versions/1"),
    ("/contexts/c/subjects/foo/versions/1", "/subjects/:.c:foo/versions/1"),
    ("/contexts/:.c:/subjects/foo/versions/1", "/subjects/:.c:foo/versions/1"),
    ("/contexts/:.:/subjects/foo/versions", "/subjects/foo/versions"),
    ("/contexts/%2E/subjects/foo/versions", "/subjects/foo/versions"),
    ("/contexts/.c/subjects/:.d:foo/versions/1", "/subjects/:.d:foo/versions/1"),
    ("/contexts/.c/subjects?subjectPrefix=x", "/subjects?subjectPrefix=:.c:x"),
    ("/contexts/.c/subjects", "/subjects?subjectPrefix=:.c:"),
    ("/contexts/.c/schemas", "/schemas?subjectPrefix=:.c:"),
    ("/contexts/.c/schemas/ids/1", "/schemas/ids/1?subject=:.c:"),
    ("/contexts/.c/schemas/ids/1?subject=foo", "/schemas/ids/1?subject=:.c:foo"),
    ("/contexts/.c/schemas/ids/1/subjects", "/schemas/ids/1/subjects?subject=:.c:"),
    ("/contexts/.c/schemas/ids/1/versions?subject=foo", "/schemas/ids/1/versions?subject=:.c:foo"),
    ("/contexts/.c/config", "/config/:.c:"),
    ("/contexts/.c/config/foo", "/config/:.c:foo"),
    ("/contexts/.c/mode", "/mode/:.c:"),
    ("/contexts/%2E/config", "/config"),
    ("/contexts/.c/schemas/types", "/schemas/types"),
    (
        "/contexts/.c/schemas/guids/095d71cf-1255-6b9d-5e33-0ad575b3df5d",
        "/schemas/guids/095d71cf-1255-6b9d-5e33-0ad575b3df5d",
    ),
    ("/contexts/.c/v1/metadata/id", "/v1/metadata/id"),
    ("/contexts/%3A.c%3A/subjects/foo/versions/1", "/subjects/:.c:foo/versions/1"),
]


@pytest.fixture
async def filled(client: Client) -> Client:
    """Subjects in three contexts, each context with a level of its own."""
    for subject, text in TEXTS.items():
        await client.registered(subject, text)
    for place, level in {":.c:": "FULL", ":.c:foo": "FORWARD"}.items():
        await client.put(f"/config/{place}", json={"compatibility": level})
    await client.put("/mode/:.c:", json={"mode": "READWRITE"})
    return client


@pytest.mark.parametrize(("written", "meant"), ROWS)
async def test_a_prefix_is_rewritten(filled: Client, written: str, meant: str) -> None:
    answer, expected = await filled.get(written), await filled.get(meant)
    assert (answer.status_code, expected.status_code) == (200, 200)
    assert answer.json() == expected.json()
    assert answer.json() not in ([], {})


async def test_compatibility_under_a_prefix(filled: Client) -> None:
    """`/contexts/.c/compatibility/subjects/foo/versions/latest` compares with `:.c:foo`, not with `foo`."""
    body = {"schema": '"int"'}
    prefixed = await filled.post("/contexts/.c/compatibility/subjects/foo/versions/latest", json=body)
    assert prefixed.json() == {"is_compatible": True}
    plain = await filled.post("/compatibility/subjects/foo/versions/latest", json=body)
    assert plain.json() == {"is_compatible": False}


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/contexts/./subjects/foo", "/subjects/foo"),
        ("/contexts/./config", "/config"),
        ("/contexts/.c/", "/contexts/%3A.c%3A"),
        ("/contexts/.c/dek-registry/v1/keks/k/deks/foo", "/dek-registry/v1/keks/k/deks/%3A.c%3Afoo"),
        ("/contexts/.c/dek-registry/v1/keks", "/dek-registry/v1/keks"),
    ],
)
def test_prefixes_that_a_tidy_client_would_rewrite_itself(raw: str, path: str) -> None:
    assert placed(raw, "").path == path


def test_associations_get_their_context_as_a_parameter() -> None:
    assert placed("/contexts/.c/associations", "") == Place("/associations", "context=%3A.c%3A")
    assert placed("/contexts/.c/associations", "context=x").query == "context=x"


@pytest.mark.parametrize("path", ["/contexts/.c", "/contexts/.c/"])
async def test_a_context_by_itself_can_only_be_deleted(filled: Client, path: str) -> None:
    assert code(await filled.get(path)) == (405, 405)
    assert code(await filled.delete(path)) == (422, 42211)
    empty = path.replace(".c", ".e")
    assert (await filled.delete(empty)).status_code == 204


async def test_a_colon_in_a_context_is_refused(client: Client) -> None:
    answer = await client.get("/contexts/a:b/subjects")
    assert code(answer) == (400, 400)
    assert answer.json()["message"] == "Context name 'a:b' cannot contain a colon"


@pytest.mark.parametrize(
    ("written", "subject"),
    [(":.:s", "s"), (":ctx:foo", ":ctx:foo"), (":.c:a:b", ":.c:a:b"), (":.c:", ":.c:")],
)
async def test_spellings_of_subjects(client: Client, written: str, subject: str) -> None:
    """`:.:s` is `s`; without the dot it is a plain name; only the first two colons count; a name may be empty."""
    await client.registered(written, '"int"')
    assert (await client.get("/subjects")).json() == [subject]
    assert (await client.get(f"/subjects/{written}/versions/1")).json()["subject"] == subject


async def test_the_empty_subject(client: Client) -> None:
    assert await client.registered(":.:", '"int"') == 1
    assert (await client.get("/subjects")).json() == [""]
    assert (await client.get("/subjects/:.:/versions/1")).json()["version"] == 1


async def test_ids_count_per_context_and_the_guid_is_one(client: Client) -> None:
    for subject, text in (("a", '"string"'), (":.c:a", '"int"'), (":.c:b", '"string"')):
        await client.registered(subject, text)
    guid = "095d71cf-1255-6b9d-5e33-0ad575b3df5d"
    assert (await client.get(f"/schemas/guids/{guid}/ids")).json() == [
        {"context": ".", "id": 1},
        {"context": ".c", "id": 2},
    ]


async def test_unqualified_names_are_searched_for_in_other_contexts(client: Client) -> None:
    """Reading a version, looking up and `?subject=` search on; listing, deleting, checking and settings do not."""
    await client.registered(":.c:s", '"int"')
    assert (await client.get("/subjects/s/versions/latest")).json()["subject"] == ":.c:s"
    assert (await client.post("/subjects/s", json={"schema": '"int"'})).json()["subject"] == ":.c:s"
    assert (await client.get("/schemas/ids/1?subject=s")).json() == {"schema": '"int"'}
    assert code(await client.get("/subjects/s/versions")) == (404, 40401)
    assert code(await client.delete("/subjects/s")) == (404, 40401)
    assert code(await client.get("/config/s")) == (404, 40408)
    answer = await client.post("/compatibility/subjects/s/versions/latest", json={"schema": '"string"'})
    assert answer.json() == {"is_compatible": True}
    assert await client.registered("s", '"string"') == 1
    assert (await client.get("/subjects")).json() == [":.c:s", "s"]


async def test_aliases(client: Client) -> None:
    """One hop, on subjects, `?subject=` and checks, never on settings; a qualified request stays in its context."""
    await client.registered("real", '"int"')
    await client.registered(":.c:real", '"string"')
    for place, alias in {"other": "real", "far": "other", ":.c:other": "real"}.items():
        await client.put(f"/config/{place}", json={"alias": alias})
    await client.put("/config", json={"alias": "real"})
    assert (await client.get("/subjects/other/versions/1")).json()["subject"] == "real"
    assert (await client.get("/subjects/:.c:other/versions/1")).json()["subject"] == ":.c:real"
    assert code(await client.get("/subjects/far/versions/1")) == (404, 40401)
    assert code(await client.get("/subjects/nobody/versions/1")) == (404, 40401)
    assert (await client.get("/schemas/ids/1?subject=other")).json() == {"schema": '"int"'}
    answer = await client.post("/compatibility/subjects/other/versions/latest", json={"schema": '"string"'})
    assert answer.json() == {"is_compatible": False}
    assert (await client.get("/config/other")).json()["alias"] == "real"
    assert code(await client.get("/mode/other")) == (404, 40409)
