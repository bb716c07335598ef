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
from .glue_pages import page
from .glue_state import (
    AVAILABLE,
    DELETING,
    FAILURE,
    PENDING,
    GlueRegistryState,
    GlueSchema,
    GlueState,
    GlueVersion,
    Pair,
)

DEFAULT = "default-registry"
_WRITES = ("Create", "Register", "Update", "Delete", "Put", "Remove", "Tag", "Untag")

Given = Mapping[str, Any]


class GlueFake(FakeServer):
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

    # --- registries

    def _create_registry(self, given: Given) -> Any:
        name = given["RegistryName"]
        if name in self.state.registries:
            raise refuse("AlreadyExistsException", f"Registry already exists. RegistryName: {name}")
        registry = self.state.add_registry(name)
        return {"RegistryArn": registry.arn, "RegistryName": name}

    def _get_registry(self, given: Given) -> Any:
        registry = self._registry(given["RegistryId"])
        times = {"CreatedTime": registry.created, "UpdatedTime": registry.created}
        return {"RegistryName": registry.name, "RegistryArn": registry.arn, "Status": registry.status, **times}

    def _registry(self, given: Given) -> GlueRegistryState:
        if len(given) != 1:
            raise refuse(
                "InvalidInputException", "One of registryName or registryArn has to be provided, but not both."
            )
        name = given.get("RegistryName") or given["RegistryArn"].rpartition("/")[2]
        if name not in self.state.registries:
            raise refuse("EntityNotFoundException", f"Registry is not found. RegistryName: {name}, RegistryArn: null")
        return self.state.registries[name]

    def _list_schemas(self, given: Given) -> Any:
        chosen = given.get("RegistryId")
        registries = [self._registry(chosen)] if chosen else list(self.state.registries.values())
        found = [(registry, schema) for registry in registries for schema in self._present(registry)]
        items = [
            {
                "RegistryName": registry.name,
                "SchemaName": schema.name,
                "SchemaArn": schema.arn,
                "SchemaStatus": schema.status,
                "CreatedTime": schema.created,
                "UpdatedTime": schema.created,
            }
            for registry, schema in found
        ]
        return page("Schemas", items, given, 25)

    def _present(self, registry: GlueRegistryState) -> list[GlueSchema]:
        return [schema for schema in list(registry.schemas.values()) if not self._went(registry, schema)]

    # --- schemas

    def _create_schema(self, given: Given) -> Any:
        registry = self._registry(given["RegistryId"]) if "RegistryId" in given else self._default()
        name, kind = given["SchemaName"], given["DataFormat"]
        if name in registry.schemas and not self._went(registry, registry.schemas[name]):
            raise refuse("AlreadyExistsException", f"Schema already exists. SchemaName: {name}")
        if sum(1 for _ in self.state.schemas()) >= self.state.max_schemas:
            raise refuse(
                "ResourceNumberLimitExceededException", "More schemas cannot be created. The limit has been reached."
            )
        schema = GlueSchema(
            name, kind, given.get("Compatibility", "BACKWARD"), self.state.arn("schema", registry.name, name)
        )
        first: dict[str, Any] = {}
        if "SchemaDefinition" in given:
            version = self._add(schema, given["SchemaDefinition"])
            first = {"SchemaVersionId": version.id, "SchemaVersionStatus": version.seen()}
        registry.schemas[name] = schema
        if given.get("Tags"):
            self.state.tags[schema.arn] = dict(given["Tags"])
        tags = {"Tags": given["Tags"]} if given.get("Tags") else {}
        return {**self._told(registry, schema), **first, **tags}

    def _default(self) -> GlueRegistryState:
        return self.state.registries.get(DEFAULT) or self.state.add_registry(DEFAULT)

    def _told(self, registry: GlueRegistryState, schema: GlueSchema) -> dict[str, Any]:
        latest = schema.latest
        return {
            "RegistryName": registry.name,
            "RegistryArn": registry.arn,
            "SchemaName": schema.name,
            "SchemaArn": schema.arn,
            "DataFormat": schema.kind,
            "Compatibility": schema.compatibility,
            "SchemaCheckpoint": schema.checkpoint,
            "LatestSchemaVersion": latest.number if latest else 1,
            "NextSchemaVersion": schema.next_number,
            "SchemaStatus": schema.status,
        }

    def _schema(self, given: Given) -> tuple[GlueRegistryState, GlueSchema]:
        """The schema meant; one that is being deleted is told as such for a while, and then it is gone."""
        identity = given["SchemaId"]
        if "SchemaArn" in identity:
            registry_name, name = identity["SchemaArn"].split("/")[-2:]
        elif {"RegistryName", "SchemaName"} <= set(identity):
            registry_name, name = identity["RegistryName"], identity["SchemaName"]
        else:
            raise refuse(
                "InvalidInputException", "One of (registryName and schemaName) or schemaArn has to be provided."
            )
        registry = self.state.registries.get(registry_name)
        schema = registry.schemas.get(name) if registry else None
        if registry is None or schema is None or self._went(registry, schema):
            raise refuse(
                "EntityNotFoundException",
                f"Schema is not found. RegistryName: {registry_name}, SchemaName: {name}, SchemaArn: null",
            )
        return registry, schema

    def _went(self, registry: GlueRegistryState, schema: GlueSchema) -> bool:
        if schema.status != DELETING:
            return False
        schema.gone_after -= 1
        if schema.gone_after < 0:
            registry.schemas.pop(schema.name, None)
            return True
        return False

    def _get_schema(self, given: Given) -> Any:
        registry, schema = self._schema(given)
        return {**self._told(registry, schema), "CreatedTime": schema.created, "UpdatedTime": schema.created}

    def _update_schema(self, given: Given) -> Any:
        registry, schema = self._available(given)
        if "Compatibility" in given and "SchemaVersionNumber" not in given:
            raise refuse("InvalidInputException", "SchemaVersionNumber has to be provided with Compatibility.")
        if "SchemaVersionNumber" in given:
            version = self._numbered(schema, given["SchemaVersionNumber"])
            if version.status != AVAILABLE:
                raise refuse("InvalidInputException", f"Version {version.number} is not available for a checkpoint.")
            schema.checkpoint = version.number
        schema.compatibility = given.get("Compatibility", schema.compatibility)
        return {"SchemaArn": schema.arn, "SchemaName": schema.name, "RegistryName": registry.name}

    def _available(self, given: Given) -> tuple[GlueRegistryState, GlueSchema]:
        registry, schema = self._schema(given)
        if schema.status != AVAILABLE:
            raise refuse("ConcurrentModificationException", f"Schema {schema.name} is not available: {schema.status}")
        return registry, schema

    def _delete_schema(self, given: Given) -> Any:
        _, schema = self._schema(given)
        schema.status, schema.gone_after = DELETING, self.state.deleting_reads
        for version in schema.versions.values():
            version.status = DELETING
        self.state.tags.pop(schema.arn, None)
        return {"SchemaArn": schema.arn, "SchemaName": schema.name, "Status": DELETING}

    # --- versions

    def _register(self, given: Given) -> Any:
        _, schema = self._schema(given)
        if schema.status == DELETING:
            raise refuse("EntityNotFoundException", f"Schema is not found. SchemaName: {schema.name} is being deleted")
        if schema.compatibility == "DISABLED":
            raise refuse(
                "InvalidInputException",
                f"Compatibility DISABLED does not allow versioning. SchemaId: SchemaId(schemaName={schema.name})",
            )
        canonical = self.state.canonical(schema.kind, given["SchemaDefinition"])
        for version in schema.versions.values():
            if version.canonical == canonical and version.status in {AVAILABLE, PENDING}:
                return self._entry(version)
        if sum(len(each.versions) for each in self.state.schemas()) >= self.state.max_versions:
            raise refuse(
                "ResourceNumberLimitExceededException",
                "More schema versions cannot be created. The limit has been reached.",
            )
        return self._entry(self._add(schema, given["SchemaDefinition"]))

    def _add(self, schema: GlueSchema, text: str) -> GlueVersion:
        """The next version; from the second one on the compatibility decides what becomes of it."""
        version = GlueVersion(schema.next_number, text, self.state.canonical(schema.kind, text))
        if schema.versions:
            version.status = PENDING
            version.settles_as = AVAILABLE if self.state.verdict(schema, text) else FAILURE
            version.reads = self.state.pending_reads
        schema.versions[version.number] = version
        schema.next_number += 1
        return version

    def _entry(self, version: GlueVersion) -> dict[str, Any]:
        return {"SchemaVersionId": version.id, "VersionNumber": version.number, "Status": version.seen()}

    def _numbered(self, schema: GlueSchema, given: Given) -> GlueVersion:
        if ("VersionNumber" in given) == bool(given.get("LatestVersion")):
            raise refuse(
                "InvalidInputException", "One of versionNumber or latestVersion has to be provided, but not both."
            )
        found = schema.versions.get(given["VersionNumber"]) if "VersionNumber" in given else self._latest(schema)
        if found is None:
            raise refuse(
                "EntityNotFoundException", f"Schema version is not found. SchemaName: {schema.name}, {dict(given)}"
            )
        return found

    def _latest(self, schema: GlueSchema) -> GlueVersion | None:
        latest = schema.latest
        if latest is not None and latest.number > 1 and self._is_stale():
            return schema.versions.get(latest.number - 1)
        return latest

    def _is_stale(self) -> bool:
        self.state.stale_reads -= 1
        return self.state.stale_reads >= 0

    def _one(self, given: Given) -> tuple[GlueSchema, GlueVersion]:
        """The version meant, by its id alone or by schema and number."""
        if "SchemaVersionId" not in given:
            if not {"SchemaId", "SchemaVersionNumber"} <= set(given):
                raise refuse("InvalidInputException", "SchemaId and SchemaVersionNumber have to be provided.")
            _, schema = self._schema(given)
            return schema, self._numbered(schema, given["SchemaVersionNumber"])
        if len({"SchemaId", "SchemaVersionNumber"} & set(given)):
            raise refuse(
                "InvalidInputException", "No other input parameters can be specified when fetching by SchemaVersionId."
            )
        for schema in self.state.schemas():
            for version in schema.versions.values():
                if version.id == given["SchemaVersionId"]:
                    return schema, version
        raise refuse(
            "EntityNotFoundException", f"Schema version is not found. SchemaVersionId: {given['SchemaVersionId']}"
        )

    def _get_version(self, given: Given) -> Any:
        schema, version = self._one(given)
        return {
            **self._entry(version),
            "SchemaDefinition": version.text,
            "DataFormat": schema.kind,
            "SchemaArn": schema.arn,
            "CreatedTime": version.created,
        }

    def _get_by_definition(self, given: Given) -> Any:
        _, schema = self._schema(given)
        canonical = self.state.canonical(schema.kind, given["SchemaDefinition"])
        for version in sorted(schema.versions.values(), key=lambda each: each.status != AVAILABLE):
            if version.canonical == canonical and version.status != DELETING:
                told = {"SchemaVersionId": version.id, "SchemaArn": schema.arn, "DataFormat": schema.kind}
                return {**told, "Status": version.seen(), "CreatedTime": version.created}
        raise refuse("EntityNotFoundException", f"Schema version is not found. SchemaName: {schema.name}")

    def _list_versions(self, given: Given) -> Any:
        _, schema = self._schema(given)
        versions = sorted(schema.versions.values(), key=lambda version: -version.number)
        if len(versions) > 1 and self._is_stale():
            versions = versions[1:]
        items = [
            {**self._entry(version), "SchemaArn": schema.arn, "CreatedTime": version.created} for version in versions
        ]
        return page("Schemas", items, given, 25)

    def _delete_versions(self, given: Given) -> Any:
        _, schema = self._available(given)
        first, _, last = given["Versions"].partition("-")
        numbers = range(int(first), int(last or first) + 1)
        if 1 in numbers:
            raise refuse("InvalidInputException", "The first schema version can only be deleted by DeleteSchema.")
        if schema.checkpoint in numbers:
            raise refuse("ConcurrentModificationException", f"Version {schema.checkpoint} is the checkpoint.")
        errors = []
        for number in numbers:
            if schema.versions.pop(number, None) is None:
                details = {"ErrorCode": "EntityNotFoundException", "ErrorMessage": "Schema version is not found."}
                errors.append({"VersionNumber": number, "ErrorDetails": details})
        return {"SchemaVersionErrors": errors}

    # --- metadata and tags

    def _put_metadata(self, given: Given) -> Any:
        schema, version = self._one(given)
        pair = given["MetadataKeyValue"]
        if any((each.key, each.value) == (pair["MetadataKey"], pair["MetadataValue"]) for each in version.metadata):
            raise refuse(
                "AlreadyExistsException", "Resource already exist for schema version id, metadata key and value."
            )
        if len(version.metadata) >= self.state.max_pairs:
            raise refuse(
                "ResourceNumberLimitExceededException",
                "Your resource limits for Schema Version Metadata have been exceeded.",
            )
        version.metadata.append(Pair(pair["MetadataKey"], pair["MetadataValue"]))
        return {**self._entry(version), "SchemaName": schema.name, "LatestVersion": False, **pair}

    def _query_metadata(self, given: Given) -> Any:
        _, version = self._one(given)
        held: dict[str, list[dict[str, str]]] = {}
        for pair in version.metadata:
            held.setdefault(pair.key, []).append({"MetadataValue": pair.value, "CreatedTime": pair.created})
        told = {
            key: {**values[0], **({"OtherMetadataValueList": values[1:]} if len(values) > 1 else {})}
            for key, values in held.items()
        }
        return {"MetadataInfoMap": told, "SchemaVersionId": version.id}

    def _remove_metadata(self, given: Given) -> Any:
        schema, version = self._one(given)
        pair = given["MetadataKeyValue"]
        kept = [
            each for each in version.metadata if (each.key, each.value) != (pair["MetadataKey"], pair["MetadataValue"])
        ]
        if len(kept) == len(version.metadata):
            raise refuse("EntityNotFoundException", "Schema version metadata is not found.")
        version.metadata = kept
        return {**self._entry(version), "SchemaName": schema.name, "LatestVersion": False, **pair}

    def _tag(self, given: Given) -> Any:
        held = self.state.tags.setdefault(self._resource(given), {})
        held.update(given["TagsToAdd"])
        return {}

    def _get_tags(self, given: Given) -> Any:
        return {"Tags": self.state.tags.get(self._resource(given), {})}

    def _resource(self, given: Given) -> str:
        arn: str = given["ResourceArn"]
        known = {each.arn for each in self.state.registries.values()} | {each.arn for each in self.state.schemas()}
        if arn not in known:
            raise refuse("EntityNotFoundException", f"Resource is not found: {arn}")
        return arn


def at(operation: str) -> str | None:
    """The path under which faults for an operation are asked for; None means all of them."""
    return f"/{operation}/" if operation else None
