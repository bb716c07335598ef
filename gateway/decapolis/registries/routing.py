"""Which registry owns a subject: an ordered list of rules, the first that matches wins, the last is the default."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from decapolis.settings import RouteEntry
from decapolis_translators.catalog import Projection
from decapolis_translators.subjects import DEFAULT_CONTEXT, Subject

from .live import LiveRegistry

MOST_OWNERS = 10_000
"""For how many subjects it is remembered whose they are."""


class UnknownRegistry(LookupError):
    """No registry has that id; the text lists those that exist."""

    def __init__(self, registry_id: str, known: Iterable[str]) -> None:
        super().__init__(f"Unknown registry: {registry_id} (known: {', '.join(known)})")
        self.registry_id = registry_id


class NoRoute(LookupError):
    """No rule says which registry owns the subject."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"No route names a registry for subject '{subject}'")
        self.subject = subject


class Route:
    """One rule, ready to be asked."""

    def __init__(self, entry: RouteEntry) -> None:
        self.registry = entry.registry
        self.match = entry.match
        self.projection = entry.projection
        self._matches = _matcher(entry.match)

    def owns(self, subject: str) -> bool:
        """Whether the rule names this subject; a whole-name match for expressions and globs alike."""
        return self._matches(subject)

    @property
    def names_contexts(self) -> bool:
        """Whether the rule speaks about subjects of named contexts: a rule that does not never takes them."""
        return self.match is not None and self.match.removeprefix("re:").lstrip("^(?").startswith((":.", ":\\."))

    def __str__(self) -> str:
        return "the default route" if self.match is None else f"match: {self.match}"


def _matcher(match: str | None) -> Callable[[str], bool]:
    if match is None:
        return lambda _: True
    if match.startswith("re:"):
        expression = re.compile(match[3:])
        return lambda subject: expression.search(subject) is not None
    return lambda subject: fnmatchcase(subject, match)


class _Table(NamedTuple):
    """What is in force at one moment; never changed, only replaced."""

    live: Mapping[str, LiveRegistry]
    pins: Mapping[str, Route]
    routes: tuple[Route, ...]
    owners: dict[str, LiveRegistry]
    """What was worked out from it."""


class Registries:
    """All live registries, and the rules between them; both can be replaced at once while requests are under way."""

    def __init__(
        self,
        live: Sequence[LiveRegistry],
        routes: Sequence[RouteEntry],
        home: str | None,
        pins: Mapping[str, str] | None = None,
    ) -> None:
        self._home = home
        self._table = _table(live, routes, pins or {})

    def swap(self, live: Sequence[LiveRegistry], routes: Sequence[RouteEntry], pins: Mapping[str, str]) -> None:
        """Puts other registries and rules in force, for every question asked from now on."""
        self._table = _table(live, routes, pins)

    @property
    def all(self) -> list[LiveRegistry]:
        """Every registry, disabled ones included, in the order of the configuration."""
        return list(self._table.live.values())

    @property
    def route_entries(self) -> tuple[Route, ...]:
        """Every rule in the order in which they are asked, pinned subjects first."""
        return (*self._table.pins.values(), *self._table.routes)

    @property
    def pins(self) -> Mapping[str, str]:
        """Subjects whose owner was decided at run time."""
        return {subject: route.registry for subject, route in self._table.pins.items()}

    @property
    def home(self) -> LiveRegistry | None:
        """The registry whose ids appear unchanged at the front."""
        return None if self._home is None else self._table.live[self._home]

    def at(self, registry_id: str) -> LiveRegistry:
        """The registry of that id; UnknownRegistry otherwise."""
        live = self._table.live
        try:
            return live[registry_id]
        except KeyError:
            raise UnknownRegistry(registry_id, live) from None

    def find(self, registry_id: str) -> LiveRegistry | None:
        """The registry of that id, None where it is not configured (any more)."""
        return self._table.live.get(registry_id)

    def route(self, subject: str) -> Route:
        """The rule that decides on a subject; NoRoute where none does."""
        _, pins, routes, _ = self._table
        if pins and subject in pins:
            return pins[subject]
        in_context = Subject.parse(subject).context != DEFAULT_CONTEXT
        for route in routes:
            if in_context and not route.names_contexts:
                continue
            if route.owns(subject):
                return route
        if in_context and self._home is not None:
            return Route(RouteEntry(registry=self._home))
        if in_context and routes and routes[-1].match is None:
            return routes[-1]
        raise NoRoute(subject)

    def owner(self, subject: str) -> LiveRegistry:
        """The registry that owns a subject; known for as long as the same table is in force."""
        owners = self._table.owners
        found = owners.get(subject)
        if found is None:
            found = self.at(self.route(subject).registry)
            if len(owners) >= MOST_OWNERS:
                owners.clear()
            owners[subject] = found
        return found

    def explain(self, subject: str) -> tuple[str, str]:
        """The owner's id and the rule that chose it, in words."""
        route = self.route(subject)
        if route is self._table.pins.get(subject):
            return route.registry, "pinned at run time"
        named = Subject.parse(subject).context != DEFAULT_CONTEXT and route.match is None
        return route.registry, "subjects of named contexts belong to the home" if named else str(route)

    def projection(self, registry_id: str, subject: str) -> Projection | None:
        """What the rules of a registry say about the table of a subject, None where they say nothing."""
        own = (route for route in self._table.routes if route.registry == registry_id)
        return next((route.projection for route in own if route.owns(subject)), None)


def _table(live: Sequence[LiveRegistry], routes: Sequence[RouteEntry], pins: Mapping[str, str]) -> _Table:
    return _Table(
        {registry.id: registry for registry in live},
        {subject: Route(RouteEntry(match=subject, registry=registry)) for subject, registry in pins.items()},
        tuple(Route(entry) for entry in routes),
        {},
    )
