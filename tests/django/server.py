"""Looking into the tests' PostgreSQL from outside, and standing in the way there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anyio
import psycopg
from django.db import connections

DEADLINE = 60.0

_OTHERS = (
    "SELECT pid, state, wait_event_type FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    " AND datname = current_database() AND application_name = 'aseq-tests'"
)


class Server:
    """A plain connection of its own to the database of an alias."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self._conn = conn
        self._there = {pid for pid, _, _ in self.all()}

    def rows(self, sql: str, *args: object) -> list[tuple[Any, ...]]:
        """Run a statement."""
        cursor = self._conn.execute(sql.encode(), args)
        return cursor.fetchall() if cursor.description else []

    def others(self) -> list[tuple[Any, ...]]:
        """The backends of Django's new connections: their state, and what they wait for."""
        return [row for row in self.all() if row[0] not in self._there]

    def all(self) -> list[tuple[Any, ...]]:
        """Those that were there before, too."""
        return self.rows(_OTHERS)

    def waiting(self) -> int:
        """How many of them wait for a lock."""
        return sum(wait == "Lock" for _, _, wait in self.all())

    async def until_waiting(self, count: int = 1) -> None:
        """Return as soon as that many wait for a lock."""
        await self.until(lambda: self.waiting() >= count)

    async def until_idle(self) -> None:
        """Return as soon as none is in a transaction."""
        await self.until(lambda: all(state == "idle" for _, state, _ in self.others()))

    async def until(self, condition: Any) -> None:
        """Return as soon as something is so."""
        with anyio.fail_after(DEADLINE):
            while not condition():  # noqa: ASYNC110  # the server tells only who asks
                await anyio.sleep(0.002)

    @contextmanager
    def holding(self, name: str) -> Iterator[None]:
        """Hold the lock of a sequence, which must have a row, as long as the block."""
        with self._conn.transaction():
            self.rows("SELECT last FROM aseq_sequence WHERE name = %s FOR UPDATE", name)
            yield


def dsn(using: str = "default") -> str:
    """Where the database of an alias is, for psycopg."""
    options = connections[using].settings_dict
    return psycopg.conninfo.make_conninfo(
        host=options["HOST"],
        port=options["PORT"] or None,
        user=options["USER"] or None,
        password=options["PASSWORD"] or None,
        dbname=options["NAME"],
    )


@asynccontextmanager
async def observed() -> AsyncIterator[tuple[Server, Server]]:
    """Two connections: one to look, one to stand in the way."""
    with (
        psycopg.connect(dsn(), autocommit=True) as looking,
        psycopg.connect(dsn(), autocommit=True) as standing,
    ):
        yield Server(looking), Server(standing)
