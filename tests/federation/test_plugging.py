"""Registries come and go while the gateway runs, and nobody else notices."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet

from decapolis.plugging import running
from decapolis_translators.errors import Unreachable
from tests.gateway.conftest import Running

from .conftest import Api, Apis, entry, fake_of, record

SECRET = "pass-phrase-of-nobody-4711"


@pytest.fixture
async def api(apis: Apis) -> Api:
    """The embedded registry as home, with permission to reach loopback."""
    return await apis(
        {"id": "embedded", "type": "embedded"},
        home="embedded",
        allow_private_networks=True,
        cache={"seconds": 0},
        limits={"stale_after_seconds": 2.0},  # what is asked is answered by the registry, however busy the machine is
    )


def body(name: str, fake: Any, **more: Any) -> dict[str, Any]:
    return entry(name, fake, **more)


async def registered(api: Api, subject: str, schema: Any) -> int:
    return await api.client.registered(subject, schema)


def subjects(fake: Any) -> list[str]:
    return sorted({version.subject for version in fake_of(fake).state.all_versions()})


async def trail(api: Api) -> list[tuple[str, str, str]]:
    gateway = api.client.application.gateway
    assert gateway is not None
    return [(each["action"], each["registry"], each["outcome"]) for each in await gateway.audit.newest()]


class TestAdding:
    async def test_an_added_registry_takes_part_at_once(self, api: Api, fakes: Any) -> None:
        fake = fakes()
        added = await api.ask("POST", "/registries", body("x", fake, metadata={"environment": "test"}, routes=["x-*"]))
        assert added.status_code == 201, added.text
        assert added.headers["location"] == "/api/v1/registries/x"
        assert added.json()["source"] == "api"
        assert [each["id"] for each in await api.get("/registries", environment="test")] == ["x"]
        assert (await api.get("/registries/x"))["routes"] == ["x-*"]
        number = await registered(api, "x-orders", record("a"))
        assert number > 1_000_000_000
        assert subjects(fake) == ["x-orders"]
        found = await api.get("/schemas/find", subject="x-orders")
        assert json.dumps(found).count("x-orders")
        assert "x" in json.dumps(found)
        assert (await api.get("/routes/explain", subject="x-orders"))["registry"] == "x"
        assert (await trail(api))[1] == ("add-registry", "x", "done")

    async def test_one_that_does_not_answer_is_not_added(self, api: Api, fakes: Any) -> None:
        fake = fakes()
        fake.stop()
        code = await api.refused("POST", "/registries", body("x", fake))
        assert code[:2] == (422, "registry-not-reachable")
        assert (await api.refused("GET", "/registries/x"))[:2] == (404, "unknown-registry")
        assert (await trail(api))[0] == ("add-registry", "x", "refused")
        assert (await api.ask("POST", "/registries", {**body("x", fake), "test": False})).status_code == 201
        assert (await api.post("/registries/x/test"))["status"] == "error"

    @pytest.mark.parametrize(
        ("change", "status", "code", "says"),
        [
            ({"type": "conflunt"}, 400, "unknown-type", "karapace"),
            ({"id": "embedded"}, 409, "registry-exists", "embedded"),
            ({"id": "a b"}, 400, "invalid-registry", "id"),
            ({"config": {"urll": "http://127.0.0.1"}}, 400, "invalid-registry", "config.url"),
            ({"ids": {"base": 5}}, 409, "ids-conflict", "overlap"),
            ({"routes": ["re:("]}, 400, "invalid-registry", "regular expression"),
            ({"config": {"url": "${NO_SUCH_VARIABLE}"}}, 400, "invalid-registry", "NO_SUCH_VARIABLE"),
            (
                {"config": {"url": "http://127.0.0.1", "token": "${DECAPOLIS_SECRET_KEY}"}},
                400,
                "invalid-registry",
                "token",
            ),
            (
                {"config": {"url": "http://127.0.0.1", "password_file": "/etc/hostname"}},
                400,
                "invalid-registry",
                "password_file",
            ),
        ],
    )
    async def test_a_body_that_cannot_be_used_is_refused(
        self, api: Api, fakes: Any, monkeypatch: pytest.MonkeyPatch, change: Any, status: int, code: str, says: str
    ) -> None:
        monkeypatch.setenv("DECAPOLIS_SECRET_KEY", SECRET)
        found = await api.refused("POST", "/registries", {**body("x", fakes()), **change})
        assert found[:2] == (status, code)
        assert says in found[2]
        assert (await trail(api))[0][2] == "refused"


class TestChanging:
    async def test_replacing_needs_the_tag_that_holds(self, api: Api, fakes: Any) -> None:
        one, two = fakes(), fakes()
        first = await api.ask("POST", "/registries", body("x", one, routes=["x-*"]))
        old = {"If-Match": first.headers["etag"]}
        second = await api.ask("PUT", "/registries/x", body("x", two, routes=["x-*"]), headers=old)
        assert second.status_code == 200, second.text
        await registered(api, "x-1", record("a"))
        assert (subjects(one), subjects(two)) == ([], ["x-1"])
        for method in ("PUT", "DELETE"):
            code = await api.refused(method, "/registries/x", body("x", one), headers=old)
            assert code[:2] == (412, "changed-meanwhile")

    async def test_a_broken_one_leaves_the_old_in_place(self, api: Api, fakes: Any) -> None:
        one, two = fakes(), fakes()
        await api.post("/registries", body("x", one, routes=["x-*"]), 201)
        two.stop()
        assert (await api.refused("PUT", "/registries/x", body("x", two)))[:2] == (422, "registry-not-reachable")
        await registered(api, "x-1", record("a"))
        assert subjects(one) == ["x-1"]

    async def test_another_cluster_under_the_same_id_is_refused(self, api: Api, fakes: Any) -> None:
        """Old messages would decode with other schemas."""
        one, two = fakes(), fakes()
        fake_of(two).cluster_id = "quite-another"
        await api.post("/registries", body("x", one), 201)
        assert (await api.refused("PUT", "/registries/x", body("x", two)))[:2] == (409, "ids-conflict")

    async def test_another_type_under_the_same_id_is_refused(self, api: Api, fakes: Any) -> None:
        fake = fakes()
        await api.post("/registries", body("x", fake), 201)
        assert (await api.get("/registries/x"))["health"]["version"]
        other = entry("x", fake, "karapace")
        assert (await api.refused("PUT", "/registries/x", other))[:2] == (409, "ids-conflict")
        await api.ask("DELETE", "/registries/x")
        assert (await api.refused("POST", "/registries", other))[:2] == (409, "ids-conflict")
        await api.post("/registries", body("x", fake), 201)

    async def test_a_disabled_one_vanishes_and_its_ids_resolve(self, api: Api, fakes: Any) -> None:
        fake = fakes()
        await api.post("/registries", body("x", fake, routes=["x-*"]), 201)
        number = await registered(api, "x-1", record("a"))
        assert (await api.post("/registries/x/disable"))["enabled"] is False
        assert "x" not in json.dumps((await api.get("/schemas/find", subject="x-1")).get("results", {}))
        refused = await api.client.register("x-2", record("a"))
        assert (refused.status_code, refused.json()["error_code"]) == (500, 50003)
        assert (await api.refused("POST", "/registries/x/test"))[:2] == (409, "registry-disabled")
        assert (await api.refused("GET", "/registries/x/subjects/x-1/versions"))[:2] == (409, "registry-disabled")
        assert (await api.client.get(f"/schemas/ids/{number}")).status_code == 200
        assert (await api.post("/registries/x/enable"))["enabled"] is True
        await registered(api, "x-2", record("a"))
        assert [each[0] for each in await trail(api) if each[1] == "x" and "able" in each[0]] == [
            "enable-registry",
            "disable-registry",
        ]

    async def test_a_removed_one_keeps_its_range_and_its_ids(self, api: Api, fakes: Any) -> None:
        one, two = fakes(), fakes()
        await api.post("/registries", body("x", one, routes=["x-*"]), 201)
        number = await registered(api, "x-1", record("a"))
        assert (await api.ask("DELETE", "/registries/x")).status_code == 204
        assert (await api.refused("GET", "/registries/x"))[1] == "unknown-registry"
        assert (await api.client.get(f"/schemas/ids/{number}")).status_code == 200
        await api.post("/registries", body("y", two), 201)
        assert (await api.get("/registries/y"))["ids"]["base"] == 1_010_000_000
        await api.post("/registries", body("x", one), 201)
        assert (await api.get("/registries/x"))["ids"]["base"] == 1_000_000_000

    async def test_what_files_declare_is_changed_in_files(self, api: Api) -> None:
        for method, path in [("PUT", ""), ("DELETE", ""), ("POST", "/enable"), ("POST", "/disable")]:
            found = await api.refused(method, f"/registries/embedded{path}", {"type": "embedded"})
            assert found[:2] == (409, "declared-in-file")
        assert {each[2] for each in await trail(api)} == {"refused"}

    async def test_unknown_ids_name_the_known_ones(self, api: Api) -> None:
        for method, path in [("PUT", ""), ("DELETE", ""), ("POST", "/enable"), ("POST", "/disable"), ("POST", "/test")]:
            found = await api.refused(method, f"/registries/nope{path}", {"type": "embedded"})
            assert found[:2] == (404, "unknown-registry")
            assert "embedded" in found[2]

    async def test_a_subject_may_be_given_to_a_registry_by_name(self, api: Api, fakes: Any) -> None:
        fake = fakes()
        await api.post("/registries", body("x", fake), 201)
        plugging = api.client.application.plugging
        assert plugging is not None
        await registered(api, "s", record("a"))
        assert (await api.client.get("/subjects/s/versions")).json() == [1]
        await plugging.route("s", "x")
        assert (await api.client.get("/subjects/s/versions")).status_code == 404
        assert (await api.get("/routes/explain", subject="s"))["rule"] == "pinned at run time"
        assert (await api.refused("DELETE", "/registries/x"))[:2] == (409, "registry-in-use")
        await plugging.route("s", None)
        assert (await api.client.get("/subjects/s/versions")).json() == [1]
        assert (await api.ask("DELETE", "/registries/x")).status_code == 204


async def test_others_do_not_notice(api: Api, fakes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """50 reads a second of another registry, and some of the registry that changes, while it does."""
    monkeypatch.setattr(running, "GRACE_SECONDS", 0.2)
    other, one, two = fakes(), fakes(), fakes()
    await api.post("/registries", body("other", other, routes=["o-*"]), 201)
    await registered(api, "o-1", record("a"))
    reads: list[asyncio.Task[httpx.Response]] = []
    stop = asyncio.Event()

    async def read() -> None:
        while not stop.is_set():
            reads.append(asyncio.create_task(api.client.get("/subjects/o-1/versions/latest")))
            await asyncio.sleep(0.02)

    reading = asyncio.create_task(read())
    for _ in range(10):
        await api.post("/registries", body("x", one, routes=["x-*"]), 201)
        await registered(api, "x-1", record("a"))
        await asyncio.sleep(0.05)
        await api.put("/registries/x", body("x", two, routes=["x-*"]))
        await registered(api, "x-1", record("a"))
        await asyncio.sleep(0.05)
        assert (await api.ask("DELETE", "/registries/x")).status_code == 204
    stop.set()
    await reading
    answers = await asyncio.gather(*reads)
    assert len(answers) > 50
    assert {answer.status_code for answer in answers} == {200}
    assert not any("x-decapolis-stale" in answer.headers for answer in answers)


async def test_what_is_under_way_ends_with_the_old_one(api: Api, fakes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "GRACE_SECONDS", 0.0)
    one, two = fakes(), fakes()
    await api.post("/registries", body("x", one, routes=["x-*"]), 201)
    await registered(api, "x-1", record("a"))
    gateway = api.client.application.gateway
    assert gateway is not None
    old = gateway.registries.at("x")
    one.fake.latency = 0.5
    asking = asyncio.create_task(old.versions("x-1"))
    await asyncio.sleep(0.1)
    await api.put("/registries/x", body("x", two, routes=["x-*"]))
    assert gateway.registries.at("x") is not old
    assert await asking == [1]
    await asyncio.sleep(0.3)
    with pytest.raises(Unreachable, match="not open"):
        await old.versions("x-1", deleted=True)


def _everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


class TestSecrets:
    async def test_without_a_key_only_variables_are_taken(
        self, api: Api, fakes: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FAKE_PASSWORD", SECRET)
        given = body("x", fakes())
        given["config"] |= {"username": "me", "password": SECRET}
        code = await api.refused("POST", "/registries", given)
        assert code[:2] == (400, "secrets-need-key")
        assert "config.password" in code[2]
        assert "${VAR}" in code[2]
        assert "DECAPOLIS_SECRET_KEY" in code[2]
        assert SECRET not in code[2]
        given["config"]["password"] = "${FAKE_PASSWORD}"
        assert (await api.post("/registries", given, 201))["config"]["password"] == "${FAKE_PASSWORD}"

    async def test_secrets_are_encrypted_and_survive_a_restart(
        self, apis: Apis, gateways: Running, fakes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DECAPOLIS_SECRET_KEY", Fernet.generate_key().decode())
        fake = fakes()
        fake.fake.door.basic = ("me", SECRET)
        given = body("x", fake, routes=["x-*"])
        given["config"] |= {"username": "me", "password": SECRET}
        own = {"id": "embedded", "type": "embedded"}
        settings = {"home": "embedded", "allow_private_networks": True}
        async with AsyncExitStack() as stack:
            client = await gateways(own, stack_on=stack, **settings)
            api = Api(client, (await client.get("/openapi.json")).json())
            assert (await api.post("/registries/test", given))["status"] == "ok"
            added = await api.post("/registries", given, 201)
            assert SECRET not in json.dumps(added)
            # a hidden secret that is sent back stays as it is
            again = {**given, "config": added["config"], "metadata": {"owner": "them"}}
            assert (await api.put("/registries/x", again))["metadata"] == {"owner": "them"}
            number = await client.registered("x-1", record("a"))
        stored = _everything_in(tmp_path)
        assert b"add-registry" in stored
        assert SECRET.encode() not in stored
        api = await apis(own, **settings)
        assert (await api.get("/registries/x"))["metadata"] == {"owner": "them"}
        assert (await api.post("/registries/x/test"))["status"] == "ok"
        assert (await api.client.get(f"/schemas/ids/{number}")).status_code == 200

    async def test_with_another_key_the_gateway_starts_and_says_why_the_registry_is_not_asked(
        self, apis: Apis, gateways: Running, fakes: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DECAPOLIS_SECRET_KEY", Fernet.generate_key().decode())
        given = body("x", fakes(), routes=["x-*"])
        given["config"] |= {"headers": {"X-Api-Key": SECRET}}
        own = {"id": "embedded", "type": "embedded"}
        settings = {"home": "embedded", "allow_private_networks": True}
        async with AsyncExitStack() as stack:
            client = await gateways(own, stack_on=stack, **settings)
            api = Api(client, (await client.get("/openapi.json")).json())
            await api.post("/registries", given, 201)
            number = await client.registered("x-1", record("a"))
        monkeypatch.setenv("DECAPOLIS_SECRET_KEY", Fernet.generate_key().decode())
        api = await apis(own, **settings)
        found = await api.get("/registries/x")
        assert "another key" in found["problem"]
        assert (await api.client.register("x-2", record("a"))).status_code == 500
        assert (await api.client.get(f"/schemas/ids/{number}")).status_code == 200
        assert (await api.put("/registries/x", given))["problem"] is None
        await registered(api, "x-2", record("a"))


class TestAddresses:
    @pytest.mark.parametrize(
        ("url", "says"),
        [
            ("http://169.254.169.254", "metadata"),
            ("http://[fd00:ec2::254]", "metadata"),
            ("http://[::ffff:169.254.169.254]", "metadata"),
            ("http://2852039166", "metadata"),
            ("http://169.254.1.1", "link-local"),
            ("http://[fe80::1]", "link-local"),
            ("http://0.0.0.0", "no address"),
            ("file:///etc/passwd", "http://"),
            ("http://me:pass@example.test", "credentials"),
        ],
    )
    async def test_some_are_never_called(self, api: Api, url: str, says: str) -> None:
        given = {"id": "x", "type": "confluent", "config": {"url": url}}
        for path in ("/registries", "/registries/test"):
            found = await api.refused("POST", path, given)
            assert found[0] == 400
            assert says in found[2]

    @pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.8", "localhost", "[::1]", "127.1", "192.168.0.1"])
    async def test_private_ones_only_where_that_is_allowed(self, apis: Apis, host: str) -> None:
        api = await apis()
        given = {"id": "x", "type": "confluent", "config": {"url": f"http://{host}:1"}}
        found = await api.refused("POST", "/registries", given)
        assert found[:2] == (400, "address-not-allowed")
        assert "allow_private_networks" in found[2]

    async def test_a_name_that_means_something_else_later_is_not_called(
        self, apis: Apis, fakes: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The check before and the call resolve on their own: between them a name may change its meaning."""
        api = await apis()
        fake = fakes()

        async def elsewhere(host: str) -> list[str]:
            assert host == "localhost"
            return ["93.184.215.14"]

        monkeypatch.setattr("decapolis.plugging.addresses._addresses", elsewhere)
        port = fake.url.rpartition(":")[2]
        given = {"id": "x", "type": "confluent", "config": {"url": f"http://localhost:{port}"}}
        found = await api.refused("POST", "/registries", given)
        assert found[:2] == (422, "registry-not-reachable")
        assert "private or loopback" in found[2]
        assert not fake.fake.requests
