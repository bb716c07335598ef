"""Every change that is refused is in the trail too: who wanted what, where, and why not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from decapolis.audit import is_told, told
from decapolis.gateway import View
from decapolis.ids import RangeFull
from decapolis.locks import Busy
from decapolis.registries.routing import NoRoute, UnknownRegistry
from decapolis_formats import ComparisonTooCostly
from decapolis_translators.errors import Refused, WrongDeleteOrder
from decapolis_translators.subjects import DEFAULT_CONTEXT, Subject

from .errors import OperationRefused, VersionInvalid

_REFUSALS = (OperationRefused, Refused, WrongDeleteOrder, Busy, RangeFull, NoRoute, ComparisonTooCostly)


@asynccontextmanager
async def refusals_noted(
    view: View, action: str, spelled: str | None, facts: Mapping[str, Any] | None = None
) -> AsyncIterator[None]:
    """Notes a refusal of what happens inside, unless whoever refused it did."""
    try:
        yield
    except _REFUSALS as refused:
        if not is_told(refused) and not isinstance(refused, VersionInvalid):
            await view.gateway.audit.note(
                action, _owner(view, spelled), str(_place(spelled)), dict(facts or {}), "refused", reason=str(refused)
            )
            told(refused)
        raise


def _place(spelled: str | None) -> Subject:
    return Subject(DEFAULT_CONTEXT, "") if spelled is None else Subject.parse(spelled)


def _owner(view: View, spelled: str | None) -> str:
    """The registry that it would have been changed in, as far as that can be told."""
    subject = _place(spelled)
    try:
        if subject.name:
            return view.owner(str(subject)).id
        home = view.home()
    except (NoRoute, UnknownRegistry):
        return view.door or ""
    return "" if home is None else home.id
