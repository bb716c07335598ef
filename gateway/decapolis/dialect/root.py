"""Handlers for the root, the server's own metadata, and the parts of the dialect that a gateway has none of."""

from __future__ import annotations

from importlib.metadata import version

from . import bodies
from .ask import Answer, Ask


async def get_root(ask: Ask) -> Answer:
    ask.may_keep()
    return Answer({})


async def post_root(ask: Ask) -> Answer:
    bodies.json_object(ask.body)
    return Answer({})


async def get_cluster_id(ask: Ask) -> Answer:
    name = ask.view.door or "decapolis"
    return Answer({"scope": {"path": [], "clusters": {"kafka-cluster": name, "schema-registry-cluster": name}}})


async def get_server_version(_: Ask) -> Answer:
    return Answer({"version": version("decapolis"), "commitId": "decapolis"})


async def get_deployment(_: Ask) -> Answer:
    return Answer({"attributes": []})


async def get_nothing(_: Ask) -> Answer:
    """Exporters and associations: a gateway has none, and clients take an empty list for just that."""
    return Answer([])
