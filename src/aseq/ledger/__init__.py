"""A ledger: a row for each number that was issued, and the same number for the same key."""

from __future__ import annotations

from ._ddl import create_ledger_sql
from ._ledger import Ledger

__all__ = ("Ledger", "create_ledger_sql")
