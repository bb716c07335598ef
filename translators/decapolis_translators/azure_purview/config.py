"""Which account of Purview is meant, or which Atlas, and who we are to it."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, SecretStr, model_validator

from decapolis_translators.catalog import CatalogConfig
from decapolis_translators.http import ReachConfig, Url, Urls

IMDS = "http://169.254.169.254/metadata/identity/oauth2/token"
RESOURCE = "https://purview.azure.net"


class PurviewConfig(CatalogConfig, ReachConfig):
    """One account of Purview by its name, or any Data Map or Atlas by its URL."""

    account_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$")] | None = None
    """The host is `<account_name>.purview.azure.com`; `url` says another."""
    url: Urls = ()
    tenant_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+$")] | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    token_url: Url | None = None
    """Where tokens are given out; without it Entra ID, for the tenant."""
    identity_url: Url = IMDS
    """Where a machine asks for its managed identity; `client_id` alone names one that is assigned by a user."""
    username: str | None = None
    password: SecretStr | None = None
    """For an Apache Atlas of one's own."""
    namespace: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=128)] | None = None
    """What qualified names begin with, after `sr://`; without it the registry's name."""
    collection: str | None = None
    """The collection that new entities belong to; without it the account's root."""
    mirror: bool = True
    """Keep a copy of every document, one entity per version."""
    set_up: bool = True
    """Make our types where they are missing, at the first write."""

    @model_validator(mode="before")
    @classmethod
    def _url_of_account(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("url") or not isinstance(given.get("account_name"), str):
            return given
        return {**given, "url": f"https://{given['account_name']}.purview.azure.com/datamap/api"}

    @model_validator(mode="after")
    def _one_identity(self) -> Self:
        if not self.url:
            raise ValueError("give the account_name, or the url of a Data Map or an Atlas")
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together")
        if self.username is not None and (self.client_id or self.client_secret or self.tenant_id):
            raise ValueError("give either username and password, for Atlas, or a client of Entra ID")
        if self.client_secret is not None and self.client_id is None:
            raise ValueError("client_secret needs client_id")
        if self.client_secret is not None and self.tenant_id is None and self.token_url is None:
            raise ValueError("client_secret needs tenant_id")
        return self

    @property
    def is_atlas(self) -> bool:
        """Whether an Apache Atlas is spoken to, which searches otherwise and knows no versions of its API."""
        return self.username is not None
