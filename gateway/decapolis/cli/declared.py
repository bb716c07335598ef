"""A folder under version control that says what registries should hold: YAML files, and schema files beside them.

Each YAML file has `registries:`, by registry id: `level`, and `subjects` by name with `schema` (a file beside it), `format`,
`references`, `level`, `metadata` and `rule_set`. Several files may speak of one registry.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import yaml

from decapolis.cli.compare import SUFFIXES, read_text

_REGISTRY = {"level", "subjects"}
_SUBJECT = {"schema", "schema_content", "format", "references", "level", "metadata", "rule_set"}


def read_folder(folder: Path) -> dict[str, Any]:
    """What all YAML files of a folder (or one file) declare, as the API takes it; every fault names its file."""
    files = [folder] if folder.is_file() else sorted(f for f in folder.rglob("*") if f.suffix in {".yaml", ".yml"})
    if not files:
        raise click.ClickException(f"{folder}: there is no YAML file in it")
    registries: dict[str, dict[str, Any]] = {}
    for file in files:
        for registry_id, said in _mapping(_loaded(file).get("registries"), file, "registries").items():
            registry = registries.setdefault(str(registry_id), {"subjects": {}})
            _add(registry, _mapping(said, file, str(registry_id)), file)
    return {"registries": registries}


def _loaded(file: Path) -> dict[str, Any]:
    try:
        value = yaml.safe_load(read_text(file)) or {}
    except yaml.YAMLError as error:
        raise click.ClickException(f"{file}: {error}") from error
    found = _mapping(value, file, "the file")
    _demand_known(found, {"registries"}, file, "the file")
    return found


def _add(registry: dict[str, Any], said: dict[str, Any], file: Path) -> None:
    _demand_known(said, _REGISTRY, file, "a registry")
    if "level" in said:
        if registry.get("level", said["level"]) != said["level"]:
            raise click.ClickException(f"{file}: the level of the registry is declared twice, and not alike")
        registry["level"] = _level(said["level"])
    for name, subject in _mapping(said.get("subjects"), file, "subjects").items():
        if name in registry["subjects"]:
            raise click.ClickException(f"{file}: the subject {name} is declared twice")
        registry["subjects"][str(name)] = _subject(_mapping(subject, file, str(name)), file, str(name))


def _subject(said: dict[str, Any], file: Path, name: str) -> dict[str, Any]:
    _demand_known(said, _SUBJECT, file, f"subject {name}")
    found: dict[str, Any] = {
        key: said[key] for key in ("references", "metadata", "rule_set", "schema_content") if key in said
    }
    if "level" in said:
        found["level"] = _level(said["level"])
    if "schema" in said:
        path = file.parent / str(said["schema"])
        found["schema_content"] = read_text(path)
        found["schema_format"] = said.get("format") or SUFFIXES.get(path.suffix.lower(), "avro")
    elif "format" in said:
        found["schema_format"] = said["format"]
    return found


def _level(said: Any) -> str:
    """A level; YAML's null says that there should be none."""
    return "" if said is None else str(said)


def _mapping(value: Any, file: Path, what: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise click.ClickException(f"{file}: {what} must be a mapping")
    return value


def _demand_known(said: dict[str, Any], known: set[str], file: Path, what: str) -> None:
    unknown = sorted(str(key) for key in said if key not in known)
    if unknown:
        raise click.ClickException(
            f"{file}: {what} cannot have {', '.join(unknown)} (known: {', '.join(sorted(known))})"
        )
