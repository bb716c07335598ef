"""A small catalog that executes the statements of Databricks SQL that concern tables, parsed by sqlglot.

Rules are those of Delta's documentation: columns are added nullable and without a default, dropped and renamed only with
column mapping, widened only with type widening and along its table, made required only where no row has a null.
"""

from __future__ import annotations

import logging
import re
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.tokens import Token, TokenType

from .asgi import Problem
from .unity_state import HeldColumn, HeldTable, UnityState
from .unity_types import SCALARS, IllegalType, checked

DIALECT = "databricks"
_ILLEGAL = re.compile(r"[ ,;{}()\n\t=]")
_VARIABLE = re.compile(r"\$\{[^}\s]*\}")
_KNOWN = frozenset(
    {"delta.columnMapping.mode", "delta.enableTypeWidening", "delta.appendOnly", "delta.feature.variantType-preview"}
)
_FROM_SQL = {text: name for name, text in SCALARS.items()} | {
    "text": "string",
    "varchar": "string",
    "timestampntz": "timestamp_ntz",
}
_WIDER = {
    "byte": ("short", "integer", "long", "double"),
    "short": ("integer", "long", "double"),
    "integer": ("long", "double"),
    "long": (),
    "float": ("double",),
    "date": ("timestamp_ntz",),
}
_DIGITS = {"byte": 10, "short": 10, "integer": 10, "long": 20}

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # statements that it only half knows are parsed here


class SqlError(Exception):
    """A statement that fails: the class of the error, its SQLSTATE and what it says."""

    def __init__(self, name: str, state: str, message: str) -> None:
        super().__init__(f"[{name}] {message} SQLSTATE: {state}")
        self.state = state


