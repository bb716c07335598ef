"""Versions, their metadata, and tags of the fake of Glue, by the names of the service's operations."""

from __future__ import annotations

from typing import Any

from .glue_model import refuse
from .glue_pages import page
from .glue_schemas import AnswersSchemas, Given
from .glue_state import AVAILABLE, DELETING, PENDING, GlueSchema, GlueVersion, Pair


class AnswersVersions(AnswersSchemas):
    """The operations on versions and what is pinned to them."""

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
