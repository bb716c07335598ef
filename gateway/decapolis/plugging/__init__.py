"""Registries and registry types that come and go while the gateway runs."""

from .building import Builder
from .keeping import Keeper
from .running import Running
from .service import Plugs

__all__ = ["Builder", "Keeper", "Plugs", "Running"]
