"""What is asked of a ledger when numbers are issued, valid or refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aseq._core.counter import Counter, check_all_drawable
from aseq._core.scripts import Plan
from aseq._core.spec import SequenceSpec
from aseq._core.table import TableName
from aseq._core.waiting import Waiting
from aseq.adapters.base import ConnectionInfo
from aseq.errors import InvalidSequence
from aseq.numbering._allocation import PeriodCounter
from aseq.numbering._clock import CLOCK, microseconds
from aseq.numbering._days import chosen
from aseq.numbering._spec import NumberingSpec

from ._entry import Entry
from ._issue import Given, Issue
from ._many import GivenMany, issue_many
from ._plans import issue
from ._print import Lane, lane_of, of_moment

_LOOPS = (
    "loops, so its numbers come again, and a ledger has one row for each. Leave out reset_value"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A number to issue: see `Asked`.

    Attributes:
        counter: where it comes from.
        entry: what goes into the ledger with it.
        at: the moment that the caller chose.
        waiting: how long to wait.
        lane: what is known of the counter.
    """

    counter: Counter[Any]
    entry: Entry
    at: int | None
    waiting: Waiting
    lane: Lane

    @property
    def sequence(self) -> SequenceSpec:
        return self.lane.spec

    @property
    def series(self) -> str:
        return self.counter.series

    def issue(self, table: TableName, info: ConnectionInfo) -> Issue:
        """What to issue on a connection."""
        where = info.locate(table)
        return Issue(info, where, self.counter, self.entry, self.at, self.waiting, self.lane)

    def plan(self, table: TableName, info: ConnectionInfo) -> Plan[Given]:
        return (yield from issue(self.issue(table, info)))


@dataclass(frozen=True, slots=True)
class WantedMany:
    """Numbers to issue for keys: see `Asked`.

    Attributes:
        keys: which.
        each: what goes for each of them.
    """

    keys: tuple[str, ...]
    each: Wanted

    @property
    def sequence(self) -> SequenceSpec:
        return self.each.sequence

    @property
    def series(self) -> str:
        return self.each.series

    def plan(self, table: TableName, info: ConnectionInfo) -> Plan[GivenMany]:
        return (yield from issue_many(self.each.issue(table, info), self.keys))


def wanted(
    what: object,
    scope: Mapping[str, Any],
    entry: Entry,
    at: datetime | None,
    waiting: Waiting,
) -> Wanted:
    """A number to issue.

    Raises:
        InvalidSequence: an argument can't work.
    """
    counter, moment = _counter(what, scope), chosen(at)
    chosen_at = None if moment is None else microseconds(moment)
    if chosen_at is not None:
        counter = of_moment(counter, chosen_at)
    lane = lane_of(counter)
    if lane.spec._cycle is not None:
        raise InvalidSequence("sequence", _LOOPS)
    return Wanted(counter, entry, chosen_at, waiting, lane)


def _counter(what: object, scope: Mapping[str, Any]) -> Counter[Any]:
    if isinstance(what, NumberingSpec):
        return PeriodCounter(what, what.scope_of(scope), CLOCK.now(), CLOCK.learn)
    if scope:
        raise InvalidSequence(next(iter(scope)), "is for a Numbering: a sequence has no scope")
    check_all_drawable([what])
    counter: Counter[Any] = what._counter()  # type: ignore[attr-defined]
    return counter
