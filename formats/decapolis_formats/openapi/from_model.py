"""From the type model to an OpenAPI document with its schemas as components."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, Final

from decapolis_formats.holds import Holds
from decapolis_formats.json_schema.from_model import Writer, spelled
from decapolis_formats.json_schema.from_model import holds as json_holds
from decapolis_formats.options import NO_WISHES, Options
from decapolis_formats.types import Model, Named, Type, Where

__all__ = ["holds", "spelled", "write"]

PREFIX: Final = "#/components/schemas/"
_ILLEGAL: Final = re.compile(r"[^A-Za-z0-9._-]")


def holds(options: Options = NO_WISHES) -> Holds:
    """What a component holds: what JSON Schema does; the root has a name and is never null itself."""
    plain = json_holds(options)

    def must_name(type: Type, where: Where) -> bool:
        return where == "root" or plain.must_name(type, where)

    return replace(
        plain,
        must_name=must_name,
        nullable=lambda _found, where, wanted: wanted and where != "root",
        spell_type=lambda name: _ILLEGAL.sub("_", name) or "_",
    )


def write(model: Model, options: Options = NO_WISHES) -> str:
    """The document of a model that fits, in 3.1."""
    name = model.root.name if isinstance(model.root, Named) else ""
    document = {
        "openapi": "3.1.0",
        "info": {"title": name, "version": "1"},
        "paths": {},
        "components": {"schemas": schemas(model)},
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def schemas(model: Model) -> dict[str, Any]:
    """The definitions as components, the root first."""
    writer = Writer(model, PREFIX, "")
    root = model.root.name if isinstance(model.root, Named) else ""
    names = sorted(model.definitions, key=lambda name: name != root)
    return {name: writer.use(model.definitions[name], nullable=False) for name in names}
