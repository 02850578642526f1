"""The ledger's table with its guard, as the migrations of every library create it."""

from __future__ import annotations

from aseq._core.table import TableName

from . import _ddl, _guard
from ._advice import advised as advised
from ._ddl import checked, on

DEFAULT_TABLE = "aseq_ledger"


def creating(dialect: str, table: TableName, *, guard: bool = True) -> tuple[str, ...]:
    """The statements that create the table, and its guard.

    Raises:
        InvalidSequence: the ledger doesn't know the dialect.
    """
    create = on(dialect, _ddl.creating(checked(dialect))[-1].text, table)
    return (create, *(guarding(dialect, table) if guard else ()))


def dropping(dialect: str, table: TableName) -> tuple[str, ...]:
    """The statements that drop the table, and what is left of its guard."""
    drop = on(checked(dialect), "DROP TABLE IF EXISTS $table", table)
    # Triggers go with their table; then nothing needs PostgreSQL's function any more.
    function = dropping_guard(dialect, table)[-1:] if dialect == "postgresql" else ()
    return (drop, *function)


as_script = _guard.as_script
guarding = _guard.creating
dropping_guard = _guard.dropping
