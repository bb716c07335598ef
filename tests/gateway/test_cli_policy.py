"""`decapolis diff`, `changed` and `policy` for people."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from decapolis.cli import main
from tests.gateway.conftest import Running, record

ONE = json.dumps(record("a"))
TWO = json.dumps(record("a", "b"))


def invoked(*call: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in call])


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    texts = {
        "one.avsc": ONE,
        "two.avsc": TWO,
        "one.proto": 'syntax = "proto3"; message M { int32 a = 1; }',
        "two.proto": 'syntax = "proto3"; message M { string a = 1; }',
        "one.json": '{"type": "integer"}',
        "two.json": '{"type": "number"}',
        "broken.avsc": '{"type": "nope"}',
        "plain": ONE,
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return {name: tmp_path / name for name in texts}


class TestDiff:
    @pytest.mark.parametrize(
        ("old", "new", "code", "says"),
        [
            ("one.avsc", "two.avsc", 2, "✗ breaking READER_FIELD_MISSING_DEFAULT_VALUE at /fields/1"),
            ("two.avsc", "one.avsc", 0, "NEW may follow OLD under BACKWARD"),
            ("one.proto", "two.proto", 2, "FIELD_SCALAR_KIND_CHANGED"),
            ("one.json", "two.json", 0, "passes NONE, BACKWARD\n"),
            ("one.avsc", "one.avsc", 0, "no difference"),
            ("one.avsc", "one.json", 2, "the format changes from avro to json_schema"),
            ("one.avsc", "broken.avsc", 1, "broken.avsc: "),
            ("one.avsc", "absent.avsc", 1, "absent.avsc: No such file"),
        ],
    )
    def test_codes_and_marks(self, files: dict[str, Path], old: str, new: str, code: int, says: str) -> None:
        found = invoked("diff", *(files.get(name, files["plain"].parent / name) for name in (old, new)))
        assert found.exit_code == code, found.output
        assert says in found.output

    def test_the_level_decides_and_a_repair_is_named(self, files: dict[str, Path]) -> None:
        assert invoked("diff", files["one.avsc"], files["two.avsc"], "--level", "forward").exit_code == 0
        found = invoked("diff", files["one.avsc"], files["two.avsc"])
        assert "It would pass if you make the field 'b' of R nullable" in found.output

    def test_the_format_can_be_said(self, files: dict[str, Path]) -> None:
        assert invoked("diff", files["plain"], files["plain"]).exit_code == 1
        assert invoked("diff", files["plain"], files["plain"], "--format", "avro").exit_code == 0

    def test_colours_are_for_terminals_or_on_request(self, files: dict[str, Path]) -> None:
        assert "\x1b[" not in invoked("diff", files["one.avsc"], files["two.avsc"]).output
        assert "\x1b[31m" in invoked("diff", files["one.avsc"], files["two.avsc"], "--color").output

    def test_references(self, files: dict[str, Path], tmp_path: Path) -> None:
        (tmp_path / "use.avsc").write_text('{"type": "array", "items": "R"}')
        call = ["diff", tmp_path / "use.avsc", tmp_path / "use.avsc"]
        assert invoked(*call).exit_code == 1
        assert invoked(*call, "--reference", f"R={files['one.avsc']}").exit_code == 0


class TestChanged:
    @pytest.fixture
    def repository(self, tmp_path: Path) -> Path:
        def git(*call: str) -> None:
            subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *call], cwd=tmp_path, check=True)

        (tmp_path / "a.avsc").write_text(ONE)
        git("init", "-q")
        git("add", "a.avsc")
        git("commit", "-q", "-m", "first")
        return tmp_path

    def test_a_breaking_change_fails_and_says_what_would_pass(self, repository: Path) -> None:
        (repository / "a.avsc").write_text(TWO)
        found = invoked("changed", repository / "a.avsc")
        assert found.exit_code == 2
        assert "READER_FIELD_MISSING_DEFAULT_VALUE at /fields/1 (backward)" in found.output
        assert invoked("changed", repository / "a.avsc", "--level", "FORWARD").exit_code == 0

    def test_new_and_unchanged_files_pass_and_broken_ones_do_not(self, repository: Path) -> None:
        (repository / "b.avsc").write_text(TWO)
        assert invoked("changed", repository / "a.avsc", repository / "b.avsc").exit_code == 0
        (repository / "b.avsc").write_text('{"type": "nope"}')
        assert invoked("changed", repository / "b.avsc").exit_code == 1

    def test_a_revision_is_never_an_option(self, repository: Path) -> None:
        assert invoked("changed", repository / "a.avsc", "--against", "--output=x").exit_code == 1


POLICIES = """
policies:
- {name: pay, match: {subject: 'pay-*'}, floor: FULL, rules: {size-limit: {characters: 9000}}, exemptions: [
    {subject: pay-old, rule: floor, owner: us, reason: history, expires: '2099-01-01'}]}
