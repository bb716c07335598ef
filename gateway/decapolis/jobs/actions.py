"""The kinds of steps that jobs are made of."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .bridging import RegisterVersion
from .copying import CompareSubject, CopySubject, Mirror
from .histories import Analyze, CheckHistory
from .levels import SetLevel, Snapshot
from .plan import Action

_KNOWN: tuple[Action, ...] = (
    SetLevel(),
    Snapshot(),
    CheckHistory(),
    Analyze(),
    RegisterVersion(),
    CopySubject(),
    CompareSubject(),
    Mirror(),
)

ACTIONS: Mapping[str, Action] = MappingProxyType({action.name: action for action in _KNOWN})
