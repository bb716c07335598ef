"""pii-tags: fields whose names tell of people carry a tag, inline or in the metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from pydantic import Field

from decapolis_policies.rule import Change, Fault, Rule, RuleOptions

_NAMES = [
    "*email*",
    "*phone*",
    "*ssn*",
    "*birth*",
    "*passport*",
    "*iban*",
    "first_name",
    "last_name",
    "firstName",
    "lastName",
]


class Options(RuleOptions):
    """Which fields tell of people, and which tag says so."""

    fields: list[str] = Field(default_factory=lambda: list(_NAMES), description="globs on names of fields, in any case")
    tags: list[str] = Field(default_factory=lambda: ["PII"], min_length=1, description="one of these is needed")


def check(change: Change, options: Options) -> Iterator[Fault]:
    """A fault for each such field without any of the tags."""
    metadata = change.candidate.metadata
    beside: Mapping[str, tuple[str, ...]] = {} if metadata is None else metadata.tags
    globs = [glob.lower() for glob in options.fields]
    for field in change.outline.fields:
        if not any(fnmatchcase(field.name.lower(), glob) for glob in globs):
            continue
        tags = {*field.tags, *(tag for path, found in beside.items() if _means(path, field.path) for tag in found)}
        if tags.isdisjoint(options.tags):
            yield Fault(field.path, f"the field needs one of the tags {', '.join(options.tags)}")


def _means(pattern: str, path: str) -> bool:
    """Whether a path of the metadata means a field: `**` stands for any steps, `*` for one."""
    expression = "".join(
        {"**": ".*", "*": "[^./]*", "?": "[^./]"}.get(part, re.escape(part))
        for part in re.split(r"(\*\*|\*|\?)", pattern)
    )
    return re.fullmatch(expression, path) is not None


rule = Rule("pii-tags", "Fields about people are tagged.", Options, check)
