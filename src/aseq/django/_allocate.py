"""`allocate` for Django: numbers of several sequences and numberings in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, cast

from django.db import router

import aseq
from aseq._allocate import Allocated, check_drawable
from aseq._core.allocation import Allocation
from aseq._core.counter import Drawable
from aseq._core.waiting import waiting
from aseq.errors import InvalidSequence
from aseq.sync import _verbs

from . import conf
from ._in_block import in_block
from ._sequence.parameters import alias
from .connection import DjangoConnection

D = TypeVar("D", bound=Drawable[Any])


async def aallocate(
    wanted: Mapping[D, int],
    /,
    *,
    nowait: bool = False,
    timeout: float | None = None,
    using: str | None = None,
) -> Allocated[D]:
    """Draw from several sequences and numberings at once, in one statement.

        receipts = receipt_numbers.bind(tenant=tenant.pk)  # a Numbering
        numbers = await allocate({invoice_numbers: 1, receipts: 3})
        [invoice] = numbers[invoice_numbers]

    Locks are taken in one order, whatever the order of `wanted`: calls that want the same
    sequences can't deadlock, as draws one after the other can. Waits, and can be
    cancelled, like `get_next_value`.

    Args:
        wanted: how many numbers of each `Sequence`, `AsyncSequence` or bound `Numbering`, at
            least 0. All their counters are in one table, and at most 1,000 of them queue.
        nowait: don't wait, but raise SequenceLocked. The transaction stays usable, but may
            hold others of them until it ends.
        timeout: seconds to wait at most, all locks of all sequences together.
        using: a database alias; None is that of `wanted`, or asks the routers.

    Returns:
        the numbers of each, in the order of `wanted`: integers of a sequence,
        `DocumentNumber`s of a numbering.

    Raises:
        InvalidSequence: as of `aseq.allocate`; or they are in two databases. Nothing was
            sent.
        AseqError: any of those of `aseq.allocate`, and of `get_next_value`.
    """
    waiting(nowait=nowait, timeout=timeout)  # refused before a block is opened
    allocation = _allocation(wanted)
    where = alias(place(wanted, using), router.db_for_write)
    if allocation.empty:
        return cast("Allocated[D]", allocation.nothing)
    async with in_block(allocation.subject.name, where) as block:
        return await aseq.allocate(block, wanted, nowait=nowait, timeout=timeout)


def allocate(
    wanted: Mapping[D, int],
    /,
    *,
    nowait: bool = False,
    timeout: float | None = None,
    using: str | None = None,
) -> Allocated[D]:
    """Draw from several sequences and numberings at once, in one statement.

        receipts = receipt_numbers.bind(tenant=tenant.pk)  # a Numbering
        numbers = allocate({invoice_numbers: 1, receipts: 3})
        [invoice] = numbers[invoice_numbers]

    Locks are taken in one order, whatever the order of `wanted`: calls that want the same
    sequences can't deadlock, as draws one after the other can. Waits like `get_next_value`.

    Args:
        wanted: how many numbers of each `Sequence`, `AsyncSequence` or bound `Numbering`, at
            least 0. All their counters are in one table, and at most 1,000 of them queue.
        nowait: don't wait, but raise SequenceLocked. The transaction stays usable, but may
            hold others of them until it ends.
        timeout: seconds to wait at most, all locks of all sequences together.
        using: a database alias; None is that of `wanted`, or asks the routers.

    Returns:
        the numbers of each, in the order of `wanted`: integers of a sequence,
        `DocumentNumber`s of a numbering.

    Raises:
        InvalidSequence: as of `aseq.allocate`; or they are in two databases. Nothing was
            sent.
        AseqError: any of those of `aseq.allocate`, and of `get_next_value`.
    """
    wait = waiting(nowait=nowait, timeout=timeout)
    allocation = _allocation(wanted)
    where = alias(place(wanted, using), router.db_for_write)
    if allocation.empty:
        return cast("Allocated[D]", allocation.nothing)
    drawn: Allocated[D] = _verbs.allocate(allocation, DjangoConnection(where), wait)
    return drawn


def _allocation(wanted: Mapping[D, int]) -> Allocation[D]:
    check_drawable(wanted)
    return Allocation(wanted, conf.adapt)


def place(wanted: Iterable[object], using: str | None) -> str | None:
    """The database that all of them are in, as far as anybody has said."""
    told = {using, *(getattr(each, "using", None) for each in wanted)} - {None}
    if len(told) > 1:
        names = " and ".join(sorted(map(repr, told)))
        raise InvalidSequence("using", f"must be one database, not {names}")
    return told.pop() if told else None
