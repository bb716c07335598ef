"""Pages of a list, as Glue gives them out: a size that has a default, and a token that only it can read."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from .glue_model import refuse


def page(name: str, items: list[dict[str, Any]], given: Mapping[str, Any], default: int) -> dict[str, Any]:
    """The page that is asked for, with the token of the next one where there is one."""
    start = _read(given["NextToken"]) if given.get("NextToken") else 0
    end = start + given.get("MaxResults", default)
    more = {"NextToken": base64.b64encode(f"from:{end}".encode()).decode()} if end < len(items) else {}
    return {name: items[start:end], **more}


def _read(token: str) -> int:
    try:
        return int(base64.b64decode(token).decode().removeprefix("from:"))
    except ValueError:
        raise refuse("InvalidInputException", "The continuation token is invalid.") from None
