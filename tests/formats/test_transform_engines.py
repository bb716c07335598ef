"""The results are used: real engines take the texts, data is written and read, and is equal."""

from __future__ import annotations

import datetime as dt
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import fastavro
import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, Phase, given, settings
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.schema import Schema as IcebergSchema

from decapolis_formats import Format
from decapolis_formats.options import Dialect, Options
from decapolis_formats.parquet.nodes import Column
from decapolis_formats.parquet.reading import read_message
from decapolis_formats.protobuf import parse as parse_protobuf
from decapolis_formats.protobuf.pools import pool_of
from decapolis_formats.transform import print_model, transform
from decapolis_formats.types import Model

from .type_models import models

random_schemas = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def logical(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "logicalType": name, **more}


TYPES: dict[str, Any] = {
    "id": "long",
    "small": "int",
    "ratio": "double",
    "paid": "boolean",
    "note": ["null", "string"],
    "raw": "bytes",
    "total": logical("bytes", "decimal", precision=12, scale=2),
    "day": logical("int", "date"),
    "at": logical("long", "timestamp-micros"),
    "clock": logical("long", "time-micros"),
    "wall": logical("long", "local-timestamp-micros"),
    "tags": {"type": "array", "items": "string"},
    "counts": {"type": "map", "values": "long"},
    "lines": {
        "type": "array",
        "items": {
            "type": "record",
            "name": "Line",
            "fields": [{"name": "sku", "type": "string"}, {"name": "amount", "type": ["null", "int"]}],
        },
    },
}
ROWS: list[dict[str, Any]] = [
    {
        "id": 2**60,
        "small": -7,
        "ratio": 0.25,
        "paid": True,
        "note": note,
        "raw": b"\x00\xff",
        "total": Decimal("1234567890.12"),
        "day": dt.date(2024, 2, 29),
        "at": dt.datetime(2024, 2, 29, 23, 59, 59, 123456, dt.UTC),
        "clock": dt.time(1, 2, 3, 4),
        "wall": dt.datetime(1999, 12, 31, 23, 59, 59),  # noqa: DTZ001 - a clock on a wall
        "tags": ["a", "b"],
        "counts": {"x": 1, "y": 2},
        "lines": [{"sku": "s", "amount": None}, {"sku": "t", "amount": 3}],
    }
    for note in (None, "ünïcode")
]


def avro_order(*without: str) -> str:
    fields = [{"name": name, "type": type_} for name, type_ in TYPES.items() if name not in without]
    return json.dumps({"type": "record", "name": "Order", "namespace": "com.acme", "fields": fields})


def order(target: Format, *without: str, **options: Any) -> str:
    return transform(avro_order(*without), Format.AVRO, target, Options(**options)).text


def with_fastavro(schema: str) -> list[Any]:
    file = io.BytesIO()
    fastavro.writer(file, fastavro.parse_schema(json.loads(schema)), ROWS)
    file.seek(0)
    return list(fastavro.reader(file))


@pytest.mark.parametrize("through", [Format.ICEBERG, Format.PARQUET, Format.JSON_SCHEMA, Format.OPENAPI])
def test_avro_that_came_back_writes_the_same_rows(through: Format) -> None:
    assert with_fastavro(avro_order()) == ROWS
    assert with_fastavro(transform(order(through), through, Format.AVRO).text) == ROWS


@given(model=models())
@random_schemas
def test_fastavro_takes_every_schema(model: Model) -> None:
    assert fastavro.parse_schema(json.loads(print_model(model, Format.AVRO).text))


def arrow_table() -> pa.Table:
    schema = schema_to_pyarrow(IcebergSchema.model_validate_json(order(Format.ICEBERG)))
    return pa.Table.from_pylist([{**row, "counts": list(row["counts"].items())} for row in ROWS], schema=schema)


def test_pyiceberg_and_pyarrow_write_and_read_the_rows(tmp_path: Path) -> None:
    pq.write_table(arrow_table(), tmp_path / "rows.parquet")
    read = pq.read_table(tmp_path / "rows.parquet").to_pylist()
    assert [{**row, "counts": dict(row["counts"])} for row in read] == ROWS


def leaves(columns: tuple[Column, ...], path: str = "", defined: int = 0, repeated: int = 0) -> list[tuple[Any, ...]]:
    """Path, physical type, levels and meaning of each leaf, as Parquet files have them."""
    found: list[tuple[Any, ...]] = []
    for column in columns:
        name = f"{path}.{column.name}" if path else column.name
        levels = defined + (column.repetition != "required"), repeated + (column.repetition == "repeated")
        if column.children is None:
            physical = {"binary": "BYTE_ARRAY"}.get(column.physical, column.physical.upper())
            found.append((name, physical, *levels, str(column.annotation or "")))
        else:
            found += leaves(column.children, name, *levels)
    return found


