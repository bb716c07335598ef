"""Compiles a schema into nodes: which keywords make which kinds, for drafts 4, 6 and 7 and the frame of
the later ones.

The order and the kinds are those of compatibility.md section 4.2. Nothing recurses: children wait in a
list, so that neither nesting nor references that lead in circles have a depth.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from decapolis_formats.errors import InvalidSchema

from . import classic, keywords, modern
from .dialects import Draft
from .documents import Library, Place, inner_scope
from .identities import Identities
from .joining import NAMED, apart_from_types, spread_parts
from .nodes import (
    BOOLEAN,
    EMPTY,
    EVERYTHING,
    NOTHING,
    NULL,
    Body,
    Combined,
    Conditional,
    Constant,
    Enumeration,
    Negation,
    Node,
    Record,
    Referring,
    Sequence,
)
from .printing import printed

MAX_NODES = 100_000
CRITERIA = ("allOf", "anyOf", "oneOf")
CONTAINED = frozenset({"minContains", "maxContains"})
FAMILY_OF = {
    "string": "string",
    "number": "number",
    "integer": "number",
    "boolean": "boolean",
    "null": "null",
    "array": "array",
    "object": "object",
}
COMBINATIONS = frozenset(CRITERIA)
ANNOTATIONS = frozenset({"$id", "connect.type", "default", "description", "id", "readOnly", "title", "writeOnly"})
# beside these, what is unevaluated depends on more than the object or array itself
APPLICATORS = COMBINATIONS | {"$dynamicRef", "$ref", "contains", "dependentSchemas", "if", "not"}
KINDS = COMBINATIONS | {"$dynamicRef", "$ref", "const", "else", "enum", "if", "not", "then"}
KEYWORDS = {family: classic.FAMILIES[family] | modern.FAMILIES[family] for family in classic.FAMILIES}
OTHERS = {
    family: KINDS.union(*(words for other, words in KEYWORDS.items() if other != family))
    for family in FAMILY_OF.values()
}


class Loader:
    """Compiles the schemas of one library; each JSON value becomes one node."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.nodes: dict[int, Node] = {}
        self.pending: list[tuple[Node, Any, Place]] = []
        self.identities = Identities()
        self.combinations: dict[tuple[str, int, int], Any] = {}
        self.combined: list[Combined] = []

    def load(self) -> Node:
        """The node of the root schema, complete with everything that it leads to."""
        scope = self.library.root
        root = self.child(scope.resource, Place(scope, "#"))
        while self.pending:
            node, value, place = self.pending.pop()
            self._fill(node, value, place)
        for combined in self.combined:
            spread_parts(combined, self.identities)
        return root

    def child(self, value: Any, place: Place) -> Node:
        """The node of a schema, to be filled later; anything but an object or a boolean is refused."""
        if value is True or value is False:
            node = Node(value)
            node.body = EVERYTHING if value else NOTHING
            return node
        if not isinstance(value, dict):
            raise InvalidSchema(f"{place}: a schema must be an object or a boolean")
        known = self.nodes.get(id(value))
        if known is None and len(value) == 1 and not COMBINATIONS.isdisjoint(value):
            known = self._alike(value, place)
        if known is not None:
            return known
        node = Node(value)
        self.nodes[id(value)] = node
        if len(self.nodes) > MAX_NODES:
            raise InvalidSchema(f"A schema of more than {MAX_NODES} subschemas is too large")
        self.pending.append((node, value, place))
        return node

    def _alike(self, value: dict[str, Any], place: Place) -> Node | None:
        """The node of the same combination met before: nests of them would be compared over and over."""
        key = (place.scope.base, id(place.scope.resource), self.identities.of(value))
        known = self.combinations.get(key)
        if known is None:
            self.combinations[key] = value
            return None
        return self.nodes[id(known)]

    def strict_child(self, value: Any, place: Place) -> Node:
        """Like `child`, at the places where draft-04 knows no boolean schemas."""
        if isinstance(value, bool) and place.scope.draft is Draft.FOUR:
            raise InvalidSchema(f"{place}: a schema must be an object")
        return self.child(value, place)

    def _fill(self, node: Node, value: dict[str, Any], place: Place) -> None:
        draft = place.scope.draft
        if draft.id_keyword in value:
            scope = inner_scope(value, place.scope)
            if scope is not place.scope:
                place = Place(scope, place.token, place.parent)
        if not ANNOTATIONS.isdisjoint(value):
            _annotate(node, value, place)
        stated = value.get("type")
        if type(stated) is str and stated in FAMILY_OF and OTHERS[FAMILY_OF[stated]].isdisjoint(value):
            # most schemas are of one kind, and told from the others in one step
            node.body = body = self._of_type(stated, value, place)
            if isinstance(body, Record | Sequence) and not APPLICATORS.isdisjoint(value):
                body.owner = node
            return
        if "$ref" in value and not draft.modern:
            node.body = self._reference(value, "$ref", place)
            return
        bodies = list(self._bodies(value, place))
        node.body = bodies[0] if len(bodies) == 1 else _implied(bodies, value) if bodies else EMPTY
        if draft.modern and not APPLICATORS.isdisjoint(value):
            for body in bodies:
                if isinstance(body, Record | Sequence):
                    body.owner = node

    def _bodies(self, value: dict[str, Any], place: Place) -> Iterator[Body]:
        draft = place.scope.draft
        if draft.modern:
            for keyword in ("$ref", "$dynamicRef"):
                if keyword in value:
                    yield self._reference(value, keyword, place)
        if "enum" in value:
            yield _enumeration(keywords.array(value, "enum", place))
        for criterion in CRITERIA:
            if criterion in value:
                yield self._combined(criterion, value, place)
        if "not" in value:
            yield Negation(self.child(value["not"], place.at("not")))
        if "const" in value and draft > Draft.FOUR:
            yield Constant(printed(value["const"], sort=True), value["const"])
        yield from self._typed(value, place)
        if draft >= Draft.SEVEN:
            yield from self._conditional(value, place)

    def _typed(self, value: dict[str, Any], place: Place) -> Iterator[Body]:
        families = classic.families(place.scope.draft) if not place.scope.draft.modern else modern.FAMILIES
        stated = value.get("type")
        taken: set[str] = set()
        if isinstance(stated, str):
            yield self._of_type(stated, value, place)
            taken.add(FAMILY_OF[stated])
        elif isinstance(stated, list):
            yield from self._of_types(stated, value, place)
            taken.update(FAMILY_OF[each] for each in stated)
        elif "type" in value:
            raise keywords.refused(place, "type", "a string or an array", stated)
        for family, known in families.items():
            if family not in taken and not known.isdisjoint(value) and _says_something(family, value, place):
                yield self._family(family, value, place)

    def _of_types(self, stated: list[Any], value: dict[str, Any], place: Place) -> Iterator[Body]:
        apart: set[str] = set()
        if place.scope.draft.modern:
            listed = {FAMILY_OF[name] for name in stated if isinstance(name, str) and name in FAMILY_OF}
            apart = apart_from_types(listed, value, hashed=place.scope.document is self.library.root.document)
        joined = {name: held for name, held in value.items() if name not in apart} if apart else value
        members = tuple(_part(self._of_type(name, joined, place), name) for name in stated)
        combined = Combined("anyOf", members)
        yield combined if len(set(stated)) == len(stated) else self._distinct(combined)
        if apart:
            own = {name: held for name, held in value.items() if name in apart or name in CONTAINED}
            for family, known in modern.FAMILIES.items():
                if not known.isdisjoint(apart):
                    yield self._family(family, own, place)

    def _of_type(self, name: Any, value: dict[str, Any], place: Place) -> Body:
        if not isinstance(name, str) or name not in FAMILY_OF:
            known = ", ".join(FAMILY_OF)
            raise InvalidSchema(f"{place}/type: {printed(name)} is no type (known: {known})")
        if name == "boolean":
            return BOOLEAN
        if name == "null":
            return NULL
        return self._family(FAMILY_OF[name], value, place, name)

    def _family(self, family: str, value: dict[str, Any], place: Place, name: str = "") -> Body:
        if family == "string":
            return classic.text(value, place, typed=bool(name))
        if family == "number":
            return classic.numeric(value, place, name)
        if family == "object":
            record = modern.record if place.scope.draft.modern else classic.record
            return record(self, value, place, typed=bool(name))
        sequence = modern.sequence if place.scope.draft.modern else classic.sequence
        return sequence(self, value, place, typed=bool(name))

    def _combined(self, criterion: str, value: dict[str, Any], place: Place) -> Body:
        inside = place.at(criterion)
        listed = keywords.array(value, criterion, place)
        members = tuple(self.child(each, inside.at(str(index))) for index, each in enumerate(listed))
        combined = self._distinct(Combined(criterion, members))
        if place.scope.draft.modern:
            self.combined.append(combined)
        return combined

    def _distinct(self, combined: Combined) -> Combined:
        if len(combined.members) > 1:
            distinct = {self.identities.of(member.source): member for member in reversed(combined.members)}
            combined.distinct = combined.loose_distinct = tuple(reversed(distinct.values()))
        return combined

    def _reference(self, value: dict[str, Any], keyword: str, place: Place) -> Body:
        reference = keywords.string(value, keyword, place)
        target, found_at = self.library.target(reference or "", place.at(keyword))
        return Referring(self.child(target, found_at))

    def _conditional(self, value: dict[str, Any], place: Place) -> Iterator[Body]:
        present = [keyword for keyword in ("if", "then", "else") if keyword in value]
        if present and ("if" in value or not place.scope.draft.modern):
            yield Conditional({keyword: self.child(value[keyword], place.at(keyword)) for keyword in present})

    def schemas(self, value: dict[str, Any], keyword: str, place: Place) -> dict[str, Node]:
        """The schemas of a keyword that holds them by name."""
        inside = place.at(keyword)
        listed = keywords.members(value, keyword, place)
        return {name: self.strict_child(each, inside.at(name)) for name, each in listed.items()}


