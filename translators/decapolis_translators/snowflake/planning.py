"""What must be done so that a table shows a document, and why it cannot be where it cannot.

A standard table takes new columns at its end, gives up columns and requirements, renames, and widens numbers, texts and
bytes. It changes no other type, adds no required column without a default, and leaves what is inside of a structured column
as it is; a table of Iceberg lets that evolve too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from decapolis_formats.fitting import fitted
from decapolis_formats.options import Dialect, Options
from decapolis_formats.sql_ddl.from_model import holds, spelled
from decapolis_formats.types import ABSENT, Binary, Boolean, Date, Decimal, Field, Loss, Model, Struct, Text, Type
from decapolis_formats.values import iso
from decapolis_translators.catalog import Plan, Step, Table
from decapolis_translators.columns import Change, Kind, changes

from .naming import parts
from .statements import dotted, identifier, literal
from .tables import marked

_DIALECT = Options(dialect=Dialect.SNOWFLAKE)


def in_columns(model: Model) -> tuple[Struct, tuple[Loss, ...]]:
    """The columns that Snowflake holds of a document's record, and what that loses; names keep their letter case."""
    held, losses = fitted(model, replace(holds(_DIALECT), fold=str), name="record")
    root = held.meaning(held.root)
    assert isinstance(root, Struct)
    return root, losses


def planned(subject: str, name: str, wanted: Model, current: Table | None, tag: str | None) -> Plan:
    """The whole plan."""
    columns, losses = in_columns(wanted)
    if current is None:
        return Plan(name, tuple(_making(subject, name, columns, tag)), (), losses)
    following = _Following(name, current, columns, _old_names(wanted))
    steps = list(following.steps())
    if current.subject is None or (current.doc or None) != (columns.doc or None):
        steps.append(_comment(subject, name, columns.doc))
    if current.subject is None:
        steps.extend(_tagging(subject, name, tag))
    return Plan(name, tuple(steps), tuple(following.impossible), (*losses, *following.losses))


def _making(subject: str, name: str, columns: Struct, tag: str | None) -> Iterator[Step]:
    lines = ",\n".join(f"  {_defined(field)}" for field in columns.fields)
    comment = literal(marked(columns.doc, subject))
    yield Step("create", "", f"CREATE TABLE IF NOT EXISTS {_full(name)} (\n{lines}\n) COMMENT = {comment}")
    yield from _tagging(subject, name, tag)


def _tagging(subject: str, name: str, tag: str | None) -> Iterator[Step]:
    """The subject as a tag, for discovery; the values of tags are short, and the comment is what counts."""
    if tag is not None:
        full = dotted(*parts(tag))
        yield Step("tag", "", f"CREATE TAG IF NOT EXISTS {full}")
        yield Step("tag", "", f"ALTER TABLE {_full(name)} SET TAG {full} = {literal(subject[:256])}")


def _comment(subject: str, name: str, doc: str | None) -> Step:
    return Step("comment", "", f"COMMENT ON TABLE {_full(name)} IS {literal(marked(doc, subject))}")


def _full(name: str) -> str:
    return dotted(*parts(name))


def _defined(field: Field, default: str = "") -> str:
    required = "" if field.nullable else " NOT NULL"
    comment = f" COMMENT {literal(field.doc)}" if field.doc else ""
    return f"{identifier(field.name)} {spelled(field.type, _DIALECT)}{required}{default}{comment}"


def _old_names(model: Model) -> dict[str, tuple[str, ...]]:
    """By the names of columns: the names that they had, where the document says so (Avro's aliases)."""
    root = model.meaning(model.root)
    found = {}
    for field in root.fields if isinstance(root, Struct) else ():
        aliases = field.properties.get("aliases")
        if isinstance(aliases, (list, tuple)):
            found[field.name] = tuple(str(each) for each in aliases)
    return found


