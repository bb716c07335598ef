"""The documentation is true: links resolve, and what the README shows can be done."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from .served import served

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_resolve(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (page.parent / target).exists(), target


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)


def test_the_first_minute(tmp_path: Path) -> None:
    """The README's curl commands and its producer and consumer, as written but for the port."""
    commands = next(block for block in blocks(ROOT / "README.md", "sh") if "curl" in block)
    program = next(block for block in blocks(ROOT / "README.md", "python"))
    with served(tmp_path) as url:
        shown = subprocess.run(
            ["bash", "-ec", commands.replace("http://127.0.0.1:8081", url)], capture_output=True, text=True, check=True
        )
        assert shown.stdout.startswith('{"id":1}')
        assert '"error_code":409' in shown.stdout
        ran = subprocess.run(
            [sys.executable, "-c", program.replace("http://127.0.0.1:8081", url)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.strip() == "{'id': 42}"
        assert httpx.get(f"{url}/subjects").json() == ["users-value"]


def test_the_table_of_registries_is_what_the_types_declare() -> None:
    from tests.registries_page import PAGE, table

    assert table() in PAGE.read_text(), "run: python -m tests.registries_page"


def test_the_table_of_endpoints_is_what_is_served() -> None:
    from tests.federation_page import PAGE, table

    assert table() in PAGE.read_text(), "run: python -m tests.federation_page"


def test_what_is_said_to_be_proved_was_proved() -> None:
    """By a run of the suites as they are now, of every registry that the tests start, without a failure."""
    from tests.acceptance.conftest import FACADES
    from tests.registries_page import PAGE, capabilities_to_prove, proved, proved_table

    entries = proved()
    assert proved_table() in PAGE.read_text(), "run: python -m tests.registries_page"
    for name in ("embedded", *FACADES):
        shown = entries[name]["passed"]
        assert set(capabilities_to_prove()) <= set(shown), f"{name}: run: make test-registries"
    assert [name for name, entry in entries.items() if "failed" in str(entry["passed"])] == []


def test_every_command_is_on_its_page() -> None:
    import click

    from decapolis.cli import main

    page = (ROOT / "docs" / "command-line.md").read_text()
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            for inner in command.list_commands(context):
                assert f"`{name} {inner}`" in page or f"`{inner}`" in page, (name, inner)
        assert re.search(rf"`{name}\b", page), name
