"""Draws on MariaDB and MySQL, through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Pool
from sqlalchemy.exc import DBAPIError

from aseq._core.dialects import KNOWN, MARIADB, by_greeting
from aseq._core.dialects.mysql_family import LOCK_WAIT_TIMEOUT, is_from_server
from aseq._core.failure import chain
from aseq._core.statement import Bind, Row
from aseq._core.table import TableName
from aseq.adapters._innodb import ASK, is_known, named
from aseq.adapters.base import TransactionEnded, unsupported

from ._executor import OnSQLAlchemy, SQLAlchemyExecutor, SQLAlchemySyncExecutor, rows_of
from ._mysql import DRAW, watch

# Of each pool, the tables that InnoDB keeps.
_innodb: WeakKeyDictionary[Pool, set[TableName]] = WeakKeyDictionary()

_AUTOCOMMIT = "the connection or its engine has isolation_level AUTOCOMMIT: use one that hasn't"
_UNKNOWN = "its engine is connected to {greeting}: aseq knows {known}"


class MySQLConnection(OnSQLAlchemy):
    """On a server of MySQL's protocol, awaited or not."""

    dialect = MARIADB  # until it is connected, and its server has said what it is
    answered = _over = False
    _table: TableName

    def _take(self, connection: Connection, dbapi: Any) -> None:
        super()._take(connection, dbapi)
        greeting = str(self._driver.get_server_info())
        dialect = by_greeting(greeting)
        if dialect is None:
            raise unsupported(self._given, {}, _UNKNOWN.format(greeting=greeting, known=KNOWN))
        self.dialect = dialect
        watch(connection, self._driver, dialect)

    def _outside(self) -> str | None:
        return _AUTOCOMMIT if self._driver.get_autocommit() else None

    def locate(self, table: TableName) -> TableName:
        self._table = super().locate(table)
        return self._table

    def _check_engine(self, connection: Connection) -> None:
        """Raise where no rollback would take a number back."""
        known = _innodb.setdefault(connection.engine.pool, set())
        if self._table not in known and is_known(
            rows_of(connection, ASK, named(self._table)), self._table
        ):
            known.add(self._table)

    def _statement(
        self, connection: Connection, sql: str, args: tuple[Bind, ...], *, inside: bool
    ) -> Sequence[Row]:
        if inside and (advice := self.outside_transaction()) is not None:
            raise TransactionEnded(advice)
        if inside:
            self._check_engine(connection)
        for text in args:
            if isinstance(text, str):
                text.encode()  # a driver would send what it can't encode all the same
        self.answered, self._sent = False, True
        try:
            rows = self._rows(connection, sql, args)
        except DBAPIError as exc:
            self._note_end(connection, exc)
            raise
        if inside:
            self._own.drawn()
        return rows

    def _rows(self, connection: Connection, sql: str, args: tuple[Bind, ...]) -> Sequence[Row]:
        result = connection.exec_driver_sql(sql, args or None, {DRAW: self})
        if result.returns_rows:
            return result.fetchall()
        return self.dialect.answer(result.lastrowid, result.rowcount)

    def _note_end(self, connection: Connection, exc: DBAPIError) -> None:
        """Ask whether a lock timeout has ended the transaction: a server may be set up so."""
        timed_out = self.dialect.code(exc.orig or exc) == LOCK_WAIT_TIMEOUT
        if timed_out and not exc.connection_invalidated:
            [[inside]] = rows_of(connection, self.dialect.still_open, ())
            self._over = not inside

    def refused(self, exc: BaseException, /) -> bool:
        if not self._sent:
            return True
        connection = self._connection
        if self._over or self.answered or connection.closed or connection.invalidated:
            return False
        return any(map(self._said, chain(exc)))

    def _said(self, exc: BaseException) -> bool:
        return is_from_server(self.dialect.code(exc))

    def terminate(self) -> None:
        with suppress(Exception):  # the sync drivers raise one if it is closed
            self._driver.close()


class MySQLExecutor(MySQLConnection, SQLAlchemyExecutor):
    """Awaited. Cancelled, the driver closes its connection, and SQLAlchemy gives it up."""

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        return await self._run(
            lambda connection: self._statement(connection, sql, args, inside=inside)
        )

    async def abort(self) -> bool:
        if not self._sent or not self._own.current:
            return self._connection.closed
        if not self._connection.invalidated:
            await self._run(Connection.invalidate)
        return True


class MySQLSyncExecutor(MySQLConnection, SQLAlchemySyncExecutor):
    """In sync code, on PyMySQL or mysqlclient."""

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
