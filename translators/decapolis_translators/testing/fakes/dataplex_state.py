"""What a fake of Dataplex holds, and what it does not take: types, templates, sizes, keys.

After the published API: google/cloud/dataplex/v1/catalog.proto (the limits stand in its comments) and the pages "Manage
aspects" and "Manage entries" of Dataplex Universal Catalog.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from .asgi import Problem

PROJECT, NUMBER = "demo", "123456789"
SYSTEM, SYSTEM_NUMBER = "dataplex-types", "655216118709"
_NUMBERS = {PROJECT: NUMBER, SYSTEM: SYSTEM_NUMBER}
_LARGEST_ASPECT = 120 * 1024
_MOST_ASPECTS = 100
_TEXTS = {"resource": 4000, "system": 64, "platform": 64, "displayName": 500, "description": 2000}
_ENTRY = frozenset(
    ("name", "entryType", "createTime", "updateTime", "aspects", "parentEntry", "fullyQualifiedName", "entrySource")
)
_SOURCE = frozenset((*_TEXTS, "labels", "ancestors", "createTime", "updateTime", "location"))
_KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "enum": (str,),
    "datetime": (str,),
    "int": (int, float),
    "double": (int, float),
    "bool": (bool,),
    "array": (list,),
    "map": (dict,),
    "record": (dict,),
}
_METADATA_TYPES = ("BOOLEAN", "NUMBER", "STRING", "BYTES", "DATETIME", "TIMESTAMP", "GEOSPATIAL", "STRUCT", "OTHER")


def told(status: int, name: str, message: str, *details: Mapping[str, Any]) -> Problem:
    """An error as Google's APIs print it."""
    error: dict[str, Any] = {"code": status, "message": message, "status": name}
    return Problem(status, {"error": {**error, "details": list(details)} if details else error})


def invalid(message: str) -> Problem:
    """What a request gets that cannot be meant."""
    return told(400, "INVALID_ARGUMENT", message)


def missing(name: str) -> Problem:
    """What a resource gets that is not there."""
    return told(404, "NOT_FOUND", f"Resource '{name}' was not found")


def numbered(name: str) -> str:
    """A resource name with the project's number, as Google keeps it."""
    parts = name.split("/")
    if len(parts) > 1 and parts[0] == "projects":
        parts[1] = _NUMBERS.get(parts[1], parts[1])
    return "/".join(parts)


