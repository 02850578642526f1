"""`Numbering` for async code: drawn in the task's `aatomic` block."""

from __future__ import annotations

from collections.abc import Sequence as Values
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.db import router

from aseq._core.waiting import Waiting, waiting
from aseq._drive import read_on, run_on
from aseq.django._block.atomic import open_block
from aseq.django._block.block import Block
from aseq.django._in_block import in_block
from aseq.django._sequence.aio import Sequence
from aseq.numbering import DocumentNumber, TakenOver
from aseq.numbering._days import chosen
from aseq.numbering._draw import drawing, previewing
from aseq.numbering._scope import Scope, ScopeValue
from aseq.numbering._take_over import reading

from .spec import DjangoNumbering
from .sync import preview_on


@dataclass(frozen=True, slots=True)
class Numbering(DjangoNumbering):
    """A series of document numbers, such as INV-2026-00042: as `aseq.numbering.Numbering`.

    For each scope (a tenant, a branch) and each period (a year) the numbers start again. One
    moment, told by the database's clock when the number's turn has come, decides number,
    period and date:

        async with aatomic():
            issued = await invoice_numbers.next(tenant=tenant.pk)
            await Invoice.objects.acreate(number=issued.text, issued_at=issued.at)

    The counters are in the project's table (``ASEQ_TABLE``). The object is frozen and
    hashable; make one for each series, in a module of its own.

    Args:
        name: the name of the series, which the names of its counters begin with.
        pattern: the text, with fields in braces, as of `aseq.numbering.Numbering`:
            ``{number}`` or ``{number:05}``, ``{year}`` and other parts of the date, and
            scopes by their names.
        scope: the names of scopes that aren't printed.
        period: what the numbers start again with: "day", "week", "month", "quarter",
            "year", or a `FiscalYear`. None if they never do.
        tz: the time zone of the dates: a name of the IANA database or a tzinfo. Needed
            if there is a period, or if a date is printed.
        step: the distance between numbers; negative to count down.
        initial_value: the first number of each scope and period.
        check: computes a check digit, as the functions of python-stdnum do.
        table: the table that keeps the counters; the project's, unless told otherwise.
        fair: whether waiters stand in a queue, as for an `AsyncSequence`.
        require_transaction: as for an `AsyncSequence`.
        using: a database alias; None asks the routers.

    Raises:
        InvalidSequence: a parameter can't work, or two numbers would be printed alike.
    """

    async def next(
        self,
        *,
        at: datetime | None = None,
        nowait: bool = False,
        timeout: float | None = None,
        **scope: ScopeValue,
    ) -> DocumentNumber:
        """Draw the next number.

        Call it inside the `aatomic` block that saves the number. Waits until other
        transactions that drew a number of this scope have ended, whatever their period. Can
        be cancelled like `get_next_value`.

        Args:
            at: the moment of the number, with a time zone: for backdated documents, and
                for tests. By default, the database's clock decides.
            nowait: don't wait, but raise SequenceLocked; the transaction stays usable.
            timeout: seconds to wait at most, as for `get_next_value`.
            **scope: the values of all scopes that aren't bound: texts, integers or Enums.

        Returns:
            the number, with its text, its moment and its date.

        Raises:
            InvalidSequence: a scope is missing, or can't have its value; `at` has no time
                zone; `timeout` can't work. Nothing was sent.
            UnsteadyClock: the database's clock was in another period at each try (a
                `django.db.OperationalError`).
            AseqError: any of those of `get_next_value`.
        """
        wait = waiting(nowait=nowait, timeout=timeout)
        [number] = await self._draw(1, at, wait, self.scope_of(scope))
        return number

    async def next_many(
        self,
        count: int,
        *,
        at: datetime | None = None,
        nowait: bool = False,
        timeout: float | None = None,
        **scope: ScopeValue,
    ) -> Values[DocumentNumber]:
        """Draw the next `count` numbers, all of one moment and one period.

        Waits like `next`; one statement.

        Args:
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
        return [] if count == 0 else await self._draw(count, at, wait, values)

    async def _draw(
        self, count: int, at: datetime | None, wait: Waiting, scope: Scope
    ) -> Values[DocumentNumber]:
        at = chosen(at)
        async with self._block(self._name(scope, at)) as block:
            drawn = drawing(self, block, scope, count, at, wait)
            return await run_on(drawn.subject, drawn.plan, block, writes=True, drawn=len)

    def _block(self, name: str) -> AbstractAsyncContextManager[Block]:
        return in_block(name, self._alias(router.db_for_write))

    async def preview(
        self, *, at: datetime | None = None, **scope: ScopeValue
    ) -> DocumentNumber:
        """What `next` would give now: for the screen of a draft, and promised to nobody.

        Takes no lock and waits for nobody; needs no block. What is saved must come from
        `next`.

        Args:
            at: as for `next`; by default, this machine's clock decides.
            **scope: as for `next`.

        Returns:
            a number that wasn't drawn.

        Raises:
            InvalidSequence: as for `next`. Nothing was sent.
            SequenceExhausted: there is no next number.
            AseqError: any of those of `get_last_value`.
        """
        values, at = self.scope_of(scope), chosen(at)
        using = self._alias(router.db_for_read)
        block = open_block(using)
        if block is not None:
            seen = previewing(self, block, values, at)
            return await run_on(seen.subject, seen.plan, block, writes=False)
        return await sync_to_async(preview_on)(self, using, values, at)

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
        return Sequence._of(self._sequence(at), self.using)

    async def take_over(self, source: object, /, **unprinted: object) -> TakenOver:
        """Move the counters forward, past numbers that were given out in another way.

        Each counter of a scope and a period is moved past the furthest of its numbers, and
        never back, so repeating it does no harm. One statement for each counter. What can't
        be read is skipped and told. Waits like `next`, and needs a block.

        Args:
            source: the field that has the numbers (``Invoice.number``), or "table.column"; or
                the numbers themselves, in a list or any other iterable. None counts as no
                number.
            **unprinted: the scopes that aren't printed and aren't bound: a value, the same
                for all; or, if the numbers are in a field, another field of its model.

        Returns:
            the last numbers of the counters now, and what couldn't be read.

        Raises:
            InvalidSequence: `source` is neither; or an unprinted scope is missing, or can't
                have its value. Nothing was sent.
            AseqError: any of those of `advance_to`.
        """
        plan = cast("Any", reading(self, source, unprinted))
        about, counters = self.counter((), None), dict[str, int]()
        async with self._block(about.name) as block:
            furthest = await read_on(about, plan, block)
            for sequence, number in furthest.in_order():
                counters[sequence.name] = await sequence.advance_to(block, number)
        return TakenOver(counters, tuple(furthest.unread))
