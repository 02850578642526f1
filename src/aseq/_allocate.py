"""`allocate`: numbers of several sequences and numberings in one statement."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, Sequence
from typing import Any, Protocol, TypeVar, overload

from ._connection import Connection
from ._core.allocation import Allocation, count_drawn
from ._core.counter import Drawable, check_all_drawable
from ._core.scripts import later
from ._core.waiting import waiting
from ._dispatch import executor_for
from ._drive import run_on
from ._sequence import AsyncSequence
from .errors import InvalidSequence

D = TypeVar("D", bound=Drawable[Any])
D_co = TypeVar("D_co", bound=Drawable[Any], covariant=True)
N = TypeVar("N")


class Allocated(Protocol[D_co]):
    """What `allocate` gives for sequences and numberings together, as type checkers see it.

    It is a dict: of a sequence it has integers, of a numbering `DocumentNumber`s.
    """

    def __getitem__(self, key: Drawable[N], /) -> Sequence[N]: ...
    def __iter__(self) -> Iterator[D_co]: ...
    def __len__(self) -> int: ...
    def __contains__(self, key: object, /) -> bool: ...
    def keys(self) -> KeysView[D_co]: ...
    def items(self) -> ItemsView[D_co, Sequence[Any]]: ...


@overload
async def allocate(
    conn: Connection,
    wanted: Mapping[AsyncSequence, int],
    /,
    *,
    nowait: bool = False,
    timeout: float | None = None,
) -> dict[AsyncSequence, Sequence[int]]: ...
@overload
async def allocate(  # a literal of both kinds
    conn: Connection,
    wanted: Mapping[Drawable[Any], int],
    /,
    *,
    nowait: bool = False,
    timeout: float | None = None,
) -> Allocated[Drawable[Any]]: ...
@overload
async def allocate(
    conn: Connection,
    wanted: Mapping[D, int],
    /,
    *,
    nowait: bool = False,
    timeout: float | None = None,
) -> Allocated[D]: ...
async def allocate(
    conn: Connection,
    wanted: Mapping[Any, int],
    /,
    *,
    nowait: bool = False,
    timeout: float | None = None,
) -> Any:
    """Draw from several sequences and numberings at once, in one statement.

        receipts = receipt_numbers.bind(tenant=tenant.id)  # a Numbering
        numbers = await allocate(session, {invoice_numbers: 1, receipts: 3})
        [invoice] = numbers[invoice_numbers]

    One round trip, and one more if the period of a numbering ends meanwhile. Each
    numbering has one moment for all its numbers, by the database's clock, as in
    `Numbering.next_many`.

    Locks are taken in one order, whatever the order of `wanted`: calls that want the same
    sequences can't deadlock, as draws one after the other can. (With ``fair=False``, one
    that goes on into a new period may deadlock with others that draw from it; the database
    then ends one of them, which is worth another try.) Waits, and can be cancelled,
    like `AsyncSequence.next_value`.

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
        InvalidSequence: a count or `timeout` can't work, a numbering isn't bound, two are
            the same sequence, they are in two tables, or too many queue. Nothing was sent.
        SequenceExhausted: one of them has no more numbers. If others were drawn from, the
            transaction was made unusable.
        UnsteadyClock: as of `Numbering.next`.
        AseqError: any of those of `AsyncSequence.next_value`. All are drawn, or none.
    """
    wait = waiting(nowait=nowait, timeout=timeout)
    check_drawable(wanted)
    allocation = Allocation(wanted)  # refused here, before the connection is looked at
    executor = executor_for(conn)
    allocation = allocation.adapted(executor.adapt)
    if allocation.empty:
        return allocation.nothing
    plan = later(lambda: allocation.plan(executor.dialect, wait))
    return await run_on(allocation.subject, plan, executor, writes=True, drawn=count_drawn)


def check_drawable(wanted: object) -> None:
    """Refuse what isn't a mapping, or has keys that numbers can't be drawn from.

    Raises:
        InvalidSequence: so it is.
    """
    if not isinstance(wanted, Mapping):
        raise InvalidSequence(
            "wanted",
            f"must be a mapping from sequences to how many numbers, not {wanted!r}",
        )
    check_all_drawable(wanted)
