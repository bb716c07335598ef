"""`python -m tests.registries_page`: the tables of `docs/registries/index.md`: what types declare, what was proved.

What a client meets at the gateway: of a registry without integer ids or a catalog, what it can do together with the gateway.
What was proved is in `docs/registries/proved.json`, which `make test-registries` writes.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
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

from .registries_report import CONTRACT

PAGE = Path(__file__).parent.parent / "docs" / "registries" / "index.md"
PROVED = PAGE.with_name("proved.json")
START = "<!-- made by: python -m tests.registries_page -->"
START_PROVED = "<!-- made by: make test-registries -->"
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


def proved() -> dict[str, Any]:
    """What was proved last, by registry."""
    found: dict[str, Any] = json.loads(PROVED.read_text())
    return found


def capabilities_to_prove() -> list[str]:
    """What the client suite proves, in the order of its tests."""
    suite = (Path(__file__).parent / "acceptance" / "test_every_door.py").read_text()
    return list(dict.fromkeys(re.findall(r'mark\.proves\("([^"]+)"\)', suite)))


def proved_table() -> str:
    """The table: a row for each registry, a column for each suite's capability."""
    columns = [*capabilities_to_prove(), CONTRACT]
    lines = [f"| | against | on | {' | '.join(columns)} |", f"|---|---|---|{'---|' * len(columns)}"]
    for name, entry in sorted(proved().items()):
        marks = [_short(entry["passed"].get(each, "")) for each in columns]
        lines.append(f"| {name} | {entry['against']} | {entry['date']} | {' | '.join(marks)} |")
    return "\n".join(lines)


def _short(ended: str) -> str:
    """A word for what passed as a whole; the contract suite's parts that a registry does not offer are counted."""
    if not ended or ended == "not run":
        return ""
    if "failed" in ended:
        return f"**{ended}**"
    return ended.replace(" passed", "") if "not offered" in ended else "passed"


def keep(found: Mapping[str, Any]) -> None:
    """Writes what a run proved over what earlier ones did, and the page."""
    PROVED.write_text(json.dumps({**(proved() if PROVED.exists() else {}), **found}, indent=1, sort_keys=True) + "\n")
    main()


def _put(text: str, start: str, made: str) -> str:
    before, _, rest = text.partition(start)
    _, _, after = rest.partition(END)
    return f"{before}{start}\n\n{made}\n\n{END}{after}"


def main() -> None:
    """Writes the tables into the page."""
    PAGE.write_text(_put(_put(PAGE.read_text(), START, table()), START_PROVED, proved_table()))
    sys.stdout.write(f"{PAGE.name}: {len(capabilities())} registries, {len(proved())} proved\n")


if __name__ == "__main__":
    main()
