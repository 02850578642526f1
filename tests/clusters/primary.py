"""Takers on PostgreSQL, who go to whichever server is the primary now."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol

import asyncpg
import psycopg
from sqlalchemy.ext.asyncio import create_async_engine

from aseq import AsyncSequence, create_table
from aseq.issuing import Issuer
from aseq.ledger import Ledger

from . import issued
from .takers import Takers

# A lost connection, in asyncpg's words, and in those of the socket.
LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    OSError,
)

numbers = AsyncSequence("invoices")


class HasDsn(Protocol):
    """A server."""

    @property
    def dsn(self) -> str: ...


Find = Callable[[], Awaitable[HasDsn]]


@asynccontextmanager
async def connected(server: HasDsn) -> AsyncIterator[Any]:
    """A connection to one server."""
    conn = await asyncpg.connect(server.dsn, timeout=10)
    try:
        yield conn
    finally:
        conn.terminate()


async def is_promoted(server: HasDsn) -> bool:
    """Whether it says so itself."""
    try:
        async with connected(server) as conn:
            return await conn.fetchval("SELECT pg_is_in_recovery()") is False
    except (*LOST, asyncpg.CannotConnectNowError):
        return False


async def prepare(server: HasDsn) -> None:
    """The tables of aseq, empty ones of invoices, and drafts without a number."""
    async with connected(server) as conn:
        await conn.execute("DROP TABLE IF EXISTS aseq_sequence, aseq_ledger, invoice, draft")
        await create_table(conn)
        await Ledger().create_table(conn)
        await conn.execute("CREATE TABLE invoice (key text PRIMARY KEY, number bigint UNIQUE)")
        await conn.execute(issued.TABLE)
        await conn.execute(issued.FILL)


def saved(server: HasDsn) -> tuple[list[Any], int]:
    """The rows, in their order, and the last number."""
    with psycopg.connect(server.dsn) as conn:
        rows = conn.execute("SELECT key, number FROM invoice ORDER BY number").fetchall()
        last = conn.execute("SELECT last FROM aseq_sequence WHERE name = 'invoices'").fetchone()
    return rows, last[0] if last else 0


class OnPrimary:
    """Takers who all go to one server, until that one fails.

    Args:
        server: where they begin.
        find: returns the next one, when there is one.

    Attributes:
        server: where they go now.
        takers: what they got.
    """

    def __init__(self, server: HasDsn, find: Find) -> None:
        self.server, self._find = server, find
        self.takers = Takers(self.draw, self.look_up, self.ready, LOST)

    def __str__(self) -> str:
        retried, looked_up = self.takers.retried, self.takers.ambiguous
        return f"{retried=} {looked_up=}"

    async def draw(self, key: str) -> int:
        """One transaction."""
        async with connected(self.server) as conn, conn.transaction():
            number = await numbers.next_value(conn)
            await conn.execute("INSERT INTO invoice VALUES ($1, $2)", key, number)
        return number

    async def look_up(self, key: str) -> int | None:
        """What the primary has."""
        async with connected(self.server) as conn:
            found: int | None = await conn.fetchval(
                "SELECT number FROM invoice WHERE key = $1", key
            )
            return found

    async def ready(self, _: str) -> None:
        """Go where the primary is now."""
        self.server = await self._find()


async def issue_drafts(
    connect: Callable[[], Awaitable[Any]], find: Find, happens: Callable[[], Awaitable[object]]
) -> None:
    """The issuer, whose engine connects to the primary; counted on the new one."""

    async def ready() -> None:
        await find()

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect)
    answers = await issued.issue_all(
        Issuer(engine, numbers, "draft.number", key="id", timeout=5), ready, happens
    )
    await engine.dispose()
    async with connected(await find()) as conn:
        issued.assert_issued(answers, await conn.fetch("SELECT id, number FROM draft"))


async def issue_by_key(find: Find, happens: Callable[[], Awaitable[object]]) -> None:
    """A key of the ledger has its number on the new primary."""
    ledger = Ledger()

    async def issue(key: str) -> int:
        async with connected(await find()) as conn, conn.transaction():
            return await ledger.issue(conn, numbers, key=key)

    first = {key: await issue(key) for key in ("a", "b", "c")}
    await happens()
    again = {key: await issue(key) for key in ("c", "b", "a", "d")}
    assert again == first | {"d": 4}
