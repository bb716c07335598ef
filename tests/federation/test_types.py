"""Registry types: what there is, why something is not, and more of them at run time."""

from __future__ import annotations

import logging
import os
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from decapolis_translators.discovery import GROUP, Types

from .configured import Configured
from .conftest import Api, Apis, record

SHELF = Path("docs/examples/translator/shelf_registry/__init__.py").read_text()
PAGES = {str(path) for path in Path("docs/registries").iterdir()}
TEN = [
    "apicurio",
    "aws_glue",
    "azure_purview",
    "confluent",
    "gcp_data_catalog",
    "karapace",
    "pulsar",
    "redpanda",
    "snowflake",
    "unity_catalog",
]


async def test_all_ten_and_the_embedded_one_are_listed(api: Api) -> None:
    found = {each["name"]: each for each in await api.get("/types")}
    assert sorted({*TEN, "embedded"}) == sorted(found)
    for name, each in found.items():
        assert (each["available"], each["reason"], each["package"]) == (True, None, "decapolis"), name
        assert each["documentation"] == f"docs/registries/{name}.md"
        assert each["documentation"] in PAGES
        Draft202012Validator.check_schema(each["config_schema"])
        assert each["version"]


@pytest.mark.parametrize("name", [*TEN, "embedded"])
async def test_each_can_be_tested_before_it_is_added(apis: Apis, name: str) -> None:
    """Without what it needs the answer says what is missing; it is never a fault of the gateway."""
    api = await apis()
    answer = await api.ask("POST", "/registries/test", {"type": name, "config": {}})
    if name == "embedded":
        assert answer.json()["status"] == "ok"
    else:
        assert answer.status_code in {200, 400}
        assert answer.json().get("problems") or answer.json()["status"] == "error"


