"""`allocate`, in sync code."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Values
from typing import Any, TypeVar, overload

from aseq._allocate import Allocated, check_drawable
from aseq._core.allocation import Allocation
from aseq._core.counter import Drawable
from aseq._core.waiting import waiting

from . import _verbs
from ._connection import Connection
from ._dispatch import executor_for
from ._sequence import Sequence

D = TypeVar("D", bound=Drawable[Any])


@overload
def allocate(  # pyright: ignore[reportOverlappingOverload]  # what is sequences alone is a dict
    conn: Connection,
    wanted: Mapping[Sequence, int],
    /,
    *,
    nowait: bool = False,
    timeout: float | None = None,
) -> dict[Sequence, Values[int]]: ...
@overload
def allocate(  # a literal of both kinds
    conn: Connection,
    wanted: Mapping[Drawable[Any], int],
    /,
    *,
    nowait: bool = False,
    timeout: float | None = None,
) -> Allocated[Drawable[Any]]: ...
@overload
def allocate(
    conn: Connection,
    wanted: Mapping[D, int],
    /,
    *,
    nowait: bool = False,
    timeout: float | None = None,
) -> Allocated[D]: ...
def allocate(
    conn: Connection,
    wanted: Mapping[Any, int],
    /,
    *,
    nowait: bool = False,
    timeout: float | None = None,
) -> Any:
    """Draw from several sequences and numberings at once, in one statement.

        receipts = receipt_numbers.bind(tenant=tenant.id)  # a Numbering
        numbers = allocate(session, {invoice_numbers: 1, receipts: 3})
        [invoice] = numbers[invoice_numbers]

    As `aseq.allocate`: locks are taken in one order, so calls that want the same sequences
    can't deadlock. Waits, and can be interrupted, as `Sequence.next_value`.

    Args:
        conn: the caller's connection or session, in the transaction that will save the
            numbers.
        wanted: how many numbers of each sequence or bound numbering, at least 0. All their
            counters are in one table, and at most 1,000 of them queue.
        nowait: don't wait, but raise SequenceLocked if another transaction holds one of them.
            The transaction stays usable, but may hold others of them until it ends.
        timeout: seconds to wait at most, all locks of all sequences together.

    Returns:
        the numbers of each sequence or numbering, in the order of `wanted`: integers of a
        sequence, `DocumentNumber`s of a numbering.

    Raises:
        InvalidSequence: as of `aseq.allocate`. Nothing was sent.
        AseqError: any of those of `aseq.allocate`. All are drawn, or none.
    """
    wait = waiting(nowait=nowait, timeout=timeout)
    check_drawable(wanted)
    Allocation(wanted)  # refused here, before the connection is looked at
    executor = executor_for(conn)
    allocation = Allocation(wanted, executor.adapt)
    if allocation.empty:
        return allocation.nothing
    return _verbs.allocate(allocation, executor, wait)
