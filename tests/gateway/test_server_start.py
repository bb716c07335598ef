"""The start of the real command: what decides, and one sentence for everything that refuses it."""

from __future__ import annotations

import signal
import socket
import sqlite3
from pathlib import Path

import httpx
import pytest

from .command import ran, serving


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        port: int = opened.getsockname()[1]
        return port


def gateway_file(folder: Path, text: str) -> str:
    (folder / "gateway.yaml").write_text(text, encoding="utf-8")
    return "gateway.yaml"


def refused(sentence: str, *arguments: str, folder: Path, **variables: str) -> None:
    """The start ends with exit code 1 and says why in one line, without a stack of frames."""
    answer = ran("serve", *arguments, folder=folder, **variables)
    lines = [line for line in answer.stderr.splitlines() if not line.startswith("{")]
    assert (answer.returncode, answer.stdout) == (1, ""), answer.stderr
    assert len(lines) == 1, answer.stderr
    assert lines[0].startswith("Error: ")
    assert sentence in lines[0]
    assert "Traceback" not in answer.stderr


def test_a_flag_counts_before_a_variable_before_the_file(tmp_path: Path) -> None:
    by_file, by_variable, by_flag = free_port(), free_port(), free_port()
    config = gateway_file(tmp_path, f"listen: {{port: {by_file}}}\nstore: sqlite:///file.db")
    with serving("--config", config, folder=tmp_path) as gateway:
        assert gateway.port == by_file
    with serving(folder=tmp_path, DECAPOLIS_CONFIG=config, DECAPOLIS_PORT=str(by_variable)) as gateway:
        assert gateway.port == by_variable
    variables = {"DECAPOLIS_PORT": "1", "DECAPOLIS_STORE": "sqlite:///variable.db", "DECAPOLIS_HOST": "192.0.2.1"}
    flags = ("--port", str(by_flag), "--host", "127.0.0.1", "--config", config)
    with serving(*flags, folder=tmp_path, **variables) as gateway:
        assert gateway.port == by_flag
        assert "variable.db" in gateway.banner
    assert {path.name for path in tmp_path.glob("*.db")} == {"file.db", "variable.db"}
    assert not (tmp_path / "data").exists()


