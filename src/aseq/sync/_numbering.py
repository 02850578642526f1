"""`Numbering`: the verbs of `aseq.numbering.Numbering`, in sync code."""

from __future__ import annotations

from collections.abc import Sequence as Values
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Self

from aseq._core.waiting import waiting
from aseq.numbering import DocumentNumber, TakenOver
from aseq.numbering._allocation import PeriodCounter
from aseq.numbering._clock import CLOCK
from aseq.numbering._days import moment
from aseq.numbering._scope import ScopeValue
from aseq.numbering._spec import NumberingSpec

from . import _documents
from ._connection import Connection
from ._dispatch import executor_for
from ._sequence import Sequence


@dataclass(frozen=True, slots=True)
class Numbering(NumberingSpec):
    """A series of document numbers, such as INV-2026-00042, in sync code.

    The same series as an `aseq.numbering.Numbering` of that name: both draw from the same
    counters, with the same promises. All their parameters must agree; `of` sees to that.

        invoice_numbers = Numbering(
            "invoices", "INV-{year}-{number:05}",
            scope=["tenant"], period="year", tz="Europe/Paris",
        )

        with Session.begin() as session:
            issued = invoice_numbers.next(session, tenant=tenant.id)
            session.add(Invoice(number=issued.text, issued_at=issued.at))

    The object holds no connection and no state. It is frozen and hashable, and safe to
    share between threads and processes.

    Args:
        name: the name of the series, which the names of its counters begin with.
        pattern: the text, with fields in braces, as of `aseq.numbering.Numbering`.
        scope: the names of scopes that aren't printed.
        period: what the numbers start again with: "day", "week", "month", "quarter",
            "year", or a `FiscalYear`. None if they never do.
        tz: the time zone of the dates: a name of the IANA database or a tzinfo. Needed
            if there is a period, or if a date is printed.
        step: the distance between numbers; negative to count down.
        initial_value: the first number of each scope and period.
        check: computes a check digit, as the functions of python-stdnum do.
        table: the table that keeps the counters, as of a `Sequence`.
        fair: whether waiters stand in a queue, as of a `Sequence`.
        require_transaction: as of a `Sequence`.

    Raises:
        InvalidSequence: a parameter can't work, or two numbers would be printed alike.
    """

    @classmethod
    def of(cls, numbering: NumberingSpec, /) -> Self:
        """The numbering of async code, for sync code.

        Args:
            numbering: an `aseq.numbering.Numbering`, bound or not.
        """
        given = {
            each.name: getattr(numbering, each.name)
            for each in fields(NumberingSpec)
            if each.init
        }
        return cls(**given).bind(**numbering.bound)

    def next(
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
        their period. Can be interrupted as `Sequence.next_value`.

        Args:
            conn: the caller's connection or session, in the transaction that will save the
                number.
            at: the moment of the number, with a time zone: for backdated documents, and
                for tests. By default, the database's clock decides.
            nowait: don't wait, but raise SequenceLocked. The transaction stays usable.
            timeout: seconds to wait at most, as for `Sequence.next_value`.
            **scope: the values of all scopes that aren't bound: texts, integers or Enums.

        Returns:
            the number, with its text, its moment and its date. It is the caller's once the
            transaction commits.

        Raises:
            InvalidSequence: a scope is missing, or can't have its value; `at` has no time
                zone; `timeout` can't work. Nothing was sent.
            UnsteadyClock: the database's clock was in another period at each try.
            AseqError: any of those of `Sequence.next_value`.
        """
        wait, values = waiting(nowait=nowait, timeout=timeout), self.scope_of(scope)
        [number] = _documents.draw(self, executor_for(conn), values, 1, at, wait)
        return number

    def next_many(
        self,
        conn: Connection,
        count: int,
        /,
        *,
        at: datetime | None = None,
        nowait: bool = False,
        timeout: float | None = None,
        **scope: ScopeValue,
    ) -> Values[DocumentNumber]:
        """Draw the next `count` numbers, all of one moment and one period.

        Waits, and can be interrupted, as `next`; one statement.

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
        if count == 0:
            return []
        return _documents.draw(self, executor_for(conn), values, count, at, wait)

    def preview(
        self, conn: Connection, /, *, at: datetime | None = None, **scope: ScopeValue
    ) -> DocumentNumber:
        """What `next` would give now: for the screen of a draft, and promised to nobody.

        Takes no lock and waits for nobody. What is saved must come from `next`.

        Args:
            conn: the caller's connection or session; it needn't be in a transaction.
            at: as for `next`; by default, this machine's clock decides.
            **scope: as for `next`.

        Returns:
            a number that wasn't drawn.

        Raises:
            InvalidSequence: as for `next`. Nothing was sent.
            SequenceExhausted: there is no next number.
            AseqError: any of those of `Sequence.last_value`.
        """
        return _documents.preview(self, executor_for(conn), self.scope_of(scope), at)

    def sequence(self, *, at: datetime | None = None) -> Sequence:
        """The sequence that a bound numbering draws from.

        For what wants a sequence: `advance_to`, to start a year with another number, or
        `delete`.

        Args:
            at: a moment of the period, with a time zone. By default, this machine's clock
                decides; nothing else makes it the period in which a draw is made.

        Raises:
            InvalidSequence: a scope isn't bound, or `at` has no time zone.
        """
        scope = self.scope_of({})
        now = CLOCK.now() if at is None else moment(at)
        return Sequence.of(self.counter(scope, self.span(now).period))

    def take_over(self, conn: Connection, source: object, /, **unprinted: object) -> TakenOver:
        """Move the counters forward, past numbers that were given out in another way.

        As `aseq.numbering.Numbering.take_over`: never back, so repeating it does no harm;
        what can't be read is skipped and told.

        Args:
            conn: the caller's connection or session.
            source: the column that has the numbers, or the numbers themselves, as there.
            **unprinted: the scopes that aren't printed and aren't bound: a value, the same
                for all; or, if the numbers are in a column, another column of its table.

        Returns:
            the last numbers of the counters now, and what couldn't be read.

        Raises:
            InvalidSequence: `source` is neither; or an unprinted scope is missing, or can't
                have its value. Nothing was sent.
            AseqError: any of those of `Sequence.advance_to`.
        """
        return _documents.take_over(self, lambda: executor_for(conn), source, unprinted)

    def _counter(self) -> PeriodCounter:
        return PeriodCounter(self, self._bound_scope(), CLOCK.now(), CLOCK.learn)
