"""Which registry of which account is meant, who we are to it, and what new schemas get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from decapolis_translators.contract import TranslatorConfig
from decapolis_translators.http import Url

DEFAULT_REGISTRY = "default-registry"

FormatName = Literal["AVRO", "JSON", "PROTOBUF"]
LevelName = Literal[
    "NONE", "BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE"
]
_Text = Annotated[str, Field(min_length=1)]


class GlueConfig(TranslatorConfig):
    """One registry of one account and region; without any credentials the usual chain of AWS is asked."""

    region: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")] | None = None
    registry_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9\-_$#.]{1,255}$")] = DEFAULT_REGISTRY
    aws_access_key_id: _Text | None = None
    aws_secret_access_key: SecretStr | None = None
    aws_session_token: SecretStr | None = None
    profile: _Text | None = None
    role_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/\S+$")] | None = None
    external_id: SecretStr | None = None
    role_session_name: Annotated[str, Field(pattern=r"^[\w+=,.@-]{2,64}$")] = "decapolis"
    endpoint_url: Url | None = None
    sts_endpoint_url: Url | None = None
    formats: Annotated[tuple[FormatName, ...], Field(min_length=1)] = ("AVRO", "JSON", "PROTOBUF")
    default_compatibility: LevelName = "NONE"
    tags: Annotated[Mapping[_Text, str], Field(max_length=50)] = Field(default_factory=dict)
    create_registry: bool = False
    concurrency: Annotated[int, Field(ge=1, le=50)] = 5
    timeout: float = Field(default=3.5, gt=0)

    @model_validator(mode="after")
    def _one_identity(self) -> Self:
        keys = self.aws_access_key_id is not None
        if keys != (self.aws_secret_access_key is not None):
            raise ValueError("aws_access_key_id and aws_secret_access_key belong together")
        if self.aws_session_token is not None and not keys:
            raise ValueError("aws_session_token needs aws_access_key_id and aws_secret_access_key")
        if self.profile is not None and keys:
            raise ValueError("at most one of profile and aws_access_key_id may be given")
        if self.role_arn is None and (self.external_id is not None or self.sts_endpoint_url is not None):
            raise ValueError("external_id and sts_endpoint_url need role_arn")
        return self

    def secrets(self) -> tuple[str, ...]:
        """What must never appear in a text."""
        given = (self.aws_secret_access_key, self.aws_session_token, self.external_id)
        return tuple(each.get_secret_value() for each in given if each is not None)
