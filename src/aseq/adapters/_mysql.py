"""What the executors on asyncmy and aiomysql share: MariaDB and MySQL have one protocol.

What these drivers lack, and what stands in its place:

* *A lock.* Of two tasks that talk at once, asyncmy lets one read the other's answer, and
  aiomysql fails after the server has run both. So, from a draw to its caller, the connection
  sends nothing for any other task (`Hold`), and nothing is drawn while another task waits for
  its answer.
* *An aborted state.* After a deadlock the server has rolled everything back, and says so with
  the error alone: the next statement is in another transaction, while the caller still has
  numbers that are free again. The only thing that can't be overlooked is a connection that is
  closed. The same goes for a number that was lost on its way. If it was a statement of the
  caller's that met the deadlock, the connection sends nothing but a ROLLBACK (`_mysql_ended`).
* *Flags that are true.* An error carries none, so after one they are those of before. They are
  good enough to refuse before anything is sent; for the rest, the server looks at its own, in
  the draw itself, or (in autocommit mode, where a server lets the draw not look) just before.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar

from aseq._core.dialects import KNOWN, Dialect, by_greeting
from aseq._core.dialects.base import Asking
from aseq._core.dialects.mysql_family import ENDED, LOCK_WAIT_TIMEOUT, is_from_server
from aseq._core.failure import report
from aseq._core.statement import Bind, Paramstyle, Row
from aseq._core.table import TableName

from ._innodb import ASK, is_known, named
from ._mysql_ended import note_drawn, transaction
from ._mysql_hold import Hold
from .base import Executor, TransactionEnded, unsupported

_TELLS = "_aseq_tells"
"""In a connection: whether its server lets a draw look for the open transaction."""

_INNODB = "_aseq_innodb"
"""In a connection: the tables that InnoDB keeps."""

BLOCK = "begin one with `await conn.begin()`"
UNKNOWN = "it is connected to {greeting}: aseq knows {known}"


def by_server(connection: Any) -> Dialect:
    """The dialect of the server at the other end.

    Raises:
        UnsupportedConnection: no dialect knows it.
    """
    greeting = str(connection.get_server_info())
    dialect = by_greeting(greeting)
    if dialect is None:
        raise unsupported(connection, {}, UNKNOWN.format(greeting=greeting, known=KNOWN))
    return dialect


class MySQLExecutor(Executor):
    """One connection of either driver, raw or of a pool."""

    paramstyle: Paramstyle = "format"
    interface_error: ClassVar[type[Exception]]

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.dialect = by_server(connection)
        self._sent = self._over = False
        self._asking: Asking | None = None
        self._table: TableName | None = None

    def locate(self, table: TableName) -> TableName:
        self._table = table
        return table

    def hold(self) -> AbstractAsyncContextManager[object]:
        return Hold(self._connection, self.in_use, self.interface_error)

    @staticmethod
    def in_use(connection: Any) -> bool:
        """Whether some task waits for an answer, or hasn't read all of it."""
        raise NotImplementedError

    async def make_cursor(self) -> Any:
        """A plain cursor, whatever the connection's own are."""
        raise NotImplementedError

    def is_open(self) -> bool:
        """Whether the connection is open, as far as the driver knows."""
        raise NotImplementedError

    def outside_transaction(self) -> str | None:
        connection = self._connection
        # A closed connection is in none; the driver's own error says that best.
        if not self.is_open():
            return None
        if (known := transaction(connection)) is not None and known.has_ended:
            return ENDED
        if not connection.get_autocommit():
            return None
        return None if connection.get_transaction_status() else BLOCK

    async def prepare(self) -> None:
        asking = self.dialect.asking
        if asking is None or not self._connection.get_autocommit():
            return
        if self.outside_transaction() is not None or not self.is_open():
            return
        if await self._tells(asking):
            self.dialect = asking.telling
        else:
            self.dialect, self._asking = asking.asked, asking

    async def _tells(self, asking: Asking) -> bool:
        """Whether a draw can look for the open transaction: asked once for each connection."""
        known = vars(self._connection)
        if _TELLS not in known:
            try:
                [[open_]] = await self._run(asking.ask, ())
            except self.driver_errors as exc:
                if not is_from_server(self.dialect.code(exc)):
                    raise
                known[_TELLS] = False  # it isn't allowed to
            else:
                if not open_:
                    return False  # the driver may be wrong, or nobody counts them there
                known[_TELLS] = True
            self._sent = False
        return bool(known[_TELLS])

    async def _check_open(self, asking: Asking) -> None:
        """Raise, unless the server says that a transaction is open."""
        try:
            await self._run(asking.opens, ())
        except self.driver_errors as exc:
            if self.dialect.code(exc) != asking.code:
                raise
            vars(self._connection)[_TELLS] = False  # else it had said so before
        else:
            raise TransactionEnded(ENDED)

    async def _check_engine(self) -> None:
        """Raise where no rollback would take a number back."""
        known = vars(self._connection).setdefault(_INNODB, set())
        if self._table is None or self._table in known:
            return
        rows = await self._run(ASK, named(self._table))
        self._sent = False
        if is_known(rows, self._table):
            known.add(self._table)

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        if inside and (advice := self.outside_transaction()) is not None:
            raise TransactionEnded(advice)
        if inside:
            await self._check_engine()
        if inside and self._asking is not None:
            await self._check_open(self._asking)
        try:
            rows = await self._run(sql, args)
        except self.driver_errors as exc:
            found = report(exc, self.dialect.code)
            if found is not None and found.code == LOCK_WAIT_TIMEOUT:
                self._over = not await self._still_open(self._connection)
            raise
        if inside:
            note_drawn(self._connection, self.interface_error, self._still_open)
        return rows

    @classmethod
    async def _still_open(cls, connection: Any) -> bool:
        """Whether a lock timeout has left the transaction open."""
        executor = cls(connection)
        [[still]] = await executor._run(executor.dialect.still_open, ())
        return bool(still)

    async def _run(self, sql: str, args: tuple[Bind, ...]) -> Sequence[Row]:
        cursor = await self.make_cursor()
        text = cursor.mogrify(sql, args)
        # It would send what it can't encode all the same.
        text.encode(self._connection._encoding)
        self._sent = True
        await cursor.execute(text)
        if not cursor.description:
            return self.dialect.answer(cursor.lastrowid, cursor.rowcount)
        self.note_rows()
        rows: Sequence[Row] = await cursor.fetchall()
        return rows

    def note_rows(self) -> None:
        """An answer with rows has come."""

    def refused(self, exc: BaseException, /) -> bool:
        if not self._sent:
            return True
        if self._over or not isinstance(exc, self.driver_errors):
            return False
        return is_from_server(self.dialect.code(exc))

    async def abort(self) -> bool:
        if not self._sent:
            return False
        self.terminate()
        return True

    def terminate(self) -> None:
        self._connection.close()
