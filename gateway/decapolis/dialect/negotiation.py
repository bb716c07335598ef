"""Which media type an answer has, and which bodies are taken."""

from __future__ import annotations

from functools import lru_cache

V1 = "application/vnd.schemaregistry.v1+json"
PRODUCED = ((V1, 1.0), ("application/vnd.schemaregistry+json", 0.9), ("application/json", 0.5))
CONSUMED = frozenset({*(media_type for media_type, _ in PRODUCED), "application/octet-stream"})


@lru_cache(maxsize=256)
def answer_type(accept: str | None) -> str | None:
    """The media type to answer with, None when the client takes none that we have (RFC 9110, section 12.5.1)."""
    if accept is None or not accept.strip():
        return V1
    ranges = [_range(part) for part in accept.split(",") if part.strip()]
    best: tuple[float, str] | None = None
    for media_type, preference in PRODUCED:
        weight = _weight(media_type, ranges) * preference
        if weight > 0 and (best is None or weight > best[0]):
            best = (weight, media_type)
    return None if best is None else best[1]


def _range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return _whole(name), float(value)
            except ValueError:
                return _whole(name), 0.0
    return _whole(name), 1.0


def _whole(name: str) -> str:
    # Java's default Accept spells the wildcard as a lone star
    return "*/*" if name == "*" else name


def _weight(media_type: str, ranges: list[tuple[str, float]]) -> float:
    family = media_type.split("/", maxsplit=1)[0] + "/*"
    weights = dict(reversed(ranges))
    for candidate in (media_type, family, "*/*"):
        if candidate in weights:
            return weights[candidate]
    return 0.0


def is_consumed(content_type: str | None) -> bool:
    """Whether a body of this type is read; one without a type is taken for JSON."""
    if content_type is None or not content_type.strip():
        return True
    return content_type.split(";", maxsplit=1)[0].strip().lower() in CONSUMED
