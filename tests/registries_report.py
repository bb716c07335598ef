"""A plug-in of pytest: which registry passed what, written to the file that DECAPOLIS_REPORT names.

It listens to the two suites that are written once for all registries: the contract suites (parameter `facade`) and the client
suite (parameter `registry`), whose tests say what they are a proof of.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

REPORT = "DECAPOLIS_REPORT"
CONTRACT = "contract suite"

Outcomes = dict[str, dict[str, dict[str, list[str]]]]


class Report:
    """What each registry passed, refused with its reason, and failed, by capability."""

    def __init__(self) -> None:
        self.seen: Outcomes = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Notes how each test ended; a set-up that fails is a failure too, and one that skips is told with its reason."""
        report = yield
        if call.when == "call" or report.outcome != "passed":
            reason = ""
            if report.skipped and isinstance(report.longrepr, tuple):
                reason = report.longrepr[2].removeprefix("Skipped: ")
            for name, capability in _places(item):
                self.seen[name][capability][report.outcome].append(reason or item.name)
        return report

    def pytest_sessionfinish(self) -> None:
        """Writes it down."""
        Path(os.environ[REPORT]).write_text(json.dumps(self.seen, indent=1, sort_keys=True))


def _places(item: pytest.Item) -> Iterator[tuple[str, str]]:
    given: dict[str, Any] = (
        item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    )
    if "facade" in given:
        yield given["facade"].name, CONTRACT
    for mark in item.iter_markers("proves"):
        yield str(given.get("registry", item.module.__name__)), mark.args[0]


def pytest_configure(config: pytest.Config) -> None:
    """Listens where somebody wants to know."""
    if REPORT in os.environ and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Report(), "registries-report")
