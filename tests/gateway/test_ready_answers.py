"""Answers of the hot path leave as ready bytes from the second time on, and never after what they hang on changed."""

from __future__ import annotations

import json

import pytest

from .conftest import EXTRA, Client, Running, entry, record
from .test_many_registries import Fakes

TEXT = {"schema": json.dumps(record("a=0"))}
ASKED = {
    "by id": ("GET", "/schemas/ids/1"),
    "by id with a subject": ("GET", "/schemas/ids/1?fetchMaxId=false&subject=s"),
    "latest": ("GET", "/subjects/s/versions/latest"),
    "one version": ("GET", "/subjects/s/versions/1"),
    "versions": ("GET", "/subjects/s/versions"),
    "lookup": ("POST", "/subjects/s"),
    "identical register": ("POST", "/subjects/s/versions"),
}
asked = pytest.mark.parametrize(("method", "path"), ASKED.values(), ids=ASKED.keys())
headers = pytest.mark.parametrize("headers", [{}, EXTRA], ids=["old client", "new client"])


async def ask(client: Client, method: str, path: str, headers: dict[str, str]) -> tuple[object, int]:
    """What is answered, and how many answers were ready when it was."""
    answer = await client.request(method, path, json=TEXT if method == "POST" else None, headers=headers)
    assert answer.status_code == 200, answer.text
    assert client.application.gateway is not None
    return answer.json(), client.application.gateway.metrics.ready_hits


@headers
@asked
async def test_the_second_answer_is_ready(client: Client, method: str, path: str, headers: dict[str, str]) -> None:
    await client.registered("s", record("a=0"))
    first, before = await ask(client, method, path, headers)
    second, after = await ask(client, method, path, headers)
    assert (second, after) == (first, before + 1)
    await client.registered("other", record("b=0"))
    assert await ask(client, method, path, headers) == (first, after + 1)


@headers
@asked
async def test_the_same_before_another_registry(
    gateways: Running, fakes: Fakes, method: str, path: str, headers: dict[str, str]
) -> None:
    client = await gateways(entry("main", fakes()), home="main", cache={"seconds": 60})
    await client.registered("s", record("a=0"))
    first, before = await ask(client, method, path, headers)
    assert await ask(client, method, path, headers) == (first, before + 1)


@pytest.mark.parametrize("path", ["/subjects/s/versions/latest", "/subjects/s/versions", "/subjects"])
async def test_a_change_ends_it(client: Client, path: str) -> None:
    await client.registered("s", record("a=0"))
    seen = []
    for change in (
        client.register("s", record("a=0", "b=0")),
        client.put("/config/s", json={"compatibility": "NONE", "alias": "t"}),
        client.delete("/config/s"),
        client.delete("/subjects/s/versions/2"),
    ):
        seen.append((await client.get(path)).text)
        await client.get(path)
        assert (await change).status_code == 200
    seen.append((await client.get(path)).text)
    if path == "/subjects":
        assert set(seen) == {'["s"]'}
    else:
        assert seen[0] == seen[4] != seen[1] == seen[3]
        assert json.loads(seen[2])["error_code"] in {40401, 40402}
