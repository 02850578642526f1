"""Hooks are told of every draw, on every kind of connection, and disturb none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import psycopg
import pytest

from aseq import AsyncSequence, SequenceLocked, allocate
from aseq.hooks import DrawDetails, around
from aseq.numbering import Numbering
from tests.blocks import backend_pid
from tests.database import Database
from tests.hooked import hooked
from tests.observer import observing

AT = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)

CONNECTIONS = {
    *("asyncpg", "psycopg", "sqlalchemy", "aiosqlite", "sqlite3", "tortoise", "django"),
    *("asyncmy", "aiomysql"),
}


def raises(_: DrawDetails) -> Any:
    raise OSError("the disk is full")


@around
@contextmanager
def raises_around(_: DrawDetails) -> Iterator[None]:
    yield
    raise OSError("the network is gone")


async def test_every_verb_that_draws_is_told_of(database: Database, name: str) -> None:
    seq, other = AsyncSequence(name), AsyncSequence(f"{name}-other")
    invoices = Numbering(f"{name}-n", "{year}-{number}", period="year", tz="UTC")
    timeout = None if database.case.dialect == "mysql" else 20
    with hooked(raises, around(raises), raises_around) as told:
        async with database.connect() as client, client.transaction():
            await seq.advance_to(client.conn, 0)
            assert await seq.next_value(client.conn) == 1
            assert await seq.next_values(client.conn, 3, timeout=timeout) == range(2, 5)
            assert await seq.next_values(client.conn, 0) == range(0)
            assert await seq.next_value(client.conn, nowait=True) == 5
            await invoices.next(client.conn)
            await invoices.next_many(client.conn, 2, at=AT)
            await allocate(client.conn, {seq: 1, other: 2, invoices: 2})
            await seq.last_value(client.conn)
            await other.delete(client.conn)

    assert [(each.sequences, each.count) for each in told] == [
        *(((name,), count) for count in (1, 3, 1)),
        *(((f"{name}-n",), count) for count in (1, 2)),
        ((name, f"{name}-n", f"{name}-other"), 5),
    ]
    assert {each.outcome for each in told} == {"drawn"}
    assert {each.dialect for each in told} == {database.case.dialect}
    assert len({each.connection for each in told} & CONNECTIONS) == 1
    for each in told:
        assert each.error is None
        if database.case.dialect == "postgresql":
            assert each.waited is not None
            assert each.waited >= 0
        else:
            assert each.waited is None


@pytest.mark.only(dialect="postgresql")
@pytest.mark.parametrize("fair", [True, False])
async def test_how_long_it_waited_is_what_the_server_says(
    database: Database, name: str, fair: bool
) -> None:
    """In the queue, or for a row that somebody holds who doesn't queue."""
    seq = AsyncSequence(name, fair=fair)
    with observing(database.url) as observer, psycopg.connect(database.url) as holder:
        async with database.connect() as client:
            async with client.transaction():
                await seq.next_value(client.conn)
            pid = await backend_pid(client)
            holder.execute("UPDATE aseq_sequence SET last = last WHERE name = %s", (name,))
            with hooked() as told:
                async with client.transaction(), anyio.create_task_group() as tasks:
                    tasks.start_soon(seq.next_value, client.conn)
                    await observer.until_waiting(pid)
                    _, began, _, _ = observer.heard(pid)
                    [(now,)] = database.run("SELECT clock_timestamp()")
                    holder.rollback()

    [drawn] = told
    assert drawn.waited is not None
    assert (now - began).total_seconds() <= drawn.waited


@pytest.mark.only(dialect="postgresql")
async def test_a_call_that_does_not_get_it(database: Database, name: str) -> None:
    seq = AsyncSequence(name)
    with psycopg.connect(database.url) as holder:
        async with database.connect() as client:
            async with client.transaction():
                await seq.next_value(client.conn)
            holder.execute("SELECT FROM aseq_sequence WHERE name = %s FOR UPDATE", (name,))
            with hooked(raises) as told, pytest.raises(SequenceLocked) as caught:
                async with client.transaction():
                    await seq.next_value(client.conn, nowait=True)
        holder.rollback()

    [locked] = told
    assert (locked.outcome, locked.count, locked.error) == ("locked", 0, caught.value)
