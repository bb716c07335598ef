"""What is counted, under the names of Confluent's dashboards and under our own.

Labels are route templates, registries and outcomes; never a subject and never an id. Counts of the hot path are plain
integers that are turned into samples when somebody scrapes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

Metric = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
"""Seconds that requests are counted by."""


class Durations:
    """How many requests took how long: one count for each bound, and one for those above them all."""

    __slots__ = ("counts", "sum")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.sum = 0.0

    def buckets(self) -> list[tuple[str, float]]:
        """The counts as they are scraped: each with all below it."""
        names = [*map(floatToGoString, BOUNDS), "+Inf"]
        return list(zip(names, map(float, accumulate(self.counts)), strict=True))


class Metrics(Collector):
    """The gateway's counters, one instance a process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests: dict[tuple[str, str, int], int] = defaultdict(int)
        """Requests by route template, method and status, counted inline."""
        self.ready_hits = 0
        self.ready_misses = 0
        self.connections = 0
        self.created: dict[str, int] = defaultdict(int)
        self.deleted: dict[str, int] = defaultdict(int)
        self.registered = 0
        """Live versions, as the store last counted them."""
        self.seconds: dict[str, Durations] = {}
        """How long the requests of a route took, counted inline."""
        self.upstream = Counter(
            "decapolis_upstream_requests",
            "Questions to registries",
            ["registry", "outcome"],
            registry=self.registry,
        )
        self.up = Gauge(
            "decapolis_registry_up",
            "Whether the registry answered last",
            ["registry"],
            registry=self.registry,
        )
        self.breaker_open = Gauge(
            "decapolis_breaker_open",
            "Whether the breaker refuses questions",
            ["registry"],
            registry=self.registry,
        )
        self.verdicts = Counter("decapolis_verdicts", "Judged changes", ["registry", "outcome"], registry=self.registry)
        self.violations = Counter(
            "decapolis_policy_violations",
            "Demands of policy sets that did not hold, refused or only noticed",
            ["policy_set", "rule", "outcome"],
            registry=self.registry,
        )
        self.reissued = Counter(
            "decapolis_reissued_ids",
            "Ids that a registry gave out again with another text",
            ["registry"],
            registry=self.registry,
        )
        self.range_used = Gauge(
            "decapolis_id_range_used_ratio",
            "Share of a registry's id range that is used",
            ["registry"],
            registry=self.registry,
        )
        self.registry.register(self)

    def count(self, route: str, method: str, status: int) -> None:
        """Counts one answered request."""
        self.requests[(route, method, status)] += 1

    def took(self, route: str, seconds: float) -> None:
        """Notes how long a request took that was not answered from ready bytes."""
        kept = self.seconds.get(route)
        if kept is None:
            kept = self.seconds[route] = Durations()
        kept.counts[bisect_left(BOUNDS, seconds)] += 1
        kept.sum += seconds

    def collect(self) -> Iterable[Metric]:
        """The samples of the plain counters."""
        yield from self._confluent()
        requests = CounterMetricFamily("decapolis_requests", "Requests answered", labels=["route", "method", "status"])
        for (route, method, status), number in self.requests.items():
            requests.add_metric([route, method, str(status)], number)
        yield requests
        answers = CounterMetricFamily(
            "decapolis_ready_answers", "Answers given from ready bytes or made", labels=["outcome"]
        )
        answers.add_metric(["hit"], self.ready_hits)
        answers.add_metric(["miss"], self.ready_misses)
        yield answers
        seconds = HistogramMetricFamily(
            "decapolis_request_seconds",
            "How long requests took that were not answered from ready bytes",
            labels=["route"],
        )
        for route, durations in self.seconds.items():
            seconds.add_metric([route], durations.buckets(), durations.sum)
        yield seconds

    def _confluent(self) -> Iterator[Metric]:
        good = sum(number for (_, _, status), number in self.requests.items() if status < 400)
        bad = sum(number for (_, _, status), number in self.requests.items() if status >= 400)
        prefix = "kafka_schema_registry"
        yield GaugeMetricFamily(f"{prefix}_registered_count", "Schemas registered", value=self.registered)
        for name, numbers in (("created", self.created), ("deleted", self.deleted)):
            family = GaugeMetricFamily(
                f"{prefix}_schemas_{name}", f"Schemas {name} since the start", labels=["schema_type"]
            )
            for schema_type in ("avro", "json", "protobuf"):
                family.add_metric([schema_type], numbers.get(schema_type, 0))
            yield family
        yield GaugeMetricFamily(f"{prefix}_api_success_count", "Requests that succeeded", value=good)
        yield GaugeMetricFamily(f"{prefix}_api_failure_count", "Requests that failed", value=bad)
        yield GaugeMetricFamily(
            f"{prefix}_jetty_metrics_connections_active", "Open connections", value=self.connections
        )
        yield GaugeMetricFamily(f"{prefix}_jersey_metrics_request_rate", "Requests since the start", value=good + bad)

    def page(self) -> bytes:
        """The exposition text."""
        return generate_latest(self.registry)
