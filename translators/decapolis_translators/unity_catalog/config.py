"""How a Unity Catalog is reached, who we are to it, where subjects have their tables, and what those look like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from decapolis_translators.catalog import CatalogConfig
from decapolis_translators.http import ReachConfig, Url, Urls

_DATABRICKS_HOSTS: Final = (".databricks.com", ".azuredatabricks.net", ".databricks.us", ".databricks.azure.cn")
_PIECE: Final = r"[A-Za-z0-9_@-]+"
_TWO_PARTS: Final = rf"^{_PIECE}\.{_PIECE}$"
_THREE_PARTS: Final = rf"^{_PIECE}\.{_PIECE}\.{_PIECE}$"
_AROUND_NAME: Final = re.compile(r"[a-z0-9_]*\{name\}[a-z0-9_]*")
_SCHEMA_TEMPLATE: Final = re.compile(rf"(?:[A-Za-z0-9_@-]|\{{first\}})+|{_PIECE}")
RESERVED: Final = "decapolis."
"""The prefix of properties that are the gateway's own."""

FEATURES: Final[Mapping[str, str]] = {
    "delta.columnMapping.mode": "name",
    "delta.enableTypeWidening": "true",
}
"""What a new Delta table is told, so that its columns can be dropped, renamed and widened later."""


_API: Final = re.compile(r"/api(/2\.[01](/unity-catalog)?)?/*$")


def _without_api(given: Any) -> Any:
    """People copy the address of the API; everything hangs under the server's own."""
    if isinstance(given, str):
        return ",".join(_API.sub("", part.strip()) for part in given.split(","))
    if isinstance(given, list | tuple):
        return [_API.sub("", part) if isinstance(part, str) else part for part in given]
    return given


class UnityConfig(CatalogConfig, ReachConfig):
    """One catalog of a Unity Catalog: of Databricks, or of the open-source server."""

    model_config = ConfigDict(populate_by_name=True)

    url: Annotated[Urls, BeforeValidator(_without_api)]
    dialect: Literal["auto", "oss", "databricks"] = "auto"
    """`auto` goes by the host's name, and by keys that only Databricks has."""

    token: SecretStr | None = None
    token_file: str | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    client_secret_file: str | None = None
    token_url: Url | None = None
    scope: str = "all-apis"
    subject_token: SecretStr | None = None
    subject_token_file: str | None = None
    subject_token_type: Literal["id_token", "access_token"] = "id_token"  # noqa: S105 - a kind of token, none

    catalog: Annotated[str, Field(pattern=f"^{_PIECE}$", max_length=255)] = "main"
    default_schema: Annotated[str | None, Field(alias="schema", max_length=255)] = "default"
    """A template; None refuses every subject that does not name its table."""
    table: Annotated[str, Field(max_length=128)] = "{name}"

    table_type: Literal["EXTERNAL", "MANAGED"] | None = None
    table_format: Literal["DELTA", "PARQUET", "AVRO", "ORC", "JSON", "CSV", "TEXT"] = "DELTA"
    storage_location: str | None = None
    properties: Mapping[str, str] = Field(default_factory=dict)
    table_features: bool = True
    not_null: Literal["when_new", "enforce"] = "when_new"
    removed_fields: Literal["drop", "keep"] = "drop"
    create_schemas: bool = False
    recreate_tables: bool = False

    warehouse_id: str | None = None
    statement_timeout: float = Field(default=50.0, ge=5, le=600)
    mirror_volume: Annotated[str, Field(pattern=_THREE_PARTS)] | None = None
    mirror_functions: Annotated[str, Field(pattern=_TWO_PARTS)] | None = None

    @property
    def is_databricks(self) -> bool:
        """Which of the two dialects is spoken."""
        if self.dialect != "auto":
            return self.dialect == "databricks"
        hosts = [urlsplit(url).hostname or "" for url in self.url]
        theirs = bool(self.warehouse_id or self.client_id or self.mirror_volume)
        return theirs or all(host.endswith(_DATABRICKS_HOSTS) for host in hosts)

    @property
    def is_external(self) -> bool:
        """Whether new tables lie where we say."""
        return self.table_type == "EXTERNAL" or (self.table_type is None and not self.is_databricks)

    @model_validator(mode="after")
    def _one_identity(self) -> Self:
        if self.token is not None and self.token_file is not None:
            raise ValueError("give token or token_file, not both")
        if self.subject_token is not None and self.subject_token_file is not None:
            raise ValueError("give subject_token or subject_token_file, not both")
        if (self.client_id is None) is not (self.client_secret is None and self.client_secret_file is None):
            raise ValueError("client_id and client_secret (or client_secret_file) belong together")
        given = (
            self.token or self.token_file,
            self.client_id,
            self.subject_token or self.subject_token_file,
        )
        if sum(each is not None for each in given) > 1:
            raise ValueError("give one of token, client_id with client_secret, and subject_token")
        if self.is_databricks and given[2] is not None:
            raise ValueError("subject_token is for the open-source server; Databricks takes token or client_id")
        if not self.is_databricks and self.client_id is not None:
            raise ValueError("client_id is for Databricks; the open-source server takes token or subject_token")
        return self

    @model_validator(mode="after")
    def _templates_hold(self) -> Self:
        if not _AROUND_NAME.fullmatch(self.table):
            raise ValueError("table must hold {name} once, and else only a-z 0-9 _: two subjects must never meet")
        if self.default_schema is not None and not _SCHEMA_TEMPLATE.fullmatch(self.default_schema):
            raise ValueError("schema is a name, in which {first} stands for a topic's part before its first dot")
        if any(key.startswith(RESERVED) for key in self.properties):
            raise ValueError(f"properties that begin with {RESERVED} are the gateway's own")
        return self

    @model_validator(mode="after")
    def _fits_the_dialect(self) -> Self:
        if self.is_databricks:
            wrong = {"mirror_functions": self.mirror_functions, "recreate_tables": self.recreate_tables}
            if self.table_format != "DELTA":
                raise ValueError("table_format: on Databricks tables are made in Delta only")
        else:
            wrong = {"warehouse_id": self.warehouse_id, "mirror_volume": self.mirror_volume}
            if self.table_type == "MANAGED":
                raise ValueError(
                    "table_type: the open-source server makes a managed table from a commit that only an engine can write"
                )
        for key, value in wrong.items():
            if value:
                other = "the open-source server" if self.is_databricks else "Databricks"
                raise ValueError(f"{key} is for {other}")
        if self.is_databricks and self.is_external and self.storage_location is None:
            raise ValueError("table_type EXTERNAL needs storage_location")
        return self
