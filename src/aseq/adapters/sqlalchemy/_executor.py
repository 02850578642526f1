"""The executors. Every statement goes through SQLAlchemy, with its usual events and errors.

A statement passes many hands: listeners before it, the DBAPI as SQLAlchemy adapts it, the
driver, listeners behind it (`Connection._exec_single_context`). All errors, a listener's
included, leave by `_handle_dbapi_exception`, where a `handle_error` listener may put
another in their place. So neither an error's class nor its being SQLAlchemy's says whether
the server refused the statement. The database and its driver are asked:

* asyncpg: an error that came over the wire has a severity, and the statement it is about.
* psycopg: an error of the server's has its result, and leaves the transaction failed.
* SQLite: its errors have a code; and `total_changes` says whether the connection has
  changed a row since. A parameter tells when SQLite takes the statement (`_Bound`).

What made another error is found by `orig` and `__cause__`, which SQLAlchemy sets, never by
`__context__`, which may lead to any other statement.
"""

from __future__ import annotations

import codecs
import sqlite3
from asyncio import Task, get_running_loop
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from typing import Any, ClassVar, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from aseq._concurrency import call
from aseq._concurrency.shield import shielded
from aseq._core.dialects import POSTGRESQL, SQLITE
from aseq._core.statement import Bind, Paramstyle, Row
from aseq._core.table import TableName
from aseq.adapters._sqlite import integers, make_unusable, noop, without_waiting
from aseq.adapters._thread import in_thread_of, post_to_thread_of
from aseq.adapters.base import Executor, TransactionEnded, unsupported

from ._own import SHARED, OwnTransaction, Shared
from ._session import ENDED, Source
from ._sqlite import unsafe

T = TypeVar("T")

_AUTOCOMMIT = "the connection or its engine has isolation_level AUTOCOMMIT: use one that hasn't"

# psycopg's states of a connection whose transaction can still be committed.
_COMMITTABLE = (1, 2)  # ACTIVE, INTRANS


class SQLAlchemyExecutor(Executor):
    """One connection of SQLAlchemy, or the one that a session uses for our table."""

    driver_errors: ClassVar = (SQLAlchemyError,)

    def __init__(self, source: Source, paramstyle: Paramstyle) -> None:
        self._source = source
        self.paramstyle = paramstyle
        self._schemas: Mapping[str | None, str | None] = {}
        self._sent = False

    async def prepare(self) -> None:
        try:
            self._connection, self._dbapi = await self._source.connect()
        except Shared as exc:
            raise unsupported(self._source.given, {}, SHARED) from exc
        self._driver: Any = self._dbapi.driver_connection
        self._own = OwnTransaction(self._connection)
        self._schemas = self._source.schemas(self._connection)

    def locate(self, table: TableName) -> TableName:
        return TableName(table.name, self._schemas.get(table.schema, table.schema))

    def outside_transaction(self) -> str | None:
        if self._own.shared:
            raise unsupported(self._source.given, {}, SHARED)
        advice = self._outside()
        if advice is None:
            self._own.drawing()
        return advice

    def _outside(self) -> str | None:
        """As `outside_transaction`, of a connection that nobody else uses."""
        raise NotImplementedError

    async def _run(self, work: Callable[[Connection], T]) -> T:
        return await self._source.run(lambda: work(self._connection))