def as_doubles(value: Any) -> Any:
    """What a Struct of protobuf makes of JSON: it knows no whole numbers."""
    if isinstance(value, dict):
        return {key: as_doubles(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_doubles(each) for each in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def schema_template() -> dict[str, Any]:
    """The part of the system's aspect type `schema` that concerns columns."""

    def one(index: int, name: str, kind: str, required: bool, **more: Any) -> dict[str, Any]:
        return {"index": index, "name": name, "type": kind, "constraints": {"required": required}, **more}

    modes = [{"index": 1, "name": "NULLABLE"}, {"index": 2, "name": "REPEATED"}, {"index": 3, "name": "REQUIRED"}]
    kinds = [{"index": index, "name": name} for index, name in enumerate(_METADATA_TYPES, 1)]
    item: dict[str, Any] = {"name": "field", "type": "record", "typeId": "field"}
    item["recordFields"] = [
        one(1, "name", "string", True),
        one(2, "dataType", "string", True),
        one(3, "metadataType", "enum", True, enumValues=kinds),
        one(4, "mode", "enum", True, enumValues=modes),
        one(5, "defaultValue", "string", False),
        one(6, "description", "string", False),
        one(7, "fields", "array", False, arrayItems={"name": "field", "type": "record", "typeRef": "field"}),
    ]
    fields = one(1, "fields", "array", True, arrayItems=item)
    return {"name": "schema", "type": "record", "recordFields": [fields]}


@dataclass
class Dataplex:
    """One project; `polls` is how often an operation is asked for before it is done."""

    polls: int = 1
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Groups and types, by name with the project's number."""
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    operations: dict[str, list[Any]] = field(default_factory=dict)
    moments: int = 0

    def __post_init__(self) -> None:
        name = f"projects/{SYSTEM_NUMBER}/locations/global/aspectTypes/schema"
        self.resources[name] = {"name": name, "metadataTemplate": schema_template()}
        for kind in ("bigquery-table", "bigquery-view", "bigquery-dataset"):
            name = f"projects/{SYSTEM_NUMBER}/locations/global/entryTypes/{kind}"
            self.resources[name] = {"name": name}

    def now(self) -> str:
        """A moment later than every one before."""
        self.moments += 1
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=self.moments)
        return moment.isoformat().replace("+00:00", "Z")

    # --- entries

    def checked(self, body: Any) -> dict[str, Any]:
        """An entry's fields, as the message knows them; Problem for those that it does not take."""
        if not isinstance(body, dict) or set(body) - _ENTRY:
            raise invalid(f"Invalid JSON payload received. Unknown name: {sorted(set(body) - _ENTRY)}")
        source = body.get("entrySource") or {}
        if set(source) - _SOURCE:
            raise invalid(f"Invalid JSON payload received. Unknown name: {sorted(set(source) - _SOURCE)}")
        for name, most in _TEXTS.items():
            if len(source.get(name, "")) > most:
                raise invalid(f"entry_source.{name} is longer than {most} characters")
        if any(len(text) > 128 for pair in (source.get("labels") or {}).items() for text in pair):
            raise invalid("entry_source.labels: keys and values have at most 128 characters")
        return deepcopy(body)

    def aspects(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Aspects under the keys that Google answers, each held against its template."""
        if len(given) > _MOST_ASPECTS:
            raise invalid("An entry has at most 100 aspects")
        return dict(self._aspect(key, aspect) for key, aspect in given.items())

    def _aspect(self, key: str, aspect: Any) -> tuple[str, dict[str, Any]]:
        full = self.aspect_key(key)
        project, location, kind = full.partition("@")[0].split(".", 2)
        name = f"projects/{project}/locations/{location}/aspectTypes/{kind}"
        template = self.resources.get(name)
        if template is None:
            raise missing(name)
        data = aspect.get("data")
        if not isinstance(data, dict):
            raise invalid(f"Aspect {key} has no data")
        if len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()) > _LARGEST_ASPECT:
            raise invalid(f"Aspect {key} is larger than 120KB")
        hold(data, template["metadataTemplate"], {}, key)
        moment = self.now()
        return full, {"aspectType": name, "createTime": moment, "updateTime": moment, "data": as_doubles(data)}

    def aspect_key(self, key: str) -> str:
        """A key with the project's number."""
        project, _, rest = key.partition(".")
        if rest.count(".") < 1:
            raise invalid(f"Invalid aspect key '{key}': expected project.location.aspectType")
        return f"{_NUMBERS.get(project, project)}.{rest}"

    def demand_types(self, entry: Mapping[str, Any]) -> None:
        """Its type exists, and has the aspects that it requires."""
        kind = numbered(str(entry.get("entryType", "")))
        if kind not in self.resources:
            raise missing(kind)
        for required in self.resources[kind].get("requiredAspects", ()):
            _, project, _, location, _, name = numbered(required["type"]).split("/")
            if f"{project}.{location}.{name}" not in entry.get("aspects", {}):
                raise invalid(f"Required aspect {required['type']} is missing")


def hold(data: Any, template: Mapping[str, Any], known: dict[str, Any], path: str) -> None:
    """Refuses data that its template does not describe."""
    if template.get("typeRef"):
        template = known[template["typeRef"]]
    elif template.get("typeId"):
        known[template["typeId"]] = template
    kind = template["type"]
    fits = isinstance(data, _KINDS[kind]) and (kind == "bool" or not isinstance(data, bool))
    if not fits:
        raise invalid(f"{path}: expected {kind}")
    if kind == "enum" and data not in [each["name"] for each in template["enumValues"]]:
        raise invalid(f"{path}: {data} is no value of the enum")
    if kind == "array":
        for item in data:
            hold(item, template["arrayItems"], known, f"{path}[]")
    if kind == "record":
        fields = {each["name"]: each for each in template["recordFields"]}
        if set(data) - set(fields):
            raise invalid(f"{path}: unknown fields {sorted(set(data) - set(fields))}")
        for name, inner in fields.items():
            if name in data:
                hold(data[name], inner, known, f"{path}.{name}")
            elif inner.get("constraints", {}).get("required"):
                raise invalid(f"{path}: required field {name} is missing")