- {name: advice, stance: warn, rules: {required-docs: {}}}
"""


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    path = tmp_path / "policies.yaml"
    path.write_text(POLICIES)
    return path


class TestExplain:
    def test_in_words(self, policies: Path) -> None:
        found = invoked("policy", "explain", "pay-in", "--policies", policies, "--level", "BACKWARD_TRANSITIVE")
        assert found.exit_code == 0, found.output
        assert "pay holds: stance enforce, floor FULL" in found.output
        assert "configured BACKWARD_TRANSITIVE, enforced FULL_TRANSITIVE" in found.output
        assert 'rule size-limit: {"characters": 9000, "stance": "enforce"}' in found.output
        other = invoked("policy", "explain", "orders", "--policies", policies)
        assert "not pay: subject orders is not pay-*" in other.output

    def test_as_data(self, policies: Path) -> None:
        found = json.loads(invoked("policy", "explain", "pay-old", "--policies", policies, "--json").output)
        assert (found["policy_set"], found["enforced_level"], found["floor_holds"]) == ("pay", "BACKWARD", False)

    def test_the_configuration_names_the_file_and_the_registry(self, policies: Path, tmp_path: Path) -> None:
        config = tmp_path / "gateway.yaml"
        config.write_text("policies_file: policies.yaml\n")
        found = invoked("policy", "explain", "orders", "--config", config)
        assert found.output.startswith("orders in registry embedded")

    def test_faults_are_told(self, policies: Path) -> None:
        policies.write_text("policies: [{name: x, flor: FULL}]")
        found = invoked("policy", "explain", "orders", "--policies", policies)
        assert found.exit_code == 1
        assert "policies[0].flor: unknown key" in found.output
        assert invoked("policy", "explain", "orders").exit_code == 1


def ran(*call: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(call, capture_output=True, text=True, check=False)


class TestPreview:
    async def fill(self, gateways: Running, **more: Any) -> None:
        async with AsyncExitStack() as stack:
            client = await gateways(stack_on=stack, **more)
            await client.put("/config", json={"compatibility": "NONE"})
            for subject in ("pay-in", "pay-old", "orders"):
                await client.registered(subject, record("a"))
                await client.registered(subject, record("a", "b"))

    async def test_what_of_the_past_would_have_been_refused(
        self, gateways: Running, policies: Path, tmp_path: Path
    ) -> None:
        await self.fill(gateways)
        call = [sys.executable, "-m", "decapolis", "policy", "preview", str(policies)]
        store = ["--store", f"sqlite:///{tmp_path}/store.db"]
        done = await asyncio.to_thread(ran, *call, *store)
        assert done.returncode == 2, done.stderr
        assert "pay refuses pay-in version 2: floor at /fields/1" in done.stdout
        assert "advice warns about orders version 1: required-docs at R" in done.stdout
        assert "pay-old" not in done.stdout
        assert "3 of 6 versions of 3 subjects break a demand" in done.stdout
        done = await asyncio.to_thread(ran, *call, *store, "--json")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert {(row["subject"], row["rule"]) for row in rows} == {("pay-in", "floor"), ("orders", "required-docs")}

    def test_over_http(self, policies: Path, fakes: Any) -> None:
        loopback = fakes()
        headers = {"Content-Type": "application/json"}
        httpx.put(f"{loopback.url}/config", json={"compatibility": "NONE"}, headers=headers)
        for text in (ONE, TWO):
            body = {"schema": text}
            httpx.post(f"{loopback.url}/subjects/pay-in/versions", json=body, headers=headers).raise_for_status()
        found = invoked("policy", "preview", policies, "--url", loopback.url)
        assert found.exit_code == 2, found.output
        assert "1 of 2 versions of 1 subjects break a demand" in found.output

    def test_nobody_there(self, policies: Path) -> None:
        found = invoked("policy", "preview", policies, "--url", "http://127.0.0.1:9")
        assert found.exit_code == 1
        assert "127.0.0.1:9" in found.output
