"""Draws from several sequences at once, in one order that everybody has."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar, cast

from aseq.errors import AseqError, InvalidSequence, SequenceLocked

from .arithmetic import batch
from .binds import draw_binds
from .dialects import Dialect
from .plans import LOCKED, refusal
from .scripts import PartlyDrawn, Plan, integer, last_in, say, statements
from .spec import SequenceSpec
from .statement import Bind
from .table import TableName
from .waiting import AS_LONG_AS_IT_TAKES, Wait, Waiting

S = TypeVar("S", bound=SequenceSpec)

LIMIT = 1_000
"""How many names that queue one call may have: each is a slot of the server's lock table."""

_SHOWN = 3


class Allocation(Generic[S]):
    """What is wanted of several sequences of one table.

    Args:
        wanted: how many numbers of each; 0 of a sequence leaves it alone.

    Raises:
        InvalidSequence: a count can't work, two have one name, or they have two tables.
    """

    def __init__(self, wanted: Mapping[S, int]) -> None:
        for sequence, count in wanted.items():
            sequence._check_count(count)
        names = {sequence.name for sequence in wanted}
        if len(names) < len(wanted):
            raise InvalidSequence("sequences", _twice([each.name for each in wanted]))
        tables = sorted({str(TableName.parse(each.table)) for each in wanted})
        if len(tables) > 1:
            raise InvalidSequence("sequences", f"must be in one table, not {_some(tables)}")
        # The order of the locks: whose queue, then the name.
        self._order = sorted(
            (sequence for sequence, count in wanted.items() if count),
            key=lambda sequence: (sequence._queue, sequence.name),
        )
        self._wanted = wanted
        self._queues = {each._queue for each in self._order if each._queued}
        if len(self._queues) > LIMIT:
            raise InvalidSequence(
                "sequences",
                f"must stand in {LIMIT:,} queues at most, not {len(self._queues):,}: each "
                "takes a slot of the server's lock table until the transaction ends",
            )

    @property
    def subject(self) -> Subject:
        """What errors are about."""
        return Subject(
            _some([sequence.name for sequence in self._order]),
            self._order[0].table,
            any(sequence.require_transaction for sequence in self._order),
        )

    @property
    def empty(self) -> bool:
        """Whether no number is wanted."""
        return not self._order

    def plan(
        self, dialect: Dialect, waiting: Waiting = AS_LONG_AS_IT_TAKES
    ) -> Plan[dict[S, Sequence[int]]]:
        """Draw all of them, or none."""
        script = dialect.allocate[waiting.kind]
        table = TableName.parse(self._order[0].table)
        said = statements(script, table, self._binds())
        said = tuple(each._replace(queues_for=tuple(self._queues)) for each in said)
        rows = yield from say(said, waiting)
        if rows and not integer(rows[0][3]):
            raise SequenceLocked(self.subject.name, LOCKED)
        ends = {integer(row[2]): last_in(self._order[0], [row]) for row in rows}
        drawn = dict[S, Sequence[int]]()
        for place, sequence in enumerate(self._order, 1):
            end = ends.get(place)
            if end is None:
                some = any(other is not None for other in ends.values())
                yield from self._refuse(dialect, sequence, waiting.kind, some=some)
            cycle, count = sequence._cycle, self._wanted[sequence]
            drawn[sequence] = (
                batch(cast("int", end), sequence.step, count)
                if cycle is None
                else cycle.batch(cast("int", end), count)
            )
        return {each: drawn.get(each, range(0)) for each in self._wanted}

    def _refuse(
        self, dialect: Dialect, sequence: S, wait: Wait, *, some: bool
    ) -> Plan[AseqError]:
        error = yield from refusal(sequence, dialect, self._wanted[sequence], wait)
        raise PartlyDrawn(error) if some else error

    def _binds(self) -> dict[str, Bind]:
        items = []
        for place, sequence in enumerate(self._order, 1):
            binds = draw_binds(sequence, self._wanted[sequence])
            if "start" not in binds:
                raise InvalidSequence(
                    "sequences",
                    f"has {sequence.name!r}, whose first {self._wanted[sequence]} values don't "
                    "fit in 64 bits: draw from it with next_values",
                )
            queue = binds["queue"] if sequence._queued else None
            called = binds.pop("name")
            items.append({**binds, "place": place, "called": called, "queue": queue})
        names = [sequence.name for sequence in self._order]
        return {"wanted": _json(items), "names": _json(names)}


class Subject(NamedTuple):
    """Several sequences, as errors speak of them.

    Attributes:
        name: their names.
        table: as they call it.
        require_transaction: whether any of them does.
    """

    name: str
    table: str
    require_transaction: bool


def _json(value: object) -> str:
    """As JSON that has a database's own characters, not escapes for them."""
    return json.dumps(value, ensure_ascii=False)


def _twice(names: Sequence[str]) -> str:
    twice = next(name for name in names if names.count(name) > 1)
    return f"has two called {twice!r}: one name is one sequence"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    more = len(names) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
