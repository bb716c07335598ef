"""Registries and schemas of the fake of Glue, by the names of the service's operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .glue_model import refuse
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
)

DEFAULT = "default-registry"

Given = Mapping[str, Any]


class AnswersSchemas:
    """The operations on registries and schemas."""

    state: GlueState

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

    # --- what both kinds of operations need

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
