"""`decapolis demo`: all ten types, a company's schemas, discrepancies, one repairable, one blocked, drift."""

from __future__ import annotations

from typing import Any

import httpx

from decapolis.settings import REGISTRY_TYPES
from tests.demo import demo

__all__ = ["demo"]


def get(demo: str, path: str, **query: Any) -> Any:
    answer = httpx.get(f"{demo}/api/v1{path}", params=query, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_all_ten_types_are_there(demo: str) -> None:
    found = get(demo, "/registries")
    assert {each["type"] for each in found} == set(REGISTRY_TYPES) - {"embedded"}
    for each in found:
        tested = httpx.post(f"{demo}/api/v1/registries/{each['id']}/test", timeout=30).json()
        assert tested["status"] == "ok", tested


def test_there_are_discrepancies_and_drift(demo: str) -> None:
    kinds = {each["kind"] for each in get(demo, "/recommendations")["results"]}
    assert {"raise-level", "table-drift", "registries-drift", "sync-levels"} <= kinds
    assert get(demo, "/drift")["results"] == {
        "lake": {"main.bronze.customers": "table main.bronze.customers has other columns than when it followed last"}
    }
    assert set(get(demo, "/schemas/find", subject="customers-value")) == {"kafka-prod", "kafka-eu"}


def test_one_history_is_repairable_and_one_is_blocked(demo: str) -> None:
    for subject, broken in (
        ("payments.settled-value", True),
        ("inventory.sku-value", True),
        ("orders.placed-value", False),
    ):
        body = {"registry_id": "kafka-prod", "subject": subject, "target_mode": "FORWARD_FULL"}
        verdict = httpx.post(f"{demo}/api/v1/compatibility/check", json=body, timeout=30).json()["kafka-prod"]
        assert verdict["is_compatible"] is not broken, subject


def test_the_topic_and_the_table_can_be_compared(demo: str) -> None:
    body = {
        "schema1": {"registry": "warehouse", "subject": "orders-value"},
        "schema2": {"registry": "lake", "table": "main.bronze.orders"},
    }
    compared = httpx.post(f"{demo}/api/v1/schemas/compare", json=body, timeout=30).json()
    assert compared["left"]["schema_format"] == "avro"
    assert compared["right"]["schema_format"] == "iceberg"
    assert not any(each["lossy"] for each in compared["differences"])
