"""The connection that a search runs on: opened anew whenever its driver has closed it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio
import asyncpg
import psycopg
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSession
from tortoise.exceptions import TransactionManagementError

from tests import clients
from tests.clients import Client
from tests.database import Database
from tests.faults.aftermath import roll_back
from tests.faults.search.pace import Pace, Turnstile, doorkeeper

_REFUSALS = (
    asyncpg.InterfaceError,
    psycopg.ProgrammingError,
    InvalidRequestError,
    TransactionManagementError,
)


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
        """End what a block may have left open, as a user would."""
        session = isinstance(self.client.conn, AsyncSession)
        # After a failure, a connection of SQLAlchemy forgets its transaction: see aftermath.
        forgets = failed and isinstance(self.client, clients.SQLAlchemyConnection)
        if forgets or (session and closes):
            await self.start_over()
        else:
            await roll_back(self.client)

    async def start_over(self) -> Client:
        """Take another connection; with SQLAlchemy, another from the pool."""
        if isinstance(self.client, clients.SQLAlchemySession):
            await self.client.conn.close()
            engine = self.client.engine
            if isinstance(self.client, clients.SQLAlchemyConnection):
                self.client.conn = await engine.connect()
            else:  # whose savepoints were left in the wrong order, stays confused
                self.client.conn = AsyncSession(engine)
        else:
            await self.discard()
            await self.ready()
        return self.client

    async def discard(self) -> None:
        """Close it, whatever state it is in."""
        self.open = False
        with anyio.move_on_after(5, shield=True), suppress(Exception):
            await self.client.close()


def in_threads(client: Client) -> bool:
    """Whether the client's statements run in threads."""
    threaded = clients.PsycopgThread, clients.AatomicPostgres
    return isinstance(client, threaded) or not client.url.startswith("postgresql")


def refused_by_driver(client: Client, exc: BaseException) -> bool:
    """Whether a driver says by itself that a connection is to be closed, or has closed it.

    Tasks that share a connection can confuse it: asyncpg refuses a COMMIT that comes during
    a statement, and every transaction after it. What a *server* says is another matter.
    """
    if isinstance(client, clients.AatomicPostgres):
        lost = client.wrapper.connection
        return lost is None or bool(client.wrapper.closed_in_transaction)
    if isinstance(exc, psycopg.OperationalError):
        return exc.sqlstate is None
    return isinstance(exc, _REFUSALS)


@asynccontextmanager
async def connected(database: Database, network: Turnstile | None) -> AsyncIterator[Connection]:
    """A connection, closed at the end of the block."""
    connection = Connection(database, network)
    try:
        yield connection
    finally:
        if connection.open:
            await connection.discard()
