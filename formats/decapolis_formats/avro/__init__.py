"""The engine of Avro schemas: parsing, canonical text and compatibility as the Confluent dialect has them.

>>> from decapolis_formats import avro
>>> old = avro.parse('{"type": "record", "name": "User", "fields": [{"name": "id", "type": "int"}]}')
>>> new = avro.parse('{"type": "record", "name": "User", "fields": [{"name": "id", "type": "long"}]}')
>>> avro.compare(new, old), [str(each) for each in avro.compare(old, new)]
([], ['TYPE_MISMATCH /fields/0/type'])
"""

from __future__ import annotations

from collections.abc import Sequence

from decapolis_formats.model import DEFAULT_OPTIONS, CompareOptions, Dependency, Difference

from .comparing import AMBIGUOUS_FIELD, AmbiguousFieldError, Comparison
from .describing import described
from .nodes import Array, Map, Named, Record, Union
from .printing import Canonical, Identity, Normal
from .schema import AvroSchema, parsed
from .specification import SpecificationComparison
from .tags import inline_tags, tagged, tagged_entities

__all__ = [
    "AvroSchema",
    "canonical",
    "compare",
    "describe",
    "entity_name",
    "equivalent",
    "field_names",
    "inline_tags",
    "normalized",
    "parse",
    "rendered",
    "tagged",
    "tagged_entities",
]


def parse(
    text: str,
    dependencies: Sequence[Dependency] = (),
    *,
    strict: bool = True,
    validate_fields: bool = False,
) -> AvroSchema:
    """Reads a text: strict checks names and defaults as for a new registration, not strict as for history.

    `validate_fields` adds nothing for Avro: the dialect asks more of JSON Schema and Protobuf only.
    """
    return parsed(text, dependencies, strict=strict)


def canonical(schema: AvroSchema) -> str:
    """The text that is stored, hashed and answered (compatibility.md section 3.3)."""
    return schema.canonical


def normalized(schema: AvroSchema) -> str:
    """The text under `normalize=true` (compatibility.md section 3.4)."""
    return Normal(schema.known).text(schema.root)


def rendered(schema: AvroSchema, style: str) -> str:
    """The text with every reference inlined for the style `resolved`, the canonical text for any other."""
    return Canonical().text(schema.root) if style.lower() == "resolved" else schema.canonical


def compare(reader: AvroSchema, writer: AvroSchema, options: CompareOptions = DEFAULT_OPTIONS) -> list[Difference]:
    """All differences, each of them breaking, when `reader` reads what was written with `writer`."""
    comparison = SpecificationComparison(options) if options.strict_semantics else Comparison(options)
    try:
        return list(comparison.run(reader.root, writer.root))
    except AmbiguousFieldError as ambiguous:
        return [Difference(AMBIGUOUS_FIELD, "", compatible=False, info=str(ambiguous))]


def describe(difference: Difference, *, reader: str = "new", writer: str = "old") -> str:
    """One line for people and for the dialect's verbose messages."""
    return described(difference, reader=reader, writer=writer)


def equivalent(left: AvroSchema, right: AvroSchema) -> bool:
    """Whether both resolve to the same types, with documentation, aliases, enum defaults and properties."""
    return left is right or Identity().text(left.root) == Identity().text(right.root)


def field_names(schema: AvroSchema) -> tuple[str, ...]:
    """The names of the fields of a record at the top, none for any other type."""
    return tuple(schema.root.by_name) if isinstance(schema.root, Record) else ()


def entity_name(schema: AvroSchema) -> str | None:
    """The full name of the outermost named type, looked for in arrays, maps and unions; None if none is."""
    todo = [schema.root]
    while todo:
        match todo.pop():
            case Named() as named:
                return named.full
            case Array() as array:
                todo.append(array.items)
            case Map() as map_:
                todo.append(map_.values)
            case Union() as union:
                todo.extend(reversed(union.branches))
    return None
