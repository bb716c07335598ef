"""The schemas of a company that sells coffee in shops and online: what its topics and tables look like, good and bad."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Field = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Topic:
    """One subject of a registry: its versions, oldest first, and the level it is held to."""

    registry: str
    subject: str
    versions: tuple[str, ...]
    level: str | None = None
    schema_type: str = "AVRO"


def required(name: str, type: Any, doc: str = "", *, tags: Sequence[str] = ()) -> Field:
    """A field that every record has."""
    return {
        "name": name,
        "type": type,
        **({"doc": doc} if doc else {}),
        **({"confluent:tags": list(tags)} if tags else {}),
    }


def optional(name: str, type: Any, doc: str = "") -> Field:
    """A field that may be null, and is where nobody says."""
    return {"name": name, "type": ["null", type], "default": None, **({"doc": doc} if doc else {})}


def defaulted(name: str, type: Any, default: Any) -> Field:
    """A field with a value where nobody says one."""
    return {"name": name, "type": type, "default": default}


def record(name: str, *fields: Field, namespace: str = "com.harbor.events") -> str:
    """An Avro record."""
    return json.dumps({"type": "record", "name": name, "namespace": namespace, "fields": list(fields)})


UUID = {"type": "string", "logicalType": "uuid"}
WHEN = {"type": "long", "logicalType": "timestamp-millis"}
MONEY = {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}

_EVENTS = {
    "orders": ("placed", "paid", "cancelled", "fulfilled", "returned"),
    "customers": ("registered", "updated", "merged", "deleted"),
    "payments": ("authorized", "captured", "refunded", "disputed"),
    "shipments": ("created", "dispatched", "delivered", "lost"),
    "inventory": ("counted", "reserved", "released", "adjusted"),
    "loyalty": ("earned", "redeemed", "expired"),
    "web": ("page-viewed", "cart-changed", "searched"),
    "shops": ("opened", "closed", "till-counted"),
}


def _event(domain: str, what: str, *more: Field) -> str:
    name = "".join(part.title() for part in f"{domain}-{what}".replace("_", "-").split("-"))
    base = (
        required("event_id", UUID, "unique, for those who read twice"),
        required("occurred_at", WHEN),
        required(f"{domain.rstrip('s')}_id", "string", f"which of the {domain}"),
    )
    return record(name, *base, *more)


def _good_topics() -> list[Topic]:
    """Histories that satisfy any level: they only ever added what may be missing."""
    topics = []
    for domain, events in _EVENTS.items():
        for number, what in enumerate(events):
            grown = [optional("source", "string", "which system said so"), defaulted("schema_hint", "int", 0)]
            versions = tuple(_event(domain, what, *grown[:count]) for count in range(1 + number % 3))
            topics.append(Topic("kafka-prod", f"{domain}.{what}-value", versions))
    return topics


CUSTOMER = (
    required("customer_id", UUID),
    required("email", "string", "where receipts go", tags=("PII",)),
    optional("full_name", "string"),
    optional("loyalty_tier", {"type": "enum", "name": "Tier", "symbols": ["BRONZE", "SILVER", "GOLD"]}),
)
ORDER = (
    required("order_id", UUID),
    required("customer_id", UUID),
    required("placed_at", WHEN),
    required("total", MONEY),
    optional("currency", "string"),
)

REPAIRABLE = Topic(
    "kafka-prod",
    "payments.settled-value",
    (
        record("PaymentSettled", required("payment_id", UUID), required("amount", MONEY)),
        # a field that old data does not have, without a default: forward compatible, and no more
        record("PaymentSettled", required("payment_id", UUID), required("amount", MONEY), required("settled_at", WHEN)),
    ),
)
"""Its newest version cannot read the first one's data; one more version with a default bridges that."""

BLOCKED = Topic(
    "kafka-prod",
    "inventory.sku-value",
    (
        record("Sku", required("sku", "string"), required("shelf", "int")),
        record("Sku", required("sku", "string"), required("shelf", "string")),
    ),
    level="NONE",
)
"""Somebody changed a type while nothing was checked: no version can read both."""

DISCREPANCIES = (
    Topic("kafka-prod", "customers-value", (record("Customer", *CUSTOMER, namespace="com.harbor"),)),
    Topic("kafka-eu", "customers-value", (record("Customer", *CUSTOMER[:2], namespace="com.harbor"),), level="NONE"),
    Topic("kafka-eu", "orders.placed-value", (_event("orders", "placed"),), level="FULL"),
    Topic("edge", "shops.till-counted-value", (_event("shops", "till-counted"),)),
)

ELSEWHERE = (
    Topic(
        "partners",
        "supplier-quote",
        (
            json.dumps(
                {
                    "$schema": "https://json-schema.org/draft/2020-12/schema",
                    "title": "SupplierQuote",
                    "type": "object",
                    "required": ["quote_id", "price"],
                    "properties": {"quote_id": {"type": "string"}, "price": {"type": "number"}},
                }
            ),
        ),
        schema_type="JSON",
    ),
    Topic("glue-analytics", "clickstream-value", (_event("web", "clickstream", optional("referrer", "string")),)),
    Topic("glue-analytics", "orders-enriched-value", (record("OrderEnriched", *ORDER, namespace="com.harbor"),)),
    Topic(
        "iot",
        "roaster-telemetry",
        (record("RoasterTelemetry", required("roaster", "string"), required("celsius", "double")),),
    ),
    Topic("lake", "main.bronze.orders", (record("orders", *ORDER, namespace="bronze"),)),
    Topic("lake", "main.bronze.customers", (record("customers", *CUSTOMER, namespace="bronze"),)),
    Topic("warehouse", "orders-value", (record("Order", *ORDER, namespace="com.harbor"),)),
    Topic(
        "ml-catalog",
        "basket-features",
        (record("BasketFeatures", required("basket_id", "string"), required("score", "float")),),
    ),
    Topic("governance", "customer-master", (record("CustomerMaster", *CUSTOMER, namespace="com.harbor"),)),
)


def protobuf_topic() -> Topic:
    """The one team that writes Protobuf."""
    text = 'syntax = "proto3";\npackage harbor.edge;\n\nmessage TillEvent {\n  string till = 1;\n  int64 at = 2;\n}\n'
    return Topic("edge", "tills-value", (text,), schema_type="PROTOBUF")


def topics() -> list[Topic]:
    """Everything that the company has."""
    return [*_good_topics(), REPAIRABLE, BLOCKED, *DISCREPANCIES, *ELSEWHERE, protobuf_topic()]
