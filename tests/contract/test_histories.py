"""Promise 1 over random histories of several connections, against a reference model.

Nothing ever waits: a connection that would is told so, and rolls back.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aseq import AsyncSequence, SequenceLocked, create_table_sql
from tests.database import SAVED
from tests.model import Model

CONNECTIONS = 3

settings.register_profile("histories", deadline=None, max_examples=250, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=2000)

SEQUENCES = (
    AsyncSequence("up"),
    AsyncSequence("by-seven", 10, step=7),
    AsyncSequence("down", -5, step=-3),
    AsyncSequence("looping", 1, 6),
    AsyncSequence("looping-down", 9, -4, step=-4),
)
VALUES = {"up": 40, "by-seven": 45, "down": -20, "looping": 3, "looping-down": 1}

STEPS = st.one_of(
    st.tuples(st.just("draw"), st.sampled_from(SEQUENCES), st.integers(1, 3)),
    st.tuples(st.just("advance"), st.sampled_from(SEQUENCES), st.just(0)),
    st.tuples(st.just("delete"), st.sampled_from(SEQUENCES), st.just(0)),
    st.tuples(
        st.sampled_from(["savepoint", "release", "undo", "commit", "commit", "rollback"]),
        st.just(SEQUENCES[0]),
        st.just(0),
    ),
)
HISTORIES = st.lists(st.tuples(st.integers(0, CONNECTIONS - 1), STEPS), max_size=40)

# As others who queue hold it: the key is documented.
QUEUE = (
    "SELECT pg_advisory_xact_lock("
    "hashtextextended('{name}', 'aseq_sequence'::regclass::oid::bigint))"
)


class History:
    """One run: connections, and which of them has the transaction that writes."""

    def __init__(self, connections: list[Any], begin: str, lock: str | None) -> None:
        self.connections, self.model = connections, Model()
        self.writer: int | None = None
        self._begin, self._lock = begin, lock

    async def step(self, index: int, verb: str, seq: AsyncSequence, count: int) -> None:
        """Do one step on one connection."""
        if self.writer not in (None, index):
            await self.be_refused(self.connections[index], seq)
        elif self.writer is None:
            await self.begin(index)
            await self.write(verb, seq, count)
        else:
            await self.write(verb, seq, count)

    async def be_refused(self, connection: Any, seq: AsyncSequence) -> None:
        """Try to draw while another transaction holds every sequence."""
        if self._lock is None:
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                await connection.execute(self._begin)
            return
        await connection.execute(self._begin)
        with pytest.raises(SequenceLocked):
            await seq.next_value(connection, nowait=True)
        await connection.execute("ROLLBACK")

    async def begin(self, index: int) -> None:
        connection = self.connections[index]
        await connection.execute(self._begin)
        if self._lock is not None:
            for seq in SEQUENCES:  # as the first writer of each would
                await connection.execute(self._lock.format(name=seq.name))
        self.writer = index
        self.model.begin()

    async def write(self, verb: str, seq: AsyncSequence, count: int) -> None:
        connection, now = self.connections[self.writer or 0], self.model.now
        if verb == "draw":
            drawn = list(await seq.next_values(connection, count, nowait=count == 1))
            assert drawn == now.draw(seq, count)
            for number in drawn:
                await connection.execute(f"INSERT INTO saved VALUES ('{seq.name}', {number})")
        elif verb == "advance":
            value = VALUES[seq.name]
            assert await seq.advance_to(connection, value) == now.advance(seq, value)
        elif verb == "delete":
            assert await seq.delete(connection) == now.delete(seq)
        elif verb in ("commit", "rollback"):
            await self.end(verb)
        else:
            await self.nest(connection, verb)

    async def nest(self, connection: Any, verb: str) -> None:
        depth = len(self.model.stack)
        if verb == "savepoint":
            await connection.execute(f"SAVEPOINT s{depth}")
            self.model.savepoint()
        elif depth > 1 and verb == "undo":
            await connection.execute(f"ROLLBACK TO SAVEPOINT s{depth - 1}")
            await connection.execute(f"RELEASE SAVEPOINT s{depth - 1}")
            self.model.roll_back_savepoint()
        elif depth > 1:
            await connection.execute(f"RELEASE SAVEPOINT s{depth - 1}")
            self.model.release()

    async def end(self, verb: str) -> None:
        await self.connections[self.writer or 0].execute(verb.upper())
        if verb == "commit":
            while len(self.model.stack) > 1:
                self.model.release()
            self.model.commit()
        else:
            self.model.roll_back()
        self.writer = None

    async def check(self) -> None:
        """What everybody sees is what the model says."""
        if self.writer is not None:
            await self.end("rollback")
        connection = self.connections[0]
        for seq in SEQUENCES:
            assert await seq.last_value(connection) == self.model.committed.last.get(seq.name)
            sql = f"SELECT number FROM saved WHERE name = '{seq.name}'"
            rows = await (await connection.execute(sql)).fetchall()
            saved = sorted(number for (number,) in rows)
            assert saved == sorted(self.model.committed.saved.get(seq.name, []))


async def play(history: History, steps: list[Any]) -> None:
    for index, (verb, seq, count) in steps:
        await history.step(index, verb, seq, count)
    await history.check()


PROFILE = settings.get_profile(os.environ.get("ASEQ_TEST_HISTORIES", "histories"))
PLAYED = settings(PROFILE, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
async def on_postgresql(postgres: str) -> AsyncIterator[list[Any]]:
    async with AsyncExitStack() as stack:
        connections = [await _postgres(stack, postgres) for _ in range(CONNECTIONS)]
        for sql in (create_table_sql("postgresql"), SAVED):
            await connections[0].execute(sql.encode())
        yield connections


async def _postgres(stack: AsyncExitStack, url: str) -> Any:
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
    return await stack.enter_async_context(connection)


@asynccontextmanager
async def on_sqlite(file: Path) -> AsyncIterator[list[Any]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                aiosqlite.connect(file, isolation_level=None, timeout=0)
            )
            for _ in range(CONNECTIONS)
        ]


@given(steps=HISTORIES)
@PLAYED
async def test_on_postgresql(on_postgresql: list[Any], steps: list[Any]) -> None:
    names = ", ".join(f"'{seq.name}'" for seq in SEQUENCES)
    for table in ("saved", "aseq_sequence"):
        await on_postgresql[0].execute(f"DELETE FROM {table} WHERE name IN ({names})".encode())
    await play(History(on_postgresql, "BEGIN", QUEUE), steps)


@pytest.fixture
async def on_sqlite_file(tmp_path: Path) -> AsyncIterator[list[Any]]:
    async with on_sqlite(tmp_path / "db") as connections:
        for sql in (create_table_sql("sqlite"), SAVED):
            await connections[0].execute(sql)
        yield connections


@given(steps=HISTORIES)
@PLAYED
async def test_on_sqlite(on_sqlite_file: list[Any], steps: list[Any]) -> None:
    for table in ("saved", "aseq_sequence"):
        await on_sqlite_file[0].execute(f"DELETE FROM {table}")
    await play(History(on_sqlite_file, "BEGIN IMMEDIATE", None), steps)
