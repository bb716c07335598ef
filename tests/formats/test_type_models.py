"""What fits a format is printed and read back exactly, and fits again without a loss."""

from __future__ import annotations

from importlib import import_module

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from decapolis_formats import Format
from decapolis_formats.fitting import fitted
from decapolis_formats.options import Dialect, Options
from decapolis_formats.types import Field, List, Model, Named, Struct

from .type_models import models

FORMATS = {
    "openapi": Options(),
    "asyncapi-json": Options(),
    "asyncapi-avro": Options(payload=Format.AVRO),
    "asyncapi-protobuf": Options(payload=Format.PROTOBUF),
    "parquet": Options(),
    "protobuf": Options(),
    "json_schema": Options(),
    "iceberg-2": Options(),
    "iceberg-3": Options(iceberg_version=3),
    "avro": Options(),
    **{f"sql_ddl-{dialect}": Options(dialect=dialect) for dialect in Dialect},
}


@pytest.mark.parametrize("name", FORMATS)
@given(model=models())
@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_what_fits_comes_back(name: str, model: Model) -> None:
    options = FORMATS[name]
    folder = name.partition("-")[0]
    reader = import_module(f"decapolis_formats.{folder}.to_model")
    printer = import_module(f"decapolis_formats.{folder}.from_model")
    held = printer.holds(options)
    fits, losses = fitted(model, held)
    text = printer.write(fits, options)
    back = reader.read(text, (), options)
    assert back.model == fits, text
    again, more = fitted(fits, held)
    assert (again, more) == (fits, ())
    if not losses:
        assert fits == model or set(model.definitions) - set(fits.definitions)


def test_a_document_that_may_be_null_and_uses_itself_comes_back() -> None:
    """A use of the whole document would mean null too."""
    inner = Struct((Field("next", List(Named("Node"), nullable=True)), Field("other", List(Named("Node")))))
    model = Model(Named("Node"), nullable=True, definitions={"Node": inner})
    printer = import_module("decapolis_formats.json_schema.from_model")
    reader = import_module("decapolis_formats.json_schema.to_model")
    assert reader.read(printer.write(model)).model == model
