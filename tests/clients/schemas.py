"""The schemas and messages that client tests send around: one order with its customer, in each format."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

CUSTOMER_AVRO: dict[str, Any] = {
    "type": "record",
    "name": "Customer",
    "namespace": "shop",
    "fields": [{"name": "name", "type": "string"}],
}
ORDER_AVRO: dict[str, Any] = {
    "type": "record",
    "name": "Order",
    "namespace": "shop",
    "fields": [{"name": "number", "type": "long"}, {"name": "customer", "type": "shop.Customer"}],
}
WIDER_ORDER_AVRO = {**ORDER_AVRO, "fields": [*ORDER_AVRO["fields"], {"name": "note", "type": "string", "default": ""}]}
BROKEN_ORDER_AVRO = {**ORDER_AVRO, "fields": [*ORDER_AVRO["fields"], {"name": "note", "type": "string"}]}

CUSTOMER_JSON: dict[str, Any] = {
    "$id": "http://shop/customer.json",
    "title": "Customer",
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
}
ORDER_JSON: dict[str, Any] = {
    "$id": "http://shop/order.json",
    "title": "Order",
    "type": "object",
    "properties": {"number": {"type": "integer"}, "customer": {"$ref": "http://shop/customer.json"}},
    "required": ["number"],
}

ORDER: dict[str, Any] = {"number": 7, "customer": {"name": "Ada Lovelace"}}


def text(schema: dict[str, Any]) -> str:
    """A schema as clients send it."""
    return json.dumps(schema)


def _field(
    name: str, number: int, kind: descriptor_pb2.FieldDescriptorProto.Type, type_name: str = ""
) -> descriptor_pb2.FieldDescriptorProto:
    optional = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
    return descriptor_pb2.FieldDescriptorProto(
        name=name, number=number, type=kind, type_name=type_name or None, label=optional
    )


def _files() -> tuple[descriptor_pb2.FileDescriptorProto, descriptor_pb2.FileDescriptorProto]:
    kinds = descriptor_pb2.FieldDescriptorProto
    customer = descriptor_pb2.FileDescriptorProto(name="shop/customer.proto", package="shop", syntax="proto3")
    customer.message_type.add(name="Customer", field=[_field("name", 1, kinds.TYPE_STRING)])
    order = descriptor_pb2.FileDescriptorProto(
        name="shop/order.proto", package="shop", syntax="proto3", dependency=["shop/customer.proto"]
    )
    order.message_type.add(
        name="Order",
        field=[
            _field("number", 1, kinds.TYPE_INT64),
            _field("customer", 2, kinds.TYPE_MESSAGE, ".shop.Customer"),
        ],
    )
    return customer, order


@cache
def order_class() -> type[Message]:
    """The message class of an order whose file imports the customer's, made without a compiler; always the same one."""
    pool = DescriptorPool()
    for file in _files():
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("shop.Order"))


def order_message() -> Message:
    """An order as a Protobuf message."""
    made = order_class()()
    made.number = ORDER["number"]
    made.customer.name = ORDER["customer"]["name"]
    return made
