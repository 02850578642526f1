"""The ledger beside the rows: numbers that were made void have no row any more, or never had.

To an audit, the ledger is another table with numbers, of which only those count that are void
and in none of the caller's columns: where a void document keeps its row, that is the one.
"""

from __future__ import annotations

from aseq._columns import ColumnName
from aseq._core.spec import SequenceSpec
from aseq._sql import literal, named, named_table
from aseq.errors import InvalidSequence
from aseq.ledger._spec import LedgerSpec
from aseq.numbering._scope import counter_name
from aseq.numbering._spec import NumberingSpec

_NAMES_ALL = "doesn't tell which {} is meant, which isn't printed: bind the numbering to one"


def beside(
    ledger: object, what: SequenceSpec | NumberingSpec, columns: tuple[ColumnName, ...]
) -> tuple[ColumnName, ColumnName, str]:
    """The ledger's column with the numbers, that with the reasons, and which rows count.

    Args:
        ledger: the ledger.
        what: what gives the numbers.
        columns: the caller's own, with the same numbers or texts.

    Raises:
        InvalidSequence: it isn't a ledger, or doesn't tell the scopes.
    """
    if not isinstance(ledger, LedgerSpec):
        raise InvalidSequence("ledger", f"must be a Ledger, not {ledger!r}")
    table = ledger._name
    number = "number" if isinstance(what, SequenceSpec) else "text"
    mine = f"{named_table(table)}.{named(number)}"
    absent = (
        f"NOT EXISTS (SELECT 1 FROM {named_table(column.table)} "
        f"WHERE {named_table(column.table)}.{named(column.name)} = {mine})"
        for column in columns
    )
    where = " AND ".join(["state = 'void'", _of(what), *absent])
    return ColumnName(table, number), ColumnName(table, "void_reason"), where


def _of(what: SequenceSpec | NumberingSpec) -> str:
    """The condition of the ledger's rows that belong to the sequence or the numbering."""
    if isinstance(what, SequenceSpec):
        return f"sequence = {literal(what.name)}"
    untold = {*what.scopes} - {*what.bound, *what._pattern.scopes}
    if untold:
        raise InvalidSequence("ledger", _NAMES_ALL.format(min(untold)))
    if not {*what.scopes} - {*what.bound}:
        return f"series = {literal(counter_name(what.name, what._bound, None))}"
    # Printed scopes that aren't bound: their texts tell them.
    name = counter_name(what.name, (), None) + "/"
    return f"substr(series, 1, {len(name)}) = {literal(name)}"
