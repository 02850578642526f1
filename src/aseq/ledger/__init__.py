"""A ledger: a row for each number that was issued, and the same number for the same key."""

from __future__ import annotations

from ._ddl import create_ledger_sql
from ._grants import grants_sql
from ._guard import create_guard_sql
from ._ledger import Ledger

__all__ = ("Ledger", "create_guard_sql", "create_ledger_sql", "grants_sql")
