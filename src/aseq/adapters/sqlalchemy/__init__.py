"""SQLAlchemy 2: sessions and connections, the table for migrations, a set-up for SQLite.

`sequence_table` and `begin_immediate` are for applications; the rest is the adapter.
"""

from __future__ import annotations

from ._accept import executor_for, greenlet_executor_for, sync_executor_for
from ._ledger_table import ledger_table
from ._sqlite import begin_immediate, begins_immediate
from ._table import sequence_table

__all__ = (
    "begin_immediate",
    "begins_immediate",
    "executor_for",
    "greenlet_executor_for",
    "ledger_table",
    "sequence_table",
    "sync_executor_for",
)
