"""`Sequence`: what the functions of `aseq.django.sync` are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Sequence as Values

from django.db import router
from django.db.models import Model

from aseq._core import plans
from aseq._core.spec import SequenceSpec
from aseq._core.waiting import waiting
from aseq._drive import run_on_sync

from . import conf
from .connection import DjangoConnection
from .routing import alias

__all__ = ("Sequence",)


class Sequence:
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

    def __init__(
        self,
        sequence_name: str = "default",
        initial_value: int = 1,
        reset_value: int | None = None,
        *,
        using: str | None = None,
    ) -> None:
        # Refuse here what can't work; the table comes from the settings, later.
        SequenceSpec(sequence_name, initial_value, reset_value)
        self.sequence_name = sequence_name
        self.initial_value = initial_value
        self.reset_value = reset_value
        self.using = using

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.sequence_name!r}, {self.initial_value!r}, "
            f"{self.reset_value!r}, using={self.using!r})"
        )

    def get_last_value(self) -> int | None:
        """Return the last value drawn, or None."""
        spec, connection = self._spec(), self._connection(router.db_for_read)
        return run_on_sync(
            spec, plans.last_value(spec, connection.dialect), connection, writes=False
        )

    def get_next_value(self, *, nowait: bool = False) -> int:
        """Draw the next value; see the function of that name."""
        [value] = self.get_next_values(1, nowait=nowait)
        return value

    def get_next_values(self, batch_size: int, *, nowait: bool = False) -> Values[int]:
        """Draw the next `batch_size` values: a range, unless the sequence looped."""
        spec = self._spec()
        spec._check_count(batch_size)
        if batch_size == 0:
            return range(0)
        connection = self._connection(router.db_for_write)
        plan = plans.next_values(
            spec, connection.dialect, batch_size, waiting(nowait=nowait, timeout=None)
        )
        return run_on_sync(spec, plan, connection, writes=True)

    def advance_to(self, value: int) -> int:
        """Move the last value forward, never back; return the last value now."""
        spec = self._spec()
        spec._check_value(value)
        connection = self._connection(router.db_for_write)
        plan = plans.advance_to(spec, connection.dialect, value)
        return run_on_sync(spec, plan, connection, writes=True)

    def delete(self) -> bool:
        """Delete the sequence; return whether there was one."""
        spec, connection = self._spec(), self._connection(router.db_for_write)
        return run_on_sync(
            spec, plans.delete(spec, connection.dialect), connection, writes=True
        )

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        return self.get_next_value()

    def _spec(self) -> SequenceSpec:
        return SequenceSpec(
            self.sequence_name,
            self.initial_value,
            self.reset_value,
            table=conf.table(),
            require_transaction=conf.require_transaction(),
        )

    def _connection(self, route: Callable[[type[Model]], str]) -> DjangoConnection:
        return DjangoConnection(alias(self.using, route))
