"""The type `pulsar`: the schemas that Apache Pulsar keeps beside its topics, through the brokers' admin API."""

from __future__ import annotations

from .config import PulsarConfig
from .registry import PulsarRegistry

__all__ = ["PulsarConfig", "PulsarRegistry"]
