"""Subjects as ids of entries, and the resource names around them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from decapolis_translators.errors import SubjectRefused
from decapolis_translators.names import NameCodec, is_plain

from .config import DataplexConfig

ASPECT_TYPE: Final = "decapolis-schema"
SUBJECT_TYPE: Final = "decapolis-subject"
VERSION_TYPE: Final = "decapolis-subject-version"
SCHEMA_ASPECT: Final = "dataplex-types.global.schema"
SCHEMA_TYPE: Final = "projects/dataplex-types/locations/global/aspectTypes/schema"

_CODEC: Final = NameCodec(allowed=r"A-Za-z0-9_.\-", escape="_", width=3900)
"""An entry's id has at most 4,000 characters, and the number of a version needs some; a slash is never in one of ours."""
_VERSION: Final = re.compile(r"(.+)/versions/([1-9]\d*)")


@dataclass(frozen=True, slots=True)
class Names:
    """The resource names of one configured entry group."""

    parent: str
    group_id: str
    others: tuple[str, ...]

    @classmethod
    def of(cls, registry_id: str, config: DataplexConfig) -> Names:
        """As configured; without a group's name it is made of the registry's."""
        own = config.entry_group or "sr-" + re.sub("[^a-z0-9-]", "-", registry_id.lower())
        return cls(f"projects/{config.project}/locations/{config.location}", own[:63], config.other_groups)

    @property
    def group(self) -> str:
        """Our entry group."""
        return f"{self.parent}/entryGroups/{self.group_id}"

    @property
    def aspect_type(self) -> str:
        """The aspect that holds a document."""
        return f"{self.parent}/aspectTypes/{ASPECT_TYPE}"

    @property
    def aspect_key(self) -> str:
        """How an entry names that aspect."""
        _, project, _, location = self.parent.split("/")
        return f"{project}.{location}.{ASPECT_TYPE}"

    def entry_type(self, kind: str) -> str:
        """One of our two entry types."""
        return f"{self.parent}/entryTypes/{kind}"

    # --- tables

    def table_of(self, subject: str) -> str:
        """The id of our entry for a subject; entries of other groups are named with the group before them."""
        if self.other_group(subject) is not None:
            if not is_plain(subject):
                raise SubjectRefused(f"There is no entry named {subject!r}")
            return subject
        return _CODEC.name_of(subject)

    def subject_of(self, table: str) -> str | None:
        """The subject of an entry; None where none can have it."""
        if self.other_group(table) is not None:
            return table if is_plain(table) else None
        return _CODEC.subject_of(table)

    def other_group(self, table: str) -> str | None:
        """The group of somebody else that a name begins with."""
        return next((group for group in self.others if table.startswith(f"{group}/")), None)

    def group_of(self, group: str) -> str:
        """The resource name of a group as it was configured."""
        return group if group.startswith("projects/") else f"{self.parent}/entryGroups/{group}"

    def entry(self, table: str) -> str:
        """The resource name of an entry."""
        other = self.other_group(table)
        if other is None:
            return f"{self.group}/entries/{table}"
        return f"{self.group_of(other)}/entries/{table[len(other) + 1 :]}"

    def version(self, subject: str, version: int) -> str:
        """The id of the entry of one version."""
        return f"{_CODEC.name_of(subject)}/versions/{version}"


def path_of(resource: str) -> str:
    """A resource name as a path of the API; slashes in an entry's id stay slashes."""
    return f"/v1/{quote(resource, safe='/')}"


def entry_id(resource: str) -> str:
    """The id at the end of an entry's resource name."""
    return resource.partition("/entries/")[2]


def is_version(id: str) -> bool:
    """Whether an id has the form of a version's."""
    return _VERSION.fullmatch(id) is not None


def last(resource: str) -> str:
    """The last part of a resource name."""
    return resource.rpartition("/")[2]
