"""Subjects as topics, both ways, without two ever meeting in one topic.

With `strip-value` the subject `orders-value` is the topic `orders`, as clients of the dialect name the values of a topic;
any other subject, which no topic carries messages for, is a topic of its own with `.subject` behind its name. With
`identity` a subject is the topic of that name.
"""

from __future__ import annotations

import re
from typing import Literal

from decapolis_translators.errors import SubjectRefused
from decapolis_translators.names import NameCodec, is_plain

VALUE, KEY = "-value", "-key"
OTHER = ".subject"
_PARTITION = re.compile(r"-partition-\d+$")

_CODEC = NameCodec(allowed=r"^/%\\\x00-\x1f\x7f-\x9f\ud800-\udfff", escape="~", width=249)
"""Brokers take a slash for the end of a name's part and cannot keep the schema of a name with a percent sign."""

Mapping = Literal["strip-value", "identity"]
Side = Literal["key", "value"]


class Topics:
    """The topics of one namespace as subjects."""

    def __init__(self, mapping: Mapping) -> None:
        self._stripping = mapping == "strip-value"

    def topic_of(self, subject: str) -> str:
        """The local name of the topic; SubjectRefused where there can be none."""
        if not is_plain(subject):
            raise SubjectRefused(f"This registry cannot hold a subject named {subject!r}")
        topic = _CODEC.name_of(self._mapped(subject))
        if topic in {".", ".."} or topic.startswith("__") or _PARTITION.search(topic):
            raise SubjectRefused(f"'{subject}' would be the topic '{topic}', a name that Pulsar keeps for itself")
        return topic

    def subject_of(self, topic: str) -> str | None:
        """The subject that a topic stands for; None for topics of Pulsar itself, and names that no subject has."""
        name = _CODEC.subject_of(topic)
        if name is None or topic.startswith("__"):
            return None
        if not self._stripping:
            return name if self._is_topic_of(name, topic) else None
        for subject in (name.removesuffix(OTHER), name + VALUE):
            if self._is_topic_of(subject, topic):
                return subject
        return None

    def pair_of(self, subject: str) -> tuple[str, Side] | None:
        """The topic of keys and values whose side a subject may be, where that is not its own topic anyway."""
        sides: tuple[tuple[str, Side], ...] = ((KEY, "key"), (VALUE, "value"))
        for suffix, side in sides:
            base = subject.removesuffix(suffix)
            if base in {subject, ""} or (side == "value" and self._stripping):
                continue
            try:
                return self.topic_of(base + VALUE if self._stripping else base), side
            except SubjectRefused:
                return None
        return None

    def sides_of(self, topic: str) -> list[str]:
        """The two subjects that a topic of keys and values stands for."""
        subject = self.subject_of(topic)
        if subject is None:
            return []
        base = subject.removesuffix(VALUE) if self._stripping else subject
        return [] if self._stripping and base == subject else [base + KEY, base + VALUE]

    def _mapped(self, subject: str) -> str:
        if not self._stripping:
            return subject
        base = subject.removesuffix(VALUE)
        return base if base not in {subject, ""} and not base.endswith(OTHER) else subject + OTHER

    def _is_topic_of(self, subject: str, topic: str) -> bool:
        try:
            return self.topic_of(subject) == topic
        except SubjectRefused:
            return False


def folded(names: list[str], prefix: str) -> list[str]:
    """Local names of topics, partitions under their topic, those of Pulsar itself left out."""
    local = (name.removeprefix(prefix) for name in names if name.startswith(prefix))
    return sorted({_PARTITION.sub("", name) for name in local if not name.startswith("__")})
