"""Draws that can't go on, until a test lets them: to cancel them at a moment of its choice.

On a server another transaction holds the row, and a proxy can keep the answer back. On
SQLite a trigger stops the statement in its worker thread.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from threading import Event, get_ident
from types import FrameType
from typing import Any

import anyio
from sqlalchemy.ext.asyncio import AsyncSession

from aseq import AsyncSequence
from tests.clients import AatomicSqlite, Client, SQLAlchemySession, TortoiseClient
from tests.database import Database
from tests.faults.servers import holding
from tests.proxy import DEADLINE, Proxy, proxy_before

_ASKS = ("_rows", "fetch")
"""The functions that have all rows when they return."""

_GATE = (
    "CREATE TEMP TRIGGER gate_{event} AFTER {event} ON main.aseq_sequence "
    "BEGIN SELECT gate(); END"
)


class Stall(ABC):
    """Makes the draws of one client stop in the middle."""

    @abstractmethod
    def holding(self) -> AbstractAsyncContextManager[None]:
        """Draws stop inside the block, from now until `release`."""

    @abstractmethod
    async def reached(self, ended: anyio.Event | None = None) -> None:
        """Return when a draw has stopped, or fail if it ended instead."""

    @abstractmethod
    def release(self) -> None:
        """Let it go on."""

    def release_if_it_cannot_be_interrupted(self) -> None:
        """Let it go on if it is in a thread: else it would never end."""
        return

    @abstractmethod
    def release_unnoticed(self) -> None:
        """Let it go on, and wait, blocking the event loop, until it is done.

        The client's side has the answer, and nobody has looked at it.
        """


class Waiting(Stall):
    """Behind another transaction, on a server."""

    def __init__(self, url: str, name: str, proxy: Proxy) -> None:
        self._url, self._name, self._proxy = url, name, proxy

    @asynccontextmanager
    async def holding(self) -> AsyncIterator[None]:
        with holding(self._url, self._name) as self._holder:
            yield

    async def reached(self, ended: anyio.Event | None = None) -> None:
        with anyio.fail_after(DEADLINE):
            while not self._holder.waited_for():
                assert not ended or not ended.is_set()
                await anyio.sleep(0.002)

    def release(self) -> None:
        self._holder.commit()

    def release_unnoticed(self) -> None:
        self._proxy.hold_answers()
        self._holder.commit()
        self._proxy.wait_for_answer()
        self._proxy.deliver()


class Gate(Stall):
    """In a trigger, inside the thread of an SQLite connection."""

    def __init__(self, connection: sqlite3.Connection, *, fetches_later: bool) -> None:
        self._here, self._open, self._left = Event(), Event(), Event()
        self._open.set()
        self.connection, self.fetches_later = connection, fetches_later

    def __call__(self) -> None:
        """The trigger."""
        self._thread = get_ident()
        frames = _frames(self._thread)[1:]
        self._asker = next((f for f in frames if f.f_code.co_name in _ASKS), frames[0])
        self._here.set()
        if not self._open.wait(DEADLINE):
            raise TimeoutError
        self._left.set()

    @asynccontextmanager
    async def holding(self) -> AsyncIterator[None]:
        for event in (self._here, self._open, self._left):
            event.clear()
        try:
            yield
        finally:
            self._open.set()

    async def reached(self, ended: anyio.Event | None = None) -> None:
        with anyio.fail_after(DEADLINE):
            while not self._here.is_set():
                assert not ended or not ended.is_set()
                await anyio.sleep(0.001)

    def release(self) -> None:
        self._open.set()

    release_if_it_cannot_be_interrupted = release

    def release_unnoticed(self) -> None:
        end = time.monotonic() + DEADLINE
        self._open.set()
        self._left.wait(DEADLINE)
        # Asking the connection might wait for its statement, which needs the GIL.
        while not self.fetches_later and self._asker in _frames(self._thread):
            assert time.monotonic() < end, "the statement didn't end"
            time.sleep(0)


def _frames(thread: int) -> list[FrameType]:
    """What a thread is doing, the innermost first."""
    frame = sys._current_frames().get(thread)
    return list(_around(frame))


def _around(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


@contextmanager
def network(database: Database) -> Iterator[Proxy | None]:
    """A proxy before the database, if there is a network."""
    if database.case.dialect == "sqlite":
        yield None
        return
    with proxy_before(database.url) as proxy:
        yield proxy


@asynccontextmanager
async def stallable(database: Database, name: str) -> AsyncIterator[tuple[Client, Stall]]:
    """A connection of the test's kind that has drawn and saved 1, and what stops its draws."""
    # 1 is drawn so that nothing has to be prepared any more.
    with network(database) as proxy:
        url = proxy.url if proxy else database.url
        async with Database(database.case, url).connect() as client:
            stall = await gate(client) if proxy is None else Waiting(database.url, name, proxy)
            async with client.transaction():
                await client.save(name, await AsyncSequence(name).next_value(client.conn))
            yield client, stall


async def gate(client: Client) -> Gate:
    """Put a gate into an SQLite connection."""
    through_sqlalchemy = isinstance(client, SQLAlchemySession)
    raw = await _driver_connection(client)
    connection = raw if isinstance(raw, sqlite3.Connection) else raw._conn
    stop = Gate(connection, fetches_later=through_sqlalchemy)
    await call_in_draws(client, stop)
    return stop


async def call_in_draws(client: Client, function: Callable[[], None]) -> None:
    """Let each draw on an SQLite connection call a function, in its thread."""
    raw = await _driver_connection(client)
    pending = raw.create_function("gate", 0, function)
    if pending is not None:
        await pending
    for event in ("INSERT", "UPDATE"):
        await client.execute(_GATE.format(event=event))
    if isinstance(client, SQLAlchemySession):
        await client.conn.commit()


async def _driver_connection(client: Client) -> Any:
    if isinstance(client, AatomicSqlite):
        return client.wrapper.connection
    conn: Any = client.conn
    if isinstance(client, TortoiseClient):
        return conn._connection
    if not isinstance(client, SQLAlchemySession):
        return conn
    if isinstance(conn, AsyncSession):
        conn = await conn.connection()
    return (await conn.get_raw_connection()).driver_connection
