"""YAML as a spelling of JSON: values that JSON has, no aliases, nothing made of tags."""

from __future__ import annotations

import json
from typing import Any

from .errors import InvalidSchema

MAX_TEXT = 5_000_000


def json_text(text: str) -> str:
    """The JSON of a text in YAML or JSON; InvalidSchema where it is neither, or uses aliases."""
    if len(text) > MAX_TEXT:
        raise InvalidSchema(f"A text of {len(text)} characters is too long (at most {MAX_TEXT})")
    if text.lstrip().startswith("{"):
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            pass  # YAML knows braces too
        else:
            return text
    try:
        return json.dumps(_loaded(text))
    except (ValueError, TypeError, RecursionError) as unreadable:
        raise InvalidSchema(f"Neither YAML nor JSON: {str(unreadable)[:200]}") from None


def _loaded(text: str) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """Dates stay text; an alias could make a small text into a huge tree."""

        def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
            if self.check_event(yaml.AliasEvent):
                raise ValueError("aliases are not read")
            return super().compose_node(parent, index)

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        return yaml.load(text, Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as unreadable:
        raise ValueError(" ".join(str(unreadable).split())) from None