def test_config_is_never_read_unasked(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    gateway_file(tmp_path / "config", "nonsense: 1")
    gateway_file(tmp_path, "nonsense: 1")
    with serving("--port", "0", folder=tmp_path) as gateway:
        assert "embedded (embedded, home), store sqlite:///data/decapolis.db" in gateway.banner
        body = {"schema": '"string"'}
        assert httpx.post(f"{gateway.url}/subjects/s/versions", json=body).json()["id"] == 1
        assert gateway.stop(signal.SIGINT) == 0


def test_an_open_door_must_be_asked_for(tmp_path: Path) -> None:
    refused("can be reached from other machines", "--host", "0.0.0.0", folder=tmp_path)
    refused("can be reached from other machines", folder=tmp_path, DECAPOLIS_HOST="::")
    with serving("--host", "0.0.0.0", "--port", "0", folder=tmp_path, DECAPOLIS_ACCESS="open") as gateway:
        assert "no authentication: open" in gateway.banner
    config = gateway_file(tmp_path, "access: open\nlisten: {host: 0.0.0.0, port: 0}")
    with serving("--config", config, folder=tmp_path) as gateway:
        assert httpx.get(f"http://127.0.0.1:{gateway.port}/subjects").json() == []


def test_a_taken_port_refuses_before_the_store_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused(f"Cannot listen on 127.0.0.1 port {port}: address already in use", "--port", port, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("store", "sentence"),
    [
        ("oracle://u:hunter2@h/d", "a store is sqlite:///PATH or postgresql://…"),
        ("sqlite:///", "a store is sqlite:///PATH or postgresql://…"),
        ("sqlite:///:memory:", "memory would lose every id"),
        ("sqlite:///folder", "The store sqlite:///folder cannot be opened: unable to open database file"),
        ("sqlite:///text.db", "The store sqlite:///text.db cannot be opened: file is not a database"),
        ("sqlite:////proc/nowhere/x.db", "The store sqlite:////proc/nowhere/x.db cannot be opened: No such file"),
        ("postgresql://u:hunter2@127.0.0.1:1/d", "The store postgresql://u:***@127.0.0.1:1/d cannot be opened"),
    ],
)
def test_a_store_that_cannot_be_opened(tmp_path: Path, store: str, sentence: str) -> None:
    if store.startswith("postgresql"):
        pytest.importorskip("psycopg", reason="the PostgreSQL driver is not installed")
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.db").write_text("this is no database " * 100)
    refused(sentence, "--port", "0", "--store", store, folder=tmp_path)


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    refused("absent.yaml: cannot be read", "--config", "absent.yaml", folder=tmp_path)
    config = gateway_file(tmp_path, "listen: {prot: 1}")
    refused("gateway.yaml:1: listen.prot: unknown key", "--config", config, folder=tmp_path)
    config = gateway_file(tmp_path, "registries_file: nowhere.yaml")
    refused("nowhere.yaml: cannot be read", "--config", config, folder=tmp_path)
    config = gateway_file(tmp_path, "replicas: 2")
    refused("gateways cannot share a SQLite file", "--config", config, folder=tmp_path)
    refused("listen.port: input should be a valid integer", folder=tmp_path, DECAPOLIS_PORT="http")


def registries_file(folder: Path, *entries: str) -> None:
    (folder / "registries.yaml").write_text("registries:\n" + "".join(f"- {entry}\n" for entry in entries))


def test_a_base_that_moved_is_refused_with_both_values(tmp_path: Path) -> None:
    config = gateway_file(tmp_path, "registries_file: registries.yaml\nlisten: {port: 0}")
    entry = "{id: side, type: confluent, config: {url: 'http://127.0.0.1:9'}, ids: {base: %d, span: 1000}}"
    registries_file(tmp_path, entry % 500_000_000)
    with serving("--config", config, folder=tmp_path) as gateway:
        assert gateway.stop() == 0
    registries_file(tmp_path, entry % 600_000_000)
    refused(
        "ids base 600000000, span 1000, but ids were given with base 500000000", "--config", config, folder=tmp_path
    )
    registries_file(tmp_path, entry % 500_000_000)
    with serving("--config", config, folder=tmp_path) as gateway:
        assert gateway.stop() == 0


def test_a_home_that_moved_is_refused_with_the_ways_out(tmp_path: Path) -> None:
    with serving("--port", "0", folder=tmp_path):
        pass
    registries_file(
        tmp_path, "{id: embedded, type: embedded}", "{id: other, type: confluent, config: {url: 'http://x'}}"
    )
    config = gateway_file(tmp_path, "registries_file: registries.yaml\nhome: other\nlisten: {port: 0}")
    refused("home is other, but the ids of embedded were given unchanged", "--config", config, folder=tmp_path)


def test_a_type_that_is_not_installed_only_loads_disabled(tmp_path: Path) -> None:
    from decapolis.settings import REGISTRY_TYPES
    from decapolis_translators.discovery import Types

    absent = [name for name in REGISTRY_TYPES if name not in Types().names()]
    if not absent:
        pytest.skip("every known type is installed")
    entry = f"{{id: far, type: {absent[0]}, enabled: %s, config: {{token: '${{NOT_SET}}'}}}}"
    config = gateway_file(tmp_path, "registries_file: registries.yaml\nhome: embedded\nlisten: {port: 0}")
    registries_file(tmp_path, "{id: embedded, type: embedded}", entry % "true")
    sentence = f"Registry far is of type {absent[0]}, which this installation cannot speak to"
    refused(sentence, "--config", config, folder=tmp_path, NOT_SET="x")
    assert not (tmp_path / "data").exists()
    registries_file(tmp_path, "{id: embedded, type: embedded}", entry % "false")
    with serving("--config", config, folder=tmp_path) as gateway:
        answer = httpx.get(f"{gateway.url}/registries/far/subjects")
        assert (answer.status_code, "disabled" in answer.text) == (500, True)
        assert httpx.get(f"{gateway.url}/subjects").status_code == 200


def test_one_process_a_sqlite_file(tmp_path: Path) -> None:
    store = "sqlite:///one.db"
    with serving("--port", "0", "--store", store, folder=tmp_path) as first:
        sentence = f"Another gateway (process {first.process.pid}) works on one.db already"
        refused(sentence, "--port", "0", "--store", store, folder=tmp_path)
        (tmp_path / "alias.db").symlink_to("one.db")
        refused("works on alias.db already", "--port", "0", "--store", "sqlite:///alias.db", folder=tmp_path)
        first.stop(signal.SIGKILL)
    with serving("--port", "0", "--store", store, folder=tmp_path) as second:
        assert second.stop() == 0
    with sqlite3.connect(tmp_path / "one.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
