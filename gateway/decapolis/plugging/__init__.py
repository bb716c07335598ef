"""Registries and registry types that come and go while the gateway runs."""

from .service import Plugs, plugs_of

__all__ = ["Plugs", "plugs_of"]
