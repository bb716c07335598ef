"""The four dialects as data: how each spells the types that it holds, and what a bare name of it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from decapolis_formats.options import Dialect
from decapolis_formats.types import (
    Binary,
    Boolean,
    Date,
    Decimal,
    Duration,
    Floating,
    Integer,
    Scalar,
    Text,
    Time,
    Timestamp,
    Unit,
    Uuid,
    Variant,
)

_UNITS: Final = tuple(Unit)


@dataclass(frozen=True, slots=True)
class Spelling:
    """One dialect. `parser` is what sqlglot calls it; the texts with braces take a measure or inner types.

    `null_items`, `null_members`: whether those can only be nullable; `lists_in_lists`: whether there are any.
    `comment`: behind a column or, with `members_documented`, a member; `table_comment`: behind the table.
    """

    parser: str
    scalars: Mapping[Scalar, str]
    text: str
    binary: str | None
    decimal: Callable[[Decimal], str | None]
    array: str
    map: str | None
    struct: str
    member: str
    comment: str | None
    table_comment: str | None
    members_documented: bool = False
    members_required: bool = True
    items_nullable: bool = True
    lists_in_lists: bool = True
    unsaid_decimal: tuple[int, int] = (38, 0)


def _plain_decimal(name: str, precision: int, scale: int) -> Callable[[Decimal], str | None]:
    def spelled(type: Decimal) -> str | None:
        if type.precision is None or type.size is not None:
            return None
        fits = 1 <= type.precision <= precision and 0 <= type.scale <= min(scale, type.precision)
        return f"{name}({type.precision}, {type.scale})" if fits else None

    return spelled


def _bigquery_decimal(type: Decimal) -> str | None:
    if type.precision is None or type.size is not None or not 0 <= type.scale <= type.precision:
        return None
    whole = type.precision - type.scale
    if type.scale <= 9 and whole <= 29 and type.precision >= max(1, type.scale):
        return f"NUMERIC({type.precision}, {type.scale})"
    return f"BIGNUMERIC({type.precision}, {type.scale})" if type.scale <= 38 and whole <= 38 else None


_DATABRICKS: Final[Mapping[Scalar, str]] = {
    Boolean(): "BOOLEAN",
    Integer(8): "TINYINT",
    Integer(16): "SMALLINT",
    Integer(32): "INT",
    Integer(64): "BIGINT",
    Floating(32): "FLOAT",
    Floating(64): "DOUBLE",
    Text(): "STRING",
    Binary(): "BINARY",
    Date(): "DATE",
    Timestamp(Unit.MICROS): "TIMESTAMP",
    Timestamp(Unit.MICROS, zoned=False): "TIMESTAMP_NTZ",
    Variant(): "VARIANT",
}
_SNOWFLAKE: Final[Mapping[Scalar, str]] = {
    Boolean(): "BOOLEAN",
    Floating(64): "FLOAT",
    Text(): "VARCHAR",
    Binary(): "BINARY",
    Date(): "DATE",
    Variant(): "VARIANT",
    **{Time(unit): f"TIME({unit.digits})" for unit in _UNITS},
    **{Timestamp(unit): f"TIMESTAMP_LTZ({unit.digits})" for unit in _UNITS},
    **{Timestamp(unit, zoned=False): f"TIMESTAMP_NTZ({unit.digits})" for unit in _UNITS},
}
_BIGQUERY: Final[Mapping[Scalar, str]] = {
    Boolean(): "BOOL",
    Integer(64): "INT64",
    Floating(64): "FLOAT64",
    Text(): "STRING",
    Binary(): "BYTES",
    Date(): "DATE",
    Time(Unit.MICROS): "TIME",
    Timestamp(Unit.MICROS): "TIMESTAMP",
    Timestamp(Unit.MICROS, zoned=False): "DATETIME",
    Duration(): "INTERVAL",
    Variant(): "JSON",
}
_ANSI: Final[Mapping[Scalar, str]] = {
    Boolean(): "BOOLEAN",
    Integer(16): "SMALLINT",
    Integer(32): "INTEGER",
    Integer(64): "BIGINT",
    Floating(32): "REAL",
    Floating(64): "DOUBLE PRECISION",
    Text(): "VARCHAR",
    Binary(): "VARBINARY",
    Date(): "DATE",
    Uuid(): "UUID",
    Variant(): "JSON",
    **{Time(unit): f"TIME({unit.digits})" for unit in _UNITS},
    **{Time(unit, utc=True): f"TIME({unit.digits}) WITH TIME ZONE" for unit in _UNITS},
    **{Timestamp(unit): f"TIMESTAMP({unit.digits}) WITH TIME ZONE" for unit in _UNITS},
    **{Timestamp(unit, zoned=False): f"TIMESTAMP({unit.digits})" for unit in _UNITS},
}

SPELLINGS: Final[Mapping[Dialect, Spelling]] = {
    Dialect.DATABRICKS: Spelling(
        parser="databricks",
        scalars=_DATABRICKS,
        text="VARCHAR({})",
        binary=None,
        decimal=_plain_decimal("DECIMAL", 38, 38),
        array="ARRAY<{}>",
        map="MAP<{}, {}>",
        struct="STRUCT<{}>",
        member="{}: {}",
        comment=" COMMENT {}",
        table_comment=" COMMENT {}",
        members_documented=True,
        unsaid_decimal=(10, 0),
    ),
    Dialect.SNOWFLAKE: Spelling(
        parser="snowflake",
        scalars=_SNOWFLAKE,
        text="VARCHAR({})",
        binary="BINARY({})",
        decimal=_plain_decimal("NUMBER", 38, 37),
        array="ARRAY({})",
        map="MAP({}, {})",
        struct="OBJECT({})",
        member="{} {}",
        comment=" COMMENT {}",
        table_comment=" COMMENT = {}",
    ),
    Dialect.BIGQUERY: Spelling(
        parser="bigquery",
        scalars=_BIGQUERY,
        text="STRING({})",
        binary="BYTES({})",
        decimal=_bigquery_decimal,
        array="ARRAY<{}>",
        map=None,
        struct="STRUCT<{}>",
        member="{} {}",
        comment=" OPTIONS (description = {})",
        table_comment=" OPTIONS (description = {})",
        members_documented=True,
        items_nullable=False,
        lists_in_lists=False,
        unsaid_decimal=(38, 9),
    ),
    Dialect.ANSI: Spelling(
        parser="trino",
        scalars=_ANSI,
        text="VARCHAR({})",
        binary="VARBINARY({})",
        decimal=_plain_decimal("DECIMAL", 38, 38),
        array="ARRAY({})",
        map="MAP({}, {})",
        struct="ROW({})",
        member="{} {}",
        comment=None,
        table_comment=None,
        members_required=False,
    ),
}
