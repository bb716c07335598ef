"""One YAML file as values, with the line of each, and everything that is wrong with it as YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .faults import Fault, Place, Problem, nearest, spelled
from .variables import SUFFIX

MOST_VALUES = 100_000
"""Aliases can make a small file mean billions of values; no configuration has this many."""
_MERGE = "tag:yaml.org,2002:merge"
_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_QUOTED = re.compile(r"""(['"]).{2,}\1""")


@dataclass
class Document:
    """What a file says and where; an unreadable one says nothing and has problems."""

    file: str
    value: dict[str, Any] = field(default_factory=dict)
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    overlaid: Mapping[str, str] = field(default_factory=dict)
    """Places (spelled) that a flag or a variable decided instead, and the flag's name."""

    def line(self, place: Place) -> int | None:
        """The line of a value, or of the nearest thing around it that the file has."""
        for length in range(len(place), 0, -1):
            if place[:length] in self.lines:
                return self.lines[place[:length]]
        return None

    def fault(self, problem: Problem) -> Fault:
        """The problem with this file's name and line."""
        path = spelled(self._as_written(problem.place))
        near = nearest(problem.meant or str(problem.place[-1]), problem.known) if problem.known else None
        if path in self.overlaid:
            return Fault(self.overlaid[path], None, path, problem.what, near)
        return Fault(self.file, problem.line or self.line(self._as_written(problem.place)), path, problem.what, near)

    def _as_written(self, place: Place) -> Place:
        # `password_file: PATH` was read as `password`
        written = (*place[:-1], f"{place[-1]}{SUFFIX}") if place else place
        return written if place not in self.lines and written in self.lines else place

    def faults(self) -> list[Fault]:
        """Everything that is wrong, from the top of the file down."""
        found = [self.fault(problem) for problem in self.problems]
        return sorted(found, key=lambda fault: fault.line or 0)


def read(path: Path) -> Document:
    """Reads a file; whatever is wrong with it is in its problems."""
    document = Document(str(path))
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as error:
        document.problems.append(Problem((), f"cannot be read: {error.strerror}"))
    except UnicodeDecodeError:
        document.problems.append(Problem((), "cannot be read: not UTF-8"))
    except yaml.YAMLError as error:
        document.problems.append(_not_yaml(error))
    else:
        if isinstance(node, yaml.MappingNode):
            document.value = _Values(document).mapping(node, ())
        elif node is not None:
            document.problems.append(Problem((), "a mapping is expected at the top"))
    return document


def _not_yaml(error: yaml.YAMLError) -> Problem:
    # the text around the fault could be a password, so only what the parser says about it is repeated
    said, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
    if mark is None:
        return Problem((), "not YAML: it holds characters that YAML does not allow")
    reason = _QUOTED.sub("…", str(said or "cannot be understood"))
    return Problem((), f"not YAML: {reason} (column {mark.column + 1})", line=mark.line + 1)


class _Values:
    """Turns the parser's nodes into values and notes the line of each."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._around: list[yaml.Node] = []
        self._count = 0
        self._scalars = yaml.constructor.SafeConstructor()

    def mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        """A mapping; of a key given twice the first counts and the second is a problem."""
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged |= self._merged(value_node, place)
                continue
            key = self._key(key_node)
            at = (*place, key)
            if key in found:
                first = self._document.lines[at]
                self._report(at, key_node, f"is given twice, first on line {first}")
                continue
            self._document.lines[at] = key_node.start_mark.line + 1
            found[key] = self._value(value_node, at)
        return merged | found

    def _merged(self, node: yaml.Node, place: Place) -> dict[str, Any]:
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        together: dict[str, Any] = {}
        for each in reversed(nodes):
            if isinstance(each, yaml.MappingNode):
                value = self._value(each, place)
                together |= value if isinstance(value, dict) else {}
            else:
                self._report(place, each, "<< needs a mapping")
        return together

    def _key(self, node: yaml.Node) -> str:
        return str(node.value) if isinstance(node, yaml.ScalarNode) else "?"

    def _value(self, node: yaml.Node, place: Place) -> Any:
        self._count += 1
        if node in self._around or self._count > MOST_VALUES:
            if self._count <= MOST_VALUES + 1:
                self._report(place, node, "refers to itself" if node in self._around else "holds too many values")
            return None
        self._around.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return self.mapping(node, place)
            if isinstance(node, yaml.SequenceNode):
                return [self._item(item, (*place, index)) for index, item in enumerate(node.value)]
            return self._scalar(node, place)
        finally:
            self._around.pop()

    def _item(self, node: yaml.Node, place: Place) -> Any:
        self._document.lines[place] = node.start_mark.line + 1
        return self._value(node, place)

    def _scalar(self, node: yaml.Node, place: Place) -> Any:
        if node.tag == _TIMESTAMP:  # free metadata must stay what JSON can carry
            return node.value
        try:
            return self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError):
            self._report(place, node, "has a tag or a value that is not understood; put it in quotes")
            return None

    def _report(self, place: Place, node: yaml.Node, what: str) -> None:
        self._document.problems.append(Problem(place, what, line=node.start_mark.line + 1))
