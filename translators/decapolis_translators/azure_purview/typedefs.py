"""Our own types of entities: subjects, their versions and their columns. Nothing that a tenant may lack is needed.

Later only optional attributes may be added: Atlas takes no mandatory one for a type that exists.
"""

from __future__ import annotations

from typing import Any, Final

SUBJECT: Final = "sr_subject"
VERSION: Final = "sr_schema_version"
COLUMN: Final = "sr_column"


def _attribute(name: str, kind: str) -> dict[str, Any]:
    return {
        "name": name,
        "typeName": kind,
        "isOptional": True,
        "isUnique": False,
        "isIndexable": False,
        "cardinality": "SINGLE",
    }


def _entity(name: str, description: str, options: dict[str, str], **attributes: str) -> dict[str, Any]:
    return {
        "category": "ENTITY",
        "name": name,
        "description": description,
        "superTypes": ["DataSet"],
        "typeVersion": "1.0",
        "options": options,
        "attributeDefs": [_attribute(key, kind) for key, kind in attributes.items()],
    }


def _composition(name: str, inside: str, container: str, member: str) -> dict[str, Any]:
    return {
        "category": "RELATIONSHIP",
        "name": name,
        "typeVersion": "1.0",
        "relationshipCategory": "COMPOSITION",
        "propagateTags": "NONE",
        "endDef1": {"type": SUBJECT, "name": container, "isContainer": True, "cardinality": "SET"},
        "endDef2": {"type": inside, "name": member, "isContainer": False, "cardinality": "SINGLE"},
        "attributeDefs": [],
    }


TYPEDEFS: Final[dict[str, Any]] = {
    "entityDefs": [
        _entity(
            SUBJECT,
            "A subject of a schema registry",
            {"schemaElementsAttribute": "columns"},
            subject="string",
            registry="string",
            columnsShown="boolean",
        ),
        _entity(
            VERSION,
            "One version of a subject, with its text",
            {},
            subject="string",
            version="int",
            schemaId="string",
            schemaType="string",
            schemaText="string",
            fingerprint="string",
            references="string",
            metadata="string",
            ruleSet="string",
            state="string",
            deleted="boolean",
            created="string",
        ),
        _entity(
            COLUMN,
            "A field of a subject's newest schema",
            {},
            data_type="string",
            isNullable="boolean",
            position="int",
        ),
    ],
    "relationshipDefs": [
        _composition("sr_subject_versions", VERSION, "versions", "ofSubject"),
        _composition("sr_subject_columns", COLUMN, "columns", "table"),
    ],
}
