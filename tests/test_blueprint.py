"""`docs/blueprint.md` names everything that the blueprint names, and nothing that is not there."""

from __future__ import annotations

import importlib
import re
from functools import reduce

import click
import pytest

from decapolis.cli import main
from decapolis.federation.face import ENDPOINTS
from decapolis.settings import REGISTRY_TYPES
from tests.test_docs import ROOT

PAGE = (ROOT / "docs" / "blueprint.md").read_text()
TARGETS = sorted(set(re.findall(r"`(decapolis[\w.]*:[\w.]+)`", PAGE)))
CALLS = sorted(set(re.findall(r"\b(GET|PUT|POST|DELETE) `(/[^`]*)`", PAGE)))
COMMANDS = sorted(set(re.findall(r"`decapolis ([a-z][a-z -]*)`", PAGE)))

NAMES = [
    "RegistryType",
    "SchemaFormat",
    "CompatibilityMode",
    "Schema",
    "CompatibilityResult",
    "ISchemaRegistry",
    "get_registry_type",
    "get_supported_formats",
    "register_schema",
    "get_schema_by_id",
    "get_schema_by_subject_version",
    "get_latest_schema",
    "list_subjects",
    "list_versions",
    "delete_schema_version",
    "check_compatibility",
    "get_compatibility_mode",
    "set_compatibility_mode",
    "get_all_compatibility_modes",
    "discover_schemas",
    "health_check",
    "get_metadata",
    "update_metadata",
    "ICompatibilityChecker",
    "check_backward_compatibility",
    "check_forward_compatibility",
    "check_full_compatibility",
    "check_transitive_compatibility",
    "ISchemaTransformer",
    "can_transform",
    "transform",
    "get_transformation_rules",
    "ISchemaDiscovery",
    "PluginRegistry",
    "register_plugin",
    "load_plugin_from_module",
    "create_instance",
    "get_instance",
    "list_available_plugins",
    "unregister_plugin",
    "MultiBackendOrchestrator",
    "add_registry",
    "get_registry",
    "list_registries",
    "query_all",
    "find_schema_across_registries",
    "compare_compatibility_modes",
    "ConfluentSchemaRegistryPlugin",
    "UnityCatalogPlugin",
]
"""What the blueprint names."""

ITS_CALLS = {
    ("GET", "/registries"),
    ("POST", "/registries/{registry_id}/test"),
    ("GET", "/schemas/find"),
    ("GET", "/schemas/compare"),
    ("GET", "/compatibility/overview"),
    ("POST", "/compatibility/check"),
    ("PUT", "/compatibility/{registry_id}/mode"),
    ("POST", "/bulk/set-compatibility"),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_the_blueprint_has_its_row(name: str) -> None:
    row = re.search(rf"^\| `{name}` \|(.*)\|(.*)\|$", PAGE, re.MULTILINE)
    assert row is not None
    assert "`decapolis" in row[1], "where it lives"
    assert row[2].strip(), "how it is reached"


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_is_there(target: str) -> None:
    module, _, path = target.partition(":")
    assert reduce(getattr, path.split("."), importlib.import_module(module)) is not None


def test_the_calls_are_served() -> None:
    assert set(CALLS) <= {(each.method, each.path) for each in ENDPOINTS}
    assert set(CALLS) >= ITS_CALLS


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_there(command: str) -> None:
    found: click.Command | None = main
    for word in command.split():
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), word)
    assert found is not None


def test_the_registry_types_are_the_ten() -> None:
    """The wire names that the blueprint fixes; ours is one more."""
    theirs = (
        "confluent unity_catalog aws_glue azure_purview apicurio karapace pulsar redpanda snowflake gcp_data_catalog"
    )
    assert set(REGISTRY_TYPES) == {*theirs.split(), "embedded"}
