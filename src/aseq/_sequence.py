"""`AsyncSequence`: the public verbs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any

from ._connection import Connection
from ._core import plans
from ._core.scripts import later
from ._core.spec import SequenceSpec
from ._core.waiting import Waiting, waiting
from ._dispatch import executor_for
from ._drive import run_on
from ._turn import LIMIT, Turn, turn


@dataclass(frozen=True, slots=True)
class AsyncSequence(SequenceSpec):
    """A gapless sequence of numbers, drawn inside the caller's own transaction.

    The committed values of a sequence are ``initial_value``, ``initial_value + step``
    and so on, without a hole or a repeat, if the caller saves each value in the same
    transaction (and the same savepoint) that drew it. A rollback gives the number to
    whoever comes next.

    The price is a lock: from the draw until the transaction ends, others who want a
    number of this sequence wait. Draw late, and keep transactions short.

    The object holds no connection and no state. It is frozen and hashable, and safe to
    share between tasks, threads and event loops:

        invoice_numbers = AsyncSequence("invoices")

        async with session.begin():
            number = await invoice_numbers.next_value(session)
            session.add(Invoice(number=number))

    Every method takes the connection first: a SQLAlchemy `AsyncSession`,
    `async_scoped_session` or `AsyncConnection`, an `asyncpg.Connection` (or what a pool
    hands out), a `psycopg.AsyncConnection` or `psycopg.Connection`, an
    `aiosqlite.Connection`, a `sqlite3.Connection`, the client of Tortoise's
    `in_transaction()`, the block of `aseq.django.aatomic`, or any `Executor`.

    Args:
        name: 1 to 100 characters. Sequences with the same name in the same table are one.
        initial_value: the first value.
        reset_value: if given, the sequence loops: it starts again with `initial_value`
            instead of reaching this. (initial 1, reset 3: 1, 2, 1, 2, ...)
        step: the distance between values; negative to count down.
        table: the table that keeps the last values, "table" or "schema.table";
            "aseq_sequence" by default; on Django's connections, that stands for the
            project's table (``ASEQ_TABLE``). "sequences_sequence" is django-sequences'
            own, and can be shared with it.
        require_transaction: refuse to write where the change would be committed by
            itself. False allows it, and gaps with it.
        fair: on PostgreSQL, waiters stand in a queue and get their turn in order. None
            is True, except for the table of django-sequences, whose clients don't queue. A
            property of the sequence: all its callers must agree on it.
        queue: on PostgreSQL, the name of the queue that waiters stand in: the
            sequence's own by default. For sequences that one transaction draws from in
            any order, without a deadlock: a `Numbering` gives all its periods one
            queue. A property of the sequence, like `fair`.

    Raises:
        InvalidSequence: a parameter can't work.
    """

    async def next_value(
        self, conn: Connection, /, *, nowait: bool = False, timeout: float | None = None
    ) -> int:
        """Draw the next value.

        Waits until other transactions that drew from this sequence have ended. One
        round trip on a connection that is in a transaction.

        Cancelling is safe: if the call may have drawn a number by then, the transaction
        is made unusable until it is rolled back, so that nobody can commit without it.

        Args:
            conn: the caller's connection or session, in the transaction that will save
                the value.
            nowait: don't wait, but raise SequenceLocked. The transaction stays usable.
            timeout: seconds to wait at most, all locks of the call together; less than a
                millisecond counts as one. Then SequenceLocked; on PostgreSQL the
                transaction is aborted. It shortens the connection's own lock timeout (on
                SQLite, its busy timeout), and never lengthens it.

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
            UnsupportedConnection: `conn` isn't a connection that aseq knows.
        """
        [value] = await self._draw(conn, 1, waiting(nowait=nowait, timeout=timeout))
        return value

    async def next_values(
        self,
        conn: Connection,
        count: int,
        /,
        *,
        nowait: bool = False,
        timeout: float | None = None,
    ) -> Sequence[int]:
        """Draw the next `count` values, in one statement and one round trip.

        Waits, and can be cancelled, like `next_value`.

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
        return await self._draw(conn, count, wait) if count else range(0)

    async def _draw(self, conn: Connection, count: int, wait: Waiting) -> Sequence[int]:
        executor = executor_for(conn)
        spec = executor.adapt(self)
        plan = later(lambda: plans.next_values(spec, executor.dialect, count, wait))
        return await run_on(spec, plan, executor, writes=True, drawn=len)

    async def last_value(self, conn: Connection, /) -> int | None:
        """Read the last value drawn, as the transaction sees it.

        Doesn't wait for others who draw. (But on SQLite a session's first statement waits,
        if its transactions begin with BEGIN IMMEDIATE.)

        Another transaction may have drawn further and not yet committed: this doesn't
        predict the next value.

        Args:
            conn: the caller's connection or session; it needn't be in a transaction.

        Returns:
            the value, or None if none was drawn.

        Raises:
            SequenceLocked: the connection's lock timeout, or on SQLite its busy timeout,
                ended a wait: for whoever writes to the file, or changes the table itself.
            SequenceTableMissing: the table doesn't exist.
            UnsupportedConnection: `conn` isn't a connection that aseq knows.
        """
        executor = executor_for(conn)
        spec = executor.adapt(self)
        plan = later(lambda: plans.last_value(spec, executor.dialect))
        return await run_on(spec, plan, executor, writes=False)

    async def advance_to(
        self, conn: Connection, value: int, /, *, timeout: float | None = None
    ) -> int:
        """Move the last value forward, so that the next one comes after `value`.

        For taking over from another numbering. It never moves back: a value that was
        passed already changes nothing. Creates the sequence if it isn't there; with
        ``initial_value - step`` it does only that (or, if it loops, with the last value
        of its cycle).

        Waits, and can be cancelled, like `next_value`.

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
        executor = executor_for(conn)
        spec = executor.adapt(self)
        plan = later(lambda: plans.advance_to(spec, executor.dialect, value, wait))
        return await run_on(spec, plan, executor, writes=True)

    async def delete(self, conn: Connection, /, *, timeout: float | None = None) -> bool:
        """Delete the sequence; the next draw starts again from `initial_value`.

        Waits, and can be cancelled, like `next_value`. With ``fair=False``, a sequence that
        another transaction is just creating isn't seen.

        Args:
            conn: the caller's connection or session.
            timeout: seconds to wait at most, as for `next_value`.

        Returns:
            whether there was one.

        Raises:
            AseqError: any of those of `next_value`, except SequenceExhausted.
        """
        wait = waiting(nowait=False, timeout=timeout)
        executor = executor_for(conn)
        spec = executor.adapt(self)
        plan = later(lambda: plans.delete(spec, executor.dialect, wait))
        return await run_on(spec, plan, executor, writes=True)

    def turn(self, *, limit: int = LIMIT, timeout: float | None = None) -> Turn:
        """Wait for a place among the few tasks of this process that go on to draw.

        `aseq.turn` of this sequence alone:

            async with invoice_numbers.turn():
                async with sessions.begin() as session:
                    number = await invoice_numbers.next_value(session)

        Args:
            limit: how many tasks may have their turn at once, at least 1.
            timeout: seconds to wait at most.

        Returns:
            an asynchronous context manager.

        Raises:
            InvalidSequence: an argument can't work.
        """
        return turn(self, limit=limit, timeout=timeout)

    def iterate(
        self, conn: Connection, /, *, nowait: bool = False, timeout: float | None = None
    ) -> AsyncGenerator[int, None]:
        """Draw values one by one, without an end.

        Each turn of ``async for number in invoice_numbers.iterate(session):`` is a
        `next_value` of its own, with its round trip and its errors. Leave the loop when
        there is nothing left to number; for a known count use `next_values`.

        Args:
            conn: the caller's connection or session.
            nowait: as for `next_value`.
            timeout: as for `next_value`, for each value.

        Returns:
            an asynchronous generator without an end. It holds nothing, so it needn't be
            closed.
        """
        waiting(nowait=nowait, timeout=timeout)  # refused here if it can't work
        return _Values(self, conn, nowait, timeout)


class _Values(AsyncGenerator[int, None]):
    """What `AsyncSequence.iterate` gives.

    Not a generator function: where a loop is left, Python would hand what is left of one
    to the event loop to be closed, and trio warns of that.
    """

    def __init__(
        self, sequence: AsyncSequence, conn: Connection, nowait: bool, timeout: float | None
    ) -> None:
        self._sequence, self._conn = sequence, conn
        self._nowait, self._timeout = nowait, timeout
        self._closed = False

    async def asend(self, value: None) -> int:
        if self._closed:
            raise StopAsyncIteration
        return await self._sequence.next_value(
            self._conn, nowait=self._nowait, timeout=self._timeout
        )

    async def athrow(self, typ: Any, val: Any = None, tb: Any = None) -> int:
        self._closed = True  # also by aclose(), which throws GeneratorExit
        raise typ if val is None else val
