"""A stateful, strict fake of AWS Glue Schema Registry: its JSON 1.1 interface, on one URL, with AssumeRole of STS beside it.

    fake = GlueFake()
    with Loopback(fake) as served: ...           # endpoint_url and sts_endpoint_url: served.url

Sources: the service's published model (botocore's, inputs are held against it), the API reference of the schema registry
(https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-schema-registry-api.html), the developer guide's pages on
compatibility and checkpoints, and the messages that AWS's own client and moto know. Nobody outside can tell: how texts are
made canonical (here: as our formats do), what becomes of a refused text that is sent again (here: a new number), and the
quotas of an account (here: knobs of `state`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import orjson

from .asgi import FakeServer, Problem, Receive, Request, Route, Scope
from .glue_login import Guard
from .glue_model import demand_valid, refuse
from .glue_schemas import Given
from .glue_state import GlueSchema, GlueState
from .glue_versions import AnswersVersions

_WRITES = ("Create", "Register", "Update", "Delete", "Put", "Remove", "Tag", "Untag")


class GlueFake(AnswersVersions, FakeServer):
    """One account in one region; any key may enter until `guard` says otherwise."""

    media_type = "application/x-amz-json-1.1"

    def __init__(self, *, region: str = "us-east-1", registries: tuple[str, ...] = ("schemas",)) -> None:
        self.state = GlueState(region)
        self.guard = Guard(region)
        for name in registries:
            self.state.add_registry(name)
        super().__init__()

    def count(self, operation: str) -> int:
        """How often an operation was asked for."""
        return self.calls[f"POST /{operation}"]

    def put(self, name: str, *texts: str, kind: str = "AVRO", compatibility: str = "NONE") -> GlueSchema:
        """Makes a schema in the first registry, with versions, as another tool would; answers its state."""
        registry = next(iter(self.state.registries.values()))
        made = {"DataFormat": kind, "Compatibility": compatibility, "SchemaDefinition": texts[0]}
        self._create_schema({"RegistryId": {"RegistryName": registry.name}, "SchemaName": name, **made})
        for text in texts[1:]:
            identity = {"RegistryName": registry.name, "SchemaName": name}
            self._register({"SchemaId": identity, "SchemaDefinition": text})
        return registry.schemas[name]

    def throttle(self, times: int = 1, *, operation: str = "", retry_after: str | None = None) -> None:
        """Lets the next calls be too many."""
        headers = {} if retry_after is None else {"retry-after": retry_after}
        body = {"__type": "ThrottlingException", "Message": "Rate exceeded"}
        self.fail_next(400, body, times, headers=headers, path=at(operation))

    def routes(self) -> list[Route]:
        """One for every operation; the header that names it is taken for the path."""
        operations: dict[str, Callable[[Given], Any]] = {
            "CreateRegistry": self._create_registry,
            "GetRegistry": self._get_registry,
            "ListSchemas": self._list_schemas,
            "CreateSchema": self._create_schema,
            "GetSchema": self._get_schema,
            "UpdateSchema": self._update_schema,
            "DeleteSchema": self._delete_schema,
            "RegisterSchemaVersion": self._register,
            "GetSchemaVersion": self._get_version,
            "GetSchemaByDefinition": self._get_by_definition,
            "ListSchemaVersions": self._list_versions,
            "DeleteSchemaVersions": self._delete_versions,
            "PutSchemaVersionMetadata": self._put_metadata,
            "QuerySchemaVersionMetadata": self._query_metadata,
            "RemoveSchemaVersionMetadata": self._remove_metadata,
            "TagResource": self._tag,
            "GetTags": self._get_tags,
        }
        own = [
            Route("POST", f"/{name}", self._answering(name, asked), name.startswith(_WRITES))
            for name, asked in operations.items()
        ]
        return [*own, Route("POST", "/sts", lambda request, names: self.guard.assume(request))]

    def no_such_route(self, other_verb: bool) -> Problem:
        """What AWS says to an operation that it does not know."""
        return refuse("UnknownOperationException", "")

    async def _read(self, scope: Scope, receive: Receive) -> Request:
        request = await super()._read(scope, receive)
        target = request.headers.get("x-amz-target", "")
        name = target.removeprefix("AWSGlue.") if target else "sts"
        return replace(request, raw_path=at(name) or "", segments=(name,))

    def _answering(self, name: str, asked: Callable[[Given], Any]) -> Callable[[Request, Mapping[str, str]], Any]:
        def answer(request: Request, names: Mapping[str, str]) -> Any:
            self.guard.demand(request, name)
            try:
                given = orjson.loads(request.body)
            except ValueError:
                raise refuse("SerializationException", "could not parse request body into json") from None
            demand_valid(name, given)
            return asked(given)

        return answer


def at(operation: str) -> str | None:
    """The path under which faults for an operation are asked for; None means all of them."""
    return f"/{operation}/" if operation else None
