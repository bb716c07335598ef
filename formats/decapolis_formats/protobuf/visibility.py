"""Which files a file may use: its imports, and what those import publicly."""

from __future__ import annotations

from collections.abc import Mapping

from .known import known_files
from .nodes import File
from .resolving import Types


def available_files(types: Types) -> Mapping[str, File]:
    """Every file that a schema can see by name, references before known ones; its own is called ''."""
    return {**known_files(), **{source.name: source.file for source in types.sources}}


def visible_files(file: File, types: Types) -> frozenset[str]:
    """The names of the files whose types `file` may use, its own '' among them."""
    available = available_files(types)
    waiting = [name for name in (*file.imports, *file.public_imports) if name in available]
    visible = {"", *waiting}
    for name in waiting:
        for public in available[name].public_imports:
            if public in available and public not in visible:
                visible.add(public)
                waiting.append(public)
    return frozenset(visible)
