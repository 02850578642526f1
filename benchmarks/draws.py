"""The ways of getting a number: aseq's, those written by hand, and the database's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from aseq import AsyncSequence, allocate
from aseq._core.dialects import POSTGRESQL, SQLITE
from aseq._core.plans import next_values
from aseq._core.statement import Paramstyle
from aseq.ledger import Ledger
from aseq.numbering import Numbering

_UPSERT = """INSERT INTO by_hand AS s (name, last) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET last = s.last + $3 RETURNING last"""
_MYSQL_UPSERT = """INSERT INTO by_hand (name, last) VALUES (%s, LAST_INSERT_ID(%s))
ON DUPLICATE KEY UPDATE last = LAST_INSERT_ID(last + %s)"""
_LOCK = text("SELECT last FROM for_update WHERE name = 'invoices' FOR UPDATE")
_SET = text("UPDATE for_update SET last = :last WHERE name = 'invoices'")


class Aseq:
    """What this is all about."""

    def __init__(self, name: str, timeout: float | None = None) -> None:
        self._sequence, self._timeout = AsyncSequence(name), timeout

    async def __call__(self, conn: Any) -> int:
        return await self._sequence.next_value(conn, timeout=self._timeout)


class Three:
    """Numbers of three sequences, which together have no hole: 1, 4, 7 and so on is one."""

    def __init__(self, name: str) -> None:
        self._sequences = [AsyncSequence(f"{name}-{i}", i, step=3) for i in (1, 2, 3)]
        self._wanted = dict.fromkeys(self._sequences, 1)

    async def at_once(self, conn: Any) -> Sequence[int]:
        numbers = await allocate(conn, self._wanted)
        return [number for some in numbers.values() for number in some]

    async def one_by_one(self, conn: Any) -> Sequence[int]:
        return [await sequence.next_value(conn) for sequence in self._sequences]


_NUMBERING = Numbering("numbering", "INV-{year}-{number:05}", period="year", tz="UTC")

_LEDGER = Ledger()


async def document(conn: Any) -> int:
    """A document number, which starts again with each year."""
    return (await _NUMBERING.next(conn)).number


class Ledgered:
    """A document number with its row in the ledger: with a key of its own, or without."""

    def __init__(self, name: str, *, keyed: bool) -> None:
        self._numbering = Numbering(name, _NUMBERING.pattern, period="year", tz="UTC")
        self._keyed, self._asked = keyed, 0

    async def __call__(self, conn: Any) -> int:
        self._asked += 1
        key = f"order {self._asked}" if self._keyed else None
        return (await _LEDGER.issue(conn, self._numbering, key=key)).number


async def upsert(conn: Any) -> int:
    """A table of counters and one statement, on asyncpg."""
    number: int = await conn.fetchval(_UPSERT, "invoices", 1, 1)
    return number


async def mysql_upsert(conn: Any) -> int:
    """The same on asyncmy: the server carries the number as the id of a row."""
    async with conn.cursor() as cursor:
        await cursor.execute(_MYSQL_UPSERT, ["invoices", 1, 1])
        return int(cursor.lastrowid)


async def for_update(session: Any) -> int:
    """Lock the row, then write it, with SQLAlchemy."""
    number: int = (await session.execute(_LOCK)).scalar_one() + 1
    await session.execute(_SET, {"last": number})
    return number


async def identity(conn: Any) -> int:
    """The database's own sequence: a rollback leaves a hole. On asyncpg."""
    number: int = await conn.fetchval("SELECT nextval('gappy')")
    return number


class Queued:
    """The very statement that aseq sends, sent by hand: what aseq itself costs."""

    def __init__(self, name: str, paramstyle: Paramstyle = "numeric_dollar") -> None:
        statement = next(next_values(AsyncSequence(name), POSTGRESQL, 1))
        self._sql, self._args = POSTGRESQL.render(statement, paramstyle, statement.table)

    async def on_asyncpg(self, conn: Any) -> int:
        [[number, *_]] = await conn.fetch(self._sql, *self._args)
        return int(number)

    async def on_psycopg(self, conn: Any) -> int:
        cursor = await conn.execute(self._sql, self._args)
        [[number, *_]] = await cursor.fetchall()
        return int(number)

    async def on_session(self, session: Any) -> int:
        connection = await session.connection()
        result = await connection.exec_driver_sql(self._sql, self._args)
        [[number, *_]] = result
        return int(number)


class QueuedSqlite:
    """The same for SQLite, on aiosqlite."""

    def __init__(self, name: str) -> None:
        statement = next(next_values(AsyncSequence(name), SQLITE, 1))
        self._sql, self._args = SQLITE.render(statement, "qmark", statement.table)

    async def __call__(self, conn: Any) -> int:
        [[number]] = await conn.execute_fetchall(self._sql, self._args)
        return int(number)
