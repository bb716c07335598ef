"""`python -m tests.registries_page`: the table of `docs/registries/index.md`, made from what the types declare.

What a client meets at the gateway: of a registry without integer ids or a catalog, what it can do together with the gateway.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, cast

from decapolis.registries.catalog import CatalogRegistry
from decapolis.registries.embedded import EmbeddedRegistry
from decapolis.registries.overlay import overlaid
from decapolis.registries.stored import StoredConfig
from decapolis.store import Store
from decapolis_formats import Format
from decapolis_translators.contract import Capabilities, Feature
from decapolis_translators.testing.facade import CatalogFacade, Facade
from tests.acceptance.conftest import FACADES

PAGE = Path(__file__).parent.parent / "docs" / "registries" / "index.md"
START = "<!-- made by: python -m tests.registries_page -->"
END = "<!-- end -->"

_SHOWN = {
    Feature.SOFT_DELETE: "soft delete",
    Feature.DELETE_VERSION: "delete one version",
    Feature.IMPORT_IDS: "import under an id",
    Feature.METADATA: "metadata",
    Feature.RULE_SETS: "rule sets",
    Feature.LEVELS: "keeps levels itself",
    Feature.MODES: "keeps modes itself",
    Feature.CONTEXTS: "contexts",
    Feature.NATIVE_CHECK: "judges too",
}


def capabilities() -> dict[str, Capabilities]:
    """What each type can do behind the gateway, by the name that the tests give it."""
    nowhere = cast("Store", None)  # capabilities are known without any store
    found: dict[str, Capabilities] = {}
    embedded = EmbeddedRegistry("embedded", StoredConfig(), nowhere)
    found["embedded"] = embedded.capabilities
    for name, made in FACADES.items():
        facade: Any = made()
        facade.start()
        try:
            if isinstance(facade, CatalogFacade):
                found[name] = CatalogRegistry(facade.catalog(), nowhere, 0, 1).capabilities
            elif isinstance(facade, Facade):
                found[name] = overlaid(facade.translator(), nowhere, 0, 1).capabilities
        finally:
            facade.stop()
    return found


def table() -> str:
    """The table: a row for each feature, a column for each registry."""
    able = capabilities()
    lines = [f"| | {' | '.join(able)} |", f"|---|{'---|' * len(able)}"]
    for kind in (Format.AVRO, Format.JSON_SCHEMA, Format.PROTOBUF):
        marks = [
            "references" if kind in each.references else "yes" if kind in each.formats else "no"
            for each in able.values()
        ]
        lines.append(f"| {kind.schema_type} | {' | '.join(marks)} |")
    for feature, words in _SHOWN.items():
        marks = ["yes" if each.has(feature) else "no" for each in able.values()]
        lines.append(f"| {words} | {' | '.join(marks)} |")
    return "\n".join(lines)


def main() -> None:
    """Writes the table into the page."""
    text = PAGE.read_text()
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{START}\n\n{table()}\n\n{END}{after}")
    sys.stdout.write(f"{PAGE.name}: {len(capabilities())} registries\n")


if __name__ == "__main__":
    main()
