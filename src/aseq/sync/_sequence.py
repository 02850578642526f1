"""`Sequence`: the verbs of `AsyncSequence`, in sync code."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as Values
from dataclasses import dataclass, fields
from typing import Self

from aseq._core.spec import SequenceSpec
from aseq._core.waiting import waiting

from . import _verbs
from ._connection import Connection
from ._dispatch import executor_for


@dataclass(frozen=True, slots=True)
class Sequence(SequenceSpec):
    """A gapless sequence of numbers, drawn inside the caller's own transaction, in sync code.

    The same sequence as an `AsyncSequence` of that name and table: a worker and an async API
    wait for each other, and no number is lost or repeated between them. All their parameters
    must agree.

        invoice_numbers = Sequence("invoices")

        with Session.begin() as session:
            number = invoice_numbers.next_value(session)
            session.add(Invoice(number=number))

    The object holds no connection and no state. It is frozen and hashable, and safe to
    share between threads and processes.

    Every method takes the connection first: a SQLAlchemy `Session`, `scoped_session` or
    `Connection` (on psycopg, psycopg2 or sqlite3), a `psycopg.Connection`, or a
    `sqlite3.Connection`. It works in the thread that calls it.

    Args:
        name: 1 to 100 characters. Sequences with the same name in the same table are one.
        initial_value: the first value.
        reset_value: if given, the sequence loops: it starts again with `initial_value`
            instead of reaching this.
        step: the distance between values; negative to count down.
        table: the table that keeps the last values, "table" or "schema.table".
        require_transaction: refuse to write where the change would be committed by
            itself. False allows it, and gaps with it.
        fair: on PostgreSQL, waiters stand in a queue, as for an `AsyncSequence`.
        queue: on PostgreSQL, the name of that queue, as for an `AsyncSequence`.

    Raises:
        InvalidSequence: a parameter can't work.
    """

    @classmethod
    def of(cls, sequence: SequenceSpec, /) -> Self:
        """The sequence of async code, for sync code.

        Args:
            sequence: an `AsyncSequence`.
        """
        own = {each.name: getattr(sequence, each.name) for each in fields(SequenceSpec)}
        return cls(**own)

    def next_value(
        self, conn: Connection, /, *, nowait: bool = False, timeout: float | None = None
    ) -> int:
        """Draw the next value.

        Waits until other transactions that drew from this sequence have ended. One
        round trip on a connection that is in a transaction.

        An interrupt (Ctrl-C, or a time limit that a signal handler raises) is safe: if the
        call may have drawn a number by then, the transaction is made unusable until it is
        rolled back.

        Args:
            conn: the caller's connection or session, in the transaction that will save
                the value.
            nowait: don't wait, but raise SequenceLocked. The transaction stays usable.
            timeout: seconds to wait at most, as for `AsyncSequence.next_value`.

        Returns:
            the value. It is the caller's once the transaction commits.

        Raises:
            NotInTransaction: the number would be committed by itself; nothing was sent.
            InvalidSequence: `timeout` isn't a positive, finite number, or `nowait` was asked
                for as well; nothing was sent.
            SequenceLocked: another transaction holds the sequence, and `nowait` was asked
                for, or `timeout` is over, or the connection's own lock timeout (on SQLite,
                its busy timeout) ended the wait.
            SequenceExhausted: the next value doesn't fit in 64 bits; nothing was drawn.
            SequenceCorrupted: somebody else changed the row, or a trigger does.
            SequenceTableMissing: the table doesn't exist.
            UnsupportedConnection: `conn` isn't a connection of sync code that aseq knows.
        """
        wait = waiting(nowait=nowait, timeout=timeout)
        [value] = _verbs.next_values(self, executor_for(conn), 1, wait)
        return value

    def next_values(
        self,
        conn: Connection,
        count: int,
        /,
        *,
        nowait: bool = False,
        timeout: float | None = None,
    ) -> Values[int]:
        """Draw the next `count` values, in one statement and one round trip.

        Waits, and can be interrupted, as `next_value`.

        Args:
            conn: the caller's connection or session.
            count: how many, at least 0. (0 touches nothing.) At most as many as the
                cycle has values, if the sequence loops.
            nowait: don't wait, but raise SequenceLocked.
            timeout: seconds to wait at most, as for `next_value`.

        Returns:
            the values in order: a range, unless the sequence looped within them.

        Raises:
            InvalidSequence: `count` or `timeout` can't work; nothing was sent.
            AseqError: any of those of `next_value`. A batch is drawn whole or not at all.
        """
        self._check_count(count)
        wait = waiting(nowait=nowait, timeout=timeout)
        if not count:
            return range(0)
        return _verbs.next_values(self, executor_for(conn), count, wait)

    def last_value(self, conn: Connection, /) -> int | None:
        """Read the last value drawn, as the transaction sees it.

        As `AsyncSequence.last_value`: it doesn't wait for others who draw, and isn't the way
        to foretell the next value.

        Args:
            conn: the caller's connection or session; it needn't be in a transaction.

        Returns:
            the value, or None if none was drawn.

        Raises:
            SequenceLocked: the connection's lock timeout, or on SQLite its busy timeout,
                ended a wait.
            SequenceTableMissing: the table doesn't exist.
            UnsupportedConnection: `conn` isn't a connection of sync code that aseq knows.
        """
        return _verbs.last_value(self, executor_for(conn))

    def advance_to(
        self, conn: Connection, value: int, /, *, timeout: float | None = None
    ) -> int:
        """Move the last value forward, so that the next one comes after `value`.

        It never moves back: a value that was passed already changes nothing. Creates the
        sequence if it isn't there. Waits, and can be interrupted, as `next_value`.

        Args:
            conn: the caller's connection or session.
            value: the new last value. If the sequence loops, one of those it loops over.
            timeout: seconds to wait at most, as for `next_value`.

        Returns:
            the last value now: `value`, or one further on.

        Raises:
            InvalidSequence: the sequence can't have that value, or `timeout` can't work;
                nothing was sent.
            AseqError: any of those of `next_value`, except SequenceExhausted.
        """
        self._check_value(value)
        wait = waiting(nowait=False, timeout=timeout)
        return _verbs.advance_to(self, executor_for(conn), value, wait)

    def delete(self, conn: Connection, /, *, timeout: float | None = None) -> bool:
        """Delete the sequence; the next draw starts again from `initial_value`.

        Waits, and can be interrupted, as `next_value`.

        Args:
            conn: the caller's connection or session.
            timeout: seconds to wait at most, as for `next_value`.

        Returns:
            whether there was one.

        Raises:
            AseqError: any of those of `next_value`, except SequenceExhausted.
        """
        wait = waiting(nowait=False, timeout=timeout)
        return _verbs.delete(self, executor_for(conn), wait)

    def iterate(
        self, conn: Connection, /, *, nowait: bool = False, timeout: float | None = None
    ) -> Iterator[int]:
        """Draw values one by one, without an end: each is a `next_value` of its own.

        Args:
            conn: the caller's connection or session.
            nowait: as for `next_value`.
            timeout: as for `next_value`, for each value.

        Returns:
            an iterator without an end.
        """
        waiting(nowait=nowait, timeout=timeout)  # refused here if it can't work
        return iter(lambda: self.next_value(conn, nowait=nowait, timeout=timeout), None)