def _says_something(family: str, value: dict[str, Any], place: Place) -> bool:
    if family != "object" or not place.scope.draft.modern:
        return True
    return any(keyword not in NAMED or value[keyword] != {} for keyword in modern.FAMILIES[family].intersection(value))


def _implied(bodies: list[Body], value: dict[str, Any]) -> Combined:
    return Combined("allOf", tuple(_part(body, value) for body in bodies), implied=True)


def _part(body: Body, source: Any) -> Node:
    node = Node(source)
    node.body = body
    return node


def _annotate(node: Node, value: dict[str, Any], place: Place) -> None:
    found: dict[str, Any] = {}
    for keyword in (place.scope.draft.id_keyword, "title", "description"):
        if keyword in value:
            found["id" if keyword == "$id" else keyword] = keywords.string(value, keyword, place)
    if "default" in value:
        found["default"] = value["default"]
        # a null default counts up to draft-07 only (section 4.4)
        node.has_default = value["default"] is not None or not place.scope.draft.modern
    if place.scope.draft is Draft.SEVEN:
        keywords.boolean(value, "readOnly", place)
        keywords.boolean(value, "writeOnly", place)
    node.bytes = value.get("connect.type") == "bytes"
    node.annotations = found or None


def _enumeration(values: list[Any]) -> Enumeration:
    return Enumeration(frozenset(printed(each, sort=True) for each in values), values)
