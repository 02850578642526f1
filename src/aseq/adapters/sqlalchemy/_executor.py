"""The executors. Every statement goes through SQLAlchemy, with its usual events and errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from aseq._concurrency.shield import shielded
from aseq._core.dialects import POSTGRESQL, SQLITE
from aseq._core.statement import Bind, Paramstyle, Row
from aseq._core.table import TableName
from aseq.adapters._sqlite import make_unusable as abort
from aseq.adapters._thread import in_thread_of, post_to_thread_of
from aseq.adapters.base import Executor

from ._session import ENDED, Source
from ._sqlite import begin, unsafe, without_waiting

T = TypeVar("T")

_AUTOCOMMIT = "the connection or its engine has isolation_level AUTOCOMMIT: use one that hasn't"


class SQLAlchemyExecutor(Executor):
    """One connection of SQLAlchemy, or the one that a session uses for our table."""

    driver_errors: ClassVar = (SQLAlchemyError,)

    def __init__(self, source: Source, paramstyle: Paramstyle) -> None:
        self._source = source
        self.paramstyle = paramstyle
        self._schemas: Mapping[str | None, str | None] = {}

    async def prepare(self) -> None:
        self._connection, self._dbapi = await self._source.connect()
        options = self._source.options(self._connection)
        self._schemas = options.get("schema_translate_map") or {}

    def locate(self, table: TableName) -> TableName:
        return TableName(table.name, self._schemas.get(table.schema, table.schema))

    async def _run(self, work: Callable[[Connection], T]) -> T:
        return await self._source.run(lambda: work(self._connection))


class PostgresExecutor(SQLAlchemyExecutor):
    """On PostgreSQL. Cancelled or timed out, SQLAlchemy gives the connection up by itself."""

    dialect = POSTGRESQL

    def outside_transaction(self) -> str | None:
        # The adapted connections of asyncpg and psycopg both have this attribute.
        if self._dbapi.autocommit:
            return _AUTOCOMMIT
        return ENDED if _ended_by_hand(self._dbapi) else None

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        nowait: bool = False,
        inside: bool = False,
    ) -> Sequence[Row]:
        return await self._run(lambda connection: _rows(connection, sql, args))

    async def abort(self) -> bool:
        if not self._connection.closed and not self._connection.invalidated:
            await self._run(Connection.invalidate)
        return True

    def terminate(self) -> None:
        driver = self._dbapi.driver_connection
        terminate = getattr(driver, "terminate", None) or driver.pgconn.finish
        terminate()


class SqliteExecutor(SQLAlchemyExecutor):
    """On SQLite. The driver's thread can't be stopped, and giving the connection up is no help.

    It would go on with the statement and keep the write lock; a database in memory
    would be gone.
    """

    dialect = SQLITE

    def __init__(self, source: Source, paramstyle: Paramstyle) -> None:
        super().__init__(source, paramstyle)
        self._advice: str | None = None
        self._sent = self._dropped = False

    async def prepare(self) -> None:
        await shielded(self._prepare)

    async def _prepare(self) -> None:
        await super().prepare()
        await self._run(begin)
        self._advice = await unsafe(self._connection, self._dbapi.driver_connection)

    def outside_transaction(self) -> str | None:
        return self._advice

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        nowait: bool = False,
        inside: bool = False,
    ) -> Sequence[Row]:
        def statement(connection: Connection) -> Sequence[Row]:
            with without_waiting(connection, nowait):
                return _rows(connection, sql, args)

        async def work() -> Sequence[Row]:
            if self._dropped:
                return ()
            self._sent = True
            rows = await self._run(statement)
            if self._dropped:
                await self.abort()
            return rows

        return await shielded(work, self._drop)

    def _drop(self, *_: object) -> None:
        """Nobody waits for the rows any more. The task that fetches them lives on."""
        self._dropped = True

    async def abort(self) -> bool:
        return self._sent and await in_thread_of(self._dbapi.driver_connection, abort)

    def terminate(self) -> None:
        self._drop()
        if self._sent:
            post_to_thread_of(self._dbapi.driver_connection, abort)


def _ended_by_hand(dbapi: Any) -> bool:
    """Whether SQLAlchemy began a transaction on asyncpg, but the server is in none.

    psycopg begins the next one by itself.
    """
    # SQLAlchemy 2.0 has the first one, which is set when BEGIN was answered; 2.1 hasn't.
    begun = getattr(dbapi, "_started", getattr(dbapi, "_transaction", None))
    driver = dbapi.driver_connection
    return bool(begun) and not driver.is_in_transaction() and not driver.is_closed()


def _rows(connection: Connection, sql: str, args: tuple[Bind, ...]) -> Sequence[Row]:
    result = connection.exec_driver_sql(sql, args or None)
    return result.fetchall() if result.returns_rows else ()
