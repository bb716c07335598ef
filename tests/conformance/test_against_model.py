"""The embedded registry through its HTTP face against the model: hypothesis makes up the histories."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from decapolis.settings import Configuration, GatewaySettings
from tests.gateway.conftest import EXTRA, Client, running

from .holdings import DEFAULT, EVERYWHERE, Place, Refused, Text
from .model import Model

EXAMPLES = int(os.environ.get("DECAPOLIS_MODEL_EXAMPLES", "40"))
STEPS = int(os.environ.get("DECAPOLIS_MODEL_STEPS", "30"))

# few of everything: what can go wrong goes wrong where histories meet
NAMES, CONTEXTS = ("a", "h"), (DEFAULT, ".c")
PLACES = st.builds(Place, st.sampled_from(CONTEXTS), st.sampled_from(NAMES))
RECORDS = st.sampled_from(
    [
        Text((("x", False),)),
        Text((("x", False), ("y", True))),
        Text((("x", False), ("y", False))),
        Text((("y", True),)),
    ]
)
HOLDERS = st.builds(Text, st.just(()), st.tuples(st.just("a"), st.integers(1, 2)))
SETTINGS_PLACES = PLACES | st.sampled_from([Place(DEFAULT, ""), Place(".c", ""), Place(*EVERYWHERE)])
LEVELS = st.sampled_from(
    ["NONE", "BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE"]
)
MODES = st.sampled_from(["READWRITE", "READWRITE", "READONLY", "IMPORT", "IMPORT"])
VERSIONS = st.none() | st.integers(1, 5)
TEXTS = RECORDS | HOLDERS


def settled(place: Place, text: Text) -> Text:
    """Holders live in `h` and records elsewhere: what they say about each other is another test's."""
    if (place.name == "h") == (text.reference is not None):
        return text
    return Text((), ("a", 1)) if place.name == "h" else Text((("x", False),))


