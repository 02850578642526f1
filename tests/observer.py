"""Looking into PostgreSQL from outside: who waits, who holds what, who said what.

On a plain connection, so that a test can wait for a state that it sees in the server
instead of waiting for a time to pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio

from tests import outside

DEADLINE = 20.0
"""Seconds after which a state that doesn't come is a failure."""


class Observer:
    """Sees the other connections of a PostgreSQL server."""

    def __init__(self, conn: Any) -> None:
        self._conn = conn

    async def until_waiting(self, pid: int, over: Callable[[], bool] = lambda: False) -> None:
        """Return as soon as the backend waits for a lock, or when it is over all the same."""
        with anyio.fail_after(DEADLINE):
            while not self.waits(pid) and not over():  # noqa: ASYNC110  # it tells who asks
                await anyio.sleep(0.002)

    def waits(self, pid: int) -> bool:
        """Whether the backend waits for a lock."""
        rows = self._rows(
            "SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s AND state = 'active'",
            pid,
        )
        return rows == [("Lock",)]

    def locks(self, pid: int) -> set[tuple[str, str, bool]]:
        """What the backend holds or waits for: the kind of lock, its mode, if granted."""
        sql = "SELECT locktype, mode, granted FROM pg_locks WHERE pid = %s"
        return {(kind, mode, granted) for kind, mode, granted in self._rows(sql, pid)}

    def heard(self, pid: int) -> tuple[Any, ...]:
        """The backend's last statement, when it came, and what became of it."""
        [row] = self._rows(
            "SELECT query, query_start, state_change, state FROM pg_stat_activity"
            " WHERE pid = %s",
            pid,
        )
        return row

    def _rows(self, sql: str, pid: int) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._conn.execute(sql.encode(), (pid,)).fetchall()
        return rows


class MariadbObserver(Observer):
    """Sees of a MariaDB server whether anybody waits: who it is, it tells too late."""

    def waits(self, _: int) -> bool:
        cursor: Any = self._conn.cursor()
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'")
        return bool(cursor.fetchone()[1] != "0")


@contextmanager
def observing(url: str) -> Iterator[Observer]:
    """An observer of the server, for the length of the block."""
    seen_by = MariadbObserver if url.startswith("mysql:") else Observer
    yield seen_by(outside.connection(url))
