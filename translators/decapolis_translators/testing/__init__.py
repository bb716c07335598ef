"""What a registry type is tested with: fakes, façades, and the contract suite (`suite`, needs pytest)."""

from __future__ import annotations

from .facade import DialectFacade, Facade, facades_of

__all__ = ["DialectFacade", "Facade", "facades_of"]
