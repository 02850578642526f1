"""What a ledger is: its table, and how something is asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from aseq._core.scripts import Plan
from aseq._core.spec import SequenceSpec
from aseq._core.subject import Subject
from aseq._core.table import TableName
from aseq.adapters.base import ConnectionInfo
from aseq.errors import UnsupportedConnection

from ._plans import TEXTS

DEFAULT_TABLE = "aseq_ledger"

_ELSEWHERE = "a ledger is on PostgreSQL or SQLite"


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
