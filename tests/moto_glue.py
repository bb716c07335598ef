"""moto as a Glue Schema Registry on a port of loopback, with the operations that it lacks.

moto 5.2 knows 12 of the schema registry's operations. Attached here, to its own state: lists of schemas and versions,
deletes of versions, and metadata that can be read back and removed; repaired: a lookup by text that does not depend on its
layout, and a checkpoint that moves. It judges nothing; the strict fake does.
"""

from __future__ import annotations

import atexit
import json
from functools import cache
from typing import Any

ACCOUNT = "123456789012"


class MotoGlue:
    """One server for the whole process, as moto's state is one; emptied at each start."""

    def __init__(self) -> None:
        self.missing: str | None = None
        try:
            import flask  # noqa: F401
            import flask_cors  # noqa: F401
            import moto  # noqa: F401
        except ImportError as error:
            self.missing = f"moto is not installed: {error}"

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = _server().get_host_and_port()
        return f"http://{host}:{port}"

    @property
    def backend(self) -> Any:
        """Its state in the region that the tests use."""
        from moto.glue.models import glue_backends

        return glue_backends[ACCOUNT]["us-east-1"]

    def start(self) -> None:
        """Opens the port, and empties the state."""
        _server()
        self.backend.reset()

    def stop(self) -> None:
        """Empties the state; the end of the process closes the port."""
        self.backend.reset()


@cache
def _server() -> Any:
    from moto.server import ThreadedMotoServer

    _extend()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    atexit.register(server.stop)
    return server


def _extend() -> None:
    from moto.glue.models import GlueBackend
    from moto.glue.responses import GlueResponse

    for name, handler in {
        "list_schemas": _list_schemas,
        "list_schema_versions": _list_schema_versions,
        "delete_schema_versions": _delete_schema_versions,
        "query_schema_version_metadata": _query_metadata,
        "remove_schema_version_metadata": _remove_metadata,
    }.items():
        setattr(GlueResponse, name, handler)
    GlueResponse.update_schema = _update_schema
    GlueBackend.get_schema_by_definition = _by_definition


def _answer(found: dict[str, Any]) -> Any:
    from moto.core.responses import ActionResult

    return ActionResult(found)


def _schema(response: Any) -> Any:
    from moto.glue.glue_schema_registry_utils import validate_schema_id

    registries = response.glue_backend.registries
    registry, name, _ = validate_schema_id(response._get_param("SchemaId"), registries)
    return registries[registry].schemas[name]


def _version(response: Any) -> Any:
    from moto.glue.exceptions import SchemaVersionNotFoundFromSchemaIdException

    schema = _schema(response)
    number = response._get_param("SchemaVersionNumber")["VersionNumber"]
    for version in schema.schema_versions.values():
        if version.version_number == number:
            return version
    raise SchemaVersionNotFoundFromSchemaIdException(schema.registry_name, schema.schema_name, None, number, None)


def _paged(response: Any, items: list[dict[str, Any]]) -> Any:
    start, size = int(response._get_param("NextToken") or 0), response._get_param("MaxResults") or 25
    more = {"NextToken": str(start + size)} if start + size < len(items) else {}
    return _answer({"Schemas": items[start : start + size], **more})


def _list_schemas(self: Any) -> Any:
    from moto.glue.glue_schema_registry_utils import validate_registry_id

    registries = self.glue_backend.registries
    name = validate_registry_id(self._get_param("RegistryId"), registries)
    schemas = registries[name].schemas if name in registries else {}
    return _paged(
        self,
        [
            {
                "RegistryName": name,
                "SchemaName": schema.schema_name,
                "SchemaArn": schema.schema_arn,
                "SchemaStatus": schema.schema_status,
            }
            for schema in schemas.values()
        ],
    )


def _list_schema_versions(self: Any) -> Any:
    schema = _schema(self)
    return _paged(
        self,
        [
            {
                "SchemaArn": schema.schema_arn,
                "SchemaVersionId": version.schema_version_id,
                "VersionNumber": version.version_number,
                "Status": version.schema_version_status,
                "CreatedTime": str(version.created_time),
            }
            for version in schema.schema_versions.values()
        ],
    )


def _delete_schema_versions(self: Any) -> Any:
    schema, errors = _schema(self), []
    first, _, last = self._get_param("Versions").partition("-")
    for number in range(int(first), int(last or first) + 1):
        held = [key for key, each in schema.schema_versions.items() if each.version_number == number]
        for key in held:
            del schema.schema_versions[key]
        if not held:
            errors.append({"VersionNumber": number, "ErrorDetails": {"ErrorCode": "EntityNotFoundException"}})
    schema.latest_schema_version = max(each.version_number for each in schema.schema_versions.values())
    return _answer({"SchemaVersionErrors": errors})


def _query_metadata(self: Any) -> Any:
    version = _version(self)
    told = {
        key: {
            "MetadataValue": values[0],
            "CreatedTime": "2026-01-01T00:00:00Z",
            "OtherMetadataValueList": [
                {"MetadataValue": value, "CreatedTime": f"2026-01-01T00:00:{place:02}Z"}
                for place, value in enumerate(values[1:], 1)
            ],
        }
        for key, values in version.metadata.items()
    }
    return _answer({"MetadataInfoMap": told, "SchemaVersionId": version.schema_version_id})


def _remove_metadata(self: Any) -> Any:
    version, pair = _version(self), self._get_param("MetadataKeyValue")
    values = version.metadata[pair["MetadataKey"]]
    values.remove(pair["MetadataValue"])
    if not values:
        del version.metadata[pair["MetadataKey"]]
    return _answer({"SchemaVersionId": version.schema_version_id, **pair})


def _update_schema(self: Any) -> Any:
    schema, number = _schema(self), self._get_param("SchemaVersionNumber")
    if number is not None:
        schema.schema_checkpoint = (
            schema.latest_schema_version if number.get("LatestVersion") else number["VersionNumber"]
        )
    schema_id = self._get_param("SchemaId")
    return _answer(self.glue_backend.update_schema(schema_id, self._get_param("Compatibility"), None))


def _by_definition(self: Any, schema_id: dict[str, str], schema_definition: str) -> dict[str, Any]:
    from moto.glue.exceptions import SchemaVersionNotFoundFromSchemaIdException
    from moto.glue.glue_schema_registry_utils import validate_schema_id

    registry, name, _ = validate_schema_id(schema_id, self.registries)
    schema = self.registries[registry].schemas[name]
    for version in schema.schema_versions.values():
        if _meaning(version.schema_definition) == _meaning(schema_definition):
            told: dict[str, Any] = version.get_schema_by_definition_as_dict()
            return {**told, "DataFormat": schema.data_format}
    raise SchemaVersionNotFoundFromSchemaIdException(registry, name, None, None, None)


def _meaning(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
