"""Other transactions that hold a sequence: on each server, a plain connection that blocks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import psycopg

from tests.clients.mysql import connect_pymysql

_SAVE = "INSERT INTO saved (name, number) VALUES (%s, %s)"


class Holder(Protocol):
    """A transaction that has drawn and saved a number."""

    def waited_for(self) -> bool:
        """Whether anybody waits for it."""
        ...

    def commit(self) -> None:
        """End it."""
        ...


@contextmanager
def holding(url: str, name: str) -> Iterator[Holder]:
    """A transaction that holds a sequence; rolled back at the end, if it isn't over by then."""
    with _ON[url.partition(":")[0]](url, name) as holder:
        yield holder


class _OnPostgres:
    _TAKE = (
        "INSERT INTO aseq_sequence AS s (name, last) VALUES (%s, 1) "
        "ON CONFLICT (name) DO UPDATE SET last = s.last + 1 RETURNING last"
    )
    _BEHIND = (
        "SELECT count(*) FROM pg_locks "
        "WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    )

    def __init__(self, conn: psycopg.Connection[Any], name: str) -> None:
        self._conn = conn
        [number] = conn.execute(self._TAKE, (name,)).fetchone() or (None,)
        conn.execute(_SAVE, (name, number))

    def waited_for(self) -> bool:
        return self._conn.execute(self._BEHIND).fetchone() != (0,)

    def commit(self) -> None:
        self._conn.commit()


@contextmanager
def _on_postgres(url: str, name: str) -> Iterator[Holder]:
    with psycopg.connect(url) as conn:
        yield _OnPostgres(conn, name)


class _OnMariadb:
    _TAKE = (
        "INSERT INTO aseq_sequence (name, last) VALUES (%s, 1) "
        "ON DUPLICATE KEY UPDATE last = last + 1"
    )
    # Of the whole server: its tables of locks stay as they are while somebody goes on asking.
    _WAITERS = "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'"

    def __init__(self, cursor: Any, name: str) -> None:
        self._cursor = cursor
        cursor.execute("BEGIN")
        cursor.execute(self._TAKE, (name,))
        cursor.execute("SELECT last FROM aseq_sequence WHERE name = %s", (name,))
        cursor.execute(_SAVE, (name, cursor.fetchone()[0]))

    def waited_for(self) -> bool:
        self._cursor.execute(self._WAITERS)
        [(_, waiters)] = self._cursor.fetchall()
        return bool(waiters != "0")

    def commit(self) -> None:
        self._cursor.execute("COMMIT")


@contextmanager
def _on_mariadb(url: str, name: str) -> Iterator[Holder]:
    with connect_pymysql(url) as conn, conn.cursor() as cursor:
        yield _OnMariadb(cursor, name)


_ON = {"mysql": _on_mariadb, "postgresql": _on_postgres}
