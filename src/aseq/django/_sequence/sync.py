"""`Sequence` for sync code: on Django's own connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Sequence as Values

from django.db import router
from django.db.models import Model

from aseq._core.spec import SequenceSpec
from aseq._core.waiting import waiting
from aseq.django.connection import DjangoConnection
from aseq.sync import _verbs

from .parameters import Parameters


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
        return _verbs.last_value(self._spec(), self._connection(router.db_for_read))

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
        return _verbs.next_values(spec, connection, batch_size, wait)

    def advance_to(self, value: int, *, timeout: float | None = None) -> int:
        """Move the last value forward, never back; return the last value now."""
        spec = self._spec()
        spec._check_value(value)
        wait = waiting(nowait=False, timeout=timeout)
        return _verbs.advance_to(spec, self._connection(router.db_for_write), value, wait)

    def delete(self, *, timeout: float | None = None) -> bool:
        """Delete the sequence; return whether there was one."""
        spec, wait = self._spec(), waiting(nowait=False, timeout=timeout)
        return _verbs.delete(spec, self._connection(router.db_for_write), wait)

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        return self.get_next_value()

    def _spec(self) -> SequenceSpec:
        return self._as(SequenceSpec)

    def _connection(self, route: Callable[[type[Model]], str]) -> DjangoConnection:
        return DjangoConnection(self._alias(route))
