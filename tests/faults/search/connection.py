"""The connection that a search runs on: opened anew whenever its driver has closed it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
from tests import clients
from tests.clients import Client
from tests.clients_tortoise import TortoiseClient
from tests.database import Database
from tests.faults.aftermath import roll_back
from tests.faults.search.pace import Pace, Turnstile, doorkeeper


class Connection:
    """A client, and the pace of its answers. Made by `connected`."""

    client: Client

    def __init__(self, database: Database, network: Turnstile | None) -> None:
        self._database, self._network = database, network
        self._url = network.url if network else database.url
        self.open = False

    async def ready(self) -> tuple[Client, Pace]:
        """The client, connected."""
        if not self.open:
            self.client = self._database.case.client(self._url)
            await self.client.open()
            self.open = True
            self.pace = self._network or await doorkeeper(self.client)
            self.pace.threads = in_threads(self.client)
        return self.client, self.pace

    async def roll_back(self, *, failed: bool, closes: bool) -> None:
        """End what a block may have left open, as a user would: one of two ways."""
        if failed and isinstance(self.client, clients.SQLAlchemyConnection):
            await self.client.conn.close()  # it forgets its transaction, see aftermath
            self.client.conn = await self.client.engine.connect()
        if closes and isinstance(self.client.conn, AsyncSession):
            await self.client.conn.close()
        else:
            await roll_back(self.client)

    async def discard(self) -> None:
        """Close it, whatever state it is in."""
        self.open = False
        with anyio.move_on_after(5, shield=True), suppress(Exception):
            await self.client.close()

    def closed(self) -> bool:
        """Whether its driver has closed it."""
        return closed(self.client)


def in_threads(client: Client) -> bool:
    """Whether the client's statements run in threads."""
    threaded = clients.PsycopgThread, clients.AatomicPostgres
    return isinstance(client, threaded) or not client.url.startswith("postgresql")


def closed(client: Client) -> bool:
    """Whether the driver of a client has closed the connection."""
    if isinstance(client, clients.AatomicPostgres):
        return client.wrapper.connection is None or client.wrapper.closed_in_transaction
    if isinstance(client, clients.AsyncpgPool):
        return bool(client.conn._con is None or client.conn.is_closed())
    if isinstance(client, clients.Asyncpg):
        return bool(client.conn.is_closed())
    if isinstance(client, clients.Psycopg | clients.PsycopgThread):
        return bool(client.conn.closed)
    return False


@asynccontextmanager
async def connected(
    database: Database, network: Turnstile | None
) -> AsyncIterator[Connection]:
    """A connection, closed at the end of the block."""
    connection = Connection(database, network)
    try:
        yield connection
    finally:
        if connection.open:
            await connection.discard()
