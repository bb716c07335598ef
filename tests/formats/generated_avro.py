"""Random Avro schemas and random data for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
LOGICAL = {
    "int": ("date", "time-millis"),
    "long": ("time-micros", "timestamp-millis", "timestamp-micros"),
    "bytes": ("decimal",),
}
SYMBOLS = ("A", "B", "C", "D")
DEPTH = 3


class Schemas:
    """Writes one schema; names are its own, so that two types never share a simple name."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._named: list[str] = []
        self._count = 0

    def schema(self) -> Any:
        return self._record(0) if self._random.random() < 0.8 else self._type(0)

    def _type(self, depth: int) -> Any:
        makers: list[Callable[[int], Any]] = [self._primitive, self._primitive, self._again]
        if depth < DEPTH:
            makers += [
                self._record,
                self._enum,
                self._fixed,
                self._array,
                self._map,
                self._union,
                self._optional,
            ]
        return self._random.choice(makers)(depth)

    def _primitive(self, depth: int) -> Any:
        kind = self._random.choice(PRIMITIVES)
        if kind not in LOGICAL or self._random.random() < 0.7:
            return kind
        return logical(self._random, kind)

    def _again(self, depth: int) -> Any:
        if not self._named:
            return "int"
        name = self._random.choice(self._named)
        # a record may hold itself only where there is a way out of it
        return ["null", name] if name.startswith(("n.R", "R")) else name

    def _name(self, prefix: str) -> str:
        self._count += 1
        space = self._random.choice(("n.", "n.", "m."))
        name = f"{space}{prefix}{self._count}"
        self._named.append(name)
        return name

    def _record(self, depth: int) -> Any:
        record: dict[str, Any] = {"type": "record", "name": self._name("R")}
        record["fields"] = [self._field(number, depth) for number in range(self._random.randrange(4))]
        if self._random.random() < 0.2:
            record["doc"] = "words"
        return record

    def _field(self, number: int, depth: int) -> dict[str, Any]:
        field: dict[str, Any] = {"name": f"f{number}", "type": self._type(depth + 1)}
        value = default(field["type"]) if self._random.random() < 0.5 else NONE
        if value is not NONE:
            field["default"] = value
        return field

    def _enum(self, depth: int) -> Any:
        enum: dict[str, Any] = {"type": "enum", "name": self._name("E")}
        enum["symbols"] = list(SYMBOLS[: self._random.randrange(1, 5)])
        if self._random.random() < 0.4:
            enum["default"] = enum["symbols"][0]
        return enum

    def _fixed(self, depth: int) -> Any:
        return {"type": "fixed", "name": self._name("F"), "size": self._random.randrange(1, 4)}

    def _array(self, depth: int) -> Any:
        return {"type": "array", "items": self._type(depth + 1)}

    def _map(self, depth: int) -> Any:
        return {"type": "map", "values": self._type(depth + 1)}

    def _optional(self, depth: int) -> Any:
        return united(["null", self._type(depth + 1)])

    def _union(self, depth: int) -> Any:
        return united([self._type(depth + 1) for _ in range(self._random.randrange(1, 4))])


def logical(random: Random, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {"type": kind, "logicalType": random.choice(LOGICAL[kind])}
    if found["logicalType"] == "decimal":
        found |= {"precision": random.choice((5, 9)), "scale": random.choice((0, 2))}
    return found


def united(branches: list[Any]) -> list[Any]:
    """A union of them, without the unions and repetitions among them."""
    found: dict[str, Any] = {}
    for branch in branches:
        for each in branch if isinstance(branch, list) else [branch]:
            found.setdefault(branch_name(each), each)
    return list(found.values())


def branch_name(branch: Any) -> str:
    if isinstance(branch, list):
        return "union"
    return branch if isinstance(branch, str) else branch.get("name", branch["type"])


NONE = object()


def default(content: Any) -> Any:
    """A default for a type (its first branch), NONE where it needs a closer look."""
    if isinstance(content, list):
        return default(content[0]) if content else NONE
    kind = content if isinstance(content, str) else content["type"]
    known = {"null": None, "boolean": True, "int": 1, "long": 2, "float": 1.5, "double": 2.5, "string": "s"}
    known |= {"bytes": "b", "array": [], "map": {}}
    if kind == "enum":
        return content["symbols"][0]
    if kind == "fixed":
        return "x" * content["size"]
    return known.get(kind, NONE)


def places(root: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Every place that holds a type, the only one of the root first: the container and the key in it."""
    todo: list[tuple[Any, Any]] = [(root, 0)]
    while todo:
        container, key = todo.pop()
        yield container, key
        content = container[key]
        if isinstance(content, list):
            todo += [(content, index) for index in range(len(content))]
        elif isinstance(content, dict):
            todo += [(content, inner) for inner in ("items", "values") if inner in content]
            todo += [(field, "type") for field in content.get("fields", ())]


class EndlessError(Exception):
    """A record that always holds itself has no finite value."""


class Data:
    """Random values for a schema."""

    def __init__(self, random: Random, schema: Any) -> None:
        self._random = random
        self._named = {
            container[key]["name"]: container[key]
            for container, key in places([schema])
            if isinstance(container[key], dict) and "name" in container[key]
        }

    def value(self, content: Any, depth: int = 0) -> Any:
        if depth > 10 * DEPTH:
            raise EndlessError
        if isinstance(content, list):
            if not content:
                raise EndlessError
            # the first branch is the way out of recursion
            branch = content[0] if depth > 2 * DEPTH else self._random.choice(content)
            return self.value(branch, depth + 1)
        if isinstance(content, str):
            return self.value(self._named[content], depth) if content in self._named else self._plain(content)
        if "logicalType" in content:
            return self._logical(content["logicalType"])
        return self._complex(content, depth)

    def _complex(self, content: dict[str, Any], depth: int) -> Any:
        many = range(0 if depth > DEPTH else self._random.randrange(3))
        match content["type"]:
            case "record":
                return {field["name"]: self.value(field["type"], depth + 1) for field in content["fields"]}
            case "enum":
                return self._random.choice(content["symbols"])
            case "fixed":
                return b"x" * content["size"]
            case "array":
                return [self.value(content["items"], depth + 1) for _ in many]
            case "map":
                return {f"k{number}": self.value(content["values"], depth + 1) for number in many}
        return self._plain(content["type"])

    def _plain(self, kind: str) -> Any:
        number = self._random.randrange(-1000, 1000)
        values = {
            "null": None,
            "boolean": number > 0,
            "int": number,
            "long": abs(number) << 34,
            "float": number / 4,
            "double": number / 3,
            "bytes": str(number).encode(),
            "string": str(number),
        }
        return values[kind]

    def _logical(self, name: str) -> Any:
        number = self._random.randrange(100)
        return bytes([number]) if name == "decimal" else number
