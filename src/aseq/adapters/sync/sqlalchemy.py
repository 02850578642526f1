"""SQLAlchemy in sync code: its executors are beside those that are awaited."""

from __future__ import annotations

from aseq.adapters.sqlalchemy import sync_executor_for as executor_for

__all__ = ("executor_for",)
