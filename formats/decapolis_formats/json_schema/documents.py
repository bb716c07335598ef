"""Where a `$ref` leads: the root document, the given dependencies and the known meta-schemas, and nowhere
else.

Nothing is ever fetched (compatibility.md section 4.1): an address that is none of these is an
InvalidSchema.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urljoin

from decapolis_formats.errors import InvalidSchema
from decapolis_formats.model import Dependency

from .dialects import Draft, draft_of
from .metaschemas import metaschema
from .reading import value_of

MAX_DOCUMENTS = 2_000


@dataclass(frozen=True, slots=True)
class Scope:
    """What references inside some part of a document start from."""

    draft: Draft
    base: str
    resource: Any
    document: Any


Named = tuple[Any, Scope]


class Place:
    """Where a schema stands, kept as a chain so that it costs nothing until a message needs it."""

    __slots__ = ("parent", "scope", "token")

    def __init__(self, scope: Scope, token: str, parent: Place | None = None) -> None:
        self.scope = scope
        self.token = token
        self.parent = parent

    def at(self, token: str) -> Place:
        """The place one step further in."""
        return Place(self.scope, token, self)

    def __str__(self) -> str:
        tokens = []
        place: Place | None = self
        while place is not None:
            tokens.append(place.token)
            place = place.parent
        return "/".join(reversed(tokens))


class Library:
    """The documents of one schema: the root and those that references bring in, read when first needed."""

    def __init__(self, root: Any, dependencies: Sequence[Dependency]) -> None:
        draft = draft_of(root, Draft.SEVEN)
        self.root = Scope(draft, own_base(root, draft), root, root)
        self.texts: dict[str, str] = {}
        for dependency in dependencies:
            self.texts.setdefault(dependency.name, dependency.text)
        self.addresses = {_joined(self.root.base, name): name for name in self.texts}
        self.documents: dict[str, Scope] = {}
        self.indexes: dict[int, dict[str, Named]] = {}

    def target(self, reference: str, place: Place) -> tuple[Any, Place]:
        """The value that a `$ref` at this place names, and its own place; else InvalidSchema."""
        address, _, fragment = reference.partition("#")
        scope = place.scope
        value, scope = self._resource(address, place) if address else (scope.resource, scope)
        fragment = unquote(fragment)
        if fragment and not fragment.startswith("/"):
            named = self._index(scope).get(f"{scope.base}#{fragment}")
            if named is None:
                raise InvalidSchema(f"{place}: the reference {reference} leads nowhere")
            return named[0], Place(named[1], f"{address}#{fragment}")
        at = Place(scope, f"{address}#")
        for index, token in enumerate(_tokens(fragment)):
            value = _step(value, token, top=index == 0)
            if value is MISSING:
                raise InvalidSchema(f"{place}: the reference {reference} leads nowhere")
            scope = inner_scope(value, scope)
            at = Place(scope, token, at)
        return value, at

    def _resource(self, address: str, place: Place) -> Named:
        absolute = _joined(place.scope.base, address)
        for candidate in (address, absolute):
            found = self._document(candidate)
            if found is not None:
                return found.resource, found
        for scope in (place.scope, self.root):
            index = self._index(scope)
            named = index.get(absolute) or index.get(address)
            if named is not None:
                return named
        raise InvalidSchema(
            f"{place}: nothing is known of {address}: it is neither a given reference nor a meta-schema, "
            "and references are never fetched"
        )

    def _document(self, address: str) -> Scope | None:
        known = self.documents.get(address)
        if known is not None:
            return known
        name = address if address in self.texts else self.addresses.get(address)
        value = metaschema(address) if name is None else _read(name, self.texts[name])
        if value is None:
            return None
        # one document, however many spellings lead to it
        draft = draft_of(value, self.root.draft)
        if draft.modern is not self.root.draft.modern:
            draft = self.root.draft
        scope = Scope(draft, own_base(value, draft) or address, value, value)
        if len(self.documents) >= MAX_DOCUMENTS:
            raise InvalidSchema(f"More than {MAX_DOCUMENTS} documents are referred to")
        for spelling in (address, name):
            if spelling is not None:
                self.documents[spelling] = scope
        return scope

    def _index(self, start: Scope) -> dict[str, Named]:
        index = self.indexes.get(id(start.document))
        if index is None:
            index = {}
            for address, named in _identified(start.document, start.draft):
                index.setdefault(address, named)
            self.indexes[id(start.document)] = index
        return index


MISSING = object()
NEWER_NAME = ("$defs",)


def own_base(value: Any, draft: Draft) -> str:
    """The address that a schema gives itself, empty where it gives none."""
    name = value.get(draft.id_keyword) if isinstance(value, dict) else None
    return name.rstrip("#") if isinstance(name, str) else ""


def inner_scope(value: Any, outer: Scope) -> Scope:
    """The scope inside a schema: its `$id` moves the base, from 2019-09 on also the start of `#/...`."""
    name = own_base(value, outer.draft)
    if not name or value is outer.resource or name.startswith("#"):
        return outer
    resource = value if outer.draft.modern else outer.resource
    return Scope(outer.draft, _joined(outer.base, name), resource, outer.document)


def _read(name: str, text: str) -> Any:
    try:
        return value_of(text)
    except InvalidSchema as unreadable:
        raise InvalidSchema(f"The reference {name} cannot be read: {unreadable}") from None


def _identified(document: Any, draft: Draft) -> Iterator[tuple[str, Named]]:
    pending: list[tuple[Any, Scope]] = [(document, Scope(draft, own_base(document, draft), document, document))]
    while pending:
        value, scope = pending.pop()
        if isinstance(value, list):
            pending.extend((child, scope) for child in value)
        elif isinstance(value, dict):
            scope = inner_scope(value, scope)
            yield from ((address, (value, scope)) for address in _addresses(value, scope))
            pending.extend((child, scope) for child in value.values())


def _addresses(value: dict[str, Any], scope: Scope) -> Iterator[str]:
    name = value.get(scope.draft.id_keyword)
    if isinstance(name, str):
        yield name
        yield f"{scope.base}{name}" if name.startswith("#") else scope.base
    for keyword in ("$anchor", "$dynamicAnchor"):
        anchor = value.get(keyword)
        if scope.draft.modern and isinstance(anchor, str):
            yield f"{scope.base}#{anchor}"


def _tokens(pointer: str) -> list[str]:
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def _step(value: Any, token: str, *, top: bool) -> Any:
    if isinstance(value, dict):
        if token in value:
            return value[token]
        # what older drafts call definitions, newer ones look for under $defs
        return value.get("definitions", MISSING) if top and token in NEWER_NAME else MISSING
    if isinstance(value, list) and token.isdecimal() and int(token) < len(value):
        return value[int(token)]
    return MISSING


def _joined(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:
        return address
