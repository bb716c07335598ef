"""A gateway that is killed (SIGKILL) at any call to any type of registry: nothing or a whole change, and the same request to
the next gateway ends as if nothing had been.

Always: before the first call, and after each write before its answer is read. With DECAPOLIS_KILL_EVERYWHERE=1 also before
every single call, which takes ten minutes.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import FACADES, type_of

from .conftest import record
from .crashing import Estate, Killer, Question, asked

TYPES = (
    "confluent-8",
    "apicurio-3",
    "aws-glue",
    "pulsar",
    "unity-oss",
    "unity-databricks",
    "snowflake",
    "gcp-dataplex",
    "azure-purview",
)
MOST_CALLS = 60
EVERYWHERE = os.environ.get("DECAPOLIS_KILL_EVERYWHERE") == "1"
Answers = list[list[Any]]


class Place:
    """One registry behind gateways that come and go, on one store."""

    def __init__(self, name: str, folder: Path) -> None:
        facade = FACADES[name]()
        facade.start()
        self.stop = facade.stop
        self.killer = Killer(facade.fake)  # type: ignore[union-attr]
        patient = {"deadline": 20.0, "retries": 0, "breaker_failures": 1000}
        entry = {"id": "r", "type": type_of(facade), "config": dict(facade.config()), "resilience": patient}
        self.estate = Estate(entry, f"sqlite:///{folder}/store.db")

    def told(self, *questions: Question) -> Answers:
        """What a gateway says that nobody kills."""
        answers = asked(self.estate, (), questions)
        assert answers is not None
        return answers


@pytest.fixture(params=TYPES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    made = Place(request.param, tmp_path)
    yield made
    made.stop()


def registering(subject: str, *fields: str) -> Question:
    return "POST", f"/subjects/{subject}/versions", {"schema": json.dumps(record(*fields))}


def killed_everywhere(
    place: Place,
    before: Callable[[str], list[Question]],
    question: Callable[[str], Question],
    verified: Callable[[str], None],
) -> int:
    """Kills one gateway at each call that the question makes, before it and after it; how many were killed."""
    killed = 0
    ways = iter((False, True))
    afterwards, at = next(ways), 0
    while at < MOST_CALLS:
        at += 1
        subject = f"s{uuid.uuid4().hex[:10]}-value"
        answers = asked(place.estate, before(subject), [question(subject)], place.killer, at, afterwards=afterwards)
        verified(subject)
        if answers is not None:
            assert answers[0][0] == 200, answers
            if afterwards:
                return killed
            afterwards, at = next(ways), 0
            continue
        killed += 1
        if not afterwards and not EVERYWHERE:
            afterwards, at = next(ways), 0
    raise AssertionError("it never ends")


def test_a_registration(place: Place) -> None:
    wanted = json.dumps(record("a", "b=0"), separators=(",", ":"))

    def verified(subject: str) -> None:
        versions, first = f"/subjects/{subject}/versions", f"/subjects/{subject}/versions/1"
        seen, one, again, repeated, after, latest = place.told(
            ("GET", versions, None),
            ("GET", first, None),
            registering(subject, "a", "b=0"),
            registering(subject, "a", "b=0"),
            ("GET", versions, None),
            ("GET", f"{versions}/latest", None),
        )
        assert seen[1] in ([1], [1, 2]), "nothing or a whole version"
        assert after[1] == [1, 2]
        assert json.loads(latest[1]["schema"]) == json.loads(wanted)
        assert (again[0], again[1]["id"]) == (200, latest[1]["id"])
        assert one[1]["id"] != latest[1]["id"]
        assert repeated[1]["id"] == latest[1]["id"]

    def before(subject: str) -> list[Question]:
        return [registering(subject, "a")]

    assert killed_everywhere(place, before, lambda subject: registering(subject, "a", "b=0"), verified) >= 2


def test_a_first_registration(place: Place) -> None:
    def verified(subject: str) -> None:
        versions = f"/subjects/{subject}/versions"
        seen, again, after = place.told(("GET", versions, None), registering(subject, "a"), ("GET", versions, None))
        assert seen[0] == 404 or seen[1] == [1]
        assert (again[0], after[1]) == (200, [1])

    assert killed_everywhere(place, lambda _: [], lambda subject: registering(subject, "a"), verified) >= 2


@pytest.mark.parametrize("permanent", [False, True], ids=["softly", "for-good"])
def test_a_deletion(place: Place, permanent: bool) -> None:
    def deleting(subject: str) -> Question:
        return "DELETE", f"/subjects/{subject}" + ("?permanent=true" if permanent else ""), None

    def before(subject: str) -> list[Question]:
        made = [registering(subject, f"f{subject[1:9]}")]
        return [*made, ("DELETE", f"/subjects/{subject}", None)] if permanent else made

    def verified(subject: str) -> None:
        shown = f"/subjects/{subject}/versions" + ("?deleted=true" if permanent else "")
        seen, again, after = place.told(("GET", shown, None), deleting(subject), ("GET", shown, None))
        assert seen[0] == 404 or seen[1] == [1]
        assert again == ([200, [1]] if seen[0] == 200 else [404, again[1]])
        assert after[0] == 404

    assert killed_everywhere(place, before, deleting, verified) >= 1


def test_a_level(place: Place) -> None:
    def setting(subject: str) -> Question:
        return "PUT", f"/config/{subject}", {"compatibility": "FULL"}

    def before(subject: str) -> list[Question]:
        return [registering(subject, "a")]

    def verified(subject: str) -> None:
        seen, again, after = place.told(
            ("GET", f"/config/{subject}", None), setting(subject), ("GET", f"/config/{subject}", None)
        )
        assert seen[0] == 404 or seen[1]["compatibilityLevel"] == "FULL"
        assert (again[0], after[1]["compatibilityLevel"]) == (200, "FULL")

    killed_everywhere(place, before, setting, verified)
