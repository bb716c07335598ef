"""Whatever becomes of a document: its table follows by the plan, or the plan says that it cannot and nothing is changed."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decapolis_formats import Format
from decapolis_formats.transform import read_model
from decapolis_formats.types import Model
from decapolis_translators.testing.fakes.unity_databricks import DatabricksFake
from decapolis_translators.testing.fakes.unity_oss import UnityOssFake
from decapolis_translators.unity_catalog import UnityCatalog, UnityConfig

scalars = st.sampled_from(
    [
        *("int", "long", "float", "double", "string", "bytes", "boolean"),
        {"type": "int", "logicalType": "date"},
        {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2},
        ["int", "string"],
    ]
)
names = st.sampled_from(["a", "b", "B", "c", "d`x", "e f", "é", "order", "${g}"])


def spelled(name: str) -> str:
    """Avro takes few names; the others come as JSON Schema would bring them, through the model."""
    return name if name.isidentifier() and name.isascii() else f"x{name.encode().hex()}"


@st.composite
def fields(draw: st.DrawFn, depth: int = 2) -> list[dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    for name in draw(st.lists(names, min_size=1, max_size=5)):
        kind: Any = draw(scalars)
        shape = draw(st.sampled_from(["plain", "plain", "list", "map", "struct"]))
        if shape == "list":
            kind = {"type": "array", "items": kind}
        elif shape == "map":
            kind = {"type": "map", "values": kind}
        elif shape == "struct" and depth:
            kind = {"type": "object", "fields": draw(fields(depth - 1))}
        field: dict[str, Any] = {"name": spelled(name), "type": kind, "optional": draw(st.booleans())}
        if draw(st.booleans()):
            field["doc"] = draw(st.sampled_from(["it's", 'a "b" `c` \\d', "${x}", "é\n\t;--", "-- no"]))
        if draw(st.booleans()):
            field["aliases"] = [spelled(draw(names))]
        made.setdefault(field["name"], field)
    return list(made.values())


def model(given_fields: list[dict[str, Any]]) -> Model:
    """Records need names of their own in Avro."""
    count = 0

    def typed(kind: Any) -> Any:
        nonlocal count
        if isinstance(kind, dict) and kind["type"] == "object":
            count += 1
            return {"type": "record", "name": f"R{count}", "fields": [written(each) for each in kind["fields"]]}
        if isinstance(kind, dict) and kind["type"] in {"array", "map"}:
            inside = "items" if kind["type"] == "array" else "values"
            return {**kind, inside: typed(kind[inside])}
        return kind

    def written(field: dict[str, Any]) -> dict[str, Any]:
        kind = typed(field["type"])
        said = {key: value for key, value in field.items() if key != "optional"}
        if not field["optional"]:
            return {**said, "type": kind}
        return {**said, "type": ["null", *(kind if isinstance(kind, list) else [kind])], "default": None}

    text = {"type": "record", "name": "Row", "fields": [written(each) for each in given_fields]}
    return read_model(json.dumps(text), Format.AVRO).model


async def evolved(kind: str, versions: list[Model], **more: Any) -> None:
    server: Any = UnityOssFake() if kind == "oss" else DatabricksFake()
    place = {"storage_location": "s3://lake"} if kind == "oss" else {"dialect": "databricks", "warehouse_id": "wh-1"}
    config = UnityConfig.model_validate({"url": "http://unity.test", **place, **more})
    catalog = UnityCatalog("under-test", config, transport=httpx.ASGITransport(app=server))
    await catalog.open()
    name = catalog.table_of("s-value")
    for wanted in versions:
        before = await catalog.table(name)
        plan = catalog.plan("s-value", wanted, before)
        if plan.impossible:
            assert kind == "databricks", plan.impossible
            continue
        for step in plan.steps:
            await catalog.apply(name, step)
        after = await catalog.table(name)
        assert after is not None
        again = catalog.plan("s-value", wanted, after)
        assert (again.steps, again.impossible) == ((), ())
    await catalog.close()


@pytest.mark.parametrize("more", [{}, {"removed_fields": "keep"}, {"not_null": "enforce"}], ids=["", "keep", "enforce"])
@pytest.mark.parametrize("kind", ["oss", "databricks"])
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_a_table_follows_or_stays(kind: str, more: dict[str, Any], data: st.DataObject) -> None:
    versions = [model(each) for each in data.draw(st.lists(fields(), min_size=2, max_size=3))]
    asyncio.run(evolved(kind, versions, **more))
