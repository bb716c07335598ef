"""A registry's entry that comes over the wire: judged like one of a file, but it cannot name files to be read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from decapolis.settings import RegistryEntry
from decapolis_translators.discovery import Types

from .document import Document
from .entries import Entries
from .faults import nearest, spelled
from .variables import Variables

_OURS = "DECAPOLIS_"


class UnusableBody(ValueError):
    """Every problem of a body: its place and a sentence."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{place}: {what}" for place, what in problems))
        self.problems = problems


def entry_of_body(body: Mapping[str, Any], environ: Mapping[str, str], types: Types) -> RegistryEntry:
    """The entry with its variables filled; UnusableBody otherwise. The gateway's own variables are out of reach."""
    document = Document("body", value={"registries": [dict(body)]})
    entries = Entries(document, _allowed(environ), types, reads_files=False)
    if document.problems:
        problems = []
        for problem in document.problems:
            near = nearest(problem.meant or str(problem.place[-1]), problem.known) if problem.known else None
            what = problem.what + (f"; did you mean {near}?" if near else "")
            problems.append((spelled(problem.place[2:]), what))
        raise UnusableBody(problems)
    return entries.fitting[0]


def filled_config(body: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """The configuration of a body with its variables filled as far as they are set."""
    filled: dict[str, Any] = Variables(_allowed(environ), Path(), lenient=True).filled(
        dict(body.get("config") or {}), ()
    )
    return filled


def _allowed(environ: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in environ.items() if not key.startswith(_OURS)}
