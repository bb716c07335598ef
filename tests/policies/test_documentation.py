"""docs/policies.md against the rules, the example package against the suite, and every example against the parser."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import click
import pytest
import yaml

from decapolis_policies.levels import LEVELS, join
from decapolis_policies.rules import GROUP, Rules
from decapolis_policies.sets import Match, Policies, PolicySet

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "docs" / "examples" / "rule"
RULES = Rules([]).names
HAS_CEL = importlib.util.find_spec("cel") is not None


def section(rule: str) -> str:
    found = re.search(rf"^### {re.escape(rule)}\n(.*?)(?=^##)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/policies.md has no section about {rule}"
    return found.group(1)


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_page_has_a_section_for_each_rule_and_no_other() -> None:
    rules = PAGE.partition("\n## Rules\n")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^### (\S+)$", rules, re.MULTILINE)) == RULES


@pytest.mark.parametrize("name", RULES)
def test_each_rule_is_documented_with_all_its_options_and_an_example(name: str) -> None:
    text = section(name)
    rule = Rules([]).named(name)
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", text, re.MULTILINE))
    assert set(rows) == set(rule.options.model_fields)
    for option, field in rule.options.model_fields.items():
        assert field.description, f"{name}.{option} has no description"
        default = field.get_default(call_default_factory=True)
        if isinstance(default, bool):
            assert rows[option] == f"`{str(default).lower()}`"
        elif isinstance(default, int | str) and not field.is_required():
            assert rows[option] == f"`{default}`"
    (example,) = blocks(text, "yaml")
    assert name in yaml.safe_load(example)["policies"][0]["rules"]


@pytest.mark.parametrize("text", blocks(PAGE, "yaml"), ids=lambda text: re.findall(r"name: (\S+)", text)[0])
def test_each_example_loads(text: str) -> None:
    if "cel:" in text and not HAS_CEL:
        pytest.skip("the extra `cel` is not installed")
    assert Policies.from_data(yaml.safe_load(text)).sets


def test_the_shipped_example_loads() -> None:
    raw = yaml.safe_load((ROOT / "config" / "policies.yaml").read_text(encoding="utf-8"))
    assert [each.name for each in Policies.from_data(raw).sets] == ["production", "advice"]


def test_each_piece_of_python_on_the_page_runs() -> None:
    for text in blocks(PAGE, "python"):
        exec(compile(text, "policies.md", "exec"), {"__name__": "example"})


def test_each_key_is_explained() -> None:
    for key in Match.model_fields:
        assert f"| `{key}` |" in PAGE
    for key in set(PolicySet.model_fields) - {"name", "match"}:
        assert f"`{key}" in PAGE or f"{key}:" in PAGE, key


def test_the_table_of_floors_is_true() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| `([A-Z_]+)` \| `([A-Z_]+)` \|$", PAGE, re.MULTILINE)
    assert len(rows) == 4
    for floor, own, enforced in rows:
        assert join(LEVELS[own], LEVELS[floor]).name == enforced


class TestExamplePackage:
    def test_it_is_found_through_its_entry_point(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(str(EXAMPLE))
        project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        points = [EntryPoint(name, value, GROUP) for name, value in project["entry-points"][GROUP].items()]
        rules = Rules(points)
        raw = {"policies": [{"name": "s", "rules": {"no-prefix": {"prefix": "tmp_"}}}]}
        assert [rule.name for rule in Policies.from_data(raw, rules).sets[0].rules] == ["no-prefix"]

    def test_it_passes_its_own_tests(self) -> None:
        path = os.pathsep.join([str(EXAMPLE), *sys.path])
        call = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "pyproject.toml", "tests"]
        env = {**os.environ, "PYTHONPATH": path}
        done = subprocess.run(call, cwd=EXAMPLE, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
        assert "4 passed" in done.stdout


def test_hooks_run_commands_that_exist() -> None:
    from decapolis.cli import main

    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    for hook in hooks:
        program, command = hook["entry"].split()
        assert program == "decapolis"
        assert command in main.list_commands(click.Context(main))
    ci = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    assert all(f"`{hook['id']}`" in ci for hook in hooks)
