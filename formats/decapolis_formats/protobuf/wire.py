"""Which types share their bytes: the dialect's wire groups, and what protobuf itself guarantees."""

from __future__ import annotations

from typing import Final

GROUPS: Final = {
    "int32": "number",
    "int64": "number",
    "uint32": "number",
    "uint64": "number",
    "bool": "number",
    "sint32": "signed",
    "sint64": "signed",
    "string": "text",
    "bytes": "text",
    "fixed32": "fixed32",
    "sfixed32": "fixed32",
    "fixed64": "fixed64",
    "sfixed64": "fixed64",
    "float": "float",
    "double": "double",
}
ENUM_GROUP: Final = "number"

# writer → readers beside itself that get every value back unchanged
_KEPT_BY: Final = {
    "bool": frozenset({"int32", "int64", "uint32", "uint64"}),
    "int32": frozenset({"int64"}),
    "uint32": frozenset({"uint64", "int64"}),
    "sint32": frozenset({"sint64"}),
    "string": frozenset({"bytes"}),
    "enum": frozenset({"int32", "int64"}),
}


def keeps_values(writer: str, reader: str) -> bool:
    """Whether a reader of one scalar type gets back unchanged what was written as another."""
    return writer == reader or reader in _KEPT_BY.get(writer, ())
