"""What is asked of a ledger when a number is made void, valid or refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aseq._core.counter import Counter, check_all_drawable
from aseq._core.scripts import Plan
from aseq._core.spec import SequenceSpec, _is_integer
from aseq._core.table import TableName
from aseq.adapters.base import ConnectionInfo
from aseq.errors import InvalidSequence
from aseq.numbering import DocumentNumber, ParsedNumber
from aseq.numbering._spec import NumberingSpec

from ._entry import text, writer
from ._void import Void, void

_NOT_A_NUMBER = (
    "must be a DocumentNumber or what Numbering.parse gives; or with of=, the text of a "
    "numbering's number, or the number of a sequence, not {!r}"
)


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
