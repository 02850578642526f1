"""What applications on SQLAlchemy import: the table for migrations, and a set-up for SQLite."""

from __future__ import annotations

from aseq.adapters.sqlalchemy import begin_immediate, ledger_table, sequence_table

__all__ = ("begin_immediate", "ledger_table", "sequence_table")
