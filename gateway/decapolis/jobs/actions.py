"""The kinds of steps that jobs are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from decapolis.operations.cutting import Routes

from .bridging import RegisterVersion
from .copying import CompareSubject, CopySubject, Mirror
from .cutting import CutOver, Retire
from .histories import Analyze, CheckHistory
from .levels import SetLevel, Snapshot
from .plan import Action


def known_actions(routes: Callable[[], Routes | None]) -> Mapping[str, Action]:
    """Every kind of step by its name; `routes` answers who can change routes, where anybody can."""
    actions: tuple[Action, ...] = (
        SetLevel(),
        Snapshot(),
        CheckHistory(),
        Analyze(),
        RegisterVersion(),
        CopySubject(),
        CompareSubject(),
        Mirror(),
        CutOver(routes),
        Retire(),
    )
    return {action.name: action for action in actions}
