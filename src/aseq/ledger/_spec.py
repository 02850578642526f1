"""What a ledger is: its table, and how something is asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from aseq._core.scripts import Plan
from aseq._core.spec import SequenceSpec
from aseq._core.subject import Subject
from aseq._core.table import TableName
from aseq.adapters.base import ConnectionInfo

from ._entry import Entry
from ._rows import RowLedger

DEFAULT_TABLE = "aseq_ledger"


@dataclass(frozen=True, slots=True)
class LedgerSpec:
    """The validated, frozen parameters of a ledger."""

    table: str = DEFAULT_TABLE

    def __post_init__(self) -> None:
        TableName.parse(self.table)

    @property
    def _name(self) -> TableName:
        return TableName.parse(self.table)

    def _for_rows(self, by: object, note: object) -> RowLedger:
        """What rows see of it: see `aseq.issuing._book`.

        Raises:
            InvalidSequence: `by` or `note` doesn't fit.
        """
        return RowLedger(self._name, Entry.of(None, by, note))


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
    """What errors are about. A ledger that commits by itself would be none."""
    spec = info.adapt(asked.sequence)
    return Subject(spec.name, spec.table, series=(asked.series,))
