"""Commands over the whole estate, against a running gateway and without one."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .command import Gateway, ran, serving
from .conftest import record

ONE, TWO = json.dumps(record("a", name="User")), json.dumps(record("a", "b", name="User"))


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("cli")
    with serving("--port", "0", "--store", f"sqlite:///{folder}/store.db", folder=folder) as running:
        for subject in ("users-value", "people-value"):
            answer = httpx.post(f"{running.url}/subjects/{subject}/versions", json={"schema": ONE})
            answer.raise_for_status()
        yield running


def said(gateway: Gateway, folder: Path, *call: str, code: int = 0) -> str:
    done = ran(*call, "--url", gateway.url, folder=folder)
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout


def data(gateway: Gateway, folder: Path, *call: str, code: int = 0) -> Any:
    return json.loads(said(gateway, folder, *call, "-o", "json", code=code))


def test_registries(gateway: Gateway, tmp_path: Path) -> None:
    assert "embedded" in said(gateway, tmp_path, "registries", "list")
    rows = list(csv.DictReader(io.StringIO(said(gateway, tmp_path, "registries", "list", "-o", "csv"))))
    assert [row["id"] for row in rows] == ["embedded"]
    assert data(gateway, tmp_path, "registries", "show", "embedded")["type"] == "embedded"
    shown = said(gateway, tmp_path, "registries", "show", "embedded")
    assert "yes  import_ids" in shown
    assert "enabled: true\n" in shown
    assert data(gateway, tmp_path, "registries", "test", "embedded")["status"] == "ok"
    done = ran("registries", "test", "nope", "--url", gateway.url, folder=tmp_path)
    assert (done.returncode, "known: embedded" in done.stderr) == (1, True)


def test_find_and_search(gateway: Gateway, tmp_path: Path) -> None:
    assert data(gateway, tmp_path, "find", "users-value")["embedded"]["version"] == 1
    assert said(gateway, tmp_path, "find", "nobody", code=2).strip() == "(nothing)"
    hits = data(gateway, tmp_path, "search", "--field", "a")
    assert [hit["subject"] for hit in hits] == ["people-value", "users-value"]
    assert len(data(gateway, tmp_path, "search", "user", "--limit", "1")) == 1
    said(gateway, tmp_path, "search", "--field", "zzz", code=2)


def test_check_compare_and_transform(gateway: Gateway, tmp_path: Path) -> None:
    file = tmp_path / "two.avsc"
    file.write_text(TWO)
    verdict = data(gateway, tmp_path, "check", "users-value", "--file", "two.avsc", code=2)
    assert verdict["embedded"]["is_compatible"] is False
    said(gateway, tmp_path, "check", "users-value", "--file", "two.avsc", "--level", "forward")
    said(gateway, tmp_path, "check", "users-value", "--level", "FORWARD_FULL")
    assert ran("check", "users-value", "--url", gateway.url, folder=tmp_path).returncode == 1
    text = said(gateway, tmp_path, "compare", "embedded:users-value", "two.avsc", code=2)
    assert "only on the right" in text
    said(gateway, tmp_path, "compare", "embedded:users-value@1", "embedded:people-value")
    table = said(gateway, tmp_path, "transform", "two.avsc", "--to", "sql_ddl", "--rename", "a=account_id")
    assert "account_id" in table
    losses = list(
        csv.DictReader(io.StringIO(said(gateway, tmp_path, "transform", "two.avsc", "--to", "sql_ddl", "-o", "csv")))
    )
    assert all(row["why"] for row in losses)


def test_overview_recommendations_and_ids(gateway: Gateway, tmp_path: Path) -> None:
    assert data(gateway, tmp_path, "overview")["embedded"]["global"] == "BACKWARD"
    rows = list(csv.DictReader(io.StringIO(said(gateway, tmp_path, "overview", "--subjects", "-o", "csv"))))
    assert {row["subject"] for row in rows} == {"users-value", "people-value"}
    assert data(gateway, tmp_path, "recommendations")["results"][0]["kind"] == "twins"
    assert "users-value version 1" in said(gateway, tmp_path, "ids", "show", "1")
    said(gateway, tmp_path, "ids", "show", "77", code=2)


def test_without_a_server(tmp_path: Path) -> None:
    (tmp_path / "gateway.yaml").write_text(f"store: sqlite:///{tmp_path}/own.db\n")
    done = ran("registries", "list", "--config", "gateway.yaml", "-o", "json", folder=tmp_path)
    assert (done.returncode, [each["id"] for each in json.loads(done.stdout)]) == (0, ["embedded"])
    assert ran("find", "x", folder=tmp_path, DECAPOLIS_CONFIG="gateway.yaml").returncode == 2


def test_nobody_there_is_told_in_words(tmp_path: Path) -> None:
    done = ran("find", "x", "--url", "http://127.0.0.1:9", folder=tmp_path)
    assert done.returncode == 1
    assert "http://127.0.0.1:9 does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_store_in_use_is_told_in_words(gateway: Gateway, tmp_path: Path) -> None:
    del gateway  # its store is another one
    store = f"sqlite:///{tmp_path}/busy.db"
    with serving("--port", "0", "--store", store, folder=tmp_path):
        done = ran("find", "x", "--store", store, folder=tmp_path)
    assert done.returncode == 1
    assert "--url" in done.stderr
    assert "Traceback" not in done.stderr
