"""The vendor's own client reads what the type `unity_catalog` makes, and finds nothing odd about the fake.

`unitycatalog-client` pins older versions of pydantic and aiohttp, so it lives in an environment of its own, whose Python
DECAPOLIS_UNITY_CLIENT names: `python -m venv X && X/bin/pip install unitycatalog-client==0.7.0`.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from decapolis_formats import Format
from decapolis_formats.transform import read_model
from tests.facades.unity import FakeUnityOss

CLIENT = "DECAPOLIS_UNITY_CLIENT"
SCRIPT = Path(__file__).parent / "foreign" / "unity_session.py"
RECORD = {
    "type": "record",
    "name": "Order",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "paid", "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}]},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
        {"name": "at", "type": {"type": "long", "logicalType": "local-timestamp-micros"}},
    ],
}


@pytest.mark.skipif(CLIENT not in os.environ, reason=f"no unitycatalog-client: {CLIENT} is not set")
async def test_the_vendors_client_reads_our_tables() -> None:
    facade = FakeUnityOss()
    facade.start()
    catalog = facade.catalog()
    await catalog.open()
    try:
        plan = catalog.plan("orders-value", read_model(json.dumps(RECORD), Format.AVRO).model, None)
        await catalog.apply(plan.table, plan.steps[0])
        process = await asyncio.create_subprocess_exec(
            os.environ[CLIENT],
            str(SCRIPT),
            facade.config()["url"],
            plan.table,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        )
        told, complaint = await asyncio.wait_for(process.communicate(), 60)
    finally:
        await catalog.close()
        facade.stop()
    assert process.returncode == 0, complaint.decode()
    assert json.loads(told) == {
        "catalog": "main",
        "schemas": ["default", "sr"],
        "created": True,
        "again": [400, "TABLE_ALREADY_EXISTS"],
        "missing": [404, "TABLE_NOT_FOUND"],
        "ours": [
            ["id", "LONG", False],
            ["paid", "DECIMAL", True],
            ["tags", "ARRAY", False],
            ["at", "TIMESTAMP_NTZ", False],
        ],
        "mark": "orders-value",
        "listed": ["orders", "theirs"],
    }
