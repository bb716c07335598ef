"""Makes JSON schemas, edits and instances out of a random source that hypothesis can shrink."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

NAMES = ("a", "b", "c", "x1", "y")
PATTERNS = ("^x", "^[a-c]$", "y")
TYPES = ("string", "integer", "number", "boolean", "null", "array", "object")
VALUES = (0, 1, 2, 5, -1, 1.5, 1.0, "a", "ab", "abcd", "", True, False, None)
MODERN = "https://json-schema.org/draft/2020-12/schema"
CLASSIC = "http://json-schema.org/draft-07/schema#"


class Samples:
    """A source of schemas of one kind of draft."""

    def __init__(self, random: Random, *, modern: bool) -> None:
        self.random = random
        self.modern = modern

    def document(self) -> dict[str, Any]:
        """A whole schema with two definitions that it and they may refer to."""
        schema: dict[str, Any] = {"$schema": MODERN if self.modern else CLASSIC}
        schema["definitions"] = {
            "D1": self.schema(1),
            "D2": {"type": "object", "properties": {"a": self.schema(1)}},
        }
        body = self.schema(3)
        return schema | (body if isinstance(body, dict) and "$ref" not in body else {"allOf": [body]})

    def schema(self, depth: int) -> Any:
        """A schema of at most that depth."""
        if depth == 0 or self._chance(0.1):
            return self._leaf()
        made: dict[str, Any] = {}
        for add in self.random.sample((self._record, self._sequence, self._combined, self._scalar), self._one_or_two()):
            add(made, depth)
        return made

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _one_or_two(self) -> int:
        return 2 if self._chance(0.2) else 1

    def _leaf(self) -> Any:
        choice = self.random.randrange(6)
        if choice == 0:
            return self.random.choice([True, False, {}])
        if choice == 1:
            return {"$ref": self.random.choice(["#/definitions/D1", "#/definitions/D2", "#"])}
        made: dict[str, Any] = {}
        self._scalar(made, 0)
        return made

    def _scalar(self, made: dict[str, Any], depth: int) -> None:
        if self._chance(0.25):
            made["type"] = self.random.sample(TYPES, self.random.randint(1, 3))
        elif self._chance(0.8):
            made["type"] = self.random.choice(TYPES)
        for keyword in (
            "minLength",
            "maxLength",
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
        ):
            if self._chance(0.12):
                made[keyword] = self.random.randint(0, 4)
        if self._chance(0.1):
            made["multipleOf"] = self.random.choice([1, 2, 4, 3])
        if self._chance(0.1):
            made["pattern"] = self.random.choice(["^a", "b"])
        if self._chance(0.15):
            made["enum"] = self.random.sample(VALUES, self.random.randint(1, 4))
        if self._chance(0.08):
            made["const"] = self.random.choice(VALUES)

    def _record(self, made: dict[str, Any], depth: int) -> None:
        if self._chance(0.7):
            made["type"] = "object"
        made["properties"] = {name: self.schema(depth - 1) for name in self._some(NAMES, 3)}
        if self._chance(0.4):
            made["required"] = self._some(NAMES, 2)
        if self._chance(0.4):
            made["additionalProperties"] = self.random.choice([False, True, self.schema(depth - 1)])
        if self._chance(0.2):
            made["patternProperties"] = {each: self.schema(depth - 1) for each in self._some(PATTERNS, 2)}
        if self._chance(0.1):
            made["propertyNames"] = self.random.choice([{"maxLength": 1}, {"enum": ["a", "x1"]}, {"pattern": "^[a-x]"}])
        for keyword in ("minProperties", "maxProperties"):
            if self._chance(0.1):
                made[keyword] = self.random.randint(0, 3)
        self._dependencies(made, depth)
        if self.modern and self._chance(0.15):
            made["unevaluatedProperties"] = self.random.choice([False, True, self.schema(depth - 1)])

    def _dependencies(self, made: dict[str, Any], depth: int) -> None:
        names = {name: self._some(NAMES, 2) for name in self._some(NAMES, 1)}
        schemas = {name: self.schema(depth - 1) for name in self._some(NAMES, 1)}
        if self._chance(0.15) and self.modern:
            made["dependentRequired"], made["dependentSchemas"] = names, schemas
        elif self._chance(0.15) and not self.modern:
            made["dependencies"] = schemas | names

    def _sequence(self, made: dict[str, Any], depth: int) -> None:
        if self._chance(0.7):
            made["type"] = "array"
        places = [self.schema(depth - 1) for _ in range(self.random.randint(1, 2))]
        if self._chance(0.35):
            made["prefixItems" if self.modern else "items"] = places
        rest = "items" if self.modern or ("items" not in made and self._chance(0.8)) else "additionalItems"
        if self._chance(0.6):
            made[rest] = self.random.choice([False, True, self.schema(depth - 1)])
        if self._chance(0.15):
            made["contains"] = self.schema(depth - 1)
            if self.modern and self._chance(0.5):
                made[self.random.choice(["minContains", "maxContains"])] = self.random.randint(0, 2)
        for keyword in ("minItems", "maxItems"):
            if self._chance(0.1):
                made[keyword] = self.random.randint(0, 2)
        if self._chance(0.1):
            made["uniqueItems"] = True
        if self.modern and self._chance(0.15):
            made["unevaluatedItems"] = self.random.choice([False, True, self.schema(depth - 1)])

    def _combined(self, made: dict[str, Any], depth: int) -> None:
        choice = self.random.randrange(6)
        if choice < 4:
            keyword = self.random.choice(["allOf", "anyOf", "oneOf"])
            made[keyword] = [self.schema(depth - 1) for _ in range(self.random.randint(1, 3))]
        elif choice == 4:
            made["not"] = self.schema(depth - 1)
        else:
            made["if"] = self.schema(depth - 1)
            made[self.random.choice(["then", "else"])] = self.schema(depth - 1)

    def _some(self, names: tuple[str, ...], most: int) -> list[str]:
        return self.random.sample(names, self.random.randint(0, most))

    def edited(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema with one to three places changed."""
        new = copy.deepcopy(schema)
        for _ in range(self.random.randint(1, 3)):
            inside = [each for each in _objects(new) if each is not new["definitions"]]
            self._edit(self.random.choice(inside))
        new["$schema"] = schema["$schema"]
        return new

    def _edit(self, target: dict[str, Any]) -> None:
        known = [word for word in target if word not in ("$schema", "definitions", "$ref")]
        choice = self.random.randrange(5)
        if choice == 0 and known:
            del target[self.random.choice(known)]
        elif choice == 1 and known:
            self._vary(target, self.random.choice(known))
        else:
            add = self.random.choice((self._record, self._sequence, self._combined, self._scalar, self._scalar))
            fresh: dict[str, Any] = {}
            add(fresh, 1)
            words = self.random.sample(list(fresh), min(len(fresh), self._one_or_two()))
            target.update({word: fresh[word] for word in words})

    def _vary(self, target: dict[str, Any], word: str) -> None:
        value = target[word]
        if isinstance(value, bool):
            target[word] = not value
        elif isinstance(value, int):
            target[word] = value + self.random.choice([1, -1, 2]) or 1
        elif isinstance(value, list) and len(value) > 1 and word != "type":
            del value[self.random.randrange(len(value))]
        elif isinstance(value, list):
            fresh: dict[str, list[Any]] = {"required": ["a"], "enum": [7], "type": ["null"]}
            added = [each for each in fresh.get(word, [self.schema(1)]) if each not in value]
            target[word] = [*value, *added]
        elif word in ("properties", "patternProperties") and isinstance(value, dict):
            value[self.random.choice(NAMES)] = self.schema(1)

    def instance(self, root: Any, schema: Any, depth: int = 4) -> Any:
        """A value that is likely to fit the schema; the caller checks whether it does."""
        if not isinstance(schema, dict) or depth == 0 or self._chance(0.05):
            return self.anything(2)
        if "$ref" in schema:
            return self.instance(root, _followed(root, schema["$ref"]), depth - 1)
        for word in ("enum", "const"):
            if word in schema and self._chance(0.9):
                return self.random.choice(schema[word]) if word == "enum" else schema[word]
        members = [each for word in ("allOf", "anyOf", "oneOf") for each in schema.get(word, ())]
        if members and (len(schema) == 1 or self._chance(0.5)):
            return self.instance(root, self.random.choice(members), depth - 1)
        types = schema.get("type") or self.random.choice(TYPES)
        return self._of_type(root, schema, types if isinstance(types, str) else self.random.choice(types), depth)

    def _of_type(self, root: Any, schema: dict[str, Any], name: str, depth: int) -> Any:
        if name == "object":
            return self._object(root, schema, depth)
        if name == "array":
            return self._array(root, schema, depth)
        if name == "string":
            length = max(self.random.randint(0, 4), schema.get("minLength", 0))
            return "".join(self.random.choice("aab") for _ in range(min(length, schema.get("maxLength", 9))))
        if name in ("integer", "number"):
            near = [
                schema[word]
                for word in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
                if word in schema
            ]
            number = self.random.choice([*near, 0, 2, 12]) + self.random.choice([0, 0, 1, -1])
            return number + 0.5 if name == "number" and self._chance(0.2) else number
        return self.random.choice([True, False]) if name == "boolean" else None

    def _object(self, root: Any, schema: dict[str, Any], depth: int) -> Any:
        made = {}
        rest = schema.get("additionalProperties", schema.get("unevaluatedProperties", True))
        for name in {*self._some(NAMES, 4), *schema.get("required", ())}:
            inner = schema.get("properties", {}).get(name, rest)
            if inner is not False:
                made[name] = self.instance(root, inner, depth - 1)
        return made

    def _array(self, root: Any, schema: dict[str, Any], depth: int) -> Any:
        items = schema.get("items", True)
        places = items if isinstance(items, list) else schema.get("prefixItems", [])
        rest = schema.get("additionalItems", True) if isinstance(items, list) else items
        count = self.random.randint(0, 3)
        inner = [*places, *[rest] * 4][: max(count, schema.get("minItems", 0))]
        return [self.instance(root, each, depth - 1) for each in inner if each is not False]

    def anything(self, depth: int) -> Any:
        """Some JSON value."""
        choice = self.random.randrange(5) if depth else 0
        if choice == 3:
            return [self.anything(depth - 1) for _ in range(self.random.randint(0, 3))]
        if choice == 4:
            return {name: self.anything(depth - 1) for name in self._some(NAMES, 3)}
        return self.random.choice(VALUES)


