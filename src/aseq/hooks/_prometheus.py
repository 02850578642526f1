"""Metrics for Prometheus. Also of several processes, as prometheus-client has it."""

from __future__ import annotations

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram

from ._details import DrawDetails
from ._names import BUCKETS, Names, error_type, name_of


class PrometheusHook:
    """Counts and times.

    Args:
        registry: as of `prometheus_hook`.
        names: as of `prometheus_hook`.
    """

    def __init__(self, registry: CollectorRegistry | None, names: Names) -> None:
        self._names = names
        where = REGISTRY if registry is None else registry
        labels = ("dialect", "connection", *(("sequence",) if names else ()))
        self._waits = Histogram(
            "aseq_lock_wait_seconds",
            "How long draws waited for the sequence, by the server's clock.",
            labels,
            registry=where,
            buckets=BUCKETS,
        )
        self._durations = Histogram(
            "aseq_allocation_seconds",
            "How long calls took that draw numbers.",
            (*labels, "outcome", "error"),
            registry=where,
            buckets=BUCKETS,
        )
        self._numbers = Counter(
            "aseq_allocations", "How many numbers were drawn.", labels, registry=where
        )

    def __call__(self, details: DrawDetails, /) -> None:
        labels = [details.dialect, details.connection]
        if self._names:
            labels.append(name_of(details, self._names))
        ends = (*labels, details.outcome, error_type(details))
        self._durations.labels(*ends).observe(details.duration)
        if details.waited is not None:
            self._waits.labels(*labels).observe(details.waited)
        if details.count:
            self._numbers.labels(*labels).inc(details.count)
