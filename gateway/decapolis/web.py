"""What every request carries with it: an id, a trace, a caller, a deadline, and how stale its answer turned out."""

from __future__ import annotations

import re
import secrets
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

_TRACEPARENT = re.compile(r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")


class BodyTooLarge(Exception):
    """A request's body is larger than the limit."""

    def __init__(self, most: int) -> None:
        super().__init__(f"The body is larger than {most} bytes")


@dataclass(slots=True)
class Call:
    """One request on its way through the gateway; the only mutable thing that travels with it."""

    request_id: str
    came_with: str | None = None
    """The trace context that the caller sent."""
    actor: str = "anonymous"
    administrator: bool = True
    started: float = field(default_factory=time.monotonic)
    stale_since: float | None = None
    route: str = ""
    wants_fresh: bool = False
    """Whether only what a registry says now will do: for decisions about changes, and for work of the gateway's own."""
    gave_up: set[str] = field(default_factory=set)
    """Registries that this request waited for in vain; it does not wait for them again."""
    projection: str | None = None
    """How far the table of a catalog follows what was just registered."""
    looked: set[tuple[str, str]] | None = None
    """Registries and subjects in which this request saw already what others put there; None looks every time."""
    last_changes: dict[str, int] = field(default_factory=dict)
    """The latest change of each scope that this request asked the shared store for."""
    _traceparent: str = ""

    @property
    def traceparent(self) -> str:
        """The trace context of this request, made when somebody wants to know it: most answers are ready before that."""
        if not self._traceparent:
            self._traceparent = _child_of(self.came_with)
        return self._traceparent

    def note_stale(self, seconds: float) -> None:
        """Remembers that a part of the answer is that old; the oldest part counts."""
        self.stale_since = max(self.stale_since or 0.0, seconds)

    def demand_fresh(self) -> bool:
        """From here on nothing stale will do; answers whether something stale was used before."""
        was_stale = self.stale_since is not None
        self.wants_fresh, self.stale_since = True, None
        return was_stale

    @contextmanager
    def taking_stale(self) -> Iterator[None]:
        """A part of the work for which the last known state is good enough, and that says nothing of the answer's age."""
        before = self.wants_fresh, self.stale_since
        self.wants_fresh = False
        try:
            yield
        finally:
            self.wants_fresh, self.stale_since = before

    def patience(self, seconds: float) -> float | None:
        """How long a question may still take before the last known answer will do, None for as long as it takes."""
        return None if self.wants_fresh else max(0.0, self.started + seconds - time.monotonic())

    @property
    def outbound_headers(self) -> Mapping[str, str]:
        """What goes along to registries."""
        return {"X-Request-ID": self.request_id, "traceparent": self.traceparent}


_current: ContextVar[Call | None] = ContextVar("decapolis_call", default=None)


def current_call() -> Call:
    """The call that this task works for; a new one for work that the gateway does of its own accord."""
    call = _current.get()
    if call is None:
        call = own_call()
        _current.set(call)
    return call


def own_call() -> Call:
    """A call for work that the gateway does of its own accord."""
    return Call(str(uuid.uuid4()), actor="gateway", wants_fresh=True)


def enter_call(call: Call) -> None:
    """Makes it the current call of this task and of the tasks it starts."""
    _current.set(call)


def call_for(request_id: str, traceparent: str | None) -> Call:
    """A call of that id, within the caller's own trace where it named a usable one."""
    return Call(request_id, traceparent, looked=set())


def new_traceparent() -> str:
    """A W3C trace context that starts here."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def _child_of(traceparent: str | None) -> str:
    if traceparent is None or not _TRACEPARENT.match(traceparent):
        return new_traceparent()
    version, trace, _, flags = traceparent.split("-")
    return f"{version}-{trace}-{secrets.token_hex(8)}-{flags}"


def known_call() -> Call | None:
    """The call that this task works for, None for work that nobody asked for."""
    return _current.get()


def printable(text: str) -> str:
    """The text as it may stand in a header: one line of ASCII, not too long."""
    return "".join(char if " " <= char <= "~" else " " for char in text)[:500]