@dataclass
class _Following:
    """One table that must follow."""

    name: str
    current: Table
    wanted: Struct
    old_names: dict[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        self.impossible: list[str] = []
        self.losses: list[Loss] = []
        kind = "ICEBERG TABLE" if self.current.kind == "iceberg" else "TABLE"
        self._alter = f"ALTER {kind} {_full(self.name)}"

    def steps(self) -> Iterator[Step]:
        """Renames first, because what follows uses the new names."""
        model = self.current.model
        for old, new in self._renames():
            text = f"{self._alter} RENAME COLUMN {identifier(old)} TO {identifier(new)}"
            yield Step("rename", new, text, {"from": old})
            model = replace(
                model, fields=tuple(replace(each, name=new) if each.name == old else each for each in model.fields)
            )
        seen: set[str] = set()
        for change in changes(model, self.wanted):
            if len(change.path) == 1:
                yield from self._step(change)
            elif change.path[0] not in seen and change.kind is not Kind.DOC:
                seen.add(change.path[0])
                yield from self._inside(change)
        self._note_order(model)

    def _renames(self) -> Iterator[tuple[str, str]]:
        there = {each.name for each in self.current.model.fields}
        kept = {each.name for each in self.wanted.fields}
        for field in self.wanted.fields:
            old = next((each for each in self.old_names.get(field.name, ()) if each in there - kept), None)
            if field.name not in there and old is not None:
                there.discard(old)
                yield old, field.name

    def _note_order(self, model: Struct) -> None:
        kept = [each.name for each in self.wanted.fields]
        there = [each.name for each in model.fields if each.name in kept]
        ends = [*there, *(name for name in kept if name not in there)]
        for name in (name for name, end in zip(kept, ends, strict=True) if name != end):
            self.losses.append(Loss(name, "its place among the columns", "Snowflake adds columns at the end only"))

    def _step(self, change: Change) -> Iterator[Step]:
        column = identifier(change.name)
        altered = f"{self._alter} ALTER COLUMN {column}"
        match change:
            case Change(kind=Kind.ADD, after=Field() as after):
                yield from self._adding(after)
            case Change(kind=Kind.DROP):
                yield Step("drop", change.name, f"{self._alter} DROP COLUMN IF EXISTS {column}")
            case Change(kind=Kind.TYPE, before=Field() as before, after=Field() as after):
                yield from self._retyping(altered, before, after)
            case Change(kind=Kind.RELAX):
                yield Step("relax", change.name, f"{altered} DROP NOT NULL")
            case Change(kind=Kind.TIGHTEN):
                yield Step("tighten", change.name, f"{altered} SET NOT NULL")
            case Change(kind=Kind.DOC, after=Field(doc=doc)):
                yield Step("comment", change.name, f"{altered} COMMENT {literal(doc or '')}")

    def _adding(self, field: Field) -> Iterator[Step]:
        if field.nullable:
            yield Step("add", field.name, f"{self._alter} ADD COLUMN IF NOT EXISTS {_defined(field)}")
            return
        default = _default(field)
        if default is None:
            self.impossible.append(
                f"column {field.name}: Snowflake adds a required column of {spelled(field.type, _DIALECT)} only with a "
                "default value, and the document has none that a column takes"
            )
            return
        # beside a default Snowflake takes no IF NOT EXISTS
        yield Step("add", field.name, f"{self._alter} ADD COLUMN {_defined(field, f' DEFAULT {default}')}")

    def _retyping(self, altered: str, before: Field, after: Field) -> Iterator[Step]:
        new = spelled(after.type, _DIALECT)
        if not _widens(before.type, after.type):
            self.impossible.append(
                f"column {after.name}: from {self._said(before.name)} to {new}, because {_why_not(before.type, after.type)}"
            )
            return
        yield Step("type", after.name, f"{altered} SET DATA TYPE {new}")

    def _inside(self, change: Change) -> Iterator[Step]:
        """A change of a member is one of the whole column, and only Iceberg's tables take those."""
        column = change.path[0]
        after = next(each for each in self.wanted.fields if each.name == column)
        new = spelled(after.type, _DIALECT)
        if self.current.kind != "iceberg":
            self.impossible.append(
                f"column {column}: from {self._said(column)} to {new} ({change.kind} {change.name}), because "
                "Snowflake changes nothing inside a structured column of a standard table"
            )
            return
        yield Step("type", column, f"{self._alter} ALTER COLUMN {identifier(column)} SET DATA TYPE {new}")

    def _said(self, column: str) -> str:
        return next((each.type for each in self.current.columns if each.name == column), "what it is")


def _widens(before: Type, after: Type) -> bool:
    """Whether the engine can make the one of the other without looking at values."""
    match before, after:
        case Decimal(precision=int() as old, scale=old_scale), Decimal(precision=int() as new, scale=scale):
            return old_scale == scale and new >= old
        case (Text(length=old_length), Text(length=length)) | (Binary(length=old_length), Binary(length=length)):
            return length is None or (old_length is not None and length >= old_length)
        case _:
            return False


def _why_not(before: Type, after: Type) -> str:
    match before, after:
        case Decimal(scale=old), Decimal(scale=new) if old != new:
            return "Snowflake never changes the scale of a number"
        case (Decimal(), Decimal()) | (Text(), Text()) | (Binary(), Binary()):
            return "Snowflake makes a column narrower only where all its values still fit"
        case _:
            return "Snowflake changes no type into a different one"


def _default(field: Field) -> str | None:
    """The default as it stands in a statement, None where there is none that a column takes."""
    value = field.default
    if value is ABSENT or value is None:
        return None
    match field.type:
        case Boolean():
            return "TRUE" if value else "FALSE"
        case Date():
            return f"DATE '{iso(value, field.type)}'"
        case Text():
            return literal(str(value))
        case Decimal():
            return f"{value:f}" if not isinstance(value, int) else str(value)
        case _:
            return repr(value) if isinstance(value, (int, float)) else None
