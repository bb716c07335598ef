"""The primitive types of Iceberg by name, and from which version of the format on they exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from decapolis_formats.types import (
    Binary,
    Boolean,
    Date,
    Floating,
    Integer,
    Null,
    Scalar,
    Text,
    Time,
    Timestamp,
    Unit,
    Uuid,
)

SECOND: Final[Mapping[str, Scalar]] = {
    "boolean": Boolean(),
    "int": Integer(32),
    "long": Integer(64),
    "float": Floating(32),
    "double": Floating(64),
    "date": Date(),
    "time": Time(Unit.MICROS),
    "timestamp": Timestamp(Unit.MICROS, zoned=False),
    "timestamptz": Timestamp(Unit.MICROS),
    "string": Text(),
    "uuid": Uuid(),
    "binary": Binary(),
}
THIRD: Final[Mapping[str, Scalar]] = {
    **SECOND,
    "timestamp_ns": Timestamp(Unit.NANOS, zoned=False),
    "timestamptz_ns": Timestamp(Unit.NANOS),
    "unknown": Null(),
}
LARGEST_PRECISION: Final = 38


def scalars(version: int) -> Mapping[str, Scalar]:
    """The types of a version of the format."""
    return SECOND if version <= 2 else THIRD
