"""A strict fake of Apache Pulsar's admin API, as far as it is about schemas.

Built from Pulsar's REST documentation (pulsar.apache.org/admin-rest-api, pulsar.apache.org/docs/schema-understand) and from
what a standalone broker 4.0.8 answers: versions from 0, deletions that take a number, 500 for an incompatible check, pages
of HTML for status lines, a register that compares what it parsed and a lookup that compares bytes, no top-level unions, 307
to the owner, topics that are tidied away with their schemas.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from .asgi import FakeServer, Problem, Request, Route
from .pulsar_state import STRATEGIES, Namespace, Page, Topic, demand_compatible, demand_valid, page, same

_PARTITION = re.compile(r"-partition-(\d+)$")
_SCHEMAS = "/admin/v2/schemas/{tenant}/{ns}/{topic}"
_TOPIC = "/admin/v2/persistent/{tenant}/{ns}/{topic}"
_SPACE = "/admin/v2/namespaces/{tenant}/{ns}"
_STRATEGY = "schemaCompatibilityStrategy"
Values = Mapping[str, str]


class PulsarFake(FakeServer):
    """One cluster with the namespace `public/default`; `owner` is where calls about topics are sent on to."""

    def __init__(self, version: str = "4.0.8", *, topic_policies: bool = True, default: str = "FULL") -> None:
        self.version = version
        self.topic_policies = topic_policies
        self.default = default
        self.namespaces: dict[tuple[str, str], Namespace] = {("public", "default"): Namespace()}
        self.owner: str | None = None
        super().__init__()

    @property
    def home(self) -> Namespace:
        """The namespace that is there from the start."""
        return self.namespaces["public", "default"]

    def routes(self) -> list[Route]:
        """Everything about schemas, and what hangs together with them."""
        return [
            Route("GET", "/admin/v2/brokers/version", lambda *_: self.version.encode()),
            Route("GET", f"{_SPACE}/{_STRATEGY}", lambda _, at: self._space(at).strategy.join('""').encode()),
            Route("PUT", f"{_SPACE}/{_STRATEGY}", self._set_strategy, writes=True),
            Route("GET", f"{_SPACE}/properties", lambda _, at: self._space(at).properties),
            Route("PUT", f"{_SPACE}/properties", self._set_properties, writes=True),
            Route("GET", "/admin/v2/persistent/{tenant}/{ns}", self._topics),
            Route("GET", "/admin/v2/persistent/{tenant}/{ns}/partitioned", self._partitioned),
            Route("PUT", _TOPIC, self._make_topic, writes=True),
            Route("GET", f"{_TOPIC}/properties", lambda request, at: self._topic(request, at).properties),
            Route("PUT", f"{_TOPIC}/properties", self._set_topic_properties, writes=True),
            Route("POST", f"{_TOPIC}/inactiveTopicPolicies", self._keep_topic, writes=True),
            Route("GET", f"{_TOPIC}/{_STRATEGY}", self._topic_strategy),
            Route("PUT", f"{_TOPIC}/{_STRATEGY}", self._set_topic_strategy, writes=True),
            Route("DELETE", f"{_TOPIC}/{_STRATEGY}", self._clear_topic_strategy, writes=True),
            Route("POST", f"{_SCHEMAS}/schema", self._register, writes=True),
            Route("GET", f"{_SCHEMAS}/schemas", self._list),
            Route("GET", f"{_SCHEMAS}/schema", self._latest),
            Route("GET", f"{_SCHEMAS}/schema/{{version}}", self._one),
            Route("DELETE", f"{_SCHEMAS}/schema", self._delete, writes=True),
            Route("POST", f"{_SCHEMAS}/version", self._lookup),
            Route("POST", f"{_SCHEMAS}/compatibility", self._check),
        ]

    def no_such_route(self, other_verb: bool) -> Problem:
        """Jetty's page."""
        return page(405, "Method Not Allowed") if other_verb else page(404, "Not Found")

    def unauthorized(self) -> Problem:
        """What the authentication filter says."""
        return page(401, "Authentication required")

    def _dispatch(self, request: Request) -> Any:
        try:
            return super()._dispatch(request)
        except Page as problem:
            raise problem.accepted(request.headers.get("accept", ""), request.raw_path) from None

    def put(self, topic: str, kind: str, *texts: str, properties: dict[str, str] | None = None) -> None:
        """What a producer or another tool leaves: a topic with versions, not judged."""
        self.home.topics.setdefault(topic, Topic())
        for text in texts:
            self.home.append(topic, kind, text, dict(properties or {}))

    # --- where

    def _space(self, at: Values) -> Namespace:
        found = self.namespaces.get((at["tenant"], at["ns"]))
        if found is None:
            raise Problem(404, {"reason": "Namespace does not exist"})
        return found

    def _owned(self, request: Request) -> None:
        if self.owner is not None:
            target = f"{self.owner}{request.raw_path}?authoritative=true"
            raise Problem(307, "", {"location": target})

    def _topic(self, request: Request, at: Values) -> Topic:
        self._owned(request)
        found = self._space(at).topics.get(at["topic"])
        if found is None:
            where = f"persistent://{at['tenant']}/{at['ns']}/{at['topic']}"
            raise Problem(404, {"reason": f"Topic {where} not found"})
        return found

    def _policies(self) -> None:
        if not self.topic_policies:
            raise Problem(405, {"reason": "Topic level policies is disabled, to enable the topic level policy"})

    @staticmethod
    def _json(request: Request) -> Any:
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise page(415, "Unsupported Media Type")
        try:
            return json.loads(request.body)
        except ValueError:
            raise Problem(400, {"reason": "Unrecognized token"}) from None

    def _strategy_in(self, request: Request) -> str:
        given = self._json(request)
        if given not in STRATEGIES:
            raise Problem(400, {"reason": f"Cannot deserialize value of type SchemaCompatibilityStrategy from {given}"})
        return str(given)

    def _enforced(self, space: Namespace, topic: str) -> str:
        own = space.topics.get(topic, Topic()).strategy
        return next((each for each in (own, space.strategy) if each not in {None, "UNDEFINED"}), None) or self.default

    # --- namespaces and topics

    def _set_strategy(self, request: Request, at: Values) -> None:
        self._space(at).strategy = self._strategy_in(request)

    def _set_properties(self, request: Request, at: Values) -> None:
        self._space(at).properties.update(self._json(request))

    def _topics(self, request: Request, at: Values) -> list[str]:
        found = []
        for name, topic in self._space(at).topics.items():
            names = [f"{name}-partition-{number}" for number in range(topic.partitions)] or [name]
            found += [each for each in names if request.flag("includeSystemTopic") or not each.startswith("__change")]
        return [f"persistent://{at['tenant']}/{at['ns']}/{name}" for name in sorted(found)]

    def _partitioned(self, request: Request, at: Values) -> list[str]:
        names = sorted(name for name, topic in self._space(at).topics.items() if topic.partitions)
        return [f"persistent://{at['tenant']}/{at['ns']}/{name}" for name in names]

    def _make_topic(self, request: Request, at: Values) -> None:
        self._owned(request)
        self._json(request)
        topics, name = self._space(at).topics, at["topic"]
        if _PARTITION.search(name):
            raise Problem(412, {"reason": f'Can\'t create topic {name} with "-partition-" followed by numeric value'})
        if name in topics:
            raise Problem(409, {"reason": "This topic already exists"})
        topics[name] = Topic()

    def _set_topic_properties(self, request: Request, at: Values) -> None:
        self._topic(request, at).properties.update(self._json(request))

    def _keep_topic(self, request: Request, at: Values) -> None:
        topic = self._topic(request, at)
        self._policies()
        topic.stays = self._json(request).get("deleteWhileInactive") is False

    def _topic_strategy(self, request: Request, at: Values) -> Any:
        topic = self._topic(request, at)
        self._policies()
        return b"" if topic.strategy is None else topic.strategy.join('""').encode()

    def _set_topic_strategy(self, request: Request, at: Values) -> None:
        topic = self._topic(request, at)
        self._policies()
        topic.strategy = self._strategy_in(request)

    def _clear_topic_strategy(self, request: Request, at: Values) -> None:
        topic = self._topic(request, at)
        self._policies()
        topic.strategy = None

    # --- schemas

    def _schema_of(self, request: Request, at: Values) -> tuple[Namespace, str]:
        self._owned(request)
        if "/" in at["topic"] or "%" in at["topic"]:
            raise page(500, "Request failed.")
        space = self.namespaces.get((at["tenant"], at["ns"]), Namespace())
        return space, _PARTITION.sub("", at["topic"])

    def _payload(self, request: Request) -> tuple[str, str, dict[str, str]]:
        body = self._json(request)
        kind, data = str(body.get("type")), str(body.get("schema"))
        demand_valid(kind, data)
        return kind, data, body.get("properties") or {}

    def _register(self, request: Request, at: Values) -> Any:
        self._owned(request)
        self._space(at)
        space, topic = self._schema_of(request, at)
        kind, data, properties = self._payload(request)
        live = space.live(topic)
        for kept in live:
            if same(kind, data, kept):
                return {"version": {"version": kept.version}}
        demand_compatible(kind, data, live, self._enforced(space, topic))
        return {"version": {"version": space.append(topic, kind, data, properties)}}

    def _list(self, request: Request, at: Values) -> Any:
        space, topic = self._schema_of(request, at)
        return {"getSchemaResponses": [kept.told() for kept in space.live(topic)]}

    def _latest(self, request: Request, at: Values) -> Any:
        space, topic = self._schema_of(request, at)
        live = space.live(topic)
        if not live:
            raise Problem(404, {"reason": "Schema not found"})
        return live[-1].told()

    def _one(self, request: Request, at: Values) -> Any:
        space, topic = self._schema_of(request, at)
        for kept in space.live(topic):
            if str(kept.version) == at["version"]:
                return kept.told()
        raise Problem(404, {"reason": "Schema not found"})

    def _delete(self, request: Request, at: Values) -> Any:
        space, topic = self._schema_of(request, at)
        if request.flag("force"):
            space.schemas.pop(topic, None)
            return {"version": -1}
        return {"version": space.append(topic, "", "", {})}

    def _lookup(self, request: Request, at: Values) -> Any:
        space, topic = self._schema_of(request, at)
        kind, data, _ = self._payload(request)
        digest = hashlib.sha256(data.encode()).digest()
        found = (
            kept.version
            for kept in space.live(topic)
            if kept.type == kind and hashlib.sha256(kept.data.encode()).digest() == digest
        )
        return {"version": next(found, -1)}

    def _check(self, request: Request, at: Values) -> Any:
        space, topic = self._schema_of(request, at)
        kind, data, _ = self._payload(request)
        strategy = self._enforced(space, topic)
        try:
            demand_compatible(kind, data, space.live(topic), strategy)
        except Page as problem:
            words = problem.words
            trace = "org.apache.pulsar.broker.service.schema.exceptions.IncompatibleSchemaException"
            intro = "\n --- An unexpected error occurred in the server ---\n\n"
            reason = f"{intro}Message: {words}\n\nStacktrace:\n\n{trace}: {words}"
            raise Problem(500, {"reason": reason}) from None
        raise Problem(202, {"schemaCompatibilityStrategy": strategy, "compatibility": True})