MEANT = {
    "String": "STRING",
    "None": "",
    "Date": "DATE",
    "Decimal(precision=12, scale=2)": "DECIMAL(12,2)",
    "Time(isAdjustedToUTC=false, timeUnit=microseconds)": "TIME(MICROS,false)",
}


def meant(written: str) -> str:
    if written.startswith("Timestamp"):
        return f"TIMESTAMP(MICROS,{str('isAdjustedToUTC=true' in written).lower()})"
    return MEANT[written]


def test_parquets_text_is_what_pyarrow_writes(tmp_path: Path) -> None:
    pq.write_table(arrow_table(), tmp_path / "rows.parquet", store_decimal_as_integer=True)
    schema = pq.ParquetFile(tmp_path / "rows.parquet").schema
    columns = [schema.column(index) for index in range(len(schema))]
    assert leaves(read_message(order(Format.PARQUET)).columns) == [
        (
            each.path,
            each.physical_type,
            each.max_definition_level,
            each.max_repetition_level,
            meant(str(each.logical_type)),
        )
        for each in columns
    ]


def test_duckdb_keeps_the_rows() -> None:
    ddl = sqlglot.transpile(order(Format.SQL_DDL), read="trino", write="duckdb")[0]
    with duckdb.connect() as database:
        database.execute(ddl)
        database.register("rows", arrow_table())
        database.execute('INSERT INTO "Order" SELECT * FROM rows')
        # an instant comes back in the zone of the session, which needs a library of zones
        read = database.sql('SELECT * REPLACE (epoch_us("at") AS "at") FROM "Order"').to_arrow_table().to_pylist()
    instant = ROWS[0]["at"] - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    expected = [{**row, "at": instant // dt.timedelta(microseconds=1)} for row in ROWS]
    assert [{**row, "counts": dict(row["counts"])} for row in read] == expected


@pytest.mark.parametrize("dialect", Dialect)
def test_every_dialects_table_is_created(dialect: Dialect) -> None:
    """Without structs inside of columns: of those DuckDB takes neither NOT NULL nor Snowflake's OBJECT."""
    text = order(Format.SQL_DDL, "counts", "lines", dialect=dialect)
    parser = "trino" if dialect is Dialect.ANSI else dialect.value
    with duckdb.connect() as database:
        database.execute(sqlglot.transpile(text, read=parser, write="duckdb")[0])
        columns = [row[0] for row in database.execute('DESCRIBE "Order"').fetchall()]
    assert columns == [name for name in TYPES if name not in ("counts", "lines")]


def test_protobuf_writes_and_reads_a_message() -> None:
    parsed = parse_protobuf(order(Format.PROTOBUF), validate_fields=True)
    pool = pool_of(parsed.file, parsed.types)
    kind: Any = GetMessageClass(pool.FindMessageTypeByName("com.acme.Order"))
    message = kind(id=2**60, small=-7, tags=["a"], raw=b"\x00")
    message.counts["x"] = 1
    message.at.FromDatetime(ROWS[0]["at"])
    message.lines.add(sku="s", amount=3)
    message.day.year = 2024
    read = kind.FromString(message.SerializeToString())
    assert read == message
    assert read.at.ToDatetime(dt.UTC) == ROWS[0]["at"]
    assert not read.HasField("note")


@given(model=models())
@random_schemas
def test_the_protobuf_runtime_takes_every_file(model: Model) -> None:
    parsed = parse_protobuf(print_model(model, Format.PROTOBUF).text, validate_fields=True)
    assert FileDescriptorProto.FromString(parsed.serialized).message_type[0].name
    assert pool_of(parsed.file, parsed.types)


def test_jsonschema_takes_the_rows_and_refuses_others() -> None:
    validator = jsonschema.Draft7Validator(json.loads(order(Format.JSON_SCHEMA)))
    for row in ROWS:
        times = {name: row[name].isoformat() for name in ("day", "at", "clock", "wall")}
        value = {**row, **times, "raw": "AP8=", "total": str(row["total"])}
        assert not list(validator.iter_errors(value))
        for wrong in ({"total": "1.234"}, {"small": 2**31}, {"other": 1}, {"note": 1}):
            assert list(validator.iter_errors({**value, **wrong}))


@given(model=models())
@random_schemas
def test_every_json_schema_is_valid(model: Model) -> None:
    jsonschema.Draft7Validator.check_schema(json.loads(print_model(model, Format.JSON_SCHEMA).text))
