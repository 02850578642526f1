"""The tests' own connections, which stay open."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import anyio
import psycopg

from tests import outside
from tests.clients.mysql import connect_pymysql
from tests.observer import DEADLINE


def test_it_is_the_same_each_time(postgres: str) -> None:
    assert outside.connection(postgres) is outside.connection(postgres)


async def test_one_that_postgresql_has_ended_is_replaced(postgres: str) -> None:
    [(pid,)] = outside.run(postgres, "SELECT pg_backend_pid()")
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", [pid])
        await gone(admin.cursor(), f"SELECT FROM pg_stat_activity WHERE pid = {pid}")

    assert outside.run(postgres, "SELECT 1") == [(1,)]


async def test_one_that_mariadb_has_ended_is_replaced(mariadb: str) -> None:
    [(thread,)] = outside.run(mariadb, "SELECT connection_id()")
    there = f"SELECT 1 FROM information_schema.processlist WHERE id = {thread}"
    with closing(connect_pymysql(mariadb)) as admin, admin.cursor() as cursor:
        cursor.execute(f"KILL {thread}")
        await gone(cursor, there)

    assert outside.run(mariadb, "SELECT 1") == [(1,)]


async def gone(cursor: Any, there: str) -> None:
    """Return as soon as a query finds nothing any more."""
    with anyio.fail_after(DEADLINE):
        while cursor.execute(there) and cursor.fetchall():  # noqa: ASYNC110  # it tells who asks
            await anyio.sleep(0.002)
