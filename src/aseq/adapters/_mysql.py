"""What the executors on asyncmy and aiomysql share: MariaDB and MySQL have one protocol.

What these drivers lack, and what stands in its place:

* *A lock.* Of two tasks that talk at once, asyncmy lets one read the other's answer, and
  aiomysql fails after the server has run both. So, from a draw to its caller, the connection
  sends nothing for any other task (`Hold`), and nothing is drawn while another task waits for
  its answer.
* *An aborted state.* After a deadlock the server has rolled everything back, and says so with
  the error alone: the next statement is in another transaction, while the caller still has
  numbers that are free again. The only thing that can't be overlooked is a connection that is
  closed. The same goes for a number that was lost on its way.
* *Flags that are true.* An error carries none, so after one they are those of before. They are
  good enough to refuse before anything is sent; for the rest, the server looks at its own, in
  the draw itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar

from aseq._concurrency.reserved import Reservation
from aseq._core.dialects import Dialect, by_greeting
from aseq._core.dialects.mysql_family import (
    ASK_IN_TRANSACTION,
    LOCK_WAIT_TIMEOUT,
    is_from_server,
)
from aseq._core.failure import report
from aseq._core.statement import Bind, Paramstyle, Row

from .base import Executor, TransactionEnded, unsupported

BUSY = "another task uses this connection, and it can serve only one at a time"
BLOCK = "begin one with `await conn.begin()`"
TOO_OLD = "it is connected to {greeting}: aseq knows MariaDB 10.6 and newer"


def by_server(connection: Any) -> Dialect:
    """The dialect of the server at the other end.

    Raises:
        UnsupportedConnection: no dialect knows it.
    """
    greeting = str(connection.get_server_info())
    dialect = by_greeting(greeting)
    if dialect is None:
        raise unsupported(connection, {}, TOO_OLD.format(greeting=greeting))
    return dialect


class Hold:
    """For the length of the block, the connection sends nothing but what this task says.

    Args:
        connection: of either driver. What it sends goes through its `_execute_command`.
        in_use: whether another task waits for an answer on it.
        error: what the driver raises for a connection that can't be used.
    """

    def __init__(
        self,
        connection: Any,
        in_use: Callable[[Any], bool],
        error: type[Exception],
    ) -> None:
        self._connection, self._in_use, self._error = connection, in_use, error

    async def __aenter__(self) -> None:
        if _HELD in vars(self._connection) or self._in_use(self._connection):
            raise self._error(0, BUSY)
        reservation = Reservation()
        send = self._connection._execute_command

        async def execute_command(*args: Any) -> Any:
            if not reservation.is_mine():
                raise self._error(0, BUSY)
            return await send(*args)

        setattr(self._connection, _HELD, execute_command)

    async def __aexit__(self, *_: object) -> None:
        delattr(self._connection, _HELD)


_HELD = "_execute_command"


class MySQLExecutor(Executor):
    """One connection of either driver, raw or of a pool."""

    paramstyle: Paramstyle = "format"
    interface_error: ClassVar[type[Exception]]

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.dialect = by_server(connection)
        self._sent = self._over = False

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
        if not self.is_open() or not connection.get_autocommit():
            return None
        return None if connection.get_transaction_status() else BLOCK

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
        try:
            return await self._run(sql, args)
        except self.driver_errors as exc:
            found = report(exc, self.dialect.code)
            if found is not None and found.code == LOCK_WAIT_TIMEOUT:
                [[still]] = await self._run(ASK_IN_TRANSACTION, ())
                self._over = not still
            raise

    async def _run(self, sql: str, args: tuple[Bind, ...]) -> Sequence[Row]:
        cursor = await self.make_cursor()
        text = cursor.mogrify(sql, args)
        # It would send what it can't encode all the same.
        text.encode(self._connection._encoding)
        self._sent = True
        await cursor.execute(text)
        rows: Sequence[Row] = await cursor.fetchall() if cursor.description else ()
        return rows

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
