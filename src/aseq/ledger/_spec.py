"""What a ledger is: its table, and what is asked of it, valid or refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from aseq._core.counter import Counter, check_all_drawable
from aseq._core.scripts import Plan
from aseq._core.spec import SequenceSpec, _is_integer
from aseq._core.subject import Subject
from aseq._core.table import TableName
from aseq._core.waiting import Waiting
from aseq.adapters.base import ConnectionInfo
from aseq.errors import InvalidSequence, UnsupportedConnection
from aseq.numbering import DocumentNumber, ParsedNumber
from aseq.numbering._allocation import PeriodCounter
from aseq.numbering._clock import CLOCK, microseconds
from aseq.numbering._days import chosen
from aseq.numbering._spec import NumberingSpec

from ._entry import Entry, text, writer
from ._plans import TEXTS, Given, Issue, Void, issue, void
from ._print import of_moment

DEFAULT_TABLE = "aseq_ledger"

_LOOPS = (
    "loops, so its numbers come again, and a ledger has one row for each. Leave out reset_value"
)
_ELSEWHERE = "a ledger is on PostgreSQL or SQLite"
_NOT_A_NUMBER = (
    "must be a DocumentNumber or what Numbering.parse gives; or with of=, the text of a "
    "numbering's number, or the number of a sequence, not {!r}"
)


@dataclass(frozen=True, slots=True)
class LedgerSpec:
    """The validated, frozen parameters of a ledger."""

    table: str = DEFAULT_TABLE

    def __post_init__(self) -> None:
        TableName.parse(self.table)

    @property
    def _name(self) -> TableName:
        return TableName.parse(self.table)


T_co = TypeVar("T_co", covariant=True)


class Asked(Protocol[T_co]):
    """What is asked of a ledger, before it is known on which connection."""

    @property
    def sequence(self) -> SequenceSpec:
        """The sequence that it is about."""
        ...

    @property
    def series(self) -> str:
        """What hooks call it."""
        ...

    def plan(self, table: TableName, info: ConnectionInfo) -> Plan[T_co]:
        """What to say to the database.

        Args:
            table: the ledger's.
            info: the connection.
        """
        ...


def subject(asked: Asked[Any], info: ConnectionInfo) -> Subject:
    """What errors are about. A ledger that commits by itself would be none.

    Raises:
        UnsupportedConnection: the ledger doesn't know the connection's database.
    """
    if info.dialect.name not in TEXTS:
        cls = type(info)
        raise UnsupportedConnection(f"{cls.__module__}.{cls.__qualname__}", _ELSEWHERE)
    spec = info.adapt(asked.sequence)
    return Subject(spec.name, spec.table, series=(asked.series,))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A number to issue: see `Asked`.

    Attributes:
        counter: where it comes from.
        entry: what goes into the ledger with it.
        at: the moment that the caller chose.
        waiting: how long to wait.
    """

    counter: Counter[Any]
    entry: Entry
    at: int | None
    waiting: Waiting

    @property
    def sequence(self) -> SequenceSpec:
        return self.counter.spec

    @property
    def series(self) -> str:
        return self.counter.series

    def plan(self, table: TableName, info: ConnectionInfo) -> Plan[Given]:
        where = info.locate(table)
        one = Issue(info, where, self.counter, self.entry, self.at, self.waiting)
        return (yield from issue(one))


@dataclass(frozen=True, slots=True)
class Unwanted:
    """A number to make void: see `Asked`.

    Attributes:
        sequence: the sequence of the number.
        number: the number alone.
        text: as it is printed.
        reason: why.
        by: who has it made void; empty if nobody said.
    """

    sequence: SequenceSpec
    number: int
    text: str
    reason: str
    by: str

    @property
    def series(self) -> str:
        return self.sequence.name

    def plan(self, table: TableName, info: ConnectionInfo) -> Plan[bool]:
        where = info.locate(table)
        one = Void(where, self.sequence, self.number, self.text, self.reason, self.by)
        return (yield from void(one, info))


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
    counter = _counter(what, scope)
    if counter.spec._cycle is not None:
        raise InvalidSequence("sequence", _LOOPS)
    moment = chosen(at)
    if moment is None:
        return Wanted(counter, entry, None, waiting)
    chosen_at = microseconds(moment)
    return Wanted(of_moment(counter, chosen_at), entry, chosen_at, waiting)


def _counter(what: object, scope: Mapping[str, Any]) -> Counter[Any]:
    if isinstance(what, NumberingSpec):
        return PeriodCounter(what, what.scope_of(scope), CLOCK.now(), CLOCK.learn)
    if scope:
        raise InvalidSequence(next(iter(scope)), "is for a Numbering: a sequence has no scope")
    check_all_drawable([what])
    counter: Counter[Any] = what._counter()  # type: ignore[attr-defined]
    return counter


def unwanted(number: object, of: object, reason: object, by: object) -> Unwanted:
    """A number to make void.

    Raises:
        InvalidSequence: an argument can't work.
    """
    return Unwanted(*_number(number, of), text("reason", reason), writer(by))


def _number(number: object, of: object) -> tuple[SequenceSpec, int, str]:
    if isinstance(number, str) and isinstance(of, NumberingSpec):
        number = of.parse(number)
    elif _is_integer(number) and not isinstance(of, NumberingSpec | None):
        check_all_drawable([of])
        counter: Counter[Any] = of._counter()  # type: ignore[attr-defined]
        return counter.spec, number, str(number)
    if not isinstance(number, DocumentNumber | ParsedNumber):
        raise InvalidSequence("number", _NOT_A_NUMBER.format(number))
    if number.sequence is None:
        raise InvalidSequence(
            "of", "must be bound: a scope that isn't printed tells which number is meant"
        )
    return number.sequence, number.number, number.text
