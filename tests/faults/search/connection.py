"""The connection that a search runs on: opened anew whenever its driver has closed it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from typing import Any

import anyio
import asyncmy.errors
import asyncpg
import psycopg
import pymysql
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSession
from tortoise.exceptions import TransactionManagementError

from tests import clients
from tests.clients import Client
from tests.database import Database
from tests.faults.aftermath import roll_back
from tests.faults.search.pace import Doorkeeper, Turnstile
from tests.faults.stalls import call_in_draws

_REFUSALS = (
    asyncmy.errors.InterfaceError,
    asyncpg.InterfaceError,
    pymysql.err.InterfaceError,
    psycopg.ProgrammingError,
    InvalidRequestError,
    TransactionManagementError,
)


class Connection:
    """A client, the pace of its answers, and how its tasks take turns. See `connected`."""

    client: Client

    def __init__(self, database: Database, network: Turnstile | None) -> None:
        self._database, self._network = database, network
        self._url = network.url if network else database.url
        self.open = False

    async def ready(self) -> Client:
        """The client, connected."""
        if not self.open:
            self.client = self._database.case.client(self._url)
            await self.client.open()
            self.open = True
            self.turn = take_turns(self.client)
            self.pace = self._network or await doorkeeper(self.client)
            self.pace.threads = in_threads(self.client)
        return self.client

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
        """Take another connection; with SQLAlchemy, another session on what is in the pool."""
        if isinstance(self.client, clients.SQLAlchemySession):
            with suppress(InvalidRequestError):
                await self.client.conn.close()
            await self._check_out(self.client)
        else:
            await self.discard()
        return await self.ready()

    async def _check_out(self, client: clients.SQLAlchemySession) -> None:
        if isinstance(client, clients.SQLAlchemyConnection):
            client.conn = await client.engine.connect()
        else:
            client.conn = AsyncSession(client.engine)

    async def discard(self) -> None:
        """Close it, whatever state it is in."""
        self.open = False
        with anyio.move_on_after(5, shield=True), suppress(Exception):
            await self.client.close()
        if self._network is not None:
            self._network.cut()  # what Tortoise doesn't give back to its pool stays open


async def doorkeeper(client: Client) -> Doorkeeper:
    """What holds back the draws of an SQLite connection."""
    keeper = Doorkeeper()
    await call_in_draws(client, keeper)
    return keeper


def take_turns(client: Client) -> AbstractAsyncContextManager[Any]:
    """Keep tasks apart where the library leaves that to its users, and with what.

    `sqlite3` says that threads which share a connection are not to write at once. (Once
    there is an authorizer, in Python, two of them can stop the whole process.) On asyncmy, two
    statements of the user's at once read each other's answers, or hang.
    """
    if not isinstance(client, clients.Sqlite3 | clients.Asyncmy):
        return nullcontext()
    turn = anyio.Lock()
    verbs = ("execute", "commit", "rollback")
    for verb in (verb for verb in verbs if hasattr(client, verb)):
        setattr(client, verb, in_turn(turn, getattr(client, verb)))
    return turn


def in_turn(turn: anyio.Lock, verb: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    """A method that waits for its turn."""

    async def alone(*args: Any) -> Any:
        async with turn:
            return await verb(*args)

    return alone


def in_threads(client: Client) -> bool:
    """Whether the client's statements run in threads."""
    threaded = clients.PsycopgThread, clients.AatomicPostgres
    return isinstance(client, threaded) or "://" not in client.url


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
