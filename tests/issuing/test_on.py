"""`Issuer.on`: issuing inside a test's transaction, which is rolled back."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from aseq import IssuerClosed, IssueTimeout, NotIssuable, UnsupportedConnection
from aseq.errors import RowRefused
from aseq.issuing import Issuer
from tests.issuing.troubled import Drafts


@pytest.fixture
def closed(table: Drafts, pool: asyncpg.Pool) -> Issuer[int]:
    """An issuer that nobody has opened, as in a test without the application's lifespan."""
    return Issuer(pool, table.sequence, table.column, key="id")


async def check(table: Drafts, issuer: Issuer[int], conn: Any, insert: Any) -> None:
    """What holds on each kind of connection, inside a transaction."""
    with pytest.raises(NotIssuable, match=r"use Issuer\.on"):
        async with issuer:
            await issuer.issue(await insert("good"))
    keys = [await insert(kind) for kind in ("good", "good", "raise", "drop")]
    async with issuer.on(conn) as same:
        assert same is issuer
        assert await asyncio.gather(*map(issuer.issue, keys[:2])) == [1, 2]
        assert await issuer.issue(keys[0]) == 1
        told = await asyncio.gather(*map(issuer.issue, keys[2:]), return_exceptions=True)
        assert isinstance(told[1], RowRefused)
        assert isinstance(told[0], Exception)
        with pytest.raises(NotIssuable):
            await issuer.issue(2**40)
        # The transaction goes on, and the numbers too.
        assert await issuer.issue(await insert("good")) == 3
        assert await table.sequence.next_value(conn) == 4
    with pytest.raises(IssuerClosed, match="it wasn't started"):
        await issuer.issue(keys[0])


async def test_on_asyncpg(table: Drafts, closed: Issuer[int], postgres: str) -> None:
    conn = await asyncpg.connect(postgres)
    transaction = conn.transaction()
    await transaction.start()
    sql = f"INSERT INTO {table.name} (kind) VALUES ($1) RETURNING id"
    await check(table, closed, conn, lambda kind: conn.fetchval(sql, kind))
    await transaction.rollback()
    await conn.close()

    assert (table.numbers(), table.last()) == ({}, 0)


async def test_on_psycopg(table: Drafts, closed: Issuer[int], postgres: str) -> None:
    async with await psycopg.AsyncConnection.connect(postgres) as conn:

        async def insert(kind: str) -> int:
            sql = f"INSERT INTO {table.name} (kind) VALUES (%s) RETURNING id"
            row = await (await conn.execute(sql.encode(), (kind,))).fetchone()
            assert row is not None
            return int(row[0])

        await check(table, closed, conn, insert)
        await conn.rollback()

    assert (table.numbers(), table.last()) == ({}, 0)


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_on_a_session(
    table: Drafts, closed: Issuer[int], postgres: str, driver: str
) -> None:
    """SQLAlchemy's recipe for tests: the session's commits are savepoints."""
    engine = create_async_engine(postgres.replace("postgresql:", f"postgresql+{driver}:"))
    async with engine.connect() as conn:
        outer = await conn.begin()
        async with AsyncSession(conn, join_transaction_mode="create_savepoint") as session:

            async def insert(kind: str) -> int:
                sql = f"INSERT INTO {table.name} (kind) VALUES (:kind) RETURNING id"
                key = (await session.execute(text(sql), {"kind": kind})).scalar_one()
                await session.commit()
                return int(key)

            await check(table, closed, session, insert)
        await outer.rollback()
    await engine.dispose()

    assert (table.numbers(), table.last()) == ({}, 0)


async def test_an_open_issuer_goes_on_elsewhere(
    table: Drafts, issuer: Issuer[int], conn: asyncpg.Connection
) -> None:
    transaction = conn.transaction()
    await transaction.start()
    insert = f"INSERT INTO {table.name} DEFAULT VALUES RETURNING id"
    async with issuer.on(conn):
        assert await issuer.issue(await conn.fetchval(insert)) == 1
    await transaction.rollback()

    assert await issuer.issue(table.add()) == 1
    table.check_gapless()


async def test_a_row_that_somebody_has_locked(
    table: Drafts, closed: Issuer[int], conn: asyncpg.Connection, pool: asyncpg.Pool
) -> None:
    key = table.add()
    async with conn.transaction(), pool.acquire() as mine, mine.transaction():
        await conn.execute(f"SELECT FROM {table.name} WHERE id = {key} FOR UPDATE")
        async with closed.on(mine):
            with pytest.raises(IssueTimeout, match="its row is locked"):
                await closed.issue(key, timeout=0.1)


async def test_on_what_is_no_connection(closed: Issuer[int], pool: asyncpg.Pool) -> None:
    with pytest.raises(UnsupportedConnection, match="take a connection from the pool"):
        closed.on(pool)
    with pytest.raises(UnsupportedConnection):
        closed.on(None)  # type: ignore[arg-type]
