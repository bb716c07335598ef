"""What the image and the compose file promise, read out of their text; `.ci/image` builds and runs the image itself."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from decapolis.cli.container import refuse_lost_store

ROOT = Path(__file__).parents[1]
INSTRUCTION = re.compile(r"^([A-Z]+)\s+(.+)$")


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage, continued lines joined, comments left out."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    found: list[list[tuple[str, str]]] = [[]]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if match := INSTRUCTION.match(line):
            if match[1] == "FROM":
                found.append([])
            found[-1].append((match[1], match[2]))
    return found[1:]


def values(stage: list[tuple[str, str]], name: str) -> list[str]:
    return [value for instruction, value in stage if instruction == name]


def test_the_last_stage_takes_only_what_was_built() -> None:
    *_, last = stages()
    assert len(stages()) == 2
    assert values(last, "COPY") == ["--from=build /opt/decapolis /opt/decapolis"]
    assert not values(last, "ADD")
    assert all("slim" in value or "PYTHON_IMAGE" in value for stage in stages() for value in values(stage, "FROM"))


def test_it_runs_as_an_ordinary_user_with_a_fixed_number() -> None:
    *_, last = stages()
    assert values(last, "USER") == ["10001:10001"]
    order = [instruction for instruction, _ in last]
    assert order.index("USER") > max(index for index, name in enumerate(order) if name in {"RUN", "COPY"})


def test_entry_point_and_health_check_need_no_shell_and_no_further_program() -> None:
    *_, last = stages()
    assert values(last, "ENTRYPOINT") == ['["decapolis"]']
    assert values(last, "CMD") == ['["serve"]']
    [check] = values(last, "HEALTHCHECK")
    assert 'CMD ["python3", "-c"' in check
    assert "/health/ready" in check
    assert not re.search(r"curl|wget", check)


def test_nothing_secret_and_no_open_door_is_baked_in() -> None:
    said = [value for stage in stages() for name in ("ENV", "ARG") for value in values(stage, name)]
    assert not re.search(r"password|token|secret|DECAPOLIS_ACCESS", " ".join(said), re.IGNORECASE)
    assert "DECAPOLIS_STORE=sqlite:////data/decapolis.db" in " ".join(said)
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert next(line for line in ignored if not line.startswith("#")) == "*"


def test_the_build_takes_wheels_from_a_folder_where_there_is_no_index() -> None:
    build, _ = stages()
    [run] = values(build, "RUN")
    assert '--no-index --find-links "$WHEELS"' in run


def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return document


def test_compose_publishes_on_loopback_and_has_no_password() -> None:
    services = compose()["services"]
    assert set(services) == {"decapolis", "postgres", "redis", "prometheus"}
    for service in services.values():
        assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", []))
    assert services["decapolis"]["read_only"] is True
    passwords = re.findall(r"\$\{DECAPOLIS_POSTGRES_PASSWORD(.)", (ROOT / "compose.yaml").read_text())
    assert passwords == [":", ":"]


def test_the_files_that_compose_mounts_are_good() -> None:
    command = [sys.executable, "-m", "decapolis", "check-config", str(ROOT / "config" / "compose" / "gateway.yaml")]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    [job] = yaml.safe_load((ROOT / "config" / "compose" / "prometheus.yml").read_text())["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["decapolis:8081"]}]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)")
def test_promtool_finds_nothing_in_what_compose_mounts() -> None:
    command = ["promtool", "check", "config", str(ROOT / "config" / "compose" / "prometheus.yml")]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


MOUNTS = """22 1 0:21 / / ro,relatime - overlay overlay rw
30 22 0:25 / /proc rw - proc proc rw
31 22 8:1 /volumes/x /data rw - ext4 /dev/sda1 rw
32 22 8:1 /volumes/y /with\\040space rw - ext4 /dev/sda1 rw
"""


@pytest.mark.parametrize(
    ("store", "lost"),
    [
        ("sqlite:////data/decapolis.db", False),
        ("sqlite:////data/deeper/decapolis.db", False),
        ("sqlite:////with space/decapolis.db", False),
        ("sqlite:////var/decapolis.db", True),
        ("sqlite:////database/decapolis.db", True),
        ("postgresql://somewhere/decapolis", False),
    ],
)
def test_a_store_in_the_containers_own_layer_is_refused(tmp_path: Path, store: str, lost: bool) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    if not lost:
        refuse_lost_store(store, mounts)
        return
    with pytest.raises(click.ClickException, match="would be lost with this container: mount a volume at"):
        refuse_lost_store(store, mounts)


def test_without_a_list_of_mounts_the_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match="would be lost"):
        refuse_lost_store("sqlite:////data/decapolis.db", tmp_path / "none")
