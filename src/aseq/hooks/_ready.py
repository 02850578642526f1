"""The ready-made hooks. What they need is imported when one is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._registry import Hook

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider
    from prometheus_client import CollectorRegistry

    from ._names import Names


def logging_hook(*, slower_than: float | None = None, names: Names = True) -> Hook:
    """Log each call that draws, on the logger `aseq.draws`.

    At DEBUG; at WARNING if it waited longer than you want. Which numbers were drawn isn't told.

    Args:
        slower_than: seconds of waiting from which on it is a warning.
        names: whether to tell the names of sequences, or what to make of a name.
    """
    from ._logging import LoggingHook

    return LoggingHook(slower_than, names)


def prometheus_hook(*, registry: CollectorRegistry | None = None, names: Names = False) -> Hook:
    """Metrics for Prometheus. Needs prometheus-client: `aseq[prometheus]`.

    * ``aseq_lock_wait_seconds``: a histogram of how long draws waited, by the server's clock;
    * ``aseq_allocation_seconds``: a histogram of how long the whole calls took;
    * ``aseq_allocations_total``: how many numbers were drawn.

    Their labels are ``dialect``, ``connection`` and, of the second, ``outcome`` and ``error``.

    Args:
        registry: where to register them; prometheus-client's own by default. One hook for
            each registry, as names are unique in it.
        names: whether there is a label ``sequence``, too, with the name of the sequence or
            the numbering; or what to make of a name. Each name makes a set of series: leave
            it off if there is a sequence for each tenant.
    """
    from ._prometheus import PrometheusHook

    return PrometheusHook(registry, names)


def opentelemetry_hook(
    *,
    meter_provider: MeterProvider | None = None,
    tracer_provider: TracerProvider | None = None,
    names: Names = False,
) -> Hook:
    """Metrics and a span for OpenTelemetry. Needs its API: `aseq[opentelemetry]`.

    * ``aseq.lock.wait.duration``: a histogram of how long draws waited, in seconds, by the
      server's clock;
    * ``aseq.allocation.duration``: a histogram of how long the whole calls took, in seconds;
    * ``aseq.allocations``: how many numbers were drawn;
    * the span ``aseq.draw`` around each call, in which that of the driver lies.

    Their attributes are ``db.system.name``, ``aseq.connection`` and, where they end otherwise
    than drawn, ``aseq.outcome`` and ``error.type``.

    Args:
        meter_provider: by default the global one.
        tracer_provider: by default the global one.
        names: whether the attribute ``aseq.sequence.name`` is there, too: see
            `prometheus_hook`.
    """
    from ._opentelemetry import OpenTelemetryHook

    return OpenTelemetryHook(meter_provider, tracer_provider, names)
