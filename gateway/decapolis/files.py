"""Reads configuration files: YAML, `${ENV}` and `…_file`, checked as a whole."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from decapolis.settings import Configuration, GatewaySettings, RegistriesFile

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


class ConfigurationFault(ValueError):
    """A configuration that cannot be used; the text names every fault and its place."""


def load(path: Path | None, changes: Mapping[str, Any], environ: Mapping[str, str]) -> Configuration:
    """The configuration of a start: the file (if any), overlaid by what flags and variables say."""
    raw = {} if path is None else _mapping(path)
    listen = {key: changes[key] for key in ("host", "port") if changes.get(key) is not None}
    if listen:
        raw["listen"] = {**(raw.get("listen") or {}), **listen}
    for key in ("store", "access"):
        if changes.get(key) is not None:
            raw[key] = changes[key]
    try:
        gateway = GatewaySettings.model_validate(_expanded(raw, environ, str(path)))
        if gateway.policies_file is not None and path is not None:
            gateway = gateway.model_copy(update={"policies_file": path.parent / gateway.policies_file})
        entries = []
        if gateway.registries_file is not None and path is not None:
            entries = _registries(path.parent / gateway.registries_file, environ)
        return Configuration.assembled(gateway, entries)
    except ValidationError as error:
        raise ConfigurationFault(_sentences(path, error)) from None
    except ValueError as error:
        raise ConfigurationFault(f"{path or 'configuration'}: {error}") from None


def _registries(path: Path, environ: Mapping[str, str]) -> list[Any]:
    raw = _mapping(path)
    entries = raw.get("registries") or []
    if isinstance(entries, list):
        raw["registries"] = [
            _expanded(entry, environ, f"{path}: registries[{index}]") if _enabled(entry) else entry
            for index, entry in enumerate(entries)
        ]
    try:
        return list(RegistriesFile.model_validate(raw).registries)
    except ValidationError as error:
        raise ConfigurationFault(_sentences(path, error)) from None


def _enabled(entry: Any) -> bool:
    return not isinstance(entry, dict) or entry.get("enabled", True) is not False


def _mapping(path: Path) -> dict[str, Any]:
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationFault(f"{path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ConfigurationFault(f"{path}: not YAML: {error}") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigurationFault(f"{path}: a mapping is expected at the top")
    return value


def _expanded(value: Any, environ: Mapping[str, str], where: str) -> Any:
    if isinstance(value, dict):
        return {
            key.removesuffix("_file") if _is_secret_file(key, each) else key: (
                _file_text(each, f"{where}.{key}")
                if _is_secret_file(key, each)
                else _expanded(each, environ, f"{where}.{key}")
            )
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_expanded(each, environ, f"{where}[{index}]") for index, each in enumerate(value)]
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: _variable(match, environ, where), value)
    return value


def _is_secret_file(key: Any, value: Any) -> bool:
    return (
        isinstance(key, str)
        and key.endswith("_file")
        and key not in {"registries_file", "policies_file"}
        and isinstance(value, str)
    )


def _file_text(path: str, where: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\n")
    except OSError as error:
        raise ConfigurationFault(f"{where}: {path}: {error.strerror}") from error


def _variable(match: re.Match[str], environ: Mapping[str, str], where: str) -> str:
    name, default = match.group(1), match.group(2)
    if name in environ:
        return environ[name]
    if default is not None:
        return default
    raise ConfigurationFault(f"{where}: the variable {name} is not set")


def _sentences(path: Path | None, error: ValidationError) -> str:
    lines = []
    for fault in error.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in fault["loc"])
        lines.append(f"{path or 'configuration'}: {place}: {fault['msg']}")
    return "\n".join(lines)
