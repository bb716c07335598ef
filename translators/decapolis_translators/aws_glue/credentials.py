"""Who we are to AWS: keys, a profile, the usual chain, and a role on top of any of them. All of this may block."""

from __future__ import annotations

import logging
import os
from functools import cache, partial
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import NoCredentialsError
from botocore.loaders import create_loader

from .config import GlueConfig

_CONNECT_SECONDS = 1.0
_TALKATIVE = ("botocore", "boto3", "urllib3")


def client_config(config: GlueConfig) -> Config:
    """No retries (who calls repeats), no proxy that nobody configured, and as many connections as threads."""
    return Config(
        connect_timeout=min(_CONNECT_SECONDS, config.timeout),
        read_timeout=config.timeout,
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=config.concurrency,
        proxies={},
    )


@cache
def _models() -> Any:
    """The kit's description of its services: Glue's is large, and the same for all registries."""
    return create_loader()


def glue_client(config: GlueConfig) -> Any:
    """A new client; finding the credentials may ask the network, so this belongs into a thread."""
    _hush()
    core = botocore.session.Session(profile=config.profile)
    core.register_component("data_loader", _models())
    # the variable that containers of AWS set, and this kit, other than its siblings, does not read
    region = config.region or core.get_config_variable("region") or os.environ.get("AWS_REGION")
    if region:
        core.set_config_variable("region", region)
    if config.aws_access_key_id is not None and config.aws_secret_access_key is not None:
        token = config.aws_session_token
        core.set_credentials(
            config.aws_access_key_id,
            config.aws_secret_access_key.get_secret_value(),
            None if token is None else token.get_secret_value(),
        )
    if config.role_arn is not None:
        _assume(core, config)
    return boto3.Session(botocore_session=core).client(
        "glue", endpoint_url=config.endpoint_url, config=client_config(config)
    )


def _assume(core: Any, config: GlueConfig) -> None:
    """Lets the session's credentials be those of the role; they are renewed in time by themselves."""
    source = core.get_credentials()
    if source is None:
        raise NoCredentialsError
    given = {"RoleSessionName": config.role_session_name}
    if config.external_id is not None:
        given["ExternalId"] = config.external_id.get_secret_value()
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=partial(core.create_client, endpoint_url=config.sts_endpoint_url, config=client_config(config)),
        source_credentials=source,
        role_arn=config.role_arn,
        extra_args=given,
    )
    core._credentials = DeferredRefreshableCredentials(method="assume-role", refresh_using=fetcher.fetch_credentials)


def _hush() -> None:
    """At DEBUG the kit writes session tokens and whole answers into the log; who wants that must say so by name."""
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.INFO)
