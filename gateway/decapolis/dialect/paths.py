"""What a request path means before it is routed: doors, context prefixes, trailing slashes.

Paths are matched in their percent-encoded spelling, so that a subject may contain `%2F`; handlers decode single segments.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes


class BadPath(ValueError):
    """The path cannot be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """A path and query as the routes see them, and the door they came through."""

    path: str
    query: str
    door: str | None = None


def decoded(segment: str) -> str:
    """A path segment as text; BadPath when its percent-encoded bytes are not UTF-8."""
    if "%" not in segment:
        return segment
    try:
        return unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadPath(f"The path segment '{segment}' is not UTF-8 after percent-decoding") from error


def encoded(text: str) -> str:
    """A text as one path segment or query value."""
    return quote(text, safe="")


def placed(raw_path: str, query: str) -> Place:
    """Strips a door and a context prefix off a raw path (confluent-rest section 5.1, URL prefix)."""
    door = None
    path = raw_path
    name, _, rest = path.removeprefix("/registries/").partition("/")
    if path.startswith("/registries/") and name:
        door, path = decoded(name), f"/{rest}"
    if len(path) > 1:
        path = path.rstrip("/") or "/"
    if path.startswith("/contexts/"):
        path, query = _without_context(path, query)
    return Place(path, query, door)


def _without_context(path: str, query: str) -> tuple[str, str]:
    written, _, rest = path.removeprefix("/contexts/").partition("/")
    context = _context_name(decoded(written))
    qualified = "" if context == "." else f":{context}:"
    if not rest:
        return f"/contexts/{encoded(f':{context}:')}", query
    segments = rest.split("/")
    head = segments[0]
    if head in {"subjects", "config", "mode", "compatibility", "schemas", "dek-registry"} and qualified:
        return _qualified(segments, query, qualified)
    if head == "associations" and qualified:
        return f"/{rest}", _with_default(query, "context", qualified)
    return f"/{rest}", query


def _context_name(written: str) -> str:
    name = written
    if name.startswith(":") and name.endswith(":") and len(name) > 1:
        name = name[1:-1]
    if ":" in name:
        raise BadPath(f"Context name '{written}' cannot contain a colon")
    return name if name.startswith(".") else f".{name}"


def _qualified(segments: list[str], query: str, qualified: str) -> tuple[str, str]:
    head = segments[0]
    if head == "schemas":
        return _qualified_schemas(segments, query, qualified)
    if head == "subjects" and len(segments) == 1:
        return "/subjects", _with_prefix(query, "subjectPrefix", qualified)
    at = {"subjects": 1, "config": 1, "mode": 1, "compatibility": 2}.get(head)
    if head == "dek-registry":
        at = segments.index("deks") + 1 if "deks" in segments else None
    if at is not None and head in {"config", "mode"} and len(segments) == 1:
        segments = [*segments, ""]
    if at is not None and len(segments) > at:
        segments = [*segments[:at], _in_context(segments[at], qualified), *segments[at + 1 :]]
    return "/" + "/".join(segments), query


def _qualified_schemas(segments: list[str], query: str, qualified: str) -> tuple[str, str]:
    path = "/" + "/".join(segments)
    if len(segments) == 1:
        return path, _with_prefix(query, "subjectPrefix", qualified)
    if segments[1] == "ids":
        return path, _with_prefix(query, "subject", qualified)
    return path, query


def _in_context(segment: str, qualified: str) -> str:
    subject = decoded(segment)
    return segment if subject.startswith(":.") else encoded(qualified + subject)


def _with_prefix(query: str, name: str, qualified: str) -> str:
    """The query with the value of a parameter put into a context; added where it is missing."""
    parts = [part for part in query.split("&") if part]
    for index, part in enumerate(parts):
        key, _, value = part.partition("=")
        if key == name:
            plain = decoded(value.replace("+", " "))
            spelled = plain if plain.startswith(":") else qualified + plain
            parts[index] = f"{name}={encoded(spelled)}"
            return "&".join(parts)
    return "&".join([*parts, f"{name}={encoded(qualified)}"])


def _with_default(query: str, name: str, value: str) -> str:
    if any(part.partition("=")[0] == name for part in query.split("&")):
        return query
    return "&".join(filter(None, [query, f"{name}={encoded(value)}"]))
