"""Policies change without a restart, and a file that cannot be used changes nothing."""

from __future__ import annotations

import asyncio
import datetime
import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from decapolis.files import ConfigurationFault
from decapolis.judge import PolicyFile
from tests.gateway.conftest import Client, code, record
from tests.gateway.policed import Policed, gateway_of

DOCS = {"name": "docs", "rules": {"required-docs": {}}}


async def until(condition: Any, seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < end, "it did not come to pass"
        await asyncio.sleep(0.1)


async def checked(client: Client) -> bool:
    body = {"schema": json.dumps(record("a"))}
    answer = await client.post("/compatibility/subjects/s/versions", json=body)
    return bool(answer.json()["is_compatible"])


async def test_a_change_of_the_file_judges_the_next_write(policed: Policed) -> None:
    client = await policed()
    await client.registered("s", record("a"))
    assert await checked(client)
    assert await checked(client)  # a ready answer by now
    policed.write(DOCS)

    async def refused() -> bool:
        return not await checked(client)

    await until(refused)
    assert code(await client.register("s", record("a", "b=0"))) == (422, 42205)


@pytest.mark.parametrize("text", ["policies: [{name: x, flor: FULL}]", "policies: [", "policies: 7"])
async def test_a_bad_file_leaves_the_old_policies_in_force(
    policed: Policed, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = await policed(DOCS)
    policed.path.write_text(text)
    file = gateway_of(client).judge.file
    with caplog.at_level(logging.WARNING):
        assert file.refresh() is False
    assert str(policed.path) in file.problem
    assert "policies not taken over" in caplog.text
    assert code(await client.register("s", record("a"))) == (422, 42205)
    policed.write()
    assert file.refresh() is True
    assert file.problem is None


async def test_a_file_that_is_gone_leaves_the_old_policies_in_force(policed: Policed) -> None:
    client = await policed(DOCS)
    policed.path.unlink()
    assert gateway_of(client).judge.file.refresh() is False
    assert not await checked(client)


async def test_a_start_with_a_bad_file_is_refused(policed: Policed) -> None:
    with pytest.raises(ConfigurationFault, match="did you mean floor"):
        await policed({"name": "x", "flor": "FULL"})


async def test_an_exemption_ends_with_the_day(policed: Policed, monkeypatch: pytest.MonkeyPatch) -> None:
    today = datetime.date(2026, 5, 4)
    exemption = {"subject": "s", "rule": "required-docs", "owner": "me", "reason": "why", "expires": "2026-05-05"}
    client = await policed({**DOCS, "exemptions": [exemption]})
    judge = gateway_of(client).judge
    monkeypatch.setattr(judge, "today", lambda: today)
    assert await checked(client)
    monkeypatch.setattr(judge, "today", lambda: today + datetime.timedelta(1))
    await gateway_of(client).changes.count("embedded#settings")
    assert not await checked(client)


def test_sighup_reads_the_file_again_at_once(tmp_path: Path) -> None:
    policies, config = tmp_path / "policies.yaml", tmp_path / "gateway.yaml"
    policies.write_text("policies: []")
    config.write_text(f"store: sqlite:///{tmp_path}/s.db\nlisten: {{port: 0}}\npolicies_file: policies.yaml\n")
    call = [sys.executable, "-m", "decapolis", "serve", "--config", str(config)]
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().split()[3]
            policies.write_text(yaml.safe_dump({"policies": [DOCS]}))
            os.kill(server.pid, signal.SIGHUP)
            body = {"schema": json.dumps(record("a"))}
            headers = {"Content-Type": "application/json"}
            end = time.monotonic() + 10
            while httpx.post(f"{url}/compatibility/subjects/s/versions", json=body, headers=headers).json()[
                "is_compatible"
            ]:
                assert time.monotonic() < end
                time.sleep(0.05)
            assert server.poll() is None
        finally:
            server.terminate()
            server.communicate(timeout=30)


def test_a_set_that_matches_nobody_is_logged_when_it_is_taken_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "policies.yaml"
    path.write_text("policies: [{name: theirs, match: {tenant: acme}, floor: FULL}]")
    PolicyFile(path).open()
    told = [record for record in caplog.records if "matches nobody" in record.message]
    assert [record.__dict__["policy_set"] for record in told] == ["theirs"]
