"""One request of the dialect as handlers see it, and what they give back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from decapolis.gateway import Gateway, View

from .errors import DialectError
from .paths import decoded

NOT_FOUND = DialectError(404, 404, "HTTP 404 Not Found")
MAX_INT = 2**31 - 1


@dataclass(slots=True)
class Ask:
    """A parsed request: where it looks from, what its path and query say, and its body."""

    view: View
    method: str
    params: dict[str, str]
    query: str
    body: bytes
    extra: bool
    """Whether the client takes fields that older ones do not know."""
    _parsed: dict[str, list[str]] | None = None
    _subject: str | None = None
    keep: Keep | None = None

    @property
    def gateway(self) -> Gateway:
        """The gateway behind the view."""
        return self.view.gateway

    @property
    def queries(self) -> dict[str, list[str]]:
        """All query parameters."""
        if self._parsed is None:
            self._parsed = {}
            for name, value in parse_qsl(self.query, keep_blank_values=True, errors="replace") if self.query else ():
                self._parsed.setdefault(name, []).append(value)
        return self._parsed

    def text(self, name: str, default: str = "") -> str:
        """The first value of a parameter."""
        values = self.queries.get(name)
        return values[0] if values else default

    def texts(self, name: str) -> list[str]:
        """All values of a parameter."""
        return self.queries.get(name, [])

    def flag(self, name: str) -> bool:
        """Whether a parameter is `true` in any letter case; everything else is not."""
        return self.text(name).strip().lower() == "true"

    def number(self, name: str, default: int) -> int:
        """A parameter as an integer; the dialect answers 404 for anything else."""
        value = self.text(name).strip()
        return default if not value else integer(value)

    @property
    def subject(self) -> str:
        """The subject in the path."""
        if self._subject is None:
            self._subject = decoded(self.params["subject"])
        return self._subject

    def param(self, name: str) -> str:
        """A decoded path segment."""
        return decoded(self.params[name])

    def may_keep(self, *scopes: str, seconds: float | None = None, seldom: bool = False) -> None:
        """Says that the answer may be given again while none of these scopes changed, for `seconds` at the most.

        What is `seldom` asked again is only kept once it was.
        """
        self.keep = Keep(scopes, seconds, seldom)


@dataclass(frozen=True, slots=True)
class Keep:
    """How long an answer stays right."""

    scopes: tuple[str, ...]
    seconds: float | None = None
    seldom: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a JSON value, or a ready text."""

    value: Any = None
    status: int = 200
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


def integer(value: str) -> int:
    """A 32-bit integer out of a path or a query; the dialect's 404 otherwise."""
    try:
        number = int(value) if value.isascii() and len(value) <= 12 else None
    except ValueError:
        number = None
    if number is None or abs(number) > MAX_INT or "_" in value or value != value.strip():
        raise NOT_FOUND
    return number
