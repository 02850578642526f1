"""A hint, not a stack trace, for what isn't quite a connection. (SQLAlchemy's have a file.)"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from typing import Any

import aiosqlite
import asyncpg
import psycopg
import psycopg_pool
import pytest

from aseq import AsyncSequence, UnsupportedConnection, create_table, drop_table

ANYTHING_ELSE = (
    "pass an open connection or session of SQLAlchemy (AsyncSession, AsyncConnection), "
    "asyncpg, psycopg, asyncmy, aiomysql, aiosqlite or sqlite3, the client of Tortoise's "
    "in_transaction(), Piccolo's engine, the block of aseq.django.aatomic, or an aseq Executor"
)

VERBS: dict[str, Callable[[Any], Awaitable[object]]] = {
    "next_value": AsyncSequence().next_value,
    "next_values": lambda conn: AsyncSequence().next_values(conn, 2),
    "last_value": AsyncSequence().last_value,
    "advance_to": lambda conn: AsyncSequence().advance_to(conn, 2),
    "delete": AsyncSequence().delete,
    "iterate": lambda conn: anext(AsyncSequence().iterate(conn)),
    "create_table": create_table,
    "drop_table": drop_table,
}


class Lookalike:
    """Has some of a connection's methods, and is none."""

    async def fetch(self, sql: str, *args: object) -> list[object]:
        raise AssertionError(f"{sql!r} was sent")

    execute = fetchval = fetch


# what is passed, its type, the hint
STRANGERS: list[tuple[object, str, str]] = [
    (None, "builtins.NoneType", ANYTHING_ELSE),
    ("postgresql://localhost/invoices", "builtins.str", ANYTHING_ELSE),
    ({"conn": 1}, "builtins.dict", ANYTHING_ELSE),
    (object, "builtins.type", ANYTHING_ELSE),
    (Lookalike(), f"{__name__}.Lookalike", ANYTHING_ELSE),
]


@pytest.mark.parametrize(("stranger", "cls", "hint"), STRANGERS)
@pytest.mark.parametrize("verb", VERBS)
async def test_no_connection_at_all(verb: str, stranger: object, cls: str, hint: str) -> None:
    with pytest.raises(UnsupportedConnection) as caught:
        await VERBS[verb](stranger)

    assert str(caught.value) == f"can't draw numbers on {cls}: {hint}"
    assert (caught.value.type, caught.value.hint) == (cls, hint)


@asynccontextmanager
async def of_asyncpg(url: str) -> AsyncIterator[dict[str, object]]:
    async with asyncpg.create_pool(url, min_size=0) as pool, pool.acquire() as conn:
        yield {
            "asyncpg.pool.Pool": pool,
            "asyncpg.transaction.Transaction": conn.transaction(),
            "asyncpg.prepared_stmt.PreparedStatement": await conn.prepare("SELECT 1"),
            "asyncpg.pool.PoolAcquireContext": pool.acquire(),
        }


@asynccontextmanager
async def of_psycopg(url: str) -> AsyncIterator[dict[str, object]]:
    async with await psycopg.AsyncConnection.connect(url) as conn, conn.transaction() as block:
        with psycopg.connect(url) as sync, sync.transaction() as sync_block:
            yield {
                "psycopg.AsyncCursor": conn.cursor(),
                "psycopg.AsyncTransaction": block,
                "psycopg.Cursor": sync.cursor(),
                "psycopg.Transaction": sync_block,
                "psycopg_pool.pool_async.AsyncConnectionPool": psycopg_pool.AsyncConnectionPool(
                    url, open=False
                ),
                "psycopg_pool.pool.ConnectionPool": psycopg_pool.ConnectionPool(
                    url, open=False
                ),
            }


@asynccontextmanager
async def of_sqlite(_: str) -> AsyncIterator[dict[str, object]]:
    async with AsyncExitStack() as stack:
        conn = await stack.enter_async_context(aiosqlite.connect(":memory:"))
        raw = stack.enter_context(closing(sqlite3.connect(":memory:")))
        yield {
            "aiosqlite.cursor.Cursor": await conn.execute("SELECT 1"),
            "sqlite3.Cursor": raw.cursor(),
        }


HINTS = {
    of_asyncpg: {
        "asyncpg.pool.Pool": "take a connection from the pool: `async with pool.acquire() "
        "as conn:`",
        "asyncpg.transaction.Transaction": "pass the connection that the transaction was "
        "started on",
        "asyncpg.prepared_stmt.PreparedStatement": "pass the connection that the statement "
        "was prepared on",
        "asyncpg.pool.PoolAcquireContext": "pass an asyncpg.Connection",
    },
    of_psycopg: {
        "psycopg.AsyncCursor": "pass the connection: `cursor.connection`",
        "psycopg.AsyncTransaction": "pass the connection: `transaction.connection`",
        "psycopg.Cursor": "pass the connection: `cursor.connection`",
        "psycopg.Transaction": "pass the connection: `transaction.connection`",
        "psycopg_pool.pool_async.AsyncConnectionPool": "take a connection: `async with "
        "pool.connection() as conn:`",
        "psycopg_pool.pool.ConnectionPool": "take a connection: `with "
        "pool.connection() as conn:`",
    },
    of_sqlite: {
        "aiosqlite.cursor.Cursor": "pass the connection that the cursor came from",
        "sqlite3.Cursor": "pass the connection: `cursor.connection`",
    },
}


@pytest.mark.parametrize("library", HINTS)
async def test_nearly_a_connection(postgres: str, library: Any) -> None:
    told = {}
    async with library(postgres) as objects:
        for cls, each in objects.items():
            with pytest.raises(UnsupportedConnection) as caught:
                await AsyncSequence().next_value(each)
            told[cls] = str(caught.value)

    assert told == {
        cls: f"can't draw numbers on {cls}: {hint}" for cls, hint in HINTS[library].items()
    }


@pytest.mark.parametrize(
    ("module", "cls", "instead"),
    [
        ("mysql.connector.aio.connection", "MySQLConnection", "asyncmy or aiomysql"),
        ("mariadb.async_connection", "AsyncConnection", "asyncmy or aiomysql"),
        ("builtins", "Transaction", "asyncpg or psycopg"),
    ],
)
async def test_drivers_that_lose_numbers(module: str, cls: str, instead: str) -> None:
    connection = type(cls, (), {"__module__": module})()
    with pytest.raises(UnsupportedConnection, match=f"cancelled.*use {instead}"):
        await AsyncSequence().next_value(connection)