class SqlCatalog:
    """Executes statements on a state."""

    def __init__(self, state: UnityState, current: str = "main") -> None:
        self._state = state
        self._current = current

    def execute(self, text: str) -> None:
        """Executes one statement, or raises SqlError and changes nothing."""
        text = _VARIABLE.sub("", text)  # Spark replaces variables before it parses, in literals too
        try:
            statements = sqlglot.parse(text, read=DIALECT)
        except sqlglot.errors.SqlglotError as error:
            raise SqlError("PARSE_SYNTAX_ERROR", "42601", str(error)[:200]) from None
        if len(statements) != 1 or statements[0] is None:
            raise SqlError("PARSE_SYNTAX_ERROR", "42601", "exactly one statement is taken")
        self._one(statements[0], text)

    def _one(self, found: Any, text: str) -> None:
        match found:
            case exp.Create() if found.kind == "TABLE":
                self._create(found)
            case exp.Create() if found.kind == "SCHEMA":
                self._create_schema(found)
            case exp.Comment() if found.kind == "TABLE":
                table = self._table(found.this)
                table.comment = found.expression.name
                table.touch()
            case exp.Update():
                self._fill(found)
            case exp.Alter() | exp.Command():
                self._alter(text)
            case _:
                raise SqlError("PARSE_SYNTAX_ERROR", "42601", f"this catalog does not know {text[:60]}")

    # --- names

    def _names(self, table: Any) -> tuple[str, str, str]:
        return table.catalog or self._current, table.db or "default", table.name

    def _table(self, table: Any) -> HeldTable:
        return self._held(self._names(table))

    def _held(self, names: tuple[str, str, str]) -> HeldTable:
        try:
            return self._state.table(".".join(names))
        except Problem as missing:
            raise _absent(missing, ".".join(names)) from None

    # --- creating

    def _create_schema(self, found: Any) -> None:
        catalog, schema = found.this.catalog or self._current, found.this.db
        if catalog.lower() not in self._state.catalogs:
            raise SqlError("NO_SUCH_CATALOG_EXCEPTION", "42704", f"Catalog '{catalog}' was not found.")
        self._state.make_schema(catalog.lower(), schema.lower())

    def _create(self, found: Any) -> None:
        catalog, schema, name = self._names(found.this.this)
        try:
            held = self._state.schema(catalog, schema).tables
        except Problem as missing:
            raise _absent(missing, f"{catalog}.{schema}") from None
        if name.lower() in held:
            if found.args.get("exists"):
                return
            raise SqlError("TABLE_OR_VIEW_ALREADY_EXISTS", "42P07", f"Cannot create table {name}: it exists.")
        properties, comment, location = _said_of(found)
        _demand_known(properties)
        columns = [_column(each) for each in found.this.expressions]
        _demand_distinct(columns)
        mapped = properties.get("delta.columnMapping.mode") == "name"
        for each in columns:
            if _ILLEGAL.search(each.name) and not mapped:
                raise SqlError("DELTA_INVALID_CHARACTERS_IN_COLUMN_NAME", "42K05", f"illegal characters: {each.name}")
        kind = "MANAGED" if location is None else "EXTERNAL"
        held[name.lower()] = HeldTable(name.lower(), kind, "DELTA", columns, comment, properties, location)

    # --- altering

    def _alter(self, text: str) -> None:
        words = _Words(sqlglot.tokenize(text, read=DIALECT))
        words.demand("ALTER", "TABLE")
        names = words.path()
        if len(names) != 3:
            raise SqlError("PARSE_SYNTAX_ERROR", "42601", "a full name is expected")
        table = self._held((names[0], names[1], names[2]))
        if table.format != "DELTA" or table.table_type == "VIEW":
            raise SqlError("EXPECT_TABLE_NOT_VIEW", "42809", f"{table.name} is no Delta table")
        if words.take("ADD"):
            self._add(table, text)
        elif words.take("DROP", "COLUMN"):
            _drop(table, words.path())
        elif words.take("RENAME", "COLUMN"):
            old = words.path()
            words.demand("TO")
            _rename(table, old, words.path()[-1])
        elif words.take("SET", "TBLPROPERTIES"):
            found = sqlglot.parse_one(text, read=DIALECT).find(exp.Properties)
            properties = {each.this.name: each.args["value"].name for each in found.expressions} if found else {}
            _demand_known(properties)
            table.properties |= properties
        elif words.take("ALTER", "COLUMN"):
            self._alter_column(table, words)
        else:
            raise SqlError("PARSE_SYNTAX_ERROR", "42601", f"near {text[:80]}")
        table.touch()

    def _add(self, table: HeldTable, text: str) -> None:
        parsed = sqlglot.parse_one(text, read=DIALECT)
        for each in (item for action in parsed.args["actions"] for item in action.expressions):
            names = _way(each.this)
            for constraint in (item.args["kind"] for item in each.args.get("constraints") or ()):
                if not isinstance(constraint, exp.CommentColumnConstraint):
                    raise SqlError(
                        "PARSE_SYNTAX_ERROR", "42601", "NOT NULL and DEFAULT cannot be said of an added column"
                    )
            made = _column(each, names[-1])
            made.holds_nulls = table.rows > 0
            siblings = _members(table, names[:-1])
            if any(name.lower() == made.name.lower() for name in _names_of(siblings)):
                raise SqlError("FIELD_ALREADY_EXISTS", "42710", f"Cannot add column, because {'.'.join(names)} exists.")
            _insert(siblings, made, each.args.get("position"))

    @staticmethod
    def _alter_column(table: HeldTable, words: _Words) -> None:
        names = words.path()
        siblings = _members(table, names[:-1])
        at = _index(siblings, names[-1])
        if words.take("TYPE"):
            _widen(table, siblings, at, words.rest())
        elif words.take("SET", "NOT", "NULL"):
            _tighten(siblings, at)
        elif words.take("DROP", "NOT", "NULL"):
            _put(siblings, at, "nullable", True)
        elif words.take("COMMENT"):
            _put(siblings, at, "comment", words.string())
        elif words.take("FIRST"):
            siblings.insert(0, siblings.pop(at))
        elif words.take("AFTER"):
            moved = siblings.pop(at)
            siblings.insert(_index(siblings, words.path()[-1]) + 1, moved)
        else:
            raise SqlError("PARSE_SYNTAX_ERROR", "42601", f"near {words.rest()}")
        words.demand_end()

    def _fill(self, found: Any) -> None:
        table = self._table(found.this)
        for each in found.expressions:
            column = table.column(each.this.name)
            if column is None:
                raise SqlError("UNRESOLVED_COLUMN", "42703", f"A column {each.this.name} cannot be resolved.")
            where = found.args.get("where")
            if where is not None and isinstance(where.this, exp.Is) and where.this.this.name == each.this.name:
                column.holds_nulls = False


