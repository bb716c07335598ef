"""How an endpoint of the face is declared: what it takes, what it answers, and which function serves it.

Inputs come from the query and from a JSON body alike, the body wins (the original blueprint has both styles); a name that an
endpoint does not know is passed over. What is answered goes through the declared type, from which the OpenAPI document is made
too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Generic, Literal, TypeVar
from urllib.parse import parse_qsl

import orjson
from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter
from starlette.responses import Response

from .desk import Desk
from .problems import Refused

Method = Literal["GET", "POST", "PUT", "DELETE"]


class Inputs(BaseModel):
    """What a caller may say; names that are not known are passed over."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True, frozen=True)


class Shape(BaseModel):
    """What is answered; nothing beside the declared members."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _split(value: Any) -> Any:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return [part.strip() for each in value for part in each.split(",") if part.strip()]
    return value


Listed = Annotated[list[str] | None, BeforeValidator(_split)]
"""A list that may be repeated in a query, or separated by commas."""


def named(*names: str, **more: Any) -> Any:
    """A field that may be called by any of these names; the first is the documented one, and it may be left out."""
    more.setdefault("default", None)
    return Field(validation_alias=AliasChoices(*names), **more)


REGISTRIES = ("registries", "registry_ids")

InputsT = TypeVar("InputsT", bound=Inputs)


@dataclass(frozen=True, slots=True)
class Asked(Generic[InputsT]):
    """One request, read and checked."""

    desk: Desk
    path: Mapping[str, str]
    inputs: InputsT
    headers: Mapping[str, str]
    given: Mapping[str, Any] = field(default_factory=dict)
    """Everything that came with the query and the body, free names (filters) included."""
    operation: str = ""
    """The method and the path as declared."""

    def demand_match(self, current: str) -> None:
        """Refuses a change that was made on an older state: If-Match must name the current tag, where it is sent."""
        wanted = self.headers.get("if-match")
        if wanted is None or wanted.strip() == "*":
            return
        if current not in [each.strip() for each in wanted.split(",")]:
            raise Refused(
                412, "changed-meanwhile", f"The current state has the tag {current}: read it, then decide again"
            )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler answers; a body of None has no content, `raw` is sent as it is."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: Response | None = None


Handler = Callable[[Asked[Any]], Awaitable[Answer]]


@dataclass(frozen=True)
class Endpoint:
    """One method of one path below `/api/v1`."""

    method: Method
    path: str
    serve: Handler
    summary: str
    tag: str
    inputs: type[Inputs] = Inputs
    answers: Mapping[int, Any] = field(default_factory=dict)
    """The type of the body by status; None for an empty one."""
    problems: tuple[int, ...] = (400, 404)
    media_types: Mapping[int, str] = field(default_factory=dict)
    """Of answers that are not JSON; several are separated by `, `."""
    also: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Further media types, beside JSON, that a caller may ask for."""

    @property
    def takes_body(self) -> bool:
        """Whether the documented place of its inputs is a body."""
        return self.method in {"POST", "PUT"} and bool(self.inputs.model_fields)

    @cached_property
    def adapters(self) -> dict[int, TypeAdapter[Any]]:
        """What prints each answer."""
        return {status: TypeAdapter(kind) for status, kind in self.answers.items() if kind is not None}

    def printed(self, answer: Answer) -> Response:
        """The answer as bytes, through its declared type."""
        if answer.raw is not None:
            return answer.raw
        headers = dict(answer.headers)
        adapter = self.adapters.get(answer.status)
        if adapter is None:
            return Response(status_code=answer.status, headers=headers)
        content = adapter.dump_json(answer.body, by_alias=True)
        return Response(content, answer.status, headers, media_type="application/json")


def etag(body: Any) -> str:
    """A tag that changes whenever the body does."""
    plain = body.model_dump(mode="json") if isinstance(body, BaseModel) else body
    text = orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
    return f'"{hashlib.sha256(text).hexdigest()[:32]}"'


def read_inputs(query: str, body: bytes) -> dict[str, Any]:
    """Everything that a caller said, the body's words over those of the query."""
    found: dict[str, Any] = {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=1000)
    except ValueError as error:
        raise Refused(400, "invalid-request", f"The query cannot be read: {error}") from error
    for name, value in pairs:
        if name in found:
            before = found[name]
            found[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            found[name] = value
    if not body.strip():
        return found
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refused(400, "invalid-json", f"The body is not JSON: {error}") from error
    if not isinstance(said, dict):
        raise Refused(400, "invalid-request", "The body must be a JSON object")
    return {**found, **said}
