"""What psycopg's connections have in common, awaited or driven in a thread.

psycopg keeps tasks, and threads, off each other's statements by a lock of its own, which each
method takes for as long as it talks. aseq takes it for longer: from the draw until the caller
has the number, or until the transaction was aborted (the two modules that use this one say
how). So a draw can't use psycopg's own `execute`, which would wait for the lock. As psycopg
does it, the conversation is a generator, which `connection.wait` plays in either world.

Under the lock the connection is asked what became of a statement, not the exception. The
status of the transaction is the server's word, whoever raised what:

* INERROR: it was refused. Whatever it did is undone, and nothing can be committed.
* IDLE, UNKNOWN: there is no transaction, or no connection.
* INTRANS, ACTIVE: the server drew, or may have.

Why an abort under the same hold is for good: a transaction that is aborted lives on if a
savepoint is rolled back to. No SAVEPOINT could be sent between the draw and the abort, so
each savepoint there is was opened before the draw, and going back to it undoes that, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, ClassVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg.pq.abc import PGresult

from aseq._concurrency.call import hang_up
from aseq._core.dialects import ABORT, POSTGRESQL
from aseq._core.statement import Paramstyle, Row

from .base import ConnectionInfo, TransactionEnded

ACTIVE, IDLE = TransactionStatus.ACTIVE, TransactionStatus.IDLE
INERROR, INTRANS = TransactionStatus.INERROR, TransactionStatus.INTRANS
UNKNOWN = TransactionStatus.UNKNOWN

_NOTHING_TO_ABORT = (IDLE, INERROR, UNKNOWN)

_ENDED = "the transaction that was open when the call was made has ended since: begin a new one"
_ABORTED = "current transaction is aborted, commands ignored until end of transaction block"
_BIGINT = 20  # its oid
_ATTEMPTS = 3


class HeldCursor:
    """Mixed into a cursor of psycopg's, for a connection whose lock is held.

    Attributes:
        before_sending: called when everything is ready to be sent, and nothing was.
    """

    before_sending: Callable[[], object] = staticmethod(lambda: None)

    def held_execute_gen(self, query: Any, args: Any = None) -> PQGen[None]:
        """Run one statement, and read what the server said; in a pipeline, too."""
        cursor: Any = self
        connection = cursor.connection
        if connection.pgconn.transaction_status == INERROR:
            # The server would say no more. And psycopg takes this error, if the caller is
            # cancelled meanwhile, for a broken connection, and closes it.
            raise psycopg.errors.InFailedSqlTransaction(_ABORTED)
        pipeline = connection._pipeline
        try:
            yield from cursor._execute_gen(query, args)
        except Exception:
            if pipeline is not None:
                with suppress(psycopg.Error):  # says no more than the first one
                    yield from _sync_gen(pipeline)
            raise
        if pipeline is not None:
            yield from _sync_gen(pipeline)

    def _convert_query(self, query: Any, params: Any = None) -> Any:
        # The last thing that `_execute_gen` does before it sends the statement. It has begun
        # a transaction by then, if need be.
        converted = super()._convert_query(query, params)  # type: ignore[misc]
        self.before_sending()
        return converted


class HeldSyncCursor(HeldCursor, psycopg.Cursor[Any]):
    """A cursor of a `psycopg.Connection` whose lock is held."""


class PsycopgConnection(ConnectionInfo):
    """One psycopg connection. All but `hold` is used under the connection's lock.

    Attributes:
        block: how its users open a transaction.
    """

    kind = "psycopg"
    dialect = POSTGRESQL
    paramstyle: Paramstyle = "format"
    driver_errors: ClassVar[tuple[type[Exception], ...]] = (psycopg.Error,)
    block: str

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._was_inside = self._sent = False

    def note_status(self) -> None:
        """Remember, at the time of the call, whether there is a transaction."""
        self._was_inside = self.status() != IDLE

    def status(self) -> TransactionStatus:
        """The status of the transaction, as the server told it last."""
        status: TransactionStatus = self._connection.pgconn.transaction_status
        return status  # or a plain int that is equal to it

    def outside_transaction(self) -> str | None:
        status = self.status()
        if not self._connection.autocommit or status == INTRANS:
            return None
        if status in (INERROR, UNKNOWN):
            return None  # aborted, or closed: the error that comes says it best
        if status == ACTIVE:
            return (
                "the connection is in autocommit mode: sync the pipeline inside a transaction"
            )
        return f"the connection is in autocommit mode: open a transaction with `{self.block}`"

    def check_inside(self) -> None:
        """Refuse what would be committed by itself, or with somebody else's transaction.

        A connection that begins by itself would do so for a call whose transaction has ended
        while it waited for the lock, and nobody would end that one.

        Raises:
            TransactionEnded: as it says.
        """
        advice = PsycopgConnection.outside_transaction(self)
        if advice is None and self._was_inside and self.status() == IDLE:
            advice = _ENDED
        if advice is not None:
            raise TransactionEnded(advice)

    def mark_sent(self) -> None:
        """From now on, a number may have been drawn."""
        self._sent = True

    def sync_gen(self) -> PQGen[None]:
        """In a pipeline, read what the server says to all that came before.

        It may end the transaction. Where it may not even be in one, it is left alone: that
        would commit it.
        """
        pipeline = self._connection._pipeline
        pending = pipeline and (pipeline.command_queue or pipeline.result_queue)
        if pending and not (self._connection.autocommit and self.status() == ACTIVE):
            yield from _sync_gen(pipeline)

    def refused(self, exc: BaseException, /) -> bool:
        if not self._sent:
            return True
        return isinstance(exc, self.driver_errors) and self.status() in _NOTHING_TO_ABORT

    def abort_gen(self, cursor: HeldCursor) -> PQGen[bool]:
        """Abort the transaction, as `Executor.abort`.

        Raises:
            psycopg.OperationalError: it can't be done.
        """
        for _ in range(_ATTEMPTS):
            status = self.status()
            if status == INERROR:
                return True
            if status in (IDLE, UNKNOWN):
                break
            with suppress(psycopg.Error):
                yield from cursor.held_execute_gen(ABORT)
        if self.status() == IDLE:
            return False
        raise psycopg.OperationalError("the transaction can't be aborted")

    def terminate(self) -> None:
        # Not pgconn.finish(): it closes the descriptor, and somebody may be waiting on that.
        with suppress(psycopg.OperationalError):  # it is closed
            hang_up(self._connection.fileno())


def _sync_gen(pipeline: Any) -> PQGen[None]:
    """Read everything that the server has to say; then it tells the transaction's status.

    Raises:
        psycopg.Error: the first one that it says.
    """
    try:
        yield from pipeline._sync_gen()
    except psycopg.Error:  # psycopg leaves the rest unread
        with suppress(psycopg.Error):
            yield from pipeline._fetch_gen(flush=False)
        raise


def read(result: PGresult | None) -> Sequence[Row]:
    """The rows of a result. The caller's loaders and row factories aren't asked."""
    if result is None:
        return ()
    rows, columns = range(result.ntuples), range(result.nfields)
    return [[_value(result, row, column) for column in columns] for row in rows]


def _value(result: PGresult, row: int, column: int) -> int | str | None:
    data = result.get_value(row, column)
    if data is None:
        return None
    return int(data) if result.ftype(column) == _BIGINT else data.decode()
