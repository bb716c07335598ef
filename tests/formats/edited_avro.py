"""Random edits of Avro schemas, as people make them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from typing import Any

from .generated_avro import PRIMITIVES, SYMBOLS, default, logical, places, united


def edited(random: Random, schema: Any) -> Any:
    """A copy with a few changes; some of them do nothing, and some leave no valid schema."""
    root = [copy.deepcopy(schema)]
    for _ in range(random.randrange(2, 7)):
        container, key = random.choice(list(places(root)))
        container[key] = random.choice(EDITS)(random, container[key])
    return root[0]


def _retype(random: Random, content: Any) -> Any:
    return random.choice(PRIMITIVES) if isinstance(content, str) else content


def _wrap(random: Random, content: Any) -> Any:
    return united([random.choice(PRIMITIVES), content]) if not isinstance(content, list) else content


def _unwrap(random: Random, content: Any) -> Any:
    return random.choice(content) if isinstance(content, list) and content else content


def _branches(random: Random, content: Any) -> Any:
    if not isinstance(content, list):
        return content
    more = [*content, random.choice(PRIMITIVES)]
    random.shuffle(more)
    return united(more[: random.randrange(1, len(more) + 1)])


def _fields(random: Random, content: Any) -> Any:
    if not isinstance(content, dict) or "fields" not in content:
        return content
    fields = content["fields"]
    if random.random() < 0.5:
        field: dict[str, Any] = {"name": f"g{random.randrange(3)}", "type": random.choice(PRIMITIVES)}
        if random.random() < 0.7:
            field["default"] = default(field["type"])
        if random.random() < 0.3:
            field["aliases"] = [f"f{random.randrange(3)}"]
        fields = [each for each in fields if each["name"] != field["name"]] + [field]
    elif fields:
        fields = fields[1:]
    random.shuffle(fields)
    return content | {"fields": fields}


def _rename_field(random: Random, content: Any) -> Any:
    if isinstance(content, dict) and content.get("fields"):
        field = random.choice(content["fields"])
        if random.random() < 0.7:
            field["aliases"] = [field["name"]]
        field["name"] = f"h{random.randrange(3)}"
    return content


def _rename(random: Random, content: Any) -> Any:
    if not isinstance(content, dict) or "name" not in content:
        return content
    alias = {"aliases": [content["name"]]} if random.random() < 0.7 else {}
    return content | alias | {"name": content["name"].replace(".", ".New")}


def _move(random: Random, content: Any) -> Any:
    if not isinstance(content, dict) or "name" not in content:
        return content
    return content | {"name": "other." + content["name"].rpartition(".")[2]}


def _symbols(random: Random, content: Any) -> Any:
    if not isinstance(content, dict) or "symbols" not in content:
        return content
    symbols = list(SYMBOLS)
    random.shuffle(symbols)
    symbols = symbols[: random.randrange(1, 5)]
    found = content | {"symbols": symbols, "default": symbols[0]}
    if random.random() < 0.5:
        del found["default"]
    return found


def _resize(random: Random, content: Any) -> Any:
    return content | {"size": random.randrange(1, 4)} if isinstance(content, dict) and "size" in content else content


def _logical(random: Random, content: Any) -> Any:
    if not isinstance(content, dict) or "logicalType" not in content:
        return content
    # only what the writer annotates is annotated otherwise: what plain data means is up to the application
    return content["type"] if random.random() < 0.5 else logical(random, content["type"])


def _container(random: Random, content: Any) -> Any:
    if isinstance(content, dict) and content["type"] == "array":
        return {"type": "map", "values": content["items"]}
    return content


EDITS: tuple[Callable[[Random, Any], Any], ...] = (
    _retype, _wrap, _unwrap, _branches, _fields, _fields, _rename_field, _rename, _move, _symbols, _resize,
    _logical, _container,
)  # fmt: skip
