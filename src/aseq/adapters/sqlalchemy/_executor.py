"""The executors. Every statement goes through SQLAlchemy, with its usual events and errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar, cast

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from aseq._core.dialects import POSTGRESQL, SQLITE
from aseq._core.statement import Bind, Paramstyle, Row
from aseq._core.table import TableName
from aseq._guard import to_the_end
from aseq.adapters._sqlite import spoil
from aseq.adapters._thread import in_thread_of
from aseq.adapters.base import Executor

from ._session import Source
from ._sqlite import begun, impatient, unsafe

T = TypeVar("T")


class SQLAlchemyExecutor(Executor):
    """One connection of SQLAlchemy, or the one that a session uses for our table."""

    driver_errors: ClassVar = (SQLAlchemyError,)

    def __init__(self, source: Source, paramstyle: Paramstyle) -> None:
        self._source = source
        self.paramstyle = paramstyle
        self._connection = cast("Connection", None)

    async def prepare(self) -> None:
        self._connection = await self._source.connect()

    def locate(self, table: TableName) -> TableName:
        options = self._connection.get_execution_options()
        schemas = options.get("schema_translate_map") or {}
        if table.schema not in schemas:
            return table
        return TableName(table.name, schemas[table.schema])

    async def _run(self, work: Callable[[Connection], T]) -> T:
        return await self._source.run(lambda: work(self._connection))


class PostgresExecutor(SQLAlchemyExecutor):
    """On PostgreSQL. Cancelled or timed out, SQLAlchemy gives the connection up by itself."""

    dialect = POSTGRESQL

    def autocommits(self) -> str | None:
        # The adapted DBAPI connections of asyncpg and psycopg both have this attribute.
        dbapi: Any = self._connection.connection.dbapi_connection
        if not dbapi.autocommit:
            return None
        return (
            "the connection or its engine has isolation_level AUTOCOMMIT: use one that hasn't"
        )

    async def fetch(
        self, sql: str, args: tuple[Bind, ...], /, *, nowait: bool = False
    ) -> Sequence[Row]:
        return await self._run(lambda connection: _rows(connection, sql, args))

    async def spoil(self) -> bool:
        if not self._connection.closed and not self._connection.invalidated:
            await self._run(Connection.invalidate)
        return True

    def abandon(self) -> None:
        dbapi: Any = self._connection.connection.dbapi_connection
        dbapi.terminate()


class SqliteExecutor(SQLAlchemyExecutor):
    """On SQLite. The driver's thread can't be stopped, and giving the connection up is no help.

    It would go on with the statement and keep the write lock; a database in memory
    would be gone.
    """

    dialect = SQLITE

    async def prepare(self) -> None:
        await to_the_end(self._prepare)

    async def _prepare(self) -> None:
        await super().prepare()
        await self._run(begun)
        self._advice = await unsafe(self._connection)

    def autocommits(self) -> str | None:
        return self._advice

    async def fetch(
        self, sql: str, args: tuple[Bind, ...], /, *, nowait: bool = False
    ) -> Sequence[Row]:
        def work(connection: Connection) -> Sequence[Row]:
            with impatient(connection, nowait):
                return _rows(connection, sql, args)

        return await to_the_end(lambda: self._run(work))

    async def spoil(self) -> bool:
        return await in_thread_of(self._connection.connection.driver_connection, spoil)

    def abandon(self) -> None:
        self._connection.detach()


def _rows(connection: Connection, sql: str, args: tuple[Bind, ...]) -> Sequence[Row]:
    result = connection.exec_driver_sql(sql, args or None)
    return result.fetchall() if result.returns_rows else ()
