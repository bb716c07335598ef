"""The tables of docs/transformations.md: `python -m decapolis_formats.rules_page` writes them.

For each source format what its types become in every other one; an exclamation mark says that something is lost.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Final

from .model import Format
from .options import Dialect, Options
from .rules import Rule, rules

_SQL: Final = {dialect.value: (Format.SQL_DDL, Options(dialect=dialect)) for dialect in Dialect}
_SIDES: Final[Mapping[str, tuple[Format, Options]]] = {
    **{
        format.value: (format, Options())
        for format in (Format.AVRO, Format.PROTOBUF, Format.JSON_SCHEMA, Format.ICEBERG, Format.PARQUET)
    },
    **_SQL,
}


def page() -> str:
    """All tables, one for each source."""
    return "\n".join(line for source in _SIDES for line in _table(source))


def _table(source: str) -> Iterator[str]:
    format, options = _SIDES[source]
    targets = [name for name in _SIDES if name != source]
    rows: dict[str, dict[str, Rule]] = {}
    for target in targets:
        to, wishes = _SIDES[target]
        both = Options(dialect=wishes.dialect, source_dialect=options.dialect)
        for rule in rules(format, to, both):
            rows.setdefault(rule.what, {})[target] = rule
    yield from (f"### From {source}", "", f"| | {source} | {' | '.join(targets)} |")
    yield "|---|---|" + "---|" * len(targets)
    for what, found in rows.items():
        first = next(iter(found.values()))
        yield f"| {_escaped(what)} | {_escaped(first.source)} | {' | '.join(_cell(found[name]) for name in targets)} |"
    yield ""


def _cell(rule: Rule) -> str:
    return f"{_escaped(rule.target)}{' !' if rule.lossy and rule.target != 'lost' else ''}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    sys.stdout.write(page())