class PostgresExecutor(SQLAlchemyExecutor):
    """On PostgreSQL. Cancelled or timed out, SQLAlchemy gives the connection up by itself."""

    dialect = POSTGRESQL
    _sql = ""

    def _outside(self) -> str | None:
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
        def statement(connection: Connection) -> Sequence[Row]:
            if inside and (advice := self.outside_transaction()) is not None:
                raise TransactionEnded(advice)
            _check_encodable(args, self._encoding())
            self._sql, self._sent = sql, True
            rows = _rows(connection, sql, args)
            if inside:
                self._own.drawn()
            return rows

        return await self._bounded(lambda: self._run(statement))

    async def _bounded(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run some work; if it is cancelled, the server has so long to answer, and no longer.

        In a task of its own, for anyio's timeouts cancel again and again: the driver would
        be cancelled while it asks the server to cancel.
        """

        def cancel(task: Task[T] | None) -> None:
            if task is None:
                return  # on trio, where SQLAlchemy doesn't run
            timer = get_running_loop().call_later(call.LIMIT, self.terminate)
            task.add_done_callback(lambda _: timer.cancel())
            task.cancel()

        return await shielded(work, cancel)

    def refused(self, exc: BaseException, /) -> bool:
        return not self._sent or any(map(self._said, _causes(exc)))

    def _said(self, exc: BaseException) -> bool:
        """Whether the server itself said so, and about our statement."""
        if getattr(exc, "severity", None) is not None:  # asyncpg
            return self._sql in (getattr(exc, "query", None) or "")
        if getattr(exc, "pgresult", None) is not None:  # psycopg
            return self._driver.info.transaction_status not in _COMMITTABLE
        return False

    def _encoding(self) -> str:
        """The name of the encoding in which the driver sends texts."""
        if hasattr(self._driver, "pgconn"):
            return str(self._driver.info.encoding)
        return str(self._driver.get_settings().client_encoding)

    async def abort(self) -> bool:
        if not self._sent or not self._own.current:
            return self._connection.closed
        if not self._connection.invalidated:
            await self._run(Connection.invalidate)
        return True

    def terminate(self) -> None:
        if hasattr(self._driver, "pgconn"):
            with suppress(Exception):  # it is closed
                call.hang_up(self._driver.fileno())
        else:
            self._driver.terminate()


class SqliteExecutor(SQLAlchemyExecutor):
    """On SQLite. The driver's thread can't be stopped, and giving the connection up is no help.

    It would go on with the statement and keep the write lock; a database in memory
    would be gone.
    """

    dialect = SQLITE

    def __init__(self, source: Source, paramstyle: Paramstyle) -> None:
        super().__init__(source, paramstyle)
        self._advice: str | None = None
        self._dropped = False
        self._aborted: bool | None = None
        self._changes = 0

    async def prepare(self) -> None:
        await shielded(self._prepare)

    async def _prepare(self) -> None:
        await super().prepare()
        self._advice = await unsafe(self._connection, self._driver)

    def _outside(self) -> str | None:
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
        raw: sqlite3.Connection = self._driver._conn

        def begin() -> None:
            self._sent = True
            if self._dropped:
                raise TransactionEnded(ENDED)
            # A driver that begins by itself has done so by now.
            if inside and not raw.in_transaction:
                self._sent = False
                raise TransactionEnded(ENDED)

        def statement(connection: Connection) -> Sequence[Row]:
            if inside and (advice := self.outside_transaction()) is not None:
                raise TransactionEnded(advice)
            self._changes = raw.total_changes
            self._sent = not args
            bound = tuple(_Bound.of(arg, begin) for arg in args)

            def scalar(pragma: str) -> Any:
                return connection.exec_driver_sql(pragma).scalar_one()

            with without_waiting(scalar) if nowait else nullcontext():
                rows = integers(_rows(connection, sql, bound))
            if inside:
                self._own.drawn()
            return rows

        async def work() -> Sequence[Row]:
            return () if self._dropped else await self._run(statement)

        return await shielded(work, lambda _: self.terminate())

    def refused(self, exc: BaseException, /) -> bool:
        if not self._sent:
            return True
        said = any(hasattr(item, "sqlite_errorcode") for item in _causes(exc))
        try:
            return said and self._driver._conn.total_changes == self._changes
        except (ValueError, sqlite3.ProgrammingError):  # closed
            return False

    async def abort(self) -> bool:
        if not self._sent:
            return False
        with suppress(ValueError):  # closed: the transaction is over
            if self._aborted is not None or self._dropped:
                await in_thread_of(self._driver, noop)
            elif self._own.current:
                await in_thread_of(self._driver, self._abort)
        return bool(self._aborted)

    def _abort(self, connection: sqlite3.Connection) -> None:
        self._aborted = make_unusable(connection)

    def terminate(self) -> None:
        if self._dropped:
            return
        self._dropped = True  # first: the thread looks the other way round
        if self._sent and self._own.current:
            post_to_thread_of(self._driver, self._abort)


class _Bound(str):
    """A text that tells when SQLite takes it: last, and in the connection's thread.

    sqlite3 asks every parameter whose class isn't exactly one of its own to adapt itself,
    after it has begun a transaction and before the statement runs.
    (https://docs.python.org/3/library/sqlite3.html#sqlite3-conform)
    """

    tell: Callable[[], None]

    @classmethod
    def of(cls, arg: Bind, tell: Callable[[], None]) -> Bind:
        """The same parameter, if it is a text as one that tells."""
        if not isinstance(arg, str):
            return arg
        bound = cls(arg)
        bound.tell = tell
        return bound

    def __conform__(self, _: object) -> str:
        self.tell()
        return str.__str__(self)


def _ended_by_hand(dbapi: Any) -> bool:
    """Whether SQLAlchemy began a transaction on asyncpg, but the server is in none.

    psycopg begins the next one by itself.
    """
    # SQLAlchemy 2.0 has the first one, which is set when BEGIN was answered; 2.1 hasn't.
    begun = getattr(dbapi, "_started", getattr(dbapi, "_transaction", None))
    driver = dbapi.driver_connection
    return bool(begun) and not driver.is_in_transaction() and not driver.is_closed()


def _check_encodable(args: tuple[Bind, ...], encoding: str) -> None:
    """Refuse a text that the driver can't send, before anything is sent.

    Raises:
        UnicodeEncodeError: there is one.
    """
    texts = [arg for arg in args if isinstance(arg, str) and not arg.isascii()]
    with suppress(LookupError):  # a name that only PostgreSQL has
        for text in texts:
            codecs.lookup(encoding).encode(text)


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    """The error, and what it wraps or was raised from: never what it came after."""
    seen: set[int] = set()
    while exc is not None and id(exc) not in seen:
        seen.add(id(exc))
        yield exc
        orig = getattr(exc, "orig", None)
        exc = orig if isinstance(orig, BaseException) else exc.__cause__


def _rows(connection: Connection, sql: str, args: tuple[Bind, ...]) -> Sequence[Row]:
    result = connection.exec_driver_sql(sql, args or None)
    return result.fetchall() if result.returns_rows else ()