class _Words:
    """The tokens of a statement, one after another."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def take(self, *words: str) -> bool:
        """Goes behind these words where they are next."""
        ahead = self._tokens[self._at : self._at + len(words)]
        if [each.text.upper() for each in ahead] != list(words):
            return False
        self._at += len(words)
        return True

    def demand(self, *words: str) -> None:
        """Goes behind these words, which must be next."""
        if not self.take(*words):
            raise SqlError("PARSE_SYNTAX_ERROR", "42601", f"expected {' '.join(words)}")

    def path(self) -> list[str]:
        """Identifiers between dots."""
        names = [self._next().text]
        while self._at < len(self._tokens) and self._tokens[self._at].token_type is TokenType.DOT:
            self._at += 1
            names.append(self._next().text)
        return names

    def string(self) -> str:
        """A literal."""
        token = self._next()
        if token.token_type is not TokenType.STRING:
            raise SqlError("PARSE_SYNTAX_ERROR", "42601", "a string is expected")
        return token.text

    def rest(self) -> str:
        """What is left, as text."""
        left = self._tokens[self._at :]
        self._at = len(self._tokens)
        return " ".join(f"`{each.text}`" if each.token_type is TokenType.IDENTIFIER else each.text for each in left)

    def demand_end(self) -> None:
        """Nothing may be left."""
        if self._at < len(self._tokens):
            raise SqlError("PARSE_SYNTAX_ERROR", "42601", f"unexpected {self.rest()}")

    def _next(self) -> Token:
        if self._at >= len(self._tokens):
            raise SqlError("PARSE_SYNTAX_ERROR", "42601", "the statement ends too early")
        self._at += 1
        return self._tokens[self._at - 1]


def _absent(missing: Problem, name: str) -> SqlError:
    code = missing.body["error_code"]
    if code.startswith("TABLE"):
        return SqlError("TABLE_OR_VIEW_NOT_FOUND", "42P01", f"The table or view {name} cannot be found.")
    kind = "NO_SUCH_CATALOG_EXCEPTION" if code.startswith("CATALOG") else "SCHEMA_NOT_FOUND"
    return SqlError(kind, "42704", f"{name}: the catalog or schema cannot be found.")


def _way(name: Any) -> list[str]:
    if isinstance(name, exp.Dot):
        return [*_way(name.this), *_way(name.expression)]
    return [name.name]


def _said_of(create: Any) -> tuple[dict[str, str], str | None, str | None]:
    properties: dict[str, str] = {}
    comment = location = None
    said = create.args.get("properties")
    for each in said.expressions if said else ():
        match each:
            case exp.SchemaCommentProperty():
                comment = each.this.name
            case exp.LocationProperty():
                location = each.this.name
            case exp.FileFormatProperty():
                if each.this.name.upper() != "DELTA":
                    raise SqlError("DATA_SOURCE_NOT_FOUND", "42K02", f"{each.this.name} is not made here")
            case _:
                properties[each.this.name] = each.args["value"].name
    return properties, comment, location


def _demand_known(properties: dict[str, str]) -> None:
    for key in properties:
        if key.startswith("delta.") and key not in _KNOWN:
            raise SqlError("DELTA_UNKNOWN_CONFIGURATION", "F0000", f"Unknown configuration was specified: {key}")


def _demand_distinct(columns: list[HeldColumn]) -> None:
    names = [each.name.lower() for each in columns]
    if len(set(names)) != len(names):
        raise SqlError("COLUMN_ALREADY_EXISTS", "42711", f"Duplicate columns among {', '.join(sorted(names))}")


def _column(definition: Any, name: str | None = None) -> HeldColumn:
    constraints = [item.args["kind"] for item in definition.args.get("constraints") or ()]
    comment = next((each.this.name for each in constraints if isinstance(each, exp.CommentColumnConstraint)), None)
    required = any(
        isinstance(each, exp.NotNullColumnConstraint) and not each.args.get("allow_null") for each in constraints
    )
    return HeldColumn(name or definition.name, _type(definition.args["kind"]), not required, comment)


def _type(kind: Any) -> Any:
    name = kind.this.value.lower()
    inner = kind.expressions
    if name == "array":
        return {"type": "array", "elementType": _type(inner[0]), "containsNull": True}
    if name == "map":
        return {"type": "map", "keyType": _type(inner[0]), "valueType": _type(inner[1]), "valueContainsNull": True}
    if name == "struct":
        return {"type": "struct", "fields": [_as_field(_column(each)) for each in inner]}
    if name == "decimal":
        measures = [each.name for each in inner] or ["10"]
        said = f"decimal({measures[0]},{measures[1] if len(measures) > 1 else 0})"
    else:
        said = _FROM_SQL.get({"timestamptz": "timestamp", "timestampltz": "timestamp"}.get(name, name), name)
    try:
        return checked(said)
    except IllegalType as illegal:
        raise SqlError("UNSUPPORTED_DATATYPE", "0A000", str(illegal)) from None


def _as_field(column: HeldColumn) -> dict[str, Any]:
    metadata = {} if column.comment is None else {"comment": column.comment}
    return {"name": column.name, "type": column.type, "nullable": column.nullable, "metadata": metadata}


# columns of a table are objects, members of a struct are JSON: both are altered through these


def _members(table: HeldTable, path: list[str]) -> list[Any]:
    found: list[Any] = table.columns
    for name in path:
        type = _get(found[_index(found, name)], "type")
        if not isinstance(type, dict) or type["type"] != "struct":
            raise SqlError("INVALID_FIELD_NAME", "42000", f"{'.'.join(path)} is no struct")
        found = type["fields"]
    return found


def _get(member: Any, what: str) -> Any:
    if isinstance(member, HeldColumn):
        return getattr(member, what)
    return member["metadata"].get("comment") if what == "comment" else member.get(what)


def _put(siblings: list[Any], at: int, what: str, value: Any) -> None:
    member = siblings[at]
    if isinstance(member, HeldColumn):
        setattr(member, what, value)
    elif what == "comment":
        member["metadata"]["comment"] = value
    else:
        member[what] = value


def _names_of(siblings: list[Any]) -> list[str]:
    return [_get(each, "name") for each in siblings]


def _index(siblings: list[Any], name: str) -> int:
    names = [each.lower() for each in _names_of(siblings)]
    if name.lower() not in names:
        raise SqlError("UNRESOLVED_COLUMN", "42703", f"A column {name} cannot be resolved.")
    return names.index(name.lower())


def _insert(siblings: list[Any], made: HeldColumn, position: Any) -> None:
    new: Any = made if not siblings or isinstance(siblings[0], HeldColumn) else _as_field(made)
    if position is None:
        siblings.append(new)
    elif position.args["position"] == "FIRST":
        siblings.insert(0, new)
    else:
        siblings.insert(_index(siblings, position.this.name) + 1, new)


def _demand_mapping(table: HeldTable, what: str) -> None:
    if table.properties.get("delta.columnMapping.mode") != "name":
        raise SqlError(
            f"DELTA_UNSUPPORTED_{what}_COLUMN", "0AKDC", f"{what} COLUMN needs delta.columnMapping.mode = name"
        )


def _drop(table: HeldTable, path: list[str]) -> None:
    _demand_mapping(table, "DROP")
    siblings = _members(table, path[:-1])
    at = _index(siblings, path[-1])
    if len(siblings) == 1:
        raise SqlError("DELTA_DROP_COLUMN_ON_SINGLE_FIELD_SCHEMA", "0AKDC", "the only column cannot be dropped")
    del siblings[at]


def _rename(table: HeldTable, path: list[str], new: str) -> None:
    _demand_mapping(table, "RENAME")
    siblings = _members(table, path[:-1])
    if new.lower() in (each.lower() for each in _names_of(siblings)):
        raise SqlError("FIELD_ALREADY_EXISTS", "42710", f"{new} exists.")
    _put(siblings, _index(siblings, path[-1]), "name", new)


def _tighten(siblings: list[Any], at: int) -> None:
    if _get(siblings[at], "nullable") and isinstance(siblings[at], HeldColumn) and siblings[at].holds_nulls:
        raise SqlError("DELTA_NOT_NULL_CONSTRAINT_VIOLATED", "23502", f"{siblings[at].name} holds nulls.")
    _put(siblings, at, "nullable", False)


def _widen(table: HeldTable, siblings: list[Any], at: int, text: str) -> None:
    new = _type(sqlglot.parse_one(text, into=exp.DataType, read=DIALECT))
    old = _get(siblings[at], "type")
    if old == new:
        return
    if table.properties.get("delta.enableTypeWidening") != "true" or not _is_wider(old, new):
        raise SqlError(
            "DELTA_UNSUPPORTED_ALTER_TABLE_CHANGE_COL_OP", "0AKDC", f"ALTER TABLE CHANGE COLUMN from {old} to {new}"
        )
    _put(siblings, at, "type", new)


def _is_wider(old: Any, new: Any) -> bool:
    if not isinstance(old, str) or not isinstance(new, str):
        return False
    measured = re.fullmatch(r"decimal\((\d+),(\d+)\)", new)
    if measured is None:
        return new in _WIDER.get(old, ())
    precision, scale = int(measured[1]), int(measured[2])
    before = re.fullmatch(r"decimal\((\d+),(\d+)\)", old)
    if before is not None:
        return precision - int(before[1]) >= scale - int(before[2]) >= 0
    return old in _DIGITS and precision - scale >= _DIGITS[old]
