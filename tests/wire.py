"""What really goes over the wire to PostgreSQL: messages, counted by a proxy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import anyio
from anyio.abc import SocketStream, TaskGroup

from tests.clients import Client
from tests.database import Database

WARM = 8
"""Drivers prepare a statement at its first use (asyncpg) or at its sixth (psycopg)."""

# https://www.postgresql.org/docs/current/protocol-message-formats.html
PROTOCOL_3 = 3
EXECUTE, QUERY, SYNC = b"EQS"


class Messages:
    """What a driver says to the server: the type of each message, in order."""

    def __init__(self) -> None:
        self.types: list[int] = []
        self._buffer = bytearray()
        self._started = False

    def feed(self, data: bytes) -> None:
        self._buffer += data
        while self._take():
            pass

    def _take(self) -> bool:
        kind = int(self._started)  # the first messages have no type
        size = kind + int.from_bytes(self._buffer[kind : kind + 4], "big")
        if not kind + 4 <= size <= len(self._buffer):
            return False
        if self._started:
            self.types.append(self._buffer[0])
        else:
            self._started = int.from_bytes(self._buffer[4:6], "big") == PROTOCOL_3
        del self._buffer[:size]
        return True


class Wire:
    """A proxy in front of the server that counts. For one connection at a time."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = parts.hostname or "127.0.0.1", parts.port or 5432
        self._messages = Messages()

    @property
    def statements(self) -> int:
        return self._count(EXECUTE, QUERY)

    @property
    def round_trips(self) -> int:
        """Each of these makes the server answer, and the driver wait."""
        return self._count(SYNC, QUERY)

    def _count(self, *types: int) -> int:
        return sum(self._messages.types.count(each) for each in types)

    def forget(self) -> None:
        self._messages.types.clear()

    async def serve(self, driver: SocketStream) -> None:
        self._messages = messages = Messages()
        server = await anyio.connect_tcp(*self._server)
        async with driver, server, anyio.create_task_group() as group:
            group.start_soon(pump, server, driver, group, bytes)
            group.start_soon(pump, driver, server, group, messages.feed)


async def pump(
    source: SocketStream,
    target: SocketStream,
    group: TaskGroup,
    look: Callable[[bytes], object],
) -> None:
    try:
        while True:
            data = await source.receive()
            look(data)
            await target.send(data)
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        group.cancel_scope.cancel()


@asynccontextmanager
async def wired(database: Database) -> AsyncIterator[tuple[Client, Wire]]:
    """A connection whose messages are counted."""
    wire = Wire(database.url)
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    [port] = {each.extra(anyio.abc.SocketAttribute.local_port) for each in listener.listeners}
    parts = urlsplit(database.url)
    user, at, _ = parts.netloc.rpartition("@")
    url = parts._replace(netloc=f"{user}{at}127.0.0.1:{port}").geturl()
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, wire.serve)
        async with Database(database.case, url).connect() as client:
            yield client, wire
        group.cancel_scope.cancel()