class Registry(RuleBasedStateMachine):
    """Each rule asks the gateway and the model the same and compares what they say."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.folder = tempfile.TemporaryDirectory()
        store = f"sqlite:///{Path(self.folder.name) / 'store.db'}"
        configuration = Configuration.assembled(GatewaySettings(store=store), [])
        self.client: Client = self.runner.run(self.stack.enter_async_context(running(configuration)))

    def teardown(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()
        self.folder.cleanup()

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        content = None if body is None else json.dumps(body).encode()
        return self.runner.run(self.client.request(method, path, content=content, headers=EXTRA))

    def same(self, answer: httpx.Response, expected: Any, *arguments: Any, **named: Any) -> Any:
        """What the model says, None where it refuses; the gateway must have refused with the same code."""
        try:
            value = expected(*arguments, **named)
        except Refused as refusal:
            refused = refusal.code
        else:
            assert answer.status_code == 200, (str(answer.request.url), answer.text, value)
            return value
        assert answer.status_code >= 400, (str(answer.request.url), answer.text, refused)
        assert answer.json()["error_code"] == refused, (str(answer.request.url), answer.text)
        assert answer.status_code == (refused if refused < 1000 else refused // 100)
        return None

    # --- writing

    @rule(place=PLACES, text=TEXTS)
    def register(self, place: Place, text: Text) -> None:
        text = settled(place, text)
        answer = self.ask("POST", f"/subjects/{place}/versions", text.body)
        number = self.same(answer, self.model.register, place, text)
        assert number is None or answer.json()["id"] == number

    @rule(place=PLACES, text=TEXTS, number=st.integers(1, 6), version=st.integers(1, 4))
    def impose(self, place: Place, text: Text, number: int, version: int) -> None:
        text = settled(place, text)
        if version in self.model.subjects.get(place, {}):
            return  # what an import writes over an existing number the reference does not say
        body = {**text.body, "id": number, "version": version}
        answer = self.ask("POST", f"/subjects/{place}/versions", body)
        assert self.same(answer, self.model.impose, place, text, number, version) in {None, number}

    @rule(place=PLACES, version=VERSIONS, permanent=st.booleans())
    def delete_version(self, place: Place, version: int | None, permanent: bool) -> None:
        token = "latest" if version is None else version
        answer = self.ask("DELETE", f"/subjects/{place}/versions/{token}?permanent={permanent}")
        number = self.same(answer, self.model.delete_version, place, version, permanent=permanent)
        assert number is None or answer.json() == number

    @rule(place=PLACES, permanent=st.booleans())
    def delete_subject(self, place: Place, permanent: bool) -> None:
        answer = self.ask("DELETE", f"/subjects/{place}?permanent={permanent}")
        numbers = self.same(answer, self.model.delete_subject, place, permanent=permanent)
        assert numbers is None or answer.json() == numbers

    @rule(place=SETTINGS_PLACES, level=LEVELS)
    def set_level(self, place: Place, level: str) -> None:
        answer = self.ask("PUT", f"/config/{place}", {"compatibility": level})
        self.same(answer, self.model.set_level, place, level)

    @rule(place=SETTINGS_PLACES)
    def clear_level(self, place: Place) -> None:
        answer = self.ask("DELETE", f"/config/{place}")
        level = self.same(answer, self.model.clear_level, place)
        assert level is None or answer.json() == {"compatibilityLevel": level}

    @rule(place=SETTINGS_PLACES, mode=MODES, force=st.booleans())
    def set_mode(self, place: Place, mode: str, force: bool) -> None:
        answer = self.ask("PUT", f"/mode/{place}?force={force}", {"mode": mode})
        self.same(answer, self.model.set_mode, place, mode, force=force)

    @rule(place=SETTINGS_PLACES)
    def clear_mode(self, place: Place) -> None:
        answer = self.ask("DELETE", f"/mode/{place}")
        mode = self.same(answer, self.model.clear_mode, place)
        assert mode is None or answer.json() == {"mode": mode}

    # --- reading

    @rule(place=PLACES, text=TEXTS, deleted=st.booleans())
    def lookup(self, place: Place, text: Text, deleted: bool) -> None:
        text = settled(place, text)
        answer = self.ask("POST", f"/subjects/{place}?deleted={deleted}", text.body)
        found = self.same(answer, self.model.lookup, place, text, deleted=deleted)
        if found is not None:
            assert (answer.json()["subject"], answer.json()["version"]) == (str(found[0]), found[1])

    @rule(place=PLACES, text=TEXTS, number=VERSIONS)
    def check(self, place: Place, text: Text, number: int | None) -> None:
        text = settled(place, text)
        token = "latest" if number is None else number
        answer = self.ask("POST", f"/compatibility/subjects/{place}/versions/{token}", text.body)
        verdict = self.same(answer, self.model.check, place, text, number)
        assert verdict is None or answer.json() == {"is_compatible": verdict}

    @rule(place=PLACES, number=VERSIONS, deleted=st.booleans())
    def read_version(self, place: Place, number: int | None, deleted: bool) -> None:
        token = "latest" if number is None else number
        answer = self.ask("GET", f"/subjects/{place}/versions/{token}?deleted={deleted}")
        found = self.same(answer, self.model.version, place, number, deleted=deleted)
        if found is not None:
            body = answer.json()
            assert (body["subject"], body["version"], body["id"]) == (str(found[0]), found[1], found[2])
            assert body["deleted"] is self.model.subjects[found[0]][found[1]].deleted
            if not deleted:
                self._referred(found[0], found[1])

    def _referred(self, place: Place, version: int) -> None:
        for deleted in (False, True):
            answer = self.ask("GET", f"/subjects/{place}/versions/{version}/referencedby?deleted={deleted}")
            assert answer.json() == sorted(
                {number for _, number in self.model.referrers(place, version, deleted=deleted)}
            )

    @rule(context=st.sampled_from(CONTEXTS), number=st.integers(1, 7), deleted=st.booleans())
    def read_id(self, context: str, number: int, deleted: bool) -> None:
        place = "" if context == DEFAULT else f"subject=:{context}:"
        answer = self.ask("GET", f"/schemas/ids/{number}?{place}")
        text = self.same(answer, self.model.text, context, number)
        if text is not None:
            assert json.loads(answer.json()["schema"]) == json.loads(text.body["schema"])
            assert answer.json().get("references") == text.body.get("references")
        answer = self.ask("GET", f"/schemas/ids/{number}/versions?{place}&deleted={deleted}")
        users = self.same(answer, self.model.users, context, number, deleted=deleted)
        assert users is None or [(each["subject"], each["version"]) for each in answer.json()] == users

    @rule(place=SETTINGS_PLACES)
    def read_settings(self, place: Place) -> None:
        assert self.ask("GET", f"/config/{place}?defaultToGlobal=true").json() == {
            "compatibilityLevel": self.model.level(place)
        }
        assert self.ask("GET", f"/mode/{place}?defaultToGlobal=true").json() == {"mode": self.model.mode(place)}

    @invariant()
    def listings(self) -> None:
        assert self.ask("GET", "/subjects").json() == self.model.names()
        assert self.ask("GET", "/subjects?deleted=true").json() == self.model.names(deleted=True)
        assert self.ask("GET", "/contexts").json() == sorted({DEFAULT} | self.model.contexts)

    @rule(place=PLACES, deleted=st.booleans())
    def numbers(self, place: Place, deleted: bool) -> None:
        answer = self.ask("GET", f"/subjects/{place}/versions?deleted={deleted}")
        numbers = self.same(answer, self.model.numbers, place, deleted=deleted)
        assert numbers is None or answer.json() == numbers


TestRegistry = Registry.TestCase
TestRegistry.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,  # a machine shared with others is now and then slow
    derandomize="CI" in os.environ,
    suppress_health_check=list(HealthCheck),
)
