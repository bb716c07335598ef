"""The OpenAPI 3.1 document of the face, made from the very declarations that serve it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from .endpoint import Endpoint, Inputs
from .problems import MEDIA_TYPE, Problem

TITLE = "Schema Federation API"
BASE = "/api/v1"
_REF = "#/components/schemas/{model}"


def document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The whole description; every `$ref` resolves inside it."""
    keyed, schemas = _schemas(endpoints)
    paths: dict[str, dict[str, Any]] = {}
    for each in endpoints:
        paths.setdefault(BASE + each.path, {})[each.method.lower()] = _operation(each, keyed)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "version": version("decapolis"),
            "summary": "One view over all schema registries",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in dict.fromkeys(each.tag for each in endpoints)],
        "paths": paths,
        "components": {"schemas": schemas},
    }


Keyed = dict[tuple[int, str, Any], dict[str, Any]]


def _schemas(endpoints: Sequence[Endpoint]) -> tuple[Keyed, dict[str, Any]]:
    wanted: list[tuple[tuple[int, str, Any], JsonSchemaMode, TypeAdapter[Any]]] = []
    for index, each in enumerate(endpoints):
        if each.inputs.model_fields:
            wanted.append(((index, "inputs", 0), "validation", TypeAdapter(each.inputs)))
        for status, adapter in each.adapters.items():
            wanted.append(((index, "answer", status), "serialization", adapter))
    wanted.append(((-1, "problem", 0), "serialization", TypeAdapter(Problem)))
    by_mode, definitions = TypeAdapter.json_schemas(wanted, ref_template=_REF, by_alias=True)
    keyed = {key: schema for (key, _), schema in by_mode.items()}
    for index, each in enumerate(endpoints):
        keyed[(index, "endpoint", each.method + each.path)] = {}
    return keyed, dict(definitions.get("$defs", {}))


def _operation(each: Endpoint, keyed: Keyed) -> dict[str, Any]:
    index = next(key[0] for key in keyed if key[1] == "endpoint" and key[2] == each.method + each.path)
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"{(\w+)}", each.path)
    ]
    operation: dict[str, Any] = {
        "operationId": each.serve.__name__,
        "summary": each.summary,
        "tags": [each.tag],
        "responses": dict(_responses(each, index, keyed)),
    }
    if each.takes_body:
        schema = keyed[(index, "inputs", 0)]
        content = {"application/json": {"schema": schema}}
        needed = any(one.is_required() for one in each.inputs.model_fields.values())
        operation["requestBody"] = {"required": needed, "content": content}
    else:
        parameters += _query(each.inputs)
    if parameters:
        operation["parameters"] = parameters
    return operation


def _query(inputs: type[Inputs]) -> Iterable[dict[str, Any]]:
    if not inputs.model_fields:
        return
    schema = inputs.model_json_schema(by_alias=True, mode="validation", ref_template=_REF)
    for name, about in schema.get("properties", {}).items():
        kind = {key: value for key, value in about.items() if key not in {"title", "description"}}
        parameter = {"name": name, "in": "query", "required": name in schema.get("required", []), "schema": kind}
        yield parameter | ({"description": about["description"]} if "description" in about else {})


def _responses(each: Endpoint, index: int, keyed: Keyed) -> Iterable[tuple[str, dict[str, Any]]]:
    for status, kind in each.answers.items():
        described: dict[str, Any] = {"description": HTTPStatus(status).phrase}
        other = each.media_types.get(status)
        if other is not None:
            described["content"] = {each_type: {"schema": {"type": "string"}} for each_type in other.split(", ")}
        elif kind is not None:
            described["content"] = {"application/json": {"schema": keyed[(index, "answer", status)]}}
            described["content"] |= {name: {"schema": {"type": "string"}} for name in each.also.get(status, ())}
        yield str(status), described
    problem = {MEDIA_TYPE: {"schema": keyed[(-1, "problem", 0)]}}
    for status in each.problems:
        if status not in each.answers:
            yield str(status), {"description": HTTPStatus(status).phrase, "content": problem}
    yield "default", {"description": "Any other refusal, as a problem", "content": problem}
