"""Which draft a schema is written in, and what the drafts differ in (compatibility.md section 4.1)."""

from __future__ import annotations

from enum import IntEnum
from typing import Any


class Draft(IntEnum):
    """The drafts that are told apart; later ones are greater."""

    FOUR = 4
    SIX = 6
    SEVEN = 7
    Y2019 = 2019
    Y2020 = 2020

    @property
    def modern(self) -> bool:
        """Whether the draft is read by the rules of 2020-12."""
        return self >= Draft.Y2019

    @property
    def id_keyword(self) -> str:
        """The keyword by which a schema names itself."""
        return "id" if self is Draft.FOUR else "$id"


DRAFTS = {
    "json-schema.org/draft-04/schema": Draft.FOUR,
    "json-schema.org/schema": Draft.FOUR,
    "json-schema.org/draft-06/schema": Draft.SIX,
    "json-schema.org/draft-07/schema": Draft.SEVEN,
    "json-schema.org/draft/2019-09/schema": Draft.Y2019,
    "json-schema.org/draft/2020-12/schema": Draft.Y2020,
}


def draft_called(address: str) -> Draft | None:
    """The draft with this meta-schema address: http or https, with or without an empty fragment."""
    scheme, _, rest = address.removesuffix("#").partition("://")
    return DRAFTS.get(rest) if scheme in ("http", "https") else None


def draft_of(value: Any, otherwise: Draft) -> Draft:
    """The draft that a document's `$schema` names, `otherwise` where it names none that is known."""
    address = value.get("$schema") if isinstance(value, dict) else None
    named = draft_called(address) if isinstance(address, str) else None
    return otherwise if named is None else named
