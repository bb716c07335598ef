"""Which entry group of Dataplex is meant, which others are shown, and who we are to Google."""

from __future__ import annotations

from itertools import permutations
from typing import Annotated, Any, Self

import orjson
from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator

from decapolis_translators.catalog import CatalogConfig
from decapolis_translators.http import ReachConfig, Url, Urls

METADATA_SERVER = "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_LOCAL = ("http://127.0.0.1:", "http://localhost:", "http://[::1]:")

Group = Annotated[
    str, StringConstraints(pattern=r"^(projects/[^/]+/locations/[^/]+/entryGroups/)?@?[A-Za-z0-9][A-Za-z0-9_-]*$")
]
"""An entry group by its name alone, or by its whole resource name."""


class DataplexConfig(CatalogConfig, ReachConfig):
    """One entry group that is ours, and others whose entries are shown."""

    url: Urls = ("https://dataplex.googleapis.com",)
    project: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.:-]*$", description="project id or number")]
    location: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", description="region of the entry group, or global")]
    entry_group: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")] | None = None
    """Ours alone; without one `sr-` and the registry's name."""
    other_groups: tuple[Group, ...] = ()
    """Groups whose entries are shown as subjects that can only be read, such as `@bigquery`."""
    shown_types: tuple[str, ...] = ("*table*", "*view*")
    """Globs: which entry types of other tools are shown; datasets and the like have no columns."""
    service_account_key: SecretStr | None = None
    """The JSON of a service account's key; without it the machine's own identity is asked for."""
    metadata_url: Url = METADATA_SERVER
    mirror: bool = True
    """Keep a copy of every document, one entry per version."""
    set_up: bool = True
    """Make the entry group, the aspect type and the entry types where they are missing, at the first write."""
    set_up_wait: float = Field(default=60.0, gt=0, description="seconds until Google must have made them")

    @field_validator("service_account_key")
    @classmethod
    def _is_a_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None:
            key_facts(key)
        return key

    @model_validator(mode="after")
    def _groups_are_apart(self) -> Self:
        for one, other in permutations(self.other_groups, 2):
            if one == other or other.startswith(f"{one}/"):
                raise ValueError(f"other_groups: {one} and {other} would give two entries one name")
        return self


def key_facts(key: SecretStr) -> dict[str, str]:
    """What a key file says, and it is the kind that can sign; ValueError without a word of it."""
    try:
        facts: Any = orjson.loads(key.get_secret_value())
    except ValueError:
        raise ValueError("service_account_key: not the JSON of a key file") from None
    wanted = ("client_email", "private_key", "token_uri")
    if not isinstance(facts, dict) or facts.get("type") != "service_account":
        raise ValueError("service_account_key: the JSON of a key of the type service_account is expected")
    if not all(isinstance(facts.get(name), str) and facts[name] for name in wanted):
        raise ValueError(f"service_account_key: a key file has {', '.join(wanted)}")
    if not facts["token_uri"].startswith(("https://", *_LOCAL)):
        raise ValueError("service_account_key: token_uri must be secure")
    return {name: str(value) for name, value in facts.items()}
