"""Draws from several sequences at once, in one order that everybody has.

Of a numbering, the counter of one period is drawn from, and by then the period may be over:
see `numbering._plans`. So each counter has a span of moments in which it is the right one.
What the server didn't draw from because its clock is outside is asked for again, with the
counter of that moment. Its queue is the same, and was entered in the first statement. Each
has a moment of its own: that at which it was drawn from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar, cast

from aseq.errors import AseqError, SequenceCorrupted, SequenceLocked

from .arithmetic import batch
from .counter import Counter, Drawable
from .dialects import Dialect
from .one_by_one import draw_each
from .plans import LOCKED, refusal
from .scripts import PartlyDrawn, Plan, integer, last_in, say, statements
from .spec import SequenceSpec
from .statement import Statement
from .subject import Subject, some_names
from .table import TableName
from .timed import TRIES, given_up
from .waiting import AS_LONG_AS_IT_TAKES, Wait, Waiting
from .wants import Want, drawing, in_order

D = TypeVar("D", bound=Drawable[Any])

_LOCKED_LATER = "nowait=True doesn't wait for it. Others had been drawn from by then"


class Item(NamedTuple, Generic[D]):
    """What is wanted of one sequence or numbering.

    Attributes:
        key: what the caller calls it.
        counter: where it comes from now.
        want: what that means now.
    """

    key: D
    counter: Counter[Any]
    want: Want

    @property
    def spec(self) -> SequenceSpec:
        """The sequence."""
        return self.want.spec


class Allocation(Generic[D]):
    """What is wanted of several sequences and numberings, whose counters are in one table.

    Args:
        wanted: how many numbers of each; 0 of one leaves it alone.
        adapt: the sequence as the connection's project has it.

    Attributes:
        nothing: no numbers of each.

    Raises:
        InvalidSequence: a count can't work, two are one sequence, or they have two tables.
    """

    def __init__(
        self,
        wanted: Mapping[D, int],
        adapt: Callable[[SequenceSpec], SequenceSpec] = lambda spec: spec,
    ) -> None:
        self._wanted, self._adapt = wanted, adapt
        items = [self._item(key, key._counter(), count) for key, count in wanted.items()]
        for item in items:
            item.spec._check_count(item.want.wanted)
        self.nothing: dict[D, Sequence[Any]] = {
            item.key: item.counter.numbers(range(0), 0) for item in items
        }
        self._items = [items[i] for i in in_order(_wants(items))]

    def adapted(self, adapt: Callable[[SequenceSpec], SequenceSpec]) -> Allocation[D]:
        """The same on a connection; made again only where its project has settings."""
        if any(adapt(item.spec) is not item.spec for item in self._items):
            return Allocation(self._wanted, adapt)
        self._adapt = adapt
        return self

    def _item(self, key: D, counter: Counter[Any], count: int) -> Item[D]:
        return Item(key, counter, Want(self._adapt(counter.spec), count, counter.span))

    @property
    def subject(self) -> Subject:
        """What errors are about."""
        return Subject(
            some_names([item.spec.name for item in self._items]),
            self._items[0].spec.table,
            any(item.spec.require_transaction for item in self._items),
            tuple([item.counter.series for item in self._items]),
        )

    @property
    def empty(self) -> bool:
        """Whether no number is wanted."""
        return not self._items

    def plan(
        self, dialect: Dialect, waiting: Waiting = AS_LONG_AS_IT_TAKES
    ) -> Plan[dict[D, Sequence[Any]]]:
        """Draw all of them, or none."""
        drawn = dict(self.nothing)
        if not dialect.allocate:
            wants = [(item.counter, item.want) for item in self._items]
            each = yield from draw_each(wants, dialect, waiting, self._adapt)
            return drawn | {item.key: each[i] for i, item in enumerate(self._items)}
        pending, some, tries = self._items, False, 0
        while True:
            answer = yield from self._ask(dialect, pending, waiting, some=some)
            some = some or bool(answer.ends)
            late = list[Item[D]]()
            for place, item in enumerate(pending, 1):
                if place in answer.ends:
                    drawn[item.key] = _numbers(item, *answer.ends[place])
                else:
                    yield from self._check_late(dialect, item, answer.clock, waiting, some=some)
                    late.append(item)
            if not late:
                return drawn
            tries += 1
            if tries == TRIES:
                raise _as_far_as(_given_up(late[0], answer.clock), some=some)
            pending, waiting = self._of_moment(late, answer.clock), answer.left

    def _ask(
        self, dialect: Dialect, items: Sequence[Item[D]], waiting: Waiting, *, some: bool
    ) -> Plan[Answer]:
        said = drawing(dialect, _wants(items), waiting.kind)
        answer = yield from _answer(dialect, items, said, waiting)
        if not answer.free:
            hint = _LOCKED_LATER if some else LOCKED
            raise _as_far_as(SequenceLocked(self.subject.name, hint), some=some)
        return answer

    def _of_moment(self, items: Iterable[Item[D]], clock: int) -> list[Item[D]]:
        now = [self._item(each.key, each.counter.at(clock), each.want.wanted) for each in items]
        return [now[i] for i in in_order(_wants(now))]

    def _check_late(
        self, dialect: Dialect, item: Item[D], clock: int, waiting: Waiting, *, some: bool
    ) -> Plan[None]:
        """Raise, unless the clock is why nothing was drawn, or may be."""
        span = item.want.span
        if span is not None and clock not in span:
            return
        error = yield from refusal(item.spec, dialect, item.want.wanted, waiting.kind)
        # It may have been looked at before its time had come, and read just after that.
        if span is None or not isinstance(error, SequenceCorrupted):
            raise _as_far_as(error, some=some)


def count_drawn(drawn: Mapping[Any, Sequence[Any]]) -> int:
    """How many numbers an allocation gave."""
    return sum(map(len, drawn.values()))


class Answer(NamedTuple):
    """What the server said to one statement.

    Attributes:
        ends: the new last values, each with the moment, by their places in the list.
        free: whether nobody held any of them.
        clock: the moment now.
        left: how long another try may wait.
    """

    ends: Mapping[int, tuple[int, int]]
    free: bool
    clock: int
    left: Waiting


def _answer(
    dialect: Dialect, items: Sequence[Item[Any]], said: Iterable[Statement], waiting: Waiting
) -> Plan[Answer]:
    rows = yield from say(said, waiting)
    ends = dict[int, tuple[int, int]]()
    clock = None if any(item.want.span for item in items) else 0
    for row in rows:
        place, moment = integer(row[2]), cast("int", integer(row[4]))
        clock = moment if clock is None else max(clock, moment)
        if place is None:  # somebody's trigger gave the row another name
            continue
        end = last_in(items[place - 1].spec, [row])
        if end is not None:
            ends[place] = (end, moment)
    left = waiting
    if rows and waiting.kind is Wait.BOUNDED and len(rows[0]) > 6:
        left = waiting.after(cast("int", integer(rows[0][6])))
    free = not rows or bool(integer(rows[0][3]))
    if clock is None:
        clock_rows = yield from say(statements(dialect.clock, _table(items), {}))
        clock = cast("int", integer(clock_rows[0][0]))
    return Answer(ends, free, clock, left)


def _numbers(item: Item[Any], end: int, clock: int) -> Sequence[Any]:
    spec, count, span = item.want
    cycle = spec._cycle
    values = batch(end, spec.step, count) if cycle is None else cycle.batch(end, count)
    # The clock was looked at before it was read.
    return item.counter.numbers(values, clock if span is None else min(clock, span[-1]))


def _table(items: Sequence[Item[Any]]) -> TableName:
    return TableName.parse(items[0].spec.table)


def _given_up(item: Item[Any], clock: int) -> AseqError:
    span = item.want.span
    return given_up(item.spec.name, within=span is not None and clock in span)


def _as_far_as(error: AseqError, *, some: bool) -> AseqError | PartlyDrawn:
    return PartlyDrawn(error) if some else error


def _wants(items: Iterable[Item[Any]]) -> list[Want]:
    return [item.want for item in items]
