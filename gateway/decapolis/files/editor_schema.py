"""JSON Schema of the configuration files, made from the models, for editors that complete and check while one types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from decapolis.settings import REGISTRY_TYPES
from decapolis_translators.discovery import Types

from .checking import KINDS
from .variables import SUFFIX

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DEFS = "#/$defs/"
_VARIABLE = {"type": "string", "pattern": r"\$\{", "description": "${ENV} or ${ENV:-default}"}
_FREE = frozenset({"metadata"})


def editor_schema(kind: str, types: Types) -> dict[str, Any]:
    """The schema of one kind of file: `gateway`, `registries` or `policies`."""
    schema = KINDS[kind].model_json_schema(ref_template=_DEFS + "{model}")
    if kind != "policies":
        _admit(schema, lambda field: bool(field.get("writeOnly")))
    if kind == "registries":
        _add_types(schema, types)
    return {"$schema": DIALECT, "title": f"Decapolis: {kind} file", **_without(schema, "title")}


def _add_types(schema: dict[str, Any], types: Types) -> None:
    """The `type` decides what `config` may hold; of types that cannot be loaded here it may hold anything."""
    entry = schema["$defs"]["RegistryEntry"]
    entry["properties"]["type"]["enum"] = sorted({*REGISTRY_TYPES, *types.names()})
    entry["allOf"] = []
    for found in types.all():
        if isinstance(found.loaded, str):
            continue
        name = f"{found.name}.config"
        schema["$defs"] |= _type_schemas(name, found.loaded.Config)
        chosen = {"properties": {"type": {"const": found.name}}, "required": ["type"]}
        entry["allOf"].append({"if": chosen, "then": {"properties": {"config": {"$ref": _DEFS + name}}}})


def _type_schemas(name: str, config: type[BaseModel]) -> dict[str, Any]:
    schema = config.model_json_schema(ref_template=f"{_DEFS}{name}.{{model}}")
    _admit(schema, lambda field: "string" in _types_of(field))
    inner = {f"{name}.{key}": each for key, each in schema.pop("$defs", {}).items()}
    return {name: schema, **inner}


def _admit(schema: dict[str, Any], is_secret: Callable[[dict[str, Any]], bool]) -> None:
    """Lets variables stand for whatever is not text, and `…_file` for texts that may be secret."""
    for each in (schema, *schema.get("$defs", {}).values()):
        properties = each.get("properties", {})
        for key, field in list(properties.items()):
            if is_secret(field) and not key.endswith(SUFFIX):
                described = f"a file that holds {key}, relative to this one"
                properties.setdefault(f"{key}{SUFFIX}", {"type": "string", "description": described})
                _require_either(each, key)
            if key not in _FREE:
                properties[key] = _or_variable(field)


def _require_either(schema: dict[str, Any], key: str) -> None:
    if key in schema.get("required", []):
        schema["required"] = [name for name in schema["required"] if name != key]
        either = {"anyOf": [{"required": [key]}, {"required": [f"{key}{SUFFIX}"]}]}
        schema.setdefault("allOf", []).append(either)


def _or_variable(field: dict[str, Any]) -> dict[str, Any]:
    if not _types_of(field) & {"integer", "number", "boolean", "enum"} and not _is_restricted(field):
        return field
    described: dict[str, Any] = {key: field[key] for key in ("description", "default") if key in field}
    return {**described, "anyOf": [_without(field, *described, "title"), _VARIABLE]}


def _is_restricted(field: dict[str, Any]) -> bool:
    """Whether not every text will do, so that a variable would not pass for one."""
    return any(_is_restricted(each) for each in field.get("anyOf", ())) or bool({"pattern", "format"} & field.keys())


def _types_of(field: dict[str, Any]) -> set[str]:
    if "anyOf" in field:
        return set().union(*(_types_of(each) for each in field["anyOf"]))
    found = {str(field["type"])} if "type" in field else set()
    return found | ({"enum"} if "enum" in field or "const" in field else set())


def _without(schema: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: each for key, each in schema.items() if key not in keys}
