"""How version 3 of the core API describes things in a fake Apicurio Registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .apicurio_state import Artifact, Reference, Version


def told(version: Version) -> dict[str, Any]:
    """A version as the newer API describes it; the default group goes unnamed."""
    body = {
        "version": version.name,
        "owner": "",
        "createdOn": version.created,
        "artifactType": version.kind,
        "globalId": version.global_id,
        "state": version.state,
        "contentId": version.content_id,
        "artifactId": version.artifact,
    }
    body |= {"labels": version.labels} if version.labels else {}
    return body | ({} if version.group == "default" else {"groupId": version.group})


def told_artifact(artifact: Artifact) -> dict[str, Any]:
    """An artifact as the newer API describes it."""
    body = {"artifactId": artifact.name, "artifactType": artifact.kind}
    return body | ({} if artifact.group == "default" else {"groupId": artifact.group})


def told_reference(reference: Reference) -> dict[str, str]:
    """A reference as both APIs tell it."""
    name, group, artifact, version = reference
    body = {"artifactId": artifact, "version": version, "name": name}
    return body | ({} if group == "default" else {"groupId": group})


def references_in(given: Iterable[Mapping[str, Any]]) -> tuple[Reference, ...]:
    """The references of a body."""
    return tuple(
        (each["name"], each.get("groupId") or "default", each["artifactId"], each["version"]) for each in given
    )
