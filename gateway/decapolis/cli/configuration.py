"""From flags, variables and files to one checked configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from decapolis.files import ConfigurationFault, load
from decapolis.settings import Configuration, from_environment


@dataclass(frozen=True)
class Flags:
    """What the command line says; None where it is silent."""

    config: str | None = None
    host: str | None = None
    port: int | None = None
    store: str | None = None


def configured(flags: Flags, environ: Mapping[str, str] | None = None) -> Configuration:
    """The configuration, flags before variables before the file; a click error lists every fault."""
    said = from_environment(os.environ if environ is None else environ)
    path = flags.config or said.get("config")
    changes: dict[str, Any] = {
        "host": flags.host or said.get("host"),
        "port": flags.port if flags.port is not None else said.get("port"),
        "store": flags.store or said.get("store"),
        "access": said.get("access"),
    }
    try:
        return load(None if path is None else Path(path), changes, os.environ if environ is None else environ)
    except ConfigurationFault as fault:
        raise click.ClickException(str(fault)) from fault
