"""Draws on PostgreSQL, through SQLAlchemy."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection

from aseq._concurrency.bounded import bounded
from aseq._concurrency.call import hang_up
from aseq._core.dialects import POSTGRESQL
from aseq._core.failure import chain
from aseq._core.statement import Bind, Row
from aseq.adapters.base import TransactionEnded

from ._executor import (
    OnSQLAlchemy,
    SQLAlchemyExecutor,
    SQLAlchemySyncExecutor,
    is_adapted,
    rows_of,
)
from ._session import ENDED

_AUTOCOMMIT = "the connection or its engine has isolation_level AUTOCOMMIT: use one that hasn't"

# psycopg's states of a connection whose transaction can still be committed.
_COMMITTABLE = (1, 2)  # ACTIVE, INTRANS

LEFT_INSIDE = (
    "its connection came from the pool inside a transaction that was never ended, so "
    "nothing would be committed; it was closed now. Try again, and look for a call that was "
    "cancelled and not awaited before its block ended"
)


class PostgresConnection(OnSQLAlchemy):
    """On PostgreSQL, awaited or not."""

    dialect = POSTGRESQL
    _sql = ""

    def _outside(self) -> str | None:
        # psycopg's connections have this attribute, and the adapted ones of asyncpg, too.
        if self._dbapi.autocommit:
            return _AUTOCOMMIT
        return ENDED if _ended_by_hand(self._dbapi) else None

    def _statement(
        self, connection: Connection, sql: str, args: tuple[Bind, ...], *, inside: bool
    ) -> Sequence[Row]:
        if inside and (advice := self.outside_transaction()) is not None:
            raise TransactionEnded(advice)
        _check_encodable(args, self._encoding())
        self._sql, self._sent = sql, True
        rows = rows_of(connection, sql, args)
        if inside:
            self._check_not_nested()
            self._own.drawn()
        return rows

    def _check_not_nested(self) -> None:
        """Refuse what only a savepoint of somebody's lost transaction would hold.

        A statement that is cancelled while its block ends can leave a connection of asyncpg's
        in its pool inside a transaction that SQLAlchemy knows nothing of. What comes next
        on it is then a savepoint, which ends well, and nothing is committed.

        Raises:
            TransactionEnded: so it is. The connection was closed, and the draw with it.
        """
        if getattr(getattr(self._dbapi, "_transaction", None), "_nested", False):
            self.terminate()
            raise TransactionEnded(LEFT_INSIDE)

    def refused(self, exc: BaseException, /) -> bool:
        return not self._sent or any(map(self._said, chain(exc)))

    def _said(self, exc: BaseException) -> bool:
        """Whether the server itself said so, and about our statement."""
        if getattr(exc, "severity", None) is not None:  # asyncpg
            return self._sql in (getattr(exc, "query", None) or "")
        result = getattr(exc, "pgresult", None) or getattr(exc, "pgcode", None)
        if result is not None and hasattr(self._driver, "info"):  # psycopg, psycopg2
            return self._driver.info.transaction_status not in _COMMITTABLE
        return False

    @property
    def _on_psycopg(self) -> bool:
        return hasattr(self._driver, "pgconn")

    def _encoding(self) -> str:
        """The name of the encoding in which the driver sends texts."""
        if self._on_psycopg:
            return str(self._driver.info.encoding)
        if hasattr(self._driver, "info"):  # psycopg2
            return str(self._driver.encoding)
        return str(self._driver.get_settings().client_encoding)

    def terminate(self) -> None:
        if hasattr(self._driver, "info"):
            with suppress(Exception):  # it is closed
                hang_up(self._driver.fileno())
        else:
            self._driver.terminate()


class PostgresExecutor(PostgresConnection, SQLAlchemyExecutor):
    """Awaited. Cancelled or timed out, SQLAlchemy gives the connection up by itself."""

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        def statement(connection: Connection) -> Sequence[Row]:
            return self._statement(connection, sql, args, inside=inside)

        if not self._on_psycopg:  # asyncpg lets go at once, which no task may delay
            return await self._run(statement)
        return await bounded(lambda: self._run(statement), self.terminate)

    async def abort(self) -> bool:
        if not self._sent or not self._own.current:
            return self._connection.closed
        if self._on_psycopg and self._driver.lock.locked():
            # Another task talks on it. To close it now would free what libpq is working with,
            # and crash the process; without its socket, the other task ends with an error.
            self.terminate()
        elif not self._connection.invalidated:
            await self._run(Connection.invalidate)
        return True


class PostgresSyncExecutor(PostgresConnection, SQLAlchemySyncExecutor):
    """In sync code, on psycopg or psycopg2."""

    def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        return self._statement(self._connection, sql, args, inside=inside)

    def abort(self) -> bool:
        if not self._sent or not self._own.current:
            return self._connection.closed
        if not self._connection.invalidated:
            self._connection.invalidate()
        return True


def _ended_by_hand(dbapi: Any) -> bool:
    """Whether SQLAlchemy began a transaction on asyncpg, but the server is in none.

    psycopg begins the next one by itself.
    """
    if not is_adapted(dbapi):
        return False
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
