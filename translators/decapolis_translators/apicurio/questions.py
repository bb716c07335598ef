"""What else an Apicurio Registry can be asked: its own verdict, who uses an id, who refers to a version."""

from __future__ import annotations

from collections import defaultdict

from decapolis_formats import Schema
from decapolis_translators.confluent.wire import MAX_ID
from decapolis_translators.contract import Feature, NativeId, NativeVerdict
from decapolis_translators.errors import Absent, Incompatible, SchemaNotFound, VersionNotFound
from decapolis_translators.fanout import ask_both, ask_each
from decapolis_translators.subjects import DEFAULT_CONTEXT

from .history import Numbered, chosen, message_id
from .wire import Entry, Link
from .writing import WritesVersions


class AnswersMore(WritesVersions):
    """The optional questions of the contract."""

    async def check(self, subject: str, schema: Schema, version: int | None = None) -> NativeVerdict:
        """The verdict of a dry run under the rules in force; against one version, the face's bare yes or no."""
        self._segment(subject)
        self._demand_readable(schema)
        links = await self._links(schema)
        if version is not None:
            if not 1 <= version <= MAX_ID:
                raise VersionNotFound(subject, version)
            return NativeVerdict(await self._compared(subject, schema, version))
        try:
            await (await self._core()).create(subject, schema, links, dry_run=True)
        except Incompatible as verdict:
            return NativeVerdict(False, verdict.messages or (str(verdict),))
        return NativeVerdict(True)

    async def _compared(self, subject: str, schema: Schema, version: int) -> bool:
        try:
            return await self._face.check(subject, schema, version)
        except Absent:
            raise VersionNotFound(subject, version) from None

    async def usages(
        self, native_id: NativeId, context: str = DEFAULT_CONTEXT, *, deleted: bool = False
    ) -> list[tuple[str, int]]:
        """Subjects and versions of our group that hold the schema of that id."""
        if context != DEFAULT_CONTEXT:
            self.capabilities.demand(Feature.CONTEXTS)
        number = message_id(native_id)
        if not (await self._core()).searches_versions:
            return sorted(await self._face.usages(number, deleted=deleted))
        holders, shown = await ask_both(self._holders(number), self._shown(number))
        ours: dict[str, list[Entry]] = defaultdict(list)
        for entry in holders:
            if entry.group == self.settings.group:
                ours[entry.artifact].append(entry)
        numbered = await ask_each(lambda name: self._numbers_of(name, ours[name], shown[name]), ours)
        found = [each for versions in numbered for each in versions if deleted or not each.entry.deleted]
        return sorted((each.entry.artifact, each.number) for each in found)

    async def _shown(self, number: int) -> dict[str, list[int]]:
        """What the face says, which mixes up groups but knows numbers."""
        shown: dict[str, list[int]] = defaultdict(list)
        try:
            pairs = await self._face.usages(number, deleted=True)
        except SchemaNotFound:  # configured to other ids than the face's own
            return shown
        for subject, version in pairs:
            shown[subject].append(version)
        return shown

    async def _numbers_of(self, subject: str, entries: list[Entry], shown: list[int]) -> list[Numbered]:
        """Pairs both faces' words; the history is read only where they do not fit, as with a name in two groups."""
        if len(shown) == len(entries):
            return [Numbered(*pair) for pair in zip(sorted(shown), entries, strict=True)]
        wanted = {entry.global_id for entry in entries}
        return [each for each in await self._history(subject) if each.entry.global_id in wanted]

    async def referrers(self, subject: str, version: int, *, deleted: bool = False) -> list[NativeId]:
        """Native ids of the schemas that refer to a version, in other groups too."""
        core, id_name = await self._core(), await self._id_name()
        target = chosen(await self._history(subject), subject, version, deleted=True)

        async def one(link: Link) -> Entry | None:
            try:
                return await core.version(link)
            except Absent:
                return None

        entries = await ask_each(one, await core.referring(target.entry))
        told = [each for each in entries if each is not None and each.told and (deleted or not each.deleted)]
        return [*sorted({each.global_id if id_name == "globalId" else each.content_id for each in told})]
