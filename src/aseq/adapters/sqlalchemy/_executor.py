"""The executors. Every statement goes through SQLAlchemy, with its usual events and errors.

A statement passes many hands: listeners before it, the DBAPI as SQLAlchemy adapts it, the
driver, listeners behind it (`Connection._exec_single_context`). All errors, a listener's
included, leave by `_handle_dbapi_exception`, where a `handle_error` listener may put
another in their place. So neither an error's class nor its being SQLAlchemy's says whether
the server refused the statement. The database and its driver are asked:

* asyncpg: an error that came over the wire has a severity, and the statement it is about.
* psycopg: an error of the server's has its result, and leaves the transaction failed.
* SQLite: its errors have a code; and `total_changes` says whether the connection has
  changed a row since. A parameter tells when SQLite takes the statement (`Telling`).

What made another error is found by `orig` and `__cause__`, which SQLAlchemy sets (`chain`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from aseq._core.statement import Bind, Paramstyle, Row
from aseq._core.table import TableName
from aseq.adapters.base import ConnectionInfo, Executor, SyncExecutor, unsupported

from ._listeners import SHARED, Shared
from ._own import OwnTransaction
from ._session import Source, SyncSource

T = TypeVar("T")


class OnSQLAlchemy(ConnectionInfo):
    """One connection of SQLAlchemy, or the one that a session uses for our table."""

    kind = "sqlalchemy"
    driver_errors: ClassVar = (SQLAlchemyError,)

    def __init__(self, source: Source | SyncSource, paramstyle: Paramstyle) -> None:
        self._given = source.given
        self.paramstyle = paramstyle
        self._schemas: Mapping[str | None, str | None] = {}
        self._sent = False

    def _take(self, connection: Connection, dbapi: Any) -> None:
        """Use the connection that the source gave."""
        self._connection, self._dbapi = connection, dbapi
        self._driver: Any = dbapi.driver_connection if is_adapted(dbapi) else dbapi
        self._own = OwnTransaction(connection)

    def locate(self, table: TableName) -> TableName:
        return TableName(table.name, self._schemas.get(table.schema, table.schema))

    def outside_transaction(self) -> str | None:
        if self._own.shared:
            raise unsupported(self._given, {}, SHARED)
        advice = self._outside()
        if advice is None:
            self._own.drawing()
        return advice

    def _outside(self) -> str | None:
        """As `outside_transaction`, of a connection that nobody else uses."""
        raise NotImplementedError


class SQLAlchemyExecutor(OnSQLAlchemy, Executor):
    """One that is awaited."""

    def __init__(self, source: Source, paramstyle: Paramstyle) -> None:
        super().__init__(source, paramstyle)
        self._source = source
        self._marked = False

    async def prepare(self) -> None:
        try:
            connection, dbapi = await self._source.connect()
        except Shared as exc:
            raise unsupported(self._given, {}, SHARED) from exc
        self._take(connection, dbapi)
        self._schemas = self._source.schemas(connection)

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Keep nobody off, but let no COMMIT pass until the draw is over."""
        try:
            yield
        finally:
            if self._marked:
                self._own.over()

    def outside_transaction(self) -> str | None:
        advice = super().outside_transaction()
        if advice is None:
            self._own.under_way(self.terminate)
            self._marked = True
        return advice

    async def _run(self, work: Callable[[Connection], T]) -> T:
        return await self._source.run(lambda: work(self._connection))


class SQLAlchemySyncExecutor(OnSQLAlchemy, SyncExecutor):
    """One of sync code."""

    def __init__(self, source: SyncSource, paramstyle: Paramstyle) -> None:
        super().__init__(source, paramstyle)
        self._source = source

    def prepare(self) -> None:
        try:
            connection, dbapi = self._source.connect()
        except Shared as exc:
            raise unsupported(self._given, {}, SHARED) from exc
        self._take(connection, dbapi)
        self._schemas = self._source.schemas(connection)


def is_adapted(dbapi: Any) -> bool:
    """Whether a DBAPI connection is one that SQLAlchemy puts around an async driver's."""
    return hasattr(dbapi, "driver_connection")


def rows_of(connection: Connection, sql: str, args: tuple[Bind, ...]) -> Sequence[Row]:
    """Run a statement, by the connection itself; all its rows."""
    result = connection.exec_driver_sql(sql, args or None)
    return result.fetchall() if result.returns_rows else ()
