"""Registries without integer ids: the gateway keeps for them what they cannot hold, under the same contract."""

from __future__ import annotations

from typing import Any

from decapolis.store import Store
from decapolis_translators.contract import Feature, HoldsConfig, Translator

from .levels import OverlayWithLevels
from .rebuilding import pinned_range, rebuild
from .registry import NotOurs, Overlay

__all__ = ["NotOurs", "Overlay", "OverlayWithLevels", "overlaid", "pinned_range", "rebuild"]


def overlaid(native: Translator[Any], store: Store, base: int, span: int) -> Translator[Any]:
    """The registry itself where it gives out integers, else with the gateway's overlay."""
    if native.capabilities.has(Feature.INTEGER_IDS):
        return native
    if isinstance(native, HoldsConfig) and native.capabilities.has(Feature.LEVELS):
        return OverlayWithLevels(native, store, base, span)
    return Overlay(native, store, base, span)
