"""Hooks: what they are told, in which order, and that nothing they do costs a number."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from aseq import AsyncSequence, NotInTransaction, create_table_sql, sync
from aseq.hooks import (
    DrawDetails,
    around,
    get_hooks,
    logging_hook,
    opentelemetry_hook,
    prometheus_hook,
    set_hooks,
)
from aseq.testing import MemoryExecutor
from tests.hooked import hooked

SEQUENCE = AsyncSequence("invoices")


class Interrupt(BaseException):
    """As a signal handler raises it."""


def interrupts(details: DrawDetails) -> None:
    if details.outcome == "drawn":
        raise Interrupt


@pytest.fixture
async def conn() -> AsyncIterator[MemoryExecutor]:
    with closing(MemoryExecutor()) as conn:
        yield conn


def details(**changes: Any) -> DrawDetails:
    facts = {"sequences": ("invoices",), "connection": "asyncpg", "dialect": "postgresql"}
    return DrawDetails(**{**facts, "outcome": "drawn", "count": 2, **changes})


LOCKED = details(outcome="locked", count=0, waited=0.5, error=TimeoutError())


async def test_there_are_none_until_some_are_set(conn: MemoryExecutor) -> None:
    assert get_hooks() == ()
    told = list[DrawDetails]()
    set_hooks([told.append])
    assert get_hooks() == (told.append,)
    set_hooks([])
    async with conn.transaction():
        await SEQUENCE.next_value(conn)
    assert not told


def test_what_is_no_hook_is_refused() -> None:
    async def awaited(_: DrawDetails) -> None:
        return

    for wrong in (awaited, "print"):
        with pytest.raises(TypeError, match="a hook is a function that isn't async, not"):
            set_hooks([wrong])  # type: ignore[list-item]
    assert get_hooks() == ()


async def test_a_context_manager_is_around_the_call_and_the_hooks(
    conn: MemoryExecutor,
) -> None:
    done = list[str]()

    @around
    @contextmanager
    def span(begun: DrawDetails) -> Iterator[None]:
        assert (begun.sequences, begun.outcome, begun.error) == (("invoices",), None, None)
        done.append("entered")
        try:
            yield
        except NotInTransaction as exc:
            done.append(type(exc).__name__)  # and keeps it to itself, in vain
        done.append("left")

    def hook(ended: DrawDetails) -> None:
        done.append(str(ended.outcome))

    with hooked(span, hook):
        async with conn.transaction():
            assert await SEQUENCE.next_value(conn) == 1
        with pytest.raises(NotInTransaction):
            await SEQUENCE.next_value(conn)

    assert done == [
        *("entered", "drawn", "left"),
        *("entered", "failed", "NotInTransaction", "left"),
    ]


@contextmanager
def sqlite(folder: Path) -> Iterator[Any]:
    with closing(sqlite3.connect(folder / "hooks.db")) as conn:
        conn.execute(create_table_sql("sqlite"))
        yield conn


@contextmanager
def postgresql(url: str) -> Iterator[Any]:
    with psycopg.connect(url) as conn:
        conn.execute(create_table_sql("postgresql").encode())
        conn.commit()
        yield conn


@pytest.mark.parametrize("server", ["sqlite", "postgresql"])
def test_an_interrupt_in_a_hook_loses_no_number(
    server: str, name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    numbers = sync.Sequence(name)
    opened = (
        sqlite(tmp_path)
        if server == "sqlite"
        else postgresql(request.getfixturevalue("postgres"))
    )
    with opened as conn:
        with hooked(interrupts) as told, pytest.raises(Interrupt):
            numbers.next_value(conn)
        assert told == []  # the interrupt came first
        with pytest.raises((sqlite3.DatabaseError, psycopg.Error)):
            conn.execute("INSERT INTO aseq_sequence VALUES ('another', 1)")
        conn.rollback()
        assert numbers.next_value(conn) == 1
        conn.rollback()


async def test_an_interrupt_in_a_hook_loses_no_number_in_a_coroutine(
    conn: MemoryExecutor,
) -> None:
    with hooked(interrupts), pytest.raises(Interrupt):
        async with conn.transaction():
            await SEQUENCE.next_value(conn)
    async with conn.transaction():
        assert await SEQUENCE.next_value(conn) == 1


NAMES: list[tuple[bool | Callable[[str], str], str | None]] = [
    (False, None),
    (True, "invoices"),
    (str.upper, "INVOICES"),
]


@pytest.mark.parametrize(("names", "shown"), NAMES, ids=["off", "on", "by function"])
def test_prometheus(names: Any, shown: str | None) -> None:
    registry = CollectorRegistry()
    hook = prometheus_hook(registry=registry, names=names)
    hook(details(waited=0.02, duration=0.03))
    hook(LOCKED)
    labels = {"dialect": "postgresql", "connection": "asyncpg"}
    if shown is not None:
        labels["sequence"] = shown

    def value(metric: str, **more: str) -> float | None:
        return registry.get_sample_value(metric, {**labels, **more})

    assert value("aseq_allocations_total") == 2
    assert value("aseq_lock_wait_seconds_count") == 2
    assert value("aseq_lock_wait_seconds_bucket", le="0.05") == 1
    assert value("aseq_allocation_seconds_sum", outcome="drawn", error="") == 0.03
    ended = {"outcome": "locked", "error": "TimeoutError"}
    assert value("aseq_allocation_seconds_count", **ended) == 1


async def test_opentelemetry(conn: MemoryExecutor) -> None:
    reader, spans = InMemoryMetricReader(), InMemorySpanExporter()
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    meters = MeterProvider([reader])
    hook = opentelemetry_hook(meter_provider=meters, tracer_provider=tracers)
    with hooked(hook):
        async with conn.transaction():
            await SEQUENCE.next_values(conn, 3)
        with pytest.raises(NotInTransaction):
            await SEQUENCE.next_value(conn)
    hook(details(waited=0.02))

    drawn, failed = spans.get_finished_spans()
    assert drawn.name == failed.name == "aseq.draw"
    common = {"db.system.name": "sqlite", "aseq.connection": "memory"}
    assert dict(drawn.attributes or {}) == {**common, "aseq.count": 3}
    ended = {"aseq.outcome": "failed", "error.type": "NotInTransaction"}
    assert dict(failed.attributes or {}) == {**common, **ended, "aseq.count": 0}
    assert not failed.status.is_ok
    data: Any = reader.get_metrics_data()
    metrics = {
        metric.name: metric for metric in data.resource_metrics[0].scope_metrics[0].metrics
    }
    assert {name: metric.unit for name, metric in metrics.items()} == {
        "aseq.lock.wait.duration": "s",
        "aseq.allocation.duration": "s",
        "aseq.allocations": "{number}",
    }
    [wait] = metrics["aseq.lock.wait.duration"].data.data_points
    assert (wait.sum, wait.explicit_bounds[:3]) == (0.02, (0.001, 0.005, 0.01))
    points = metrics["aseq.allocations"].data.data_points
    assert [point.value for point in points] == [3, 2]
    tracers.shutdown()
    meters.shutdown()


def test_opentelemetry_can_tell_names() -> None:
    reader = InMemoryMetricReader()
    meters = MeterProvider([reader])
    hook = opentelemetry_hook(meter_provider=meters, names=True)
    hook(details(sequences=("invoices", "receipts")))
    data: Any = reader.get_metrics_data()
    [metric, *_] = data.resource_metrics[0].scope_metrics[0].metrics
    [point] = metric.data.data_points
    assert point.attributes["aseq.sequence.name"] == "(several)"
    meters.shutdown()


def test_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "aseq.draws")
    hook = logging_hook(slower_than=0.1)
    hook(details(duration=0.25, waited=0.05))
    hook(LOCKED)
    logging_hook(names=False)(LOCKED)

    assert [record.levelname for record in caplog.records] == ["DEBUG", "WARNING", "DEBUG"]
    assert caplog.messages[0] == (
        "aseq: a call for invoices (asyncpg) ended as drawn after 0.250 s, "
        "0.050 s of them waiting"
    )
    assert caplog.messages[1].startswith("aseq: a call for invoices (asyncpg) ended as locked")
    assert caplog.messages[2].startswith("aseq: a call for a sequence (asyncpg)")
    record = vars(caplog.records[1])
    assert record["aseq_sequence"] == "invoices"
    assert record["aseq_waited"] == 0.5
    assert "aseq.holders" in record["aseq_advice"]
