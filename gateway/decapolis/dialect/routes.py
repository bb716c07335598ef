"""Which handler answers which path of the dialect, and how a path finds it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from . import governance, root, schemas, subjects
from .ask import Answer, Ask

Handler = Callable[[Ask], Coroutine[Any, Any, Answer]]

_S, _V = "/subjects/{subject}", "/subjects/{subject}/versions"
_C = "/compatibility/subjects/{subject}/versions"

ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/schemas/ids/{id}", schemas.get_by_id),
    ("POST", _V, subjects.post_register),
    ("GET", _V + "/{version}", subjects.get_version),
    ("POST", _S, subjects.post_lookup),
    ("POST", _C + "/{version}", governance.post_check_version),
    ("POST", _C, governance.post_check_all),
    ("GET", "/subjects", subjects.get_subjects),
    ("GET", _V, subjects.get_versions),
    ("DELETE", _S, subjects.delete_all),
    ("DELETE", _V + "/{version}", subjects.delete_one),
    ("GET", _V + "/{version}/schema", subjects.get_version_schema),
    ("GET", _V + "/{version}/referencedby", subjects.get_referenced_by),
    ("POST", _V + "/{version}/tags", subjects.post_tags),
    ("GET", _S + "/metadata", subjects.get_latest_with_metadata),
    ("GET", "/schemas", schemas.get_schemas),
    ("GET", "/schemas/types", schemas.get_types),
    ("GET", "/schemas/ids/{id}/schema", schemas.get_text_by_id),
    ("GET", "/schemas/ids/{id}/subjects", schemas.get_subjects_by_id),
    ("GET", "/schemas/ids/{id}/versions", schemas.get_versions_by_id),
    ("GET", "/schemas/guids/{guid}", schemas.get_by_guid),
    ("GET", "/schemas/guids/{guid}/ids", schemas.get_ids_of_guid),
    ("GET", "/config", governance.get_config),
    ("PUT", "/config", governance.put_config),
    ("DELETE", "/config", governance.delete_config),
    ("GET", "/config/{subject}", governance.get_config),
    ("PUT", "/config/{subject}", governance.put_config),
    ("DELETE", "/config/{subject}", governance.delete_config),
    ("GET", "/mode", governance.get_mode),
    ("PUT", "/mode", governance.put_mode),
    ("DELETE", "/mode", governance.delete_mode),
    ("GET", "/mode/{subject}", governance.get_mode),
    ("PUT", "/mode/{subject}", governance.put_mode),
    ("DELETE", "/mode/{subject}", governance.delete_mode),
    ("GET", "/contexts", governance.get_contexts),
    ("DELETE", "/contexts/{context}", governance.delete_context),
    ("GET", "/", root.get_root),
    ("POST", "/", root.post_root),
    ("GET", "/v1/metadata/id", root.get_cluster_id),
    ("GET", "/v1/metadata/version", root.get_server_version),
    ("GET", "/v1/metadata/deployment", root.get_deployment),
    ("GET", "/exporters", root.get_nothing),
    ("GET", "/associations/subjects/{subject}", root.get_nothing),
    ("GET", "/associations/resources/{resource}", root.get_nothing),
    ("GET", "/associations/resources/{namespace}/{name}", root.get_nothing),
)

READING = frozenset({subjects.post_lookup, governance.post_check_version, governance.post_check_all})
"""What is posted and changes nothing all the same."""


@dataclass(slots=True)
class Path:
    """One path of the dialect: its template, the names of its parts that vary, and a handler a method."""

    template: str
    names: tuple[str, ...]
    handlers: dict[str, Handler]

    @property
    def allowed(self) -> str:
        """The methods, as a 405 names them."""
        also = {"HEAD"} if "GET" in self.handlers else set()
        return ", ".join(sorted({*self.handlers, *also}))


@dataclass(slots=True)
class _Node:
    """What may follow one segment."""

    fixed: dict[str, _Node] = field(default_factory=dict)
    varying: _Node | None = None
    path: Path | None = None


class Paths:
    """Finds a path by its segments; where a fixed name and one that varies both fit, the fixed one is meant."""

    def __init__(self, routes: tuple[tuple[str, str, Handler], ...] = ROUTES) -> None:
        self._root = _Node()
        for method, template, handler in routes:
            self._add(method, template, handler)

    def _add(self, method: str, template: str, handler: Handler) -> None:
        node = self._root
        names = []
        for segment in template[1:].split("/"):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.varying = node.varying or _Node()
                node = node.varying
            else:
                node = node.fixed.setdefault(segment, _Node())
        if node.path is None:
            node.path = Path(template, tuple(names), {})
        node.path.handlers[method] = handler

    def find(self, path: str) -> tuple[Path, dict[str, str]] | None:
        """The path of the dialect that a path spells, and what its varying parts say; None for an unknown one."""
        node = self._root
        values = []
        for segment in path[1:].split("/"):
            following = node.fixed.get(segment)
            if following is None:
                following = node.varying
                if following is None or not segment:
                    return None
                values.append(segment)
            node = following
        if node.path is None:
            return None
        return node.path, dict(zip(node.path.names, values, strict=True))
