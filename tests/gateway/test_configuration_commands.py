"""check-config, config-schema and route as commands; the examples load, and the page of every key is complete."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from decapolis.cli import main
from decapolis.files import load
from decapolis.files.policies import PoliciesFile
from decapolis.files.shapes import model_of
from decapolis.settings import GatewaySettings, RegistriesFile, from_environment

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"
_VARIABLE = re.compile(r"\$\{([A-Z_]+)\}")


def used_variables() -> dict[str, str]:
    """A value for every variable that the examples use without a default."""
    texts = [path.read_text(encoding="utf-8") for path in CONFIG.glob("*.yaml")]
    return {name: f"value-of-{name}" for text in texts for name in _VARIABLE.findall(text)}


def invoked(*arguments: str, **environ: str) -> Result:
    return CliRunner(env=environ).invoke(main, list(arguments))


def test_examples_load() -> None:
    answer = invoked("check-config", str(CONFIG), **used_variables())
    assert (answer.exit_code, answer.output) == (0, "4 files checked, no fault\n")
    configuration = load(CONFIG / "gateway.yaml", {}, used_variables())
    assert configuration.home == "prod-confluent"
    assert [entry.enabled for entry in configuration.registries] == [True, True, False, False]


BLUEPRINT = [
    "CONFLUENT_SR_KEY",
    "CONFLUENT_SR_SECRET",
    "DATABRICKS_TOKEN",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
]
BLUEPRINT += ["APICURIO_CLIENT_ID", "APICURIO_CLIENT_SECRET"]


def test_the_blueprints_example_loads_without_the_variables_of_its_disabled_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    variables = dict.fromkeys(BLUEPRINT, "x")
    blueprint = str(CONFIG / "blueprint-registries.yaml")
    assert invoked("check-config", blueprint, **variables).exit_code == 0
    gateway = tmp_path / "gateway.yaml"
    gateway.write_text(f"registries_file: {blueprint}\n")
    entries = {entry.id: entry for entry in load(gateway, {}, variables).registries}
    assert entries["staging-azure-purview"].enabled is False
    assert entries["prod-apicurio"].metadata == {"environment": "production", "use_case": "api-schemas"}
    assert entries["prod-confluent-us-west"].config["username"] == "x"


@pytest.mark.parametrize("missing", BLUEPRINT)
def test_an_unset_variable_is_told_with_registry_and_key(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(missing, raising=False)
    variables = {name: "hunter2" for name in BLUEPRINT if name != missing}
    answer = invoked("check-config", str(CONFIG / "blueprint-registries.yaml"), **variables)
    assert answer.exit_code == 1
    [line] = [line for line in answer.output.splitlines() if missing in line]
    assert re.search(r"yaml:\d+: registries\[\d\]\.config\.\S+: the variable \w+ is not set \(registry \S+\)$", line)
    assert "hunter2" not in answer.output


@pytest.mark.parametrize("kind", ["gateway", "registries", "policies"])
def test_the_editors_schema_accepts_the_examples(kind: str) -> None:
    schema = json.loads(invoked("config-schema", kind).output)
    Draft202012Validator.check_schema(schema)
    for path in CONFIG.glob(f"*{kind}.yaml"):
        Draft202012Validator(schema).validate(yaml.safe_load(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("config", "fits"),
    [
        ({"url": "http://x"}, True),
        ({"url": "http://x", "password_file": "secret", "username": "u"}, True),
        ({"url": "http://x", "timeout": "${SECONDS:-3}"}, True),
        ({"url": "http://x", "timeout": "three"}, False),
        ({"url": "http://x", "usrname": "u"}, False),
        ({"url": "http://x", "oauth": {"token_url": "http://t", "client_id": "c", "client_secret_file": "s"}}, True),
        ({"url": "http://x", "oauth": {"token_url": "http://t", "client_id": "c"}}, False),
    ],
)
def test_the_editors_schema_knows_the_keys_of_each_type(config: dict[str, Any], fits: bool) -> None:
    validator = Draft202012Validator(json.loads(invoked("config-schema", "registries").output))
    assert validator.is_valid({"registries": [{"id": "a", "type": "confluent", "config": config}]}) is fits


ROUTES = """
registries_file: registries.yaml
home: main
routes:
- {match: 'pay-*', registry: side}
- {match: ':.team:*', registry: side}
"""


@pytest.fixture
def routed(tmp_path: Path) -> str:
    entries = "\n".join(f"- {{id: {name}, type: confluent, config: {{url: 'http://x'}}}}" for name in ("main", "side"))
    (tmp_path / "registries.yaml").write_text(f"registries:\n{entries}\n")
    (tmp_path / "gateway.yaml").write_text(ROUTES)
    return str(tmp_path / "gateway.yaml")


@pytest.mark.parametrize(
    ("subject", "registry", "rule", "ids"),
    [
        ("pay-in", "side", "match: pay-*", "the ledger gave it"),
        ("users", "main", "the default route", "because it is home"),
        (":.team:users", "side", "match: :.team:*", "context .team"),
        (":.other:pay-in", "main", "subjects of named contexts belong to the home", "context .other"),
    ],
)
def test_route_explains(routed: str, subject: str, registry: str, rule: str, ids: str) -> None:
    text = invoked("route", subject, "--config", routed)
    assert text.exit_code == 0
    assert text.output.startswith(f"{subject} -> {registry} ({rule})\n")
    answer = json.loads(invoked("route", subject, "--config", routed, "--output", "json").output)
    assert (answer["registry"], answer["rule"], answer["home"]) == (registry, rule, registry == "main")
    assert ids in answer["ids"]


def test_route_without_a_rule_says_what_clients_get(routed: str) -> None:
    text = ROUTES.replace("home: main\n", "")
    Path(routed).write_text(text)
    answer = invoked("route", "users", "--config", routed)
    assert (answer.exit_code, "42208" in answer.output) == (1, True)


def described(model: type[BaseModel], place: str = "") -> Iterator[tuple[str, Any]]:
    for name, field in model.model_fields.items():
        at = f"{place}.{name}" if place else name
        yield at, field
        inside = model_of(field.annotation)
        if inside is not None:
            listed = "[]" if str(field.annotation).startswith("list") else ""
            yield from described(inside, at + listed)


KEYS = [
    (place, field) for model in (GatewaySettings, RegistriesFile, PoliciesFile) for place, field in described(model)
]


@pytest.mark.parametrize(("place", "field"), KEYS, ids=[place for place, _ in KEYS])
def test_every_key_is_documented_with_its_default(place: str, field: Any) -> None:
    assert field.description, f"{place} has no description"
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith(f"| `{place}` |")]
    assert len(rows) == 1, f"docs/configuration.md has no row for {place}"
    default = field.get_default(call_default_factory=True)
    if isinstance(default, str | int | float) and not isinstance(default, bool) and not field.is_required():
        assert f"`{default}`" in rows[0]
    if field.is_required():
        assert "required" in rows[0]


def test_every_variable_is_documented() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    names = [f"DECAPOLIS_{name}" for name in ("CONFIG", "HOST", "PORT", "STORE", "ACCESS")]
    assert set(from_environment(dict.fromkeys(names, "x"))) == {"config", "host", "port", "store", "access"}
    assert all(f"`{name}`" in page for name in names)


def test_a_set_that_asks_for_a_tenant_is_noted_because_it_matches_nobody(tmp_path: Path) -> None:
    path = tmp_path / "policies.yaml"
    path.write_text("policies:\n  - name: theirs\n    match:\n      tenant: acme\n    floor: FULL\n")
    answer = invoked("check-config", str(path))
    assert answer.exit_code == 0
    assert f"note: {path}:4: policies[0].match.tenant: callers have no tenants yet" in answer.output