async def test_a_type_that_cannot_be_imported_is_told_with_its_reason(
    apis: Apis, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = [each for each in entry_points(group=GROUP) if each.name not in {"aws_glue", "pulsar"}]
    broken = EntryPoint("aws_glue", "no_such_package_4711.glue:GlueRegistry", GROUP)
    monkeypatch.setattr("decapolis.assembly.Types", lambda: Types([*known, broken]))
    api = await apis()
    found = {each["name"]: each for each in await api.get("/types")}
    assert (found["aws_glue"]["available"], found["pulsar"]["available"]) == (False, False)
    assert "no_such_package_4711" in found["aws_glue"]["reason"]
    assert "No installed package" in found["pulsar"]["reason"]
    assert found["karapace"]["available"]
    code = await api.refused("POST", "/registries", {"id": "x", "type": "aws_glue", "config": {}})
    assert (code[0], "no_such_package_4711" in code[2]) == (422, True)


async def test_loading_is_off_unless_the_file_allows_it(api: Api, configured: Configured) -> None:
    code = await api.refused("POST", "/types", {"module": "acme"})
    assert code[:2] == (403, "plugins-off")
    assert "allow: true" in code[2]
    (configured.folder / "plugins").mkdir()
    (configured.folder / "plugins" / "acme.py").write_text(SHELF)
    configured.write(plugins={"folder": "plugins"}, store=f"sqlite:///{configured.folder}/other.db")
    off = await configured.start()
    assert (await off.refused("POST", "/types", {"module": "acme"}))[0] == 403
    assert (await off.refused("DELETE", "/types/shelf"))[0] == 403
    assert "shelf" not in [each["name"] for each in await off.get("/types")]


class TestAtRunTime:
    @pytest.fixture
    async def api(self, configured: Configured) -> Api:
        (configured.folder / "plugins").mkdir()
        configured.write(plugins={"folder": "plugins", "allow": True}, allow_private_networks=True)
        return await configured.start()

    @pytest.fixture
    def plugins(self, configured: Configured) -> Path:
        return configured.folder / "plugins"

    @pytest.mark.parametrize("module", ["my_registry", "plugins.my_registry"])
    async def test_a_module_in_the_folder_brings_a_type(
        self, api: Api, plugins: Path, module: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        process = os.getpid()
        (plugins / "my_registry.py").write_text(SHELF)
        with caplog.at_level(logging.INFO):
            loaded = await api.post("/types", {"module": module}, 201)
        assert [each["name"] for each in loaded] == ["shelf"]
        assert "registry type loaded" in caplog.text
        assert os.getpid() == process
        found = {each["name"]: each for each in await api.get("/types")}["shelf"]
        assert (found["available"], found["package"]) == (True, str(plugins))
        shelf = {"id": "s", "type": "shelf", "config": {"max_text": 1000}, "routes": ["s-*"]}
        await api.post("/registries", shelf, 201)
        await api.client.registered("s-1", record("a"))
        code = await api.refused("DELETE", "/types/shelf")
        assert code[:2] == (409, "type-in-use")
        await api.ask("DELETE", "/registries/s")
        with caplog.at_level(logging.INFO):
            assert (await api.ask("DELETE", "/types/shelf")).json() == {"unloaded": "shelf"}
        assert "registry type unloaded" in caplog.text
        assert (await api.refused("DELETE", "/types/shelf"))[:2] == (404, "unknown-type")
        assert (await api.refused("POST", "/registries", shelf))[:2] == (400, "unknown-type")

    async def test_a_reload_finds_it_too_and_a_restart(self, api: Api, plugins: Path, configured: Configured) -> None:
        (plugins / "my_registry.py").write_text(SHELF)
        (plugins / "bad.py").write_text("import no_such_package_4711\n")
        found = await api.post("/reload")
        assert found["types"]["my_registry"] is None
        assert "no_such_package_4711" in found["types"]["bad"]
        listed = {each["name"]: each for each in await api.get("/types")}
        assert listed["shelf"]["available"]
        assert "no_such_package_4711" in listed["bad"]["reason"]

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("import no_such_package_4711", ["no_such_package_4711"]),
            ("raise RuntimeError('not today')", ["RuntimeError", "not today"]),
            ("class Nothing: ...", ["no class"]),
            ("class Acme:\n    type = 'acme'\n    async def ping(self): ...", ["Acme", "fetch_by_id", "lookup"]),
        ],
    )
    async def test_a_bad_module_changes_nothing(self, api: Api, plugins: Path, text: str, says: list[str]) -> None:
        before = await api.get("/types")
        (plugins / "acme.py").write_text(text)
        code = await api.refused("POST", "/types", {"module": "acme"})
        assert code[:2] == (422, "module-unusable")
        for word in says:
            assert word in code[2]
        assert await api.get("/types") == before

    async def test_a_class_that_lacks_a_method_is_refused_by_name(self, api: Api, plugins: Path) -> None:
        text = SHELF
        (plugins / "acme.py").write_text(text.replace("async def lookup(", "async def look_it_up("))
        code = await api.refused("POST", "/types", {"module": "acme"})
        assert code[0] == 422
        assert "ShelfRegistry" in code[2]
        assert "lacks the method lookup" in code[2]
        (plugins / "acme.py").write_text(text.replace("async def ping(", "def ping("))
        assert "async def" in (await api.refused("POST", "/types", {"module": "acme"}))[2]

    async def test_a_newer_module_that_is_broken_leaves_the_older_in_use(self, api: Api, plugins: Path) -> None:
        (plugins / "acme.py").write_text(SHELF)
        await api.post("/types", {"module": "acme"}, 201)
        (plugins / "acme.py").write_text("import no_such_package_4711")
        assert (await api.refused("POST", "/types", {"module": "acme"}))[0] == 422
        assert "shelf" in [each["name"] for each in await api.get("/types") if each["available"]]

    async def test_an_installed_type_is_neither_replaced_nor_removed(self, api: Api, plugins: Path) -> None:
        (plugins / "acme.py").write_text(SHELF.replace('"shelf"', '"karapace"'))
        assert "installed package" in (await api.refused("POST", "/types", {"module": "acme"}))[2]
        assert (await api.refused("DELETE", "/types/karapace"))[:2] == (409, "type-in-use")

    @pytest.mark.parametrize("module", ["os", "../x", "a..b", "json.decoder", "nope", "__init__"])
    async def test_only_modules_of_the_folder_are_loaded(self, api: Api, module: str) -> None:
        assert (await api.refused("POST", "/types", {"module": module}))[:2] == (422, "module-unusable")
