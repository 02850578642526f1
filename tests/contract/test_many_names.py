"""A transaction that queues for very many names: the log tells, once, on every connection."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from aseq import AsyncSequence, SequenceLocked, _tally
from aseq._tally import QueueCounter
from tests.database import Database
from tests.logged import events


@pytest.fixture
def log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> pytest.LogCaptureFixture:
    """What is logged at WARNING and above, where four names are too many."""
    monkeypatch.setattr(_tally, "QUEUED", QueueCounter(limit=3, transactions=10))
    caplog.set_level(logging.WARNING, logger="aseq")
    return caplog


def sequences(name: str, *, fair: bool = True) -> Sequence[AsyncSequence]:
    return [AsyncSequence(f"{name}-{letter}", fair=fair) for letter in "abcdef"]


@pytest.mark.only(dialect="postgresql")
async def test_every_way_into_the_queue_counts(
    database: Database, name: str, log: pytest.LogCaptureFixture
) -> None:
    loops = AsyncSequence(f"{name}-loops", 1, 5)
    a, b, c, d, *_ = sequences(name)
    ways: dict[str, Callable[[Any], Awaitable[object]]] = {
        "next_value": lambda conn: a.next_value(conn),
        "next_values": lambda conn: b.next_values(conn, 3),
        "advance_to": lambda conn: c.advance_to(conn, 7),
        "delete": lambda conn: d.delete(conn),
        "looping": lambda conn: loops.next_value(conn),
        "nowait": lambda conn: a.next_value(conn, nowait=True),
        "looping, nowait": lambda conn: loops.next_value(conn, nowait=True),
    }
    others = sequences(f"{name}-others")[:3]
    async with database.connect() as client:
        for way, enter in ways.items():
            async with client.transaction():
                for other in others:
                    await other.next_value(client.conn)
                    await other.last_value(client.conn)
                assert log.messages == [], way
                await enter(client.conn)
                assert events(log) == ["many_sequences"], way
                await a.next_value(client.conn)
                assert events(log) == ["many_sequences"], way
            log.clear()


@pytest.mark.only(dialect="postgresql")
async def test_a_savepoint_belongs_to_its_transaction(
    database: Database, name: str, log: pytest.LogCaptureFixture
) -> None:
    a, b, c, d, *_ = sequences(name)
    async with database.connect() as client, client.transaction():
        await a.next_value(client.conn)
        async with client.savepoint():
            await b.next_value(client.conn)
        async with client.savepoint():
            await c.next_value(client.conn)
            assert log.messages == []
            await d.next_value(client.conn)

    assert events(log) == ["many_sequences"]


async def test_few_names_in_each_of_many_transactions(
    database: Database, name: str, log: pytest.LogCaptureFixture
) -> None:
    async with database.connect() as client:
        for seq in sequences(name):
            async with client.transaction():
                for _ in range(5):
                    await seq.next_value(client.conn)

    assert log.messages == []


@pytest.mark.only(dialect="postgresql")
async def test_the_loser_has_no_place_in_the_queue(
    database: Database, name: str, log: pytest.LogCaptureFixture
) -> None:
    *held, free = sequences(name)[:4]
    async with database.connect() as holder, holder.transaction():
        for seq in held:
            await seq.next_value(holder.conn)
        async with database.connect() as client, client.transaction():
            for seq in held:
                with pytest.raises(SequenceLocked):
                    await seq.next_value(client.conn, nowait=True)
            await free.next_value(client.conn)

    assert log.messages == []


async def test_what_does_not_queue_is_not_counted(
    database: Database, name: str, log: pytest.LogCaptureFixture
) -> None:
    fair = database.case.dialect == "sqlite"  # nobody queues there
    async with database.connect() as client, client.transaction():
        for seq in sequences(name, fair=fair):
            await seq.next_value(client.conn)
            await seq.next_value(client.conn, nowait=True)
            await seq.advance_to(client.conn, 9)
            await seq.delete(client.conn)

    assert log.messages == []
