"""Which account, database and schema are meant, who we are there, and what is kept where."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Self

from pydantic import ConfigDict, Field, SecretStr, StringConstraints, model_validator

from decapolis_translators.catalog import CatalogConfig
from decapolis_translators.contract import TranslatorConfig
from decapolis_translators.http import ReachConfig, Url

WAYS = (
    "Snowflake's SQL API knows only key pairs (private_key, with username and account), "
    "OAuth (oauth) and programmatic access tokens (token, or as the password of a username)"
)
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
"""How a programmatic access token looks: a signed token of three parts."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^.\x00-\x1f\x7f]+$")]
"""A name of a database, a schema or a table, exactly as Snowflake shows it (mostly in upper case)."""


class OAuth(TranslatorConfig):
    """A token from elsewhere, or client credentials at an identity provider that the account trusts."""

    token: SecretStr | None = None
    token_url: Url | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    scope: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        client = (self.token_url, self.client_id, self.client_secret)
        if (self.token is None) == all(each is None for each in client) or (self.token is None and None in client):
            raise ValueError("give either oauth.token, or oauth.token_url, oauth.client_id and oauth.client_secret")
        return self


class SnowflakeConfig(CatalogConfig, ReachConfig):
    """One schema of a database, and others whose tables are shown as well."""

    model_config: ClassVar[ConfigDict] = ConfigDict(populate_by_name=True)

    account: str | None = Field(default=None, description="the account's identifier, as in its host name")
    timeout: float = Field(default=10.0, gt=0, description="seconds for one statement, waiting for its end included")
    database: Name
    schema_name: Name = Field(default="PUBLIC", alias="schema")
    table: str = Field(
        default="{name}",
        max_length=100,
        pattern=r"^[^{}.\x00-\x1f\x7f]*\{name\}[^{}.\x00-\x1f\x7f]*$",
        description="what stands around the names of tables that are made for topics",
    )
    schemas: tuple[Name, ...] = Field(default=(), description="further schemas whose tables are shown")
    warehouse: str | None = Field(default=None, description="what the history needs; tables alone need none")
    role: str | None = None
    username: str | None = None
    password: SecretStr | None = Field(default=None, description="a programmatic access token")
    token: SecretStr | None = Field(default=None, description="a programmatic access token")
    private_key: SecretStr | None = Field(default=None, description="an RSA key in PEM")
    private_key_passphrase: SecretStr | None = None
    oauth: OAuth | None = None
    mirror: bool = Field(default=True, description="keep copies of the documents in the history table")
    history_schema: Name = "SR_GATEWAY"
    history_table: Name = "SCHEMA_VERSIONS"
    tag: str | None = Field(
        default=None,
        pattern=r"^[^.\x00-\x1f]+\.[^.\x00-\x1f]+\.[^.\x00-\x1f]+$",
        description="DATABASE.SCHEMA.TAG that tables get their subject as, where the edition has tags",
    )
    horizon: bool = Field(default=False, description="ask Horizon's Iceberg endpoint, and read Iceberg tables there")

    @model_validator(mode="before")
    @classmethod
    def _url_of_account(cls, given: Any) -> Any:
        """The host of an account has hyphens where its name has underscores."""
        if not isinstance(given, dict) or given.get("url") or not isinstance(given.get("account"), str):
            return given
        account = given["account"]
        if not _ACCOUNT.fullmatch(account):
            raise ValueError("account: an identifier such as myorg-myaccount or xy12345.eu-central-1 is expected")
        return {**given, "url": f"https://{account.lower().replace('_', '-')}.snowflakecomputing.com"}

    @model_validator(mode="after")
    def _one_way_to_log_in(self) -> Self:
        keyed = self.private_key is not None
        ways = (keyed, self.token is not None, self.oauth is not None, self.password is not None)
        if sum(ways) != 1:
            raise ValueError(f"exactly one way to log in is needed; {WAYS}")
        if keyed and (self.username is None or self.account is None):
            raise ValueError("a key pair needs username and account")
        if self.password is not None and not _TOKEN.fullmatch(self.password.get_secret_value()):
            raise ValueError(f"the password is no programmatic access token; {WAYS}")
        return self
