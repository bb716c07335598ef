"""The plan for a table that Databricks alters by statements, by the rules of Delta (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from decapolis_formats.types import Field, List, Loss, Map
from decapolis_translators.catalog import Plan, Step
from decapolis_translators.columns import Change, Kind, changes

from . import spark, sql
from .config import UnityConfig
from .planning import EMPTY, location_of, paired, properties_of, renamed, with_comments
from .tables import MARK, UnityTable, Wanted, comparable
from .widening import widens

MAPPING: Final = "delta.columnMapping.mode"
WIDENING: Final = "delta.enableTypeWidening"


@dataclass
class DeltaPlan:
    """One plan for a table that Databricks alters by statements."""

    name: str
    subject: str
    wanted: Wanted
    config: UnityConfig
    steps: list[Step] = field(default_factory=list)
    impossible: list[str] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    features: frozenset[str] = frozenset()

    def run(self, current: UnityTable | None) -> Plan:
        """The statements in their order."""
        self.losses.extend(self.wanted.losses)
        if not self.wanted.struct.fields:
            self.impossible.append(EMPTY)
        elif current is None:
            self._create()
        else:
            self._change(current)
        return Plan(self.name, tuple(self.steps), tuple(self.impossible), tuple(dict.fromkeys(self.losses)))

    def _do(self, what: str, path: str, text: str) -> None:
        self.steps.append(Step(what, path, text))

    def _create(self) -> None:
        catalog, schema, _ = self.name.split(".")
        if self.config.create_schemas:
            self._do("create_schema", "", sql.create_schema(catalog, schema))
        where = location_of(self.name, self.config)
        properties = properties_of(self.subject, self.config)
        self._do("create", "", sql.create(self.name, self.wanted.struct, properties, location=where))

    def _change(self, current: UnityTable) -> None:
        before = len(self.steps)
        self.features = current.features
        now = comparable(current.model, outer=True)
        names = paired(now, self.wanted) if MAPPING in self.features else {}
        for old, new in names.items():
            self._do("rename", new, sql.rename(self.name, old, new))
        now = renamed(now, names)
        self.order = [each.name for each in now.fields]
        wanted = with_comments(self.wanted.struct, now)
        for change in changes(now, wanted, fold=str.lower):
            self._changed(change)
        self._sort()
        if wanted.doc and now.doc != wanted.doc:
            self._do("comment", "", sql.comment_on(self.name, wanted.doc))
        if current.format != "DELTA" and (len(self.steps) > before or self.impossible):
            kind = current.kind or "of no known kind"
            self.impossible.insert(0, f"{self.name} is {kind}: only Delta tables can be altered")
        if current.subject != self.subject:
            self._do("mark", "", sql.set_properties(self.name, {MARK: self.subject}))

    def _changed(self, change: Change) -> None:
        match change:
            case Change(Kind.ADD, after=Field() as after):
                self._add(change, after)
            case Change(Kind.DROP, before=Field() as before):
                self._drop(change, before)
            case Change(Kind.TYPE, before=Field() as before, after=Field() as after):
                self._retype(change, before, after)
            case Change(Kind.RELAX):
                self._do("relax", change.name, sql.alter(self.name, change.path, "DROP NOT NULL"))
            case Change(Kind.TIGHTEN):
                self._tighten(change)
            case Change(Kind.DOC, after=Field() as after):
                self._do("comment", change.name, _comment(self.name, change, after))

    def _add(self, change: Change, after: Field) -> None:
        position = self._position(change)  # noted also where the column cannot be added: others may stand behind it
        enforced = not after.nullable and self.config.not_null == "enforce"
        value = sql.literal(self.wanted.defaults.get(change.name), after.type) if self._has_default(change) else None
        if enforced and (len(change.path) > 1 or value is None):
            self.impossible.append(
                f"{change.name} cannot be added as required: the rows that are there have no value for it"
            )
            return
        self._do("add", change.name, sql.add(self.name, change.path, after, position))
        if enforced:
            self._do("fill", change.name, sql.backfill(self.name, change.name, str(value)))
            self._do("tighten", change.name, sql.alter(self.name, change.path, "SET NOT NULL"))
        elif not after.nullable:
            self.losses.append(Loss(change.name, "that it is never null", "rows that are there have no value for it"))

    def _has_default(self, change: Change) -> bool:
        return len(change.path) == 1 and change.name in self.wanted.defaults

    def _position(self, change: Change) -> str:
        """Where a column of the table goes; a member of a struct goes behind the others."""
        if len(change.path) > 1:
            return ""
        names = [each.name for each in self.wanted.struct.fields]
        at = names.index(change.name)
        if at == 0:
            self.order.insert(0, change.name)
            return sql.first() if len(self.order) > 1 else ""
        folded = [each.lower() for each in self.order]
        behind = folded.index(names[at - 1].lower())
        self.order.insert(behind + 1, change.name)
        return "" if behind + 2 == len(self.order) else sql.after(self.order[behind])

    def _drop(self, change: Change, before: Field) -> None:
        if self.config.removed_fields == "keep":
            if not before.nullable:
                self._do("relax", change.name, sql.alter(self.name, change.path, "DROP NOT NULL"))
            return
        if MAPPING not in self.features:
            self.impossible.append(
                f"{change.name} cannot be dropped: the table has no column mapping ({MAPPING} = name)"
            )
            return
        self._do("drop", change.name, sql.drop(self.name, change.path))
        if len(change.path) == 1:
            self.order.remove(change.name)

    def _retype(self, change: Change, before: Field, after: Field) -> None:
        here, there = spark.text(before.type), spark.text(after.type)
        if isinstance(before.type, (List, Map)) and type(before.type) is type(after.type):
            why = "Delta changes nothing inside of lists and maps"
        elif not widens(before.type, after.type):
            why = "Delta only widens numbers, and dates to timestamps without a zone"
        elif WIDENING not in self.features:
            why = f"the table has no type widening ({WIDENING} = true)"
        else:
            self._do("widen", change.name, sql.alter(self.name, change.path, f"TYPE {sql.type_of(after.type)}"))
            return
        self.impossible.append(f"{change.name} cannot become {there} from {here}: {why}")

    def _tighten(self, change: Change) -> None:
        if self.config.not_null == "enforce":
            self._do("tighten", change.name, sql.alter(self.name, change.path, "SET NOT NULL"))
        else:
            self.losses.append(Loss(change.name, "that it is never null", "the column may hold nulls already"))

    def _sort(self) -> None:
        """Moves columns until those of the document stand in its order."""
        wanted = [each.name.lower() for each in self.wanted.struct.fields]
        spelled = {each.lower(): each for each in self.order}
        order = [each.lower() for each in self.order if each.lower() in wanted]
        for at, name in enumerate(each for each in wanted if each in order):
            if order[at] == name:
                continue
            order.remove(name)
            order.insert(at, name)
            where = sql.after(spelled[order[at - 1]]) if at else sql.first()
            self._do("move", spelled[name], sql.alter(self.name, (spelled[name],), where.strip()))


def _comment(name: str, change: Change, after: Field) -> str:
    return sql.alter(name, change.path, f"COMMENT {sql.quoted(after.doc or '')}")
