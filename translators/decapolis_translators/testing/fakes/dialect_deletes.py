"""Soft and permanent deletes of a fake of the dialect."""

from __future__ import annotations

from collections.abc import Mapping

from .asgi import Request
from .dialect_state import DialectState, Version, refuse


class DeleteRoutes:
    """The DELETE routes under `/subjects`."""

    state: DialectState

    def delete_subject(self, request: Request, names: Mapping[str, str]) -> list[int]:
        """DELETE of a subject: soft, then permanent."""
        subject, permanent = names["subject"], request.flag("permanent")
        versions = self.state.versions_of(subject, deleted=True)
        live = [version for version in versions if not version.deleted]
        if not live and not permanent:
            text = f"Subject '{subject}' was soft deleted.Set permanent=true to delete permanently"
            raise refuse(404, 40404, text)
        self._demand_unreferenced(versions if permanent else live, permanent, outside=subject)
        if permanent and live:
            text = f"Subject '{subject}' was not deleted first before being permanently deleted"
            raise refuse(404, 40405, text)
        for version in versions if permanent else live:
            self._remove(version, permanent)
        return [version.number for version in (versions if permanent else live)]

    def delete_version(self, request: Request, names: Mapping[str, str]) -> int:
        """DELETE of one version: soft, then permanent."""
        subject, permanent = names["subject"], request.flag("permanent")
        self.state.versions_of(subject, deleted=True)
        version = self.state.version_of(subject, names["version"], deleted=True)
        if version.deleted and not permanent:
            text = f"Subject '{subject}' Version {version.number} was soft deleted."
            raise refuse(404, 40406, f"{text}Set permanent=true to delete permanently")
        if permanent and not version.deleted:
            text = f"Subject '{subject}' Version {version.number} was not deleted first"
            raise refuse(404, 40407, f"{text} before being permanently deleted")
        self._demand_unreferenced([version], permanent)
        self._remove(version, permanent)
        return version.number

    def _remove(self, version: Version, permanent: bool) -> None:
        if permanent:
            self.state.forget(version)
        else:
            version.deleted = True

    def _demand_unreferenced(self, versions: list[Version], permanent: bool, outside: str = "") -> None:
        mode = self.state.mode_of(versions[0].subject)
        if mode.startswith("READONLY"):
            raise refuse(422, 42205, f"Subject {versions[0].subject} is in read-only mode")
        for version in versions:
            for referrer in self.state.referrers(version, deleted=permanent):
                if referrer.subject != outside:
                    place = f"subject={version.subject},version={version.number}"
                    text = f"One or more references exist to the schema {{magic=1,keytype=SCHEMA,{place}}}."
                    raise refuse(422, 42206, text)
