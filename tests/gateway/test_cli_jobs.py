"""Bulk calls, migrations and jobs from the command line, and the three names that operators script against."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from decapolis_translators.testing.fakes import Loopback

from .command import Gateway, clean, ran, serving
from .conftest import fake_of, fakes, record

__all__ = ["fakes"]

COLUMNS = ["subject", "version", "latest_version", "is_compatible", "compatibility_details"]


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    """Held to FORWARD_TRANSITIVE; one history breaks FORWARD_FULL."""
    with serving("--port", "0", "--store", f"sqlite:///{tmp_path}/store.db", folder=tmp_path) as running:
        fill(running.url)
        yield running


def fill(url: str) -> None:
    httpx.put(f"{url}/config", json={"compatibility": "FORWARD_TRANSITIVE"}).raise_for_status()
    for subject, versions in {
        "good-value": (record("a"), record("a", "b=0")),
        "odd, name/value": (record("a"),),
        "bad-value": (record("a"), record("a", "b")),
    }.items():
        for version in versions:
            path = f"{url}/subjects/{subject.replace('/', '%2F').replace(' ', '%20')}/versions"
            httpx.post(path, json={"schema": json.dumps(version)}).raise_for_status()


def said(gateway: Gateway, folder: Path, *call: str, code: int = 0) -> str:
    done = ran(*call, "--url", gateway.url, folder=folder)
    assert done.returncode == code, (call, done.stdout, done.stderr)
    return done.stdout


def data(gateway: Gateway, folder: Path, *call: str, code: int = 0) -> Any:
    return json.loads(said(gateway, folder, *call, "-o", "json", code=code))


def test_check_all(gateway: Gateway, tmp_path: Path) -> None:
    rows = list(
        csv.DictReader(
            io.StringIO(said(gateway, tmp_path, "check-all", "--level", "forward_full", "-o", "csv", code=2))
        )
    )
    verdicts = {row["subject"]: row["is_compatible"] for row in rows}
    assert verdicts == {"good-value": "true", "odd, name/value": "true", "bad-value": "false"}
    said(gateway, tmp_path, "check-all", "--level", "FORWARD_FULL", "--filter", "good*")
    said(gateway, tmp_path, "check-all")
    assert "matches" in ran("check-all", "--filter", "nobody*", "--url", gateway.url, folder=tmp_path).stderr


def test_set_compatibility(gateway: Gateway, tmp_path: Path) -> None:
    one = data(gateway, tmp_path, "set-compatibility", "full", "--registry", "embedded", "--subject", "good-value")
    assert (one["before"], one["after"]) == (None, "FULL")
    plan = data(gateway, tmp_path, "set-compatibility", "FORWARD_FULL", "--filter", "bad*", "--dry-run", code=2)
    assert plan["steps"][0]["is_compatible"] is False
    said(gateway, tmp_path, "set-compatibility", "FORWARD_FULL", "--filter", "good*")
    assert httpx.get(f"{gateway.url}/config/good-value").json()["compatibilityLevel"] == "FORWARD_FULL"
    said(gateway, tmp_path, "set-compatibility", "NONE", code=1)
    assert httpx.get(f"{gateway.url}/config").json()["compatibilityLevel"] == "FORWARD_TRANSITIVE"
    said(gateway, tmp_path, "set-compatibility", "FORWARD", "--yes")
    assert httpx.get(f"{gateway.url}/config").json()["compatibilityLevel"] == "FORWARD"
    said(gateway, tmp_path, "set-compatibility", "SIDEWAYS", "--filter", "good*", code=1)


def test_a_migration_there_and_back(gateway: Gateway, tmp_path: Path) -> None:
    status = data(gateway, tmp_path, "migrate", "analyze", code=2)
    found = {each["subject"]: each["status"] for each in status["analysis"]["subjects"]}
    assert found == {"good-value": "READY", "odd, name/value": "READY", "bad-value": "REPAIRABLE"}
    analysis = status["job"]["id"]
    job = data(gateway, tmp_path, "migrate", "execute", analysis, "--repair")
    assert job["state"] == "done"
    said(gateway, tmp_path, "migrate", "validate", job["id"])
    assert httpx.get(f"{gateway.url}/config/bad-value").json()["compatibilityLevel"] == "FORWARD_FULL"
    said(gateway, tmp_path, "migrate", "status", job["id"])
    said(gateway, tmp_path, "migrate", "rollback", job["id"])
    assert httpx.get(f"{gateway.url}/config/good-value").status_code == 404
    listed = data(gateway, tmp_path, "jobs", "list")
    assert {each["kind"] for each in listed} >= {"analyze", "migrate"}
    said(gateway, tmp_path, "jobs", "show", job["id"], "--follow")
    assert "good-value" in said(gateway, tmp_path, "jobs", "report", job["id"])
    said(gateway, tmp_path, "jobs", "report", job["id"], "--format", "pdf", "--to", "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    said(gateway, tmp_path, "jobs", "show", "nope", code=1)


def script(name: str, *arguments: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """A script as it is installed, with standard input closed."""
    path = Path(sys.executable).parent / name
    if not path.exists():
        pytest.skip(f"{name} is not installed: run make install")
    return subprocess.run(
        (str(path), *arguments),
        cwd=folder,
        env=clean(variables),
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        check=False,
    )


@pytest.mark.parametrize("ending", ["", ".sh"])
def test_the_old_names_give_right_answers(gateway: Gateway, tmp_path: Path, ending: str) -> None:
    where = {"SCHEMA_REGISTRY_URL": gateway.url}
    for topic, code in (("good", 0), ("bad", 2), ("nobody", 1)):
        done = script(f"check_topic_compatibility{ending}", topic, folder=tmp_path, **where)
        assert done.returncode == code, (topic, done.stdout, done.stderr)
    bad = script(f"check_topic_compatibility{ending}", "bad-value", folder=tmp_path, **where)
    row = next(csv.DictReader(io.StringIO(bad.stdout)))
    assert list(row) == COLUMNS
    assert (row["latest_version"], row["is_compatible"]) == ("2", "false")
    fine = script(f"check_topic_compatibility{ending}", "bad", "FORWARD_TRANSITIVE", folder=tmp_path, **where)
    assert fine.returncode == 0
    report = {"REPORT_FILE": "out.csv", "TARGET_MODE": "FORWARD_FULL", **where}
    done = script(f"check_all_topics_compatibility{ending}", folder=tmp_path, **report)
    assert done.returncode == 2
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text())))
    assert list(rows[0]) == COLUMNS
    assert {row["subject"]: row["is_compatible"] for row in rows} == {
        "good-value": "true",
        "odd, name/value": "true",
        "bad-value": "false",
    }
    done = script(f"set_compatibility{ending}", "FULL", "good-value", folder=tmp_path, **where)
    assert done.returncode == 0, done.stderr
    assert httpx.get(f"{gateway.url}/config/good-value").json()["compatibilityLevel"] == "FULL"
    assert script(f"set_compatibility{ending}", "--nope", folder=tmp_path, **where).returncode == 1
    nobody = script(
        f"check_topic_compatibility{ending}", "good", folder=tmp_path, SCHEMA_REGISTRY_URL="http://127.0.0.1:9"
    )
    assert nobody.returncode == 1
    assert "does not answer" in nobody.stderr


def test_the_old_names_work_on_a_registry_itself(fakes: Callable[..., Loopback], tmp_path: Path) -> None:
    """What the old scripts got wrong: the registry's own endpoint calls this history fine."""
    loopback = fakes()
    fill(loopback.url)
    where = {"SCHEMA_REGISTRY_URL": loopback.url}
    assert script("check_topic_compatibility", "bad", folder=tmp_path, **where).returncode == 2
    assert script("check_topic_compatibility", "good", folder=tmp_path, **where).returncode == 0
    assert script("set_compatibility", "FORWARD_FULL", "good-value", folder=tmp_path, **where).returncode == 0
    assert fake_of(loopback).state.configs["good-value"]["compatibilityLevel"] == "FULL_TRANSITIVE"


