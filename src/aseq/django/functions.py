"""The functions of `aseq.django.sync`, for async code: inside `aatomic` blocks."""

from __future__ import annotations

from collections.abc import Sequence as Values

from .asequence import Sequence

__all__ = (
    "Sequence",
    "aadvance_to",
    "adelete",
    "advance_to",
    "aget_last_value",
    "aget_next_value",
    "aget_next_values",
    "delete",
    "get_last_value",
    "get_next_value",
    "get_next_values",
)


async def get_last_value(
    sequence_name: str = "default", *, using: str | None = None
) -> int | None:
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
    return await Sequence(sequence_name, using=using).get_last_value()


async def get_next_value(
    sequence_name: str = "default",
    initial_value: int = 1,
    reset_value: int | None = None,
    *,
    nowait: bool = False,
    using: str | None = None,
) -> int:
    """Draw the next value of a gapless sequence, in the task's `aatomic` block.

    Waits until other transactions that drew from the sequence have ended. Cancelling is
    safe: if a number may have been drawn by then, the block rolls back at its end.

    Args:
        sequence_name: 1 to 100 characters.
        initial_value: the first value.
        reset_value: start again with `initial_value` instead of reaching this.
        nowait: don't wait, but raise SequenceLocked; the transaction stays usable.
        using: a database alias; None asks the routers, for writing.

    Raises:
        InvalidSequence: a parameter can't work (a ValueError).
        NotInTransaction: no `aatomic` block of the task is open on that database.
        SequenceLocked: another transaction holds it, and `nowait` was asked for, or a
            lock timeout ended the wait (a `django.db.OperationalError`).
        SequenceExhausted: no 64-bit value is left (a `django.db.DataError`).
        SequenceTableMissing: run `manage.py migrate` (a `django.db.ProgrammingError`).
    """
    sequence = Sequence(sequence_name, initial_value, reset_value, using=using)
    return await sequence.get_next_value(nowait=nowait)


async def get_next_values(
    batch_size: int,
    sequence_name: str = "default",
    initial_value: int = 1,
    *,
    nowait: bool = False,
    using: str | None = None,
) -> Values[int]:
    """Draw the next `batch_size` values, in one statement.

    Waits, and can be cancelled, as `get_next_value`.

    Args:
        batch_size: how many, at least 0. (0 touches nothing.)
        sequence_name: as for `get_next_value`, like the others.
        initial_value: the first value.
        nowait: don't wait, but raise SequenceLocked.
        using: a database alias; None asks the routers, for writing.

    Returns:
        the values, as a range.

    Raises:
        InvalidSequence: `batch_size` can't work, or another parameter; nothing was sent.
        AseqError: any of those of `get_next_value`. A batch is drawn whole or not at all.
    """
    sequence = Sequence(sequence_name, initial_value, using=using)
    return await sequence.get_next_values(batch_size, nowait=nowait)


async def advance_to(
    value: int,
    sequence_name: str = "default",
    initial_value: int = 1,
    reset_value: int | None = None,
    *,
    using: str | None = None,
) -> int:
    """Move the last value forward, so that the next one comes after `value`; never back.

    Waits, and can be cancelled, as `get_next_value`.

    Args:
        value: the new last value; a looping sequence must loop over it.
        sequence_name: as for `get_next_value`, like the others.
        initial_value: the first value.
        reset_value: start again with `initial_value` instead of reaching this.
        using: a database alias; None asks the routers, for writing.

    Returns:
        the last value now: `value`, or one further on.

    Raises:
        InvalidSequence: the sequence can't have that value; nothing was sent.
        AseqError: any of those of `get_next_value`, but for SequenceExhausted.
    """
    sequence = Sequence(sequence_name, initial_value, reset_value, using=using)
    return await sequence.advance_to(value)


async def delete(sequence_name: str = "default", *, using: str | None = None) -> bool:
    """Delete a sequence; the next draw starts again.

    Waits, and can be cancelled, as `get_next_value`.

    Args:
        sequence_name: 1 to 100 characters.
        using: a database alias; None asks the routers, for writing.

    Returns:
        whether there was one.

    Raises:
        AseqError: any of those of `get_next_value`, but for SequenceExhausted.
    """
    return await Sequence(sequence_name, using=using).delete()


# As Django names the async twins of sync functions.
aadvance_to = advance_to
adelete = delete
aget_last_value = get_last_value
aget_next_value = get_next_value
aget_next_values = get_next_values
