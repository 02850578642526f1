"""`Numbering`: the public verbs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from aseq._connection import Connection
from aseq._core.waiting import Waiting, waiting
from aseq._dispatch import executor_for
from aseq._drive import read_on, run_on
from aseq._sequence import AsyncSequence
from aseq._turn import LIMIT, Turn, turn

from ._allocation import PeriodCounter
from ._clock import CLOCK
from ._days import chosen, moment
from ._documents import DocumentNumber
from ._draw import drawing, previewing
from ._scope import Scope, ScopeValue
from ._spec import NumberingSpec
from ._take_over import TakenOver, reading


@dataclass(frozen=True, slots=True)
class Numbering(NumberingSpec):
    """A series of document numbers, such as INV-2026-00042, drawn without a gap.

    For each scope (a tenant, a branch) and each period (a year) the numbers start again:
    each has a counter of its own, an `AsyncSequence` with all its promises. No two numbers
    of one series and of the same unprinted scopes have the same text.

        invoice_numbers = Numbering(
            "invoices", "INV-{entity}-{year}-{number:05}",
            scope=["tenant"], period="year", tz="Europe/Paris",
        )

        async with session.begin():
            issued = await invoice_numbers.next(session, tenant=tenant.id, entity="FR")
            session.add(Invoice(number=issued.text, issued_at=issued.at))

    One moment decides which period a number is from, and which date belongs to it: that at
    which its turn has come, by the database's clock. Whoever waited for a number over
    New Year's Eve gets one of the new year. Within one series and scope, numbers and moments
    rise together, as long as the database's clock isn't set back (nor a standby, whose
    clock is behind, takes over) and nobody says ``at=``.

    The object holds no connection and no state. It is frozen and hashable, and safe to
    share between tasks, threads and event loops. Periods begin and end at midnight in its
    time zone, worked out in Python.

    Args:
        name: the name of the series, which the names of its counters begin with.
        pattern: the text, with fields in braces: ``{number}`` or ``{number:05}``, padded
            with zeros to at least 5 digits; of the date ``{year}``, ``{yy}`` (2000 to
            2099), ``{quarter}``, ``{month}``, ``{day}``, ``{week_year}`` with ``{week}``
            (ISO 8601), ``{fiscal_year}``; ``{check}``; and scopes by their names. Braces
            that are text are doubled.
        scope: the names of scopes that aren't printed. (Those that are may be named, too.)
        period: what the numbers start again with: "day", "week", "month", "quarter",
            "year", or a `FiscalYear`. None if they never do.
        tz: the time zone of the dates: a name of the IANA database or a tzinfo. Needed
            if there is a period, or if a date is printed.
        step: the distance between numbers; negative to count down.
        initial_value: the first number of each scope and period.
        check: computes a check digit, as the functions of python-stdnum do: it is given the
            digits of the rest of the text. It stands where the pattern has ``{check}``, or
            else at the end.
        table: the table that keeps the counters, as for an `AsyncSequence`.
        fair: whether waiters stand in a queue, as for an `AsyncSequence`.
        require_transaction: as for an `AsyncSequence`.

    Raises:
        InvalidSequence: a parameter can't work, or two numbers would be printed alike.
    """

    async def next(
        self,
        conn: Connection,
        /,
        *,
        at: datetime | None = None,
        nowait: bool = False,
        timeout: float | None = None,
        **scope: ScopeValue,
    ) -> DocumentNumber:
        """Draw the next number.

        Waits until other transactions that drew a number of this scope have ended, whatever
        their period. One round trip on a connection that is in a transaction, and one more
        if the period ended meanwhile. Can be cancelled like `AsyncSequence.next_value`.

        Args:
            conn: the caller's connection or session, in the transaction that will save the
                number.
            at: the moment of the number, with a time zone: for backdated documents, and
                for tests. By default, the database's clock decides.
            nowait: don't wait, but raise SequenceLocked. The transaction stays usable.
            timeout: seconds to wait at most, as for `AsyncSequence.next_value`.
            **scope: the values of all scopes that aren't bound: texts, integers or Enums.

        Returns:
            the number, with its text, its moment and its date. It is the caller's once the
            transaction commits.

        Raises:
            InvalidSequence: a scope is missing, or can't have its value; `at` has no time
                zone; `timeout` can't work. Nothing was sent.
            UnsteadyClock: the database's clock was in another period at each try.
            AseqError: any of those of `AsyncSequence.next_value`.
        """
        wait = waiting(nowait=nowait, timeout=timeout)
        [number] = await self._draw(conn, 1, at, wait, self.scope_of(scope))
        return number

    async def next_many(
        self,
        conn: Connection,
        count: int,
        /,
        *,
        at: datetime | None = None,
        nowait: bool = False,
        timeout: float | None = None,
        **scope: ScopeValue,
    ) -> Sequence[DocumentNumber]:
        """Draw the next `count` numbers, all of one moment and one period.

        Waits, and can be cancelled, like `next`; one statement.

        Args:
            conn: the caller's connection or session.
            count: how many, at least 0. (0 touches nothing.)
            at: as for `next`.
            nowait: as for `next`.
            timeout: as for `next`.
            **scope: as for `next`.

        Returns:
            the numbers, in order.

        Raises:
            InvalidSequence: `count` can't work, or as for `next`. Nothing was sent.
            AseqError: any of those of `next`. All are drawn, or none.
        """
        values = self.scope_of(scope)
        self.counter(values, None)._check_count(count)
        wait = waiting(nowait=nowait, timeout=timeout)
        return [] if count == 0 else await self._draw(conn, count, at, wait, values)

    async def _draw(
        self, conn: Connection, count: int, at: datetime | None, wait: Waiting, scope: Scope
    ) -> Sequence[DocumentNumber]:
        at = chosen(at)
        executor = executor_for(conn)
        drawn = drawing(self, executor, scope, count, at, wait)
        return await run_on(drawn.subject, drawn.plan, executor, writes=True, drawn=len)

    async def preview(
        self, conn: Connection, /, *, at: datetime | None = None, **scope: ScopeValue
    ) -> DocumentNumber:
        """What `next` would give now: for the screen of a draft, and promised to nobody.

        Takes no lock and waits for nobody. Others may draw before the caller does, and a
        period may end; what is saved must come from `next`.

        Args:
            conn: the caller's connection or session; it needn't be in a transaction.
            at: as for `next`; by default, this machine's clock decides.
            **scope: as for `next`.

        Returns:
            a number that wasn't drawn.

        Raises:
            InvalidSequence: as for `next`. Nothing was sent.
            SequenceExhausted: there is no next number.
            AseqError: any of those of `AsyncSequence.last_value`.
        """
        values, at = self.scope_of(scope), chosen(at)
        executor = executor_for(conn)
        seen = previewing(self, executor, values, at)
        return await run_on(seen.subject, seen.plan, executor, writes=False)

    def sequence(self, *, at: datetime | None = None) -> AsyncSequence:
        """The sequence that a bound numbering draws from.

        For what wants a sequence: `advance_to`, to start a year with another number, or
        `delete`. It stands in the queue of the numbering, so both can be used in one
        transaction, in any order.

        Args:
            at: a moment of the period, with a time zone. By default, this machine's clock
                decides; nothing else makes it the period in which a draw is made.

        Raises:
            InvalidSequence: a scope isn't bound, or `at` has no time zone.
        """
        scope = self.scope_of({})
        now = CLOCK.now() if at is None else moment(at)
        return self.counter(scope, self.span(now).period)

    def turn(self, *, limit: int = LIMIT, timeout: float | None = None) -> Turn:
        """Wait for a place among the few tasks of this process that go on to draw.

        Of a bound numbering, as `AsyncSequence.turn`: all its periods share a turn.

        Args:
            limit: how many tasks may have their turn at once, at least 1.
            timeout: seconds to wait at most.

        Returns:
            an asynchronous context manager.

        Raises:
            InvalidSequence: a scope isn't bound, or an argument can't work.
        """
        return turn(self, limit=limit, timeout=timeout)

    def _counter(self) -> PeriodCounter:
        scope = self._bound_scope()
        return PeriodCounter(self, scope, CLOCK.now(), CLOCK.learn)

    async def take_over(
        self, conn: Connection, source: object, /, **unprinted: object
    ) -> TakenOver:
        """Move the counters forward, past numbers that were given out in another way.

        Each counter of a scope and a period is moved past the furthest of its numbers, and
        never back, so repeating it does no harm. Waits, and can be cancelled, like
        `AsyncSequence.advance_to`; one statement for each counter.

        Stop the other numbering first. What can't be read is skipped and reported.

        Args:
            conn: the caller's connection or session.
            source: the column that has the numbers: that of a model (``Invoice.number``), a
                model and a name (``(Invoice, "number")``), or "table.column"; or the numbers
                themselves, in a list or any other iterable. Their padding may differ
                from today's, and they may be of any scopes and periods. None counts as
                no number.
            **unprinted: the scopes that aren't printed and aren't bound: a value, the same
                for all; or, if the numbers are in a column, another column of its table.

        Returns:
            the last numbers of the counters now, and what couldn't be read.

        Raises:
            InvalidSequence: `source` is neither; or an unprinted scope is missing, or can't
                have its value. Nothing was sent.
            AseqError: any of those of `AsyncSequence.advance_to`.
        """
        plan = cast("Any", reading(self, source, unprinted))
        furthest = await read_on(self.counter((), None), plan, executor_for(conn))
        counters = {}
        for sequence, number in furthest.in_order():
            counters[sequence.name] = await sequence.advance_to(conn, number)
        return TakenOver(counters, tuple(furthest.unread))
