"""The plan for a table of the open-source server, whose columns are replaced as a whole and by no rule (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from decapolis_formats.types import Struct
from decapolis_translators.catalog import Plan, Step
from decapolis_translators.columns import Kind, changes

from . import spark
from .config import UnityConfig
from .planning import EMPTY, location_of, paired, renamed, with_comments
from .tables import UnityTable, Wanted, comparable


@dataclass
class SetColumnsPlan:
    """One plan for a table of the open-source server, whose columns are replaced as a whole and by no rule."""

    name: str
    subject: str
    wanted: Wanted
    config: UnityConfig
    alters: bool
    """Whether the server has the Delta API."""

    def run(self, current: UnityTable | None) -> Plan:
        """One step, or none."""
        if not self.wanted.struct.fields:
            return Plan(self.name, (), (EMPTY,), self.wanted.losses)
        if current is None:
            return self._create()
        now = comparable(current.model, outer=True)
        names = paired(now, self.wanted)
        now = renamed(now, names)
        columns = self._columns(now)
        told = list(_in_words(now, columns, names))
        if current.subject != self.subject:
            told.append(f"mark as the table of {self.subject}")
        if not told:
            return Plan(self.name, losses=self.wanted.losses)
        impossible = self._why_not(current)
        if impossible is None:
            step = Step("set_columns", "", "; ".join(told), self._arguments(columns, current.fingerprint))
            return Plan(self.name, (step,), (), self.wanted.losses)
        if self.config.recreate_tables and current.subject == self.subject and current.table_type == "EXTERNAL":
            step = Step("recreate", "", f"drop and create anew: {'; '.join(told)}", self._arguments(columns, None))
            return Plan(self.name, (step,), (), self.wanted.losses)
        return Plan(self.name, (), tuple(f"{each}: {impossible}" for each in told), self.wanted.losses)

    def _create(self) -> Plan:
        if location_of(self.name, self.config) is None:
            why = "storage_location is not configured, and the open-source server wants one for every external table"
            return Plan(self.name, (), (f"{self.name} cannot be created: {why}",), self.wanted.losses)
        steps = [Step("create", "", f"create table {self.name}", self._arguments(self.wanted.struct, None))]
        if self.config.create_schemas:
            schema = self.name.rpartition(".")[0]
            steps.insert(0, Step("create_schema", "", f"create schema {schema}"))
        return Plan(self.name, tuple(steps), (), self.wanted.losses)

    def _columns(self, now: Struct) -> Struct:
        """What the table will have: the document's columns, and those that are kept behind them."""
        wanted = with_comments(self.wanted.struct, now)
        if self.config.removed_fields == "drop":
            return wanted
        taken = {each.name.lower() for each in wanted.fields}
        kept = (each for each in now.fields if each.name.lower() not in taken)
        return replace(wanted, fields=(*wanted.fields, *(replace(each, nullable=True, default=None) for each in kept)))

    def _arguments(self, columns: Struct, before: str | None) -> dict[str, Any]:
        return {"struct": columns, "subject": self.subject, "before": before}

    def _why_not(self, current: UnityTable) -> str | None:
        if not self.alters:
            return "this server cannot change a table (it has no Delta API, which came with Unity Catalog 0.5)"
        if current.format != "DELTA":
            return f"the table is {current.kind or 'of no known kind'}, and only Delta tables can be changed"
        if current.table_type != "EXTERNAL":
            return "a managed table is changed by the engine that commits to it"
        return None


def _in_words(now: Struct, wanted: Struct, names: Mapping[str, str]) -> Iterator[str]:
    for old, new in names.items():
        yield f"rename {old} to {new}"
    order = [each.name.lower() for each in now.fields]
    for change in changes(now, wanted, fold=str.lower):
        if change.kind is Kind.TYPE and change.before is not None and change.after is not None:
            yield f"change {change.name} from {spark.text(change.before.type)} to {spark.text(change.after.type)}"
        else:
            yield f"{_VERBS[change.kind]} {change.name}"
    there = {each.name.lower() for each in wanted.fields}
    stay = [each for each in order if each in there]
    if stay != [each.name.lower() for each in wanted.fields if each.name.lower() in stay]:
        yield "reorder columns"
    if (now.doc or "") != (wanted.doc or ""):
        yield "comment the table"


_VERBS: Final = {
    Kind.ADD: "add",
    Kind.DROP: "drop",
    Kind.RELAX: "allow nulls in",
    Kind.TIGHTEN: "forbid nulls in",
    Kind.DOC: "comment",
}
