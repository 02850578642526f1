"""What is asked of a ledger in sync code, on whatever connection."""

from __future__ import annotations

from typing import TypeVar

from aseq._core.table import TableName
from aseq._drive_sync import run_on_sync
from aseq._observe import Count
from aseq.adapters.base import SyncExecutor
from aseq.ledger._explain import explained
from aseq.ledger._spec import Asked, subject

T = TypeVar("T")


def ask(
    asked: Asked[T], executor: SyncExecutor, table: TableName, drawn: Count | None = None
) -> T:
    """Ask it.

    Args:
        asked: what.
        executor: the connection.
        table: the ledger's.
        drawn: if numbers are drawn, how many the result has.
    """
    about = subject(asked, executor)
    plan = asked.plan(table, executor)
    try:
        return run_on_sync(about, plan, executor, writes=True, drawn=drawn)
    except executor.driver_errors as exc:
        ours = explained(exc, about.name, table, executor)
        if ours is None:
            raise
        raise ours from exc
