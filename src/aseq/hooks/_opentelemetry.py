"""Metrics and a span for OpenTelemetry, by its API alone: the application has the SDK.

The names of the metrics are under `aseq.`, as the conventions want for what isn't theirs; the
driver's own instrumentation has `db.client.operation.duration` already.
(https://opentelemetry.io/docs/specs/semconv/general/naming/)
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from opentelemetry import metrics, trace

from ._details import DrawDetails
from ._names import BUCKETS, Names, error_type, name_of

_SCOPE = "aseq"


class OpenTelemetryHook:
    """Counts, times, and puts a span around each call.

    Args:
        meter_provider: as of `opentelemetry_hook`.
        tracer_provider: as of `opentelemetry_hook`.
        names: as of `opentelemetry_hook`.
    """

    def __init__(
        self,
        meter_provider: metrics.MeterProvider | None,
        tracer_provider: trace.TracerProvider | None,
        names: Names,
    ) -> None:
        self._names = names
        self._tracer = trace.get_tracer(_SCOPE, tracer_provider=tracer_provider)
        meter = metrics.get_meter(_SCOPE, meter_provider=meter_provider)
        self._waits = meter.create_histogram(
            "aseq.lock.wait.duration",
            unit="s",
            description="How long draws waited for the sequence, by the server's clock.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )
        self._durations = meter.create_histogram(
            "aseq.allocation.duration",
            unit="s",
            description="How long calls took that draw numbers.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )
        self._numbers = meter.create_counter(
            "aseq.allocations", unit="{number}", description="How many numbers were drawn."
        )

    def around(self, details: DrawDetails, /) -> AbstractContextManager[object]:
        """The span: of the kind "internal", as that of the driver is the client's."""
        return self._tracer.start_as_current_span("aseq.draw", attributes=self._common(details))

    def __call__(self, details: DrawDetails, /) -> None:
        common = self._common(details)
        ended = dict(common)
        if details.outcome not in (None, "drawn"):
            ended["aseq.outcome"] = str(details.outcome)
            ended["error.type"] = error_type(details)
        self._durations.record(details.duration, ended)
        if details.waited is not None:
            self._waits.record(details.waited, common)
        if details.count:
            self._numbers.add(details.count, common)
        self._on_span(details, ended)

    def _common(self, details: DrawDetails) -> dict[str, str]:
        common = {"db.system.name": details.dialect, "aseq.connection": details.connection}
        if self._names:
            common["aseq.sequence.name"] = name_of(details, self._names)
        return common

    def _on_span(self, details: DrawDetails, ended: dict[str, str]) -> None:
        span = trace.get_current_span()  # its own: it is left after all hooks
        span.set_attributes(ended)
        span.set_attribute("aseq.count", details.count)
        if details.waited is not None:
            span.set_attribute("aseq.lock.wait.duration", details.waited)