def sound(document: dict[str, Any]) -> bool:
    """Whether validators can work with it: no reference leads back to itself without entering a value."""
    places = _objects(document)
    if any(isinstance(each.get("items"), bool) and "additionalItems" in each for each in places):
        return False
    in_place = {id(each): [id(inner) for inner in _in_place(document, each)] for each in places}
    while in_place:
        ends = {key for key, inner in in_place.items() if not any(each in in_place for each in inner)}
        if not ends:
            return False
        in_place = {key: inner for key, inner in in_place.items() if key not in ends}
    return True


def _in_place(root: Any, schema: dict[str, Any]) -> list[Any]:
    found = [each for word in ("allOf", "anyOf", "oneOf") for each in schema.get(word, ())]
    found.extend(schema[word] for word in ("not", "if", "then", "else") if word in schema)
    found.extend(each for word in ("dependencies", "dependentSchemas") for each in schema.get(word, {}).values())
    if "$ref" in schema:
        found.append(_followed(root, schema["$ref"]))
    return found


def _objects(schema: Any) -> list[dict[str, Any]]:
    """The schemas inside a schema, itself first; holders of named schemas are walked through."""
    found, pending = [], [schema]
    while pending:
        value = pending.pop(0)
        if isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, dict):
            found.append(value)
            for word, inner in value.items():
                if word in (
                    "properties",
                    "patternProperties",
                    "definitions",
                    "dependencies",
                    "dependentSchemas",
                ):
                    pending.extend(inner.values())
                elif word not in ("enum", "const", "required", "dependentRequired", "type"):
                    pending.append(inner)
    return found


def _followed(root: Any, reference: str) -> Any:
    return root if reference == "#" else root["definitions"][reference.rsplit("/", 1)[1]]
