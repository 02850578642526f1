"""The functions of django-sequences, for sync code, on Django's own connections.

``from sequences import get_next_value`` becomes
``from aseq.django.sync import get_next_value``. Two things differ: outside a
transaction it raises NotInTransaction (unless ``ASEQ_REQUIRE_TRANSACTION = False``), and
``nowait=True`` raises on the first call too.
"""

from __future__ import annotations

from collections.abc import Sequence as Values

from ._allocate import allocate
from ._ledger.sync import Ledger
from ._numbering.sync import Numbering
from ._sequence.sync import Sequence

__all__ = (
    "Ledger",
    "Numbering",
    "Sequence",
    "advance_to",
    "allocate",
    "delete",
    "get_last_value",
    "get_next_value",
    "get_next_values",
)


def get_last_value(sequence_name: str = "default", *, using: str | None = None) -> int | None:
    """Return the last value drawn, or None. Doesn't wait for other transactions.

    Args:
        sequence_name: 1 to 100 characters.
        using: a database alias; None asks the routers, for reading.

    Raises:
        InvalidSequence: `sequence_name` can't work (a ValueError).
        SequenceLocked: a lock timeout, or on SQLite the busy timeout, ended a wait (a
            `django.db.OperationalError`).
        SequenceTableMissing: run `manage.py migrate` (a `django.db.ProgrammingError`).
    """
    return Sequence(sequence_name, using=using).get_last_value()


def get_next_value(
    sequence_name: str = "default",
    initial_value: int = 1,
    reset_value: int | None = None,
    *,
    nowait: bool = False,
    timeout: float | None = None,
    using: str | None = None,
) -> int:
    """Draw the next value of a gapless sequence.

    Call it inside the transaction that saves the value. Waits until other transactions
    that drew from the sequence have ended. One statement, one round trip.

    Args:
        sequence_name: 1 to 100 characters.
        initial_value: the first value.
        reset_value: start again with `initial_value` instead of reaching this.
        nowait: don't wait, but raise SequenceLocked; the transaction stays usable.
        timeout: seconds to wait at most, all locks of the call together; less than a
            millisecond counts as one. Then SequenceLocked; on PostgreSQL the block can only
            be rolled back. It shortens the connection's own lock timeout (on SQLite, its busy
            timeout), and never lengthens it.
        using: a database alias; None asks the routers, for writing.

    Raises:
        InvalidSequence: a parameter can't work (a ValueError); `timeout` isn't a positive,
            finite number, or `nowait` was asked for as well. Nothing was sent.
        NotInTransaction: no `transaction.atomic` block is open on that database.
        SequenceLocked: another transaction holds it, and `nowait` was asked for, or
            `timeout` is over, or a lock timeout of the connection's ended the wait (a
            `django.db.OperationalError`).
        SequenceExhausted: no 64-bit value is left (a `django.db.DataError`).
        SequenceTableMissing: run `manage.py migrate` (a `django.db.ProgrammingError`).
    """
    sequence = Sequence(sequence_name, initial_value, reset_value, using=using)
    return sequence.get_next_value(nowait=nowait, timeout=timeout)


def get_next_values(
    batch_size: int,
    sequence_name: str = "default",
    initial_value: int = 1,
    *,
    nowait: bool = False,
    timeout: float | None = None,
    using: str | None = None,
) -> Values[int]:
    """Draw the next `batch_size` values, in one statement.

    Waits like `get_next_value`.

    Args:
        batch_size: how many, at least 0. (0 touches nothing.)
        sequence_name: as for `get_next_value`, like the others.
        initial_value: the first value.
        nowait: don't wait, but raise SequenceLocked.
        timeout: seconds to wait at most, as for `get_next_value`.
        using: a database alias; None asks the routers, for writing.

    Returns:
        the values, as a range.

    Raises:
        InvalidSequence: `batch_size` can't work, or another parameter; nothing was sent.
        AseqError: any of those of `get_next_value`. A batch is drawn whole or not at all.
    """
    sequence = Sequence(sequence_name, initial_value, using=using)
    return sequence.get_next_values(batch_size, nowait=nowait, timeout=timeout)


def advance_to(
    value: int,
    sequence_name: str = "default",
    initial_value: int = 1,
    reset_value: int | None = None,
    *,
    timeout: float | None = None,
    using: str | None = None,
) -> int:
    """Move the last value forward, so that the next one comes after `value`.

    Never back: a value that was passed already changes nothing. Waits as
    `get_next_value`.

    Args:
        value: the new last value; a looping sequence must loop over it.
        sequence_name: as for `get_next_value`, like the others.
        initial_value: the first value.
        reset_value: start again with `initial_value` instead of reaching this.
        timeout: seconds to wait at most, as for `get_next_value`.
        using: a database alias; None asks the routers, for writing.

    Returns:
        the last value now: `value`, or one further on.

    Raises:
        InvalidSequence: the sequence can't have that value, or `timeout` can't work; nothing
            was sent.
        AseqError: any of those of `get_next_value`, except SequenceExhausted.
    """
    return Sequence(sequence_name, initial_value, reset_value, using=using).advance_to(
        value, timeout=timeout
    )


def delete(
    sequence_name: str = "default",
    *,
    timeout: float | None = None,
    using: str | None = None,
) -> bool:
    """Delete a sequence; the next draw starts again. Waits like `get_next_value`.

    Args:
        sequence_name: 1 to 100 characters.
        timeout: seconds to wait at most, as for `get_next_value`.
        using: a database alias; None asks the routers, for writing.

    Returns:
        whether there was one.

    Raises:
        AseqError: any of those of `get_next_value`, except SequenceExhausted.
    """
    return Sequence(sequence_name, using=using).delete(timeout=timeout)
