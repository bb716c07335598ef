"""`decapolis judge` and `canonical` as processes: JSON Lines in and out, in order, streaming, with their exit codes."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from decapolis.cli import streaming
from decapolis.cli.judge import exit_code
from tests.reference_cases import OWN, SHARED

COMMAND = [sys.executable, "-m", "decapolis"]
GOOD = {"id": "good", "format": "AVRO", "level": "BACKWARD", "old": '"int"', "new": '"long"'}
BAD = {"id": "bad", "format": "AVRO", "level": "BACKWARD", "old": '"string"', "new": '"int"'}
LOGICAL = {
    "format": "AVRO",
    "level": "BACKWARD",
    "old": {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
    "new": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 5},
}


def run(command: str, lines: list[Any], *flags: str) -> tuple[int, list[dict[str, Any]]]:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    done = subprocess.run(
        [*COMMAND, command, *flags], input=text, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.stderr == ""
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


class TestJudge:
    @pytest.mark.parametrize(
        ("cases", "code"), [([GOOD], 0), ([GOOD, BAD], 2), ([BAD, {"id": 1}, GOOD], 1), ([], 0), (["", GOOD, "  "], 0)]
    )
    def test_exit_codes(self, cases: list[Any], code: int) -> None:
        assert run("judge", cases)[0] == code

    def test_answers_come_in_order_with_everything_that_is_known(self) -> None:
        _, (bad, good) = run("judge", [BAD, GOOD])
        assert good == {"id": "good", "compatible": True, "differences": [], "messages": []}
        assert (bad["id"], bad["compatible"], bad["differences"]) == ("bad", False, ["TYPE_MISMATCH /"])
        assert "reader type: INT not compatible with writer type: STRING" in bad["messages"][0]
        assert json.loads(bad["repair"]["schema"]) == ["int", "string"]

    @pytest.mark.parametrize(
        ("case", "says"),
        [
            ("not json", "must be a JSON object"),
            ("[1]", "must be a JSON object"),
            ("[" * 100_000, "must be a JSON object"),
            ('{"id": 1, "new": ' + "[" * 900 + "]" * 900 + "}", "'format' is missing"),
            ({**GOOD, "old": 5}, "'old' must be a schema's text"),
            ({**GOOD, "format": "XML"}, "Unknown schema format"),
            ({**GOOD, "format": "ICEBERG"}, "no compatibility engine"),
            ({**GOOD, "level": "SIDEWAYS"}, "Unknown compatibility level"),
            ({**GOOD, "policy": "LAX"}, "unknown policy"),
            ({**GOOD, "new": '{"type": "nope"}'}, "nope"),
            ({**GOOD, "old": '{"type": "nope"}'}, "nope"),
            ({key: value for key, value in GOOD.items() if key != "old"}, "'old' is missing"),
            ({**GOOD, "history": "x"}, "'history' must be a list"),
            ({**GOOD, "new": 5}, "'new' must be a schema's text"),
            ({**GOOD, "new_references": [{"name": "x"}]}, "'schema' is missing"),
            ({**GOOD, "history": [GOOD["old"]], "history_references": []}, None),
            ({**GOOD, "history": [GOOD["old"]], "history_references": [[], []]}, "a list for each version"),
        ],
    )
    def test_a_case_that_cannot_be_asked_is_an_error_and_the_rest_goes_on(self, case: Any, says: str | None) -> None:
        code, (answer, good) = run("judge", [case, GOOD])
        assert good["compatible"] is True
        if says is None:
            assert code == 0
            return
        assert code == 1
        assert answer["compatible"] is None
        assert says in answer["error"]

    def test_levels_policies_histories_and_references(self) -> None:
        history = [json.dumps({"type": "record", "name": "R", "fields": []}), '"int"', '"int"']
        lenient = {
            "format": "JSON",
            "level": "BACKWARD",
            "old": {"type": "object"},
            "new": {"type": "object", "properties": {"a": {"type": "string"}}},
        }
        part = {"name": "P", "schema": {"type": "record", "name": "P", "fields": []}}
        referring = {"type": "array", "items": "P"}
        cases = [
            {"format": "AVRO", "level": "BACKWARD", "history": history, "new": '"int"'},
            {"format": "AVRO", "level": "BACKWARD_TRANSITIVE", "history": history, "new": '"int"'},
            lenient,
            {**lenient, "policy": "LENIENT"},
            {
                "format": "AVRO",
                "level": "FULL",
                "old": referring,
                "new": referring,
                "old_references": [part],
                "new_references": [part],
            },
            {"format": "AVRO", "level": "NONE", "history": [], "new": '"int"'},
        ]
        _, found = run("judge", cases)
        assert [each["compatible"] for each in found] == [True, False, False, True, True, True]

    def test_strict_semantics_judge_by_the_formats_own_rules(self) -> None:
        assert run("judge", [LOGICAL])[0] == 0
        assert run("judge", [LOGICAL], "--strict-semantics")[0] == 2

    def test_no_repair_on_request(self) -> None:
        assert "repair" not in run("judge", [BAD], "--no-repair")[1][0]

    def test_texts_with_half_a_surrogate_pair_and_other_letters(self) -> None:
        line = '{"id": "\\ud800 ü", "format": "AVRO", "level": "NONE", "old": "\\"int\\"", "new": "\\"int\\""}'
        assert run("judge", [line])[1][0]["id"] == "\ud800 ü"

    def test_a_file_is_read_and_a_missing_one_told(self, tmp_path: Path) -> None:
        file = tmp_path / "cases.jsonl"
        file.write_text(json.dumps(GOOD))
        assert subprocess.run([*COMMAND, "judge", str(file)], capture_output=True, check=False).returncode == 0
        done = subprocess.run([*COMMAND, "judge", "no-such-file"], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "no-such-file" in done.stderr

    def test_many_cases_keep_their_order_on_all_cores(self) -> None:
        cases = [{**(BAD if number % 3 else GOOD), "id": number} for number in range(2000)]
        code, found = run("judge", cases)
        assert code == 2
        assert [each["id"] for each in found] == list(range(2000))
        assert [each["compatible"] for each in found] == [number % 3 == 0 for number in range(2000)]

    def test_it_streams_also_behind_the_first_cases(self) -> None:
        with subprocess.Popen([*COMMAND, "judge"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            for number in range(60):
                process.stdin.write(json.dumps({**GOOD, "id": number}).encode() + b"\n")
                process.stdin.flush()
                assert json.loads(process.stdout.readline())["id"] == number
            process.stdin.close()
            assert process.wait(10) == 0

    def test_a_reader_that_has_enough_is_no_catastrophe(self, tmp_path: Path) -> None:
        file = tmp_path / "cases.jsonl"
        file.write_text("\n".join(json.dumps({**BAD, "id": number}) for number in range(3000)))
        call = f"{shlex.join([*COMMAND, 'judge', str(file)])} | head -n 1"
        done = subprocess.run(call, shell=True, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)["id"] == 0
        assert done.stderr == ""


class TestCanonical:
    def test_answers_and_exit_codes(self) -> None:
        good = {"id": 1, "format": "AVRO", "schema": '{"type": "string"}'}
        odd = {"id": 2, "format": "AVRO", "schema": '{"type": "enum", "name": "Ü", "symbols": []}'}
        code, found = run("canonical", [good, odd])
        assert code == 2
        assert found[0] == {
            "id": 1,
            "valid": True,
            "valid_stored": True,
            "canonical": '"string"',
            "normalized": '"string"',
        }
        assert (found[1]["valid"], found[1]["valid_stored"], found[1]["normalized"]) == (False, True, None)
        assert found[1]["canonical"]
        assert found[1]["error"]
        assert run("canonical", [good])[0] == 0
        assert run("canonical", [good, {"id": 3}])[0] == 1

    def test_references(self) -> None:
        part = {"name": "p.proto", "schema": 'syntax = "proto3"; message P {}'}
        text = 'syntax = "proto3"; import "p.proto"; message M { P p = 1; }'
        assert run("canonical", [{"format": "PROTOBUF", "schema": text, "references": [part]}])[0] == 0
        assert run("canonical", [{"format": "PROTOBUF", "schema": text}])[0] == 2


def compared(path: Path) -> tuple[int, float]:
    """Puts every pair of a file to the command; how many there were and how many it judged in a second."""
    cases = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    pairs = [case for case in cases if case.get("kind") != "canonical"]
    before = time.monotonic()
    _, found = run("judge", pairs)
    seconds = time.monotonic() - before
    for case, answer in zip(pairs, found, strict=True):
        expected = case["expected_compatible"]
        if expected is None and "throws" in case.get("expected_error", ""):
            expected = False  # where the reference has no verdict ours is incompatible
        elif case.get("expected_incompatibilities") is not None:
            assert Counter(answer["differences"]) == Counter(case["expected_incompatibilities"]), case["id"]
        assert answer["compatible"] is expected, case["id"]
    return len(pairs), len(pairs) / seconds


@pytest.mark.skipif(not SHARED.exists(), reason="the third-party cases lie beside the repository")
def test_the_yardstick() -> None:
    number, rate = compared(SHARED)
    assert number > 2000
    assert rate > 200  # at least a thousand on two idle cores; tests share theirs


@pytest.mark.parametrize("name", ["avro", "json", "protobuf"])
def test_our_own_cases(name: str) -> None:
    assert compared(OWN / f"{name}.jsonl")[0] > 0


def test_a_case_that_fails_unforeseen_is_an_error_of_its_own() -> None:
    def fails(case: Any) -> dict[str, Any]:
        if case is None:
            return {"id": None, "compatible": None, "error": "not a case"}
        raise KeyError("nobody foresaw this")

    answers = streaming._answered([b'{"id": 7}'], fails, exit_code)
    assert [number for _, number in answers] == [1]
    assert json.loads(answers[0][0]) == {
        "id": 7,
        "compatible": None,
        "error": "this case could not be decided: KeyError: 'nobody foresaw this'",
    }
