"""Stateful fakes of registries, for tests and demonstrations: in the process or on a loopback port."""

from __future__ import annotations

from .asgi import Door, FakeServer, Problem, Request, Route
from .dialect import DialectFake
from .dialect_state import Content, Judge
from .loopback import Loopback
from .profiles import CONFLUENT_7, CONFLUENT_8, KARAPACE_6, PROFILES, REDPANDA_24, REDPANDA_26, Profile

__all__ = [
    "CONFLUENT_7",
    "CONFLUENT_8",
    "KARAPACE_6",
    "PROFILES",
    "REDPANDA_24",
    "REDPANDA_26",
    "Content",
    "DialectFake",
    "Door",
    "FakeServer",
    "Judge",
    "Loopback",
    "Problem",
    "Profile",
    "Request",
    "Route",
]