def test_everything_goes_out_and_in_again(gateway: Gateway, tmp_path: Path) -> None:
    key = {"type": "fixed", "name": "Key", "size": 4}
    httpx.post(f"{gateway.url}/subjects/key/versions", json={"schema": json.dumps(key)}).raise_for_status()
    order = {"type": "record", "name": "Order", "fields": [{"name": "key", "type": "Key"}]}
    references = [{"name": "Key", "subject": "key", "version": 1}]
    body = {"schema": json.dumps(order), "references": references}
    httpx.post(f"{gateway.url}/subjects/an-order/versions", json=body).raise_for_status()
    httpx.put(f"{gateway.url}/config/bad-value", json={"compatibility": "FORWARD"}).raise_for_status()
    said(gateway, tmp_path, "export", "all.jsonl", "--registry", "embedded")
    said(gateway, tmp_path, "export", "folder", "--registry", "embedded")
    said(gateway, tmp_path, "plan", "folder")
    other = tmp_path / "other"
    other.mkdir()
    with serving("--port", "0", "--store", f"sqlite:///{other}/store.db", folder=other) as second:
        httpx.put(f"{second.url}/config", json={"compatibility": "FORWARD_TRANSITIVE"}).raise_for_status()
        httpx.put(f"{second.url}/mode", json={"mode": "IMPORT"}).raise_for_status()
        rows = data(second, tmp_path, "import", "all.jsonl", "--registry", "embedded", "--keep-ids")
        assert {row["result"] for row in rows} == {"registered"}
        again = data(second, tmp_path, "import", "all.jsonl", "--registry", "embedded", "--no-levels")
        assert {row["result"] for row in again} == {"there already"}
        for path in ("/subjects", "/schemas/ids/1", "/subjects/an-order/versions/1", "/config/bad-value"):
            assert httpx.get(second.url + path).json() == httpx.get(gateway.url + path).json(), path
        said(second, tmp_path, "plan", "folder")
        (tmp_path / "bad.jsonl").write_text("{}\nnot json\n")
        said(second, tmp_path, "import", "bad.jsonl", "--registry", "embedded", code=1)
