"""Which connections type checkers accept and refuse. Type-checked, never run.

Every row of the table "What works with what" is accepted.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import aiosqlite
import asyncmy.connection
import asyncmy.pool
import asyncpg
import asyncpg.pool
import psycopg
import psycopg_pool
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction
from piccolo.engine.sqlite import SQLiteEngine, SQLiteTransaction
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    AsyncSessionTransaction,
    AsyncTransaction,
    async_scoped_session,
    async_sessionmaker,
)
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel.ext.asyncio.session import AsyncSession as SQLModelSession
from tortoise.backends.base.client import BaseDBAsyncClient, TransactionalDBClient

from aseq import AsyncSequence, Connection, create_table, drop_table
from aseq.adapters.base import Executor
from aseq.django import aatomic
from aseq.testing import MemoryExecutor

seq = AsyncSequence("invoices")


async def of_piccolo(
    postgres: PostgresEngine,
    sqlite: SQLiteEngine,
    one: PostgresTransaction,
    other: SQLiteTransaction,
) -> None:
    await seq.next_value(postgres)
    await seq.next_value(sqlite)
    await seq.next_value(one)
    await seq.next_value(other)


class OwnSession(AsyncSession):
    """An application's own."""


async def of_sqlalchemy(
    session: AsyncSession,
    own: OwnSession,
    sqlmodel: SQLModelSession,
    scoped: async_scoped_session[AsyncSession],
    connection: AsyncConnection,
    engine: AsyncEngine,
    maker: async_sessionmaker[AsyncSession],
) -> None:
    await seq.next_value(session)
    await seq.next_value(own)
    await seq.next_value(sqlmodel)
    await seq.next_value(scoped)
    await seq.next_value(connection)
    async with engine.begin() as conn:
        await seq.next_value(conn)
    async with maker.begin() as begun:
        await seq.next_value(begun)


async def of_drivers(
    plain: asyncpg.Connection,
    pooled: asyncpg.pool.PoolConnectionProxy,
    awaited: psycopg.AsyncConnection[Any],
    rows: psycopg.AsyncConnection[dict[str, Any]],
    pool: psycopg_pool.AsyncConnectionPool[psycopg.AsyncConnection[Any]],
    threaded: psycopg.Connection[Any],
    mysql: asyncmy.connection.Connection,
    sqlite: aiosqlite.Connection,
    file: sqlite3.Connection,
) -> None:
    await seq.next_value(plain)
    await seq.next_value(pooled)
    await seq.next_value(awaited)
    await seq.next_value(rows)
    async with pool.connection() as conn:
        await seq.next_value(conn)
    await seq.next_value(threaded)
    await seq.next_value(mysql)
    await seq.next_value(sqlite)
    await seq.next_value(file)


async def of_others(
    client: TransactionalDBClient,
    outside: BaseDBAsyncClient,
    executor: Executor,
    memory: MemoryExecutor,
    anything: Any,
) -> None:
    await seq.next_value(client)
    await seq.last_value(outside)
    await seq.next_value(executor)
    await seq.next_value(memory)
    await seq.next_value(anything)
    async with aatomic() as tx:
        await seq.next_value(tx)


async def passed_on(conn: Connection) -> int:
    await create_table(conn)
    return await seq.next_value(conn)


async def wrong_ones_of_sqlalchemy(
    engine: AsyncEngine,
    sync_engine: Engine,
    maker: async_sessionmaker[AsyncSession],
    sync_maker: sessionmaker[Session],
    sync_session: Session,
    begun: AsyncSessionTransaction,
    transaction: AsyncTransaction,
) -> None:
    await seq.next_value(engine)  # type: ignore[arg-type]
    await seq.next_value(sync_engine)  # type: ignore[arg-type]
    await seq.next_value(sync_engine.connect())  # type: ignore[arg-type]
    await seq.next_value(maker)  # type: ignore[arg-type]
    await seq.next_value(sync_maker)  # type: ignore[arg-type]
    await seq.next_value(sync_session)  # type: ignore[arg-type]
    await seq.next_value(begun)  # type: ignore[arg-type]
    await seq.next_value(transaction)  # type: ignore[arg-type]
    await seq.next_value(AsyncSession)  # type: ignore[arg-type]
    await seq.next_value(engine.begin())  # type: ignore[arg-type]


async def wrong_ones_of_others(
    pool: psycopg_pool.AsyncConnectionPool[psycopg.AsyncConnection[Any]],
    sync_pool: psycopg_pool.ConnectionPool[psycopg.Connection[Any]],
    cursor: psycopg.AsyncCursor[Any],
    mysqls: asyncmy.pool.Pool,
    file: sqlite3.Connection,
) -> None:
    await seq.next_value(pool)  # type: ignore[arg-type]
    await seq.next_value(sync_pool)  # type: ignore[arg-type]
    await seq.next_value(pool.connection())  # type: ignore[arg-type]
    await seq.next_value(cursor)  # type: ignore[arg-type]
    await seq.next_value(mysqls)  # type: ignore[arg-type]
    await seq.next_value(file.cursor())  # type: ignore[arg-type]
    await seq.next_value("postgresql://host/db")  # type: ignore[arg-type]
    await seq.next_value(None)  # type: ignore[arg-type]
    await seq.last_value(None)  # type: ignore[arg-type]
    await create_table("sqlite:///file.db")  # type: ignore[arg-type]
    await drop_table(None)  # type: ignore[arg-type]
