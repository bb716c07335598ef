"""Steps that register a version which bridges what is broken."""

from __future__ import annotations

from typing import Any

from decapolis.operations.candidate import Request
from decapolis.operations.delete import delete_version
from decapolis.operations.errors import OperationRefused
from decapolis.operations.register import register
from decapolis_formats.spelling import metadata_from, references_from, rule_set_from
from decapolis_translators.errors import Absent, RegistryError, RegistryFault

from .plan import Outcome, Work, done, failed, skipped, undo_failed, undo_skipped, undone


class RegisterVersion:
    """Registers a version as any client would, judged like any other.

    `after`: `schema`, `schemaType`, `references`, `metadata`, `ruleSet`, and `versions` that must be there still.
    """

    name = "register"
    weight = 8

    async def do(self, work: Work) -> Outcome:
        """Registers it, unless the history changed since it was planned."""
        wanted, subject = work.step.after, work.step.subject
        versions = await _versions(work)
        before = work.step.before["versions"] if work.again else versions
        if not work.again:
            planned = wanted.get("versions")
            if planned is not None and planned != versions:
                return skipped(
                    f"{subject} was changed meanwhile: versions {planned} were analysed, {versions} are there"
                )
            await work.intend({"versions": versions}, {"versions": versions})
        try:
            there = await register(work.view, subject, _request(wanted))
        except OperationRefused as refused:
            return failed(str(refused))
        return done(version=there.version, id=there.id, changed=there.version not in before)

    async def undo(self, work: Work) -> Outcome:
        """Deletes the version (softly) while it is still the newest and the only one since."""
        before = work.step.inverse["versions"]
        found = await _versions(work)
        new = [number for number in found if number not in before]
        if not new:
            return undone(changed=False)
        added = (work.step.outcome or {}).get("version")
        if len(new) > 1 or (added is not None and new != [added]):
            return undo_skipped(f"{work.step.subject} has newer versions ({new}) that may build on the bridging one")
        try:
            gone = await delete_version(work.view, work.step.subject, new[0])
        except RegistryFault:
            raise
        except (OperationRefused, RegistryError) as refused:
            return undo_failed(str(refused))
        return undone(deleted=gone, changed=True)


def _request(wanted: dict[str, Any]) -> Request:
    return Request(
        wanted["schema"],
        wanted["schemaType"],
        references_from(wanted.get("references") or []),
        metadata_from(wanted.get("metadata")),
        rule_set_from(wanted.get("ruleSet")),
    )


async def _versions(work: Work) -> list[int]:
    try:
        return await work.gateway.registries.at(work.step.registry).versions(work.step.subject)
    except Absent:
        return []
