"""`allocate`: numbers of several sequences in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ._connection import Connection
from ._core.allocation import Allocation
from ._core.waiting import waiting
from ._dispatch import executor_for
from ._drive import run_on
from ._sequence import AsyncSequence


async def allocate(
    conn: Connection,
    wanted: Mapping[AsyncSequence, int],
    /,
    *,
    nowait: bool = False,
    timeout: float | None = None,
) -> dict[AsyncSequence, Sequence[int]]:
    """Draw from several sequences at once, in one statement and one round trip.

        numbers = await allocate(session, {invoices: 1, receipts: 3})
        [invoice] = numbers[invoices]

    Locks are taken in one order, whatever the order of `wanted`: calls that want the same
    sequences can't deadlock, as draws one after the other can. Waits, and can be cancelled,
    as `AsyncSequence.next_value`.

    Args:
        conn: the caller's connection or session, in the transaction that will save the
            numbers.
        wanted: how many numbers of each sequence, at least 0. All sequences are in one table,
            and at most 1,000 of them queue.
        nowait: don't wait, but raise SequenceLocked if another transaction holds one of them.
            The transaction stays usable, but may hold others of them until it ends.
        timeout: seconds to wait at most, all locks of all sequences together.

    Returns:
        the numbers of each sequence, in the order of `wanted`.

    Raises:
        InvalidSequence: a count or `timeout` can't work, two sequences have one name, they
            are in two tables, or too many queue. Nothing was sent.
        SequenceExhausted: one of them has no more numbers. If others were drawn from, the
            transaction was made unusable.
        AseqError: any of those of `AsyncSequence.next_value`. All are drawn, or none.
    """
    wait = waiting(nowait=nowait, timeout=timeout)
    Allocation(wanted)  # refused here, before the connection is looked at
    executor = executor_for(conn)
    adapted = {executor.adapt(sequence): sequence for sequence in wanted}
    allocation = Allocation({one: wanted[sequence] for one, sequence in adapted.items()})
    if allocation.empty:
        return {sequence: range(0) for sequence in wanted}
    plan = allocation.plan(executor.dialect, wait)
    drawn = await run_on(allocation.subject, plan, executor, writes=True)
    return {adapted[one]: numbers for one, numbers in drawn.items()}
