"""The functions of django-sequences, for sync code, on Django's own connections.

``from sequences import get_next_value`` becomes
``from aseq.django.sync import get_next_value``. Two things differ: outside a
transaction it raises NotInTransaction (unless ``ASEQ_REQUIRE_TRANSACTION = False``), and
``nowait=True`` raises on the first call too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Sequence as Values

from django.db import router
from django.db.models import Model

from aseq._core import plans
from aseq._core.spec import SequenceSpec
from aseq._core.waiting import waiting
from aseq._drive import run_on_sync

from ._parameters import Parameters
from .connection import DjangoConnection

__all__ = (
    "Sequence",
    "advance_to",
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

    Waits as `get_next_value`.

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
    """Delete a sequence; the next draw starts again. Waits as `get_next_value`.

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


class Sequence(Parameters):
    """A gapless sequence of integers: the functions of this module, with their parameters kept.

    Iterating over it draws values without an end:

        cases = Sequence("cases", initial_value=1000)
        with transaction.atomic():
            Case.objects.create(number=next(cases))

    Args:
        sequence_name: 1 to 100 characters.
        initial_value: the first value.
        reset_value: start again with `initial_value` instead of reaching this.
        using: a database alias; None asks the routers.

    Raises:
        InvalidSequence: a parameter can't work (a ValueError).
    """

    def get_last_value(self) -> int | None:
        """Return the last value drawn, or None."""
        spec, connection = self._spec(), self._connection(router.db_for_read)
        return run_on_sync(
            spec, plans.last_value(spec, connection.dialect), connection, writes=False
        )

    def get_next_value(self, *, nowait: bool = False, timeout: float | None = None) -> int:
        """Draw the next value; see the function of that name."""
        [value] = self.get_next_values(1, nowait=nowait, timeout=timeout)
        return value

    def get_next_values(
        self, batch_size: int, *, nowait: bool = False, timeout: float | None = None
    ) -> Values[int]:
        """Draw the next `batch_size` values: a range, unless the sequence looped."""
        spec = self._spec()
        spec._check_count(batch_size)
        wait = waiting(nowait=nowait, timeout=timeout)
        if batch_size == 0:
            return range(0)
        connection = self._connection(router.db_for_write)
        plan = plans.next_values(spec, connection.dialect, batch_size, wait)
        return run_on_sync(spec, plan, connection, writes=True)

    def advance_to(self, value: int, *, timeout: float | None = None) -> int:
        """Move the last value forward, never back; return the last value now."""
        spec = self._spec()
        spec._check_value(value)
        wait = waiting(nowait=False, timeout=timeout)
        connection = self._connection(router.db_for_write)
        plan = plans.advance_to(spec, connection.dialect, value, wait)
        return run_on_sync(spec, plan, connection, writes=True)

    def delete(self, *, timeout: float | None = None) -> bool:
        """Delete the sequence; return whether there was one."""
        spec, wait = self._spec(), waiting(nowait=False, timeout=timeout)
        connection = self._connection(router.db_for_write)
        plan = plans.delete(spec, connection.dialect, wait)
        return run_on_sync(spec, plan, connection, writes=True)

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        return self.get_next_value()

    def _spec(self) -> SequenceSpec:
        return self._as(SequenceSpec)

    def _connection(self, route: Callable[[type[Model]], str]) -> DjangoConnection:
        return DjangoConnection(self._alias(route))
