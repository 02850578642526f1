"""Plain connections that look into the tests' servers from outside.

Each stays open until the end of the run: a new one costs a server, and PyMySQL, more than
most of what tests ask for. All are in autocommit mode, so none holds anything in between.
"""

from __future__ import annotations

import os
import select
import threading
from typing import Any

import psycopg
import pymysql

from tests.clients.mysql import connect_pymysql

_opened = dict[tuple[str, int, int], Any]()


def connection(url: str) -> Any:
    """The connection of this thread to a server: psycopg's or PyMySQL's."""
    mine = url, os.getpid(), threading.get_ident()
    if mine in _opened and not _works(_opened[mine]):
        _opened.pop(mine).close()
    if mine not in _opened:
        _opened[mine] = _connect(url)
    return _opened[mine]


def run(url: str, sql: str) -> list[tuple[Any, ...]]:
    """Run a statement, and commit."""
    conn = connection(url)
    if not url.startswith("mysql:"):
        cursor = conn.execute(sql)
        return cursor.fetchall() if cursor.description else []
    with conn.cursor() as told:
        told.execute(sql)
        return list(told.fetchall())


def close() -> None:
    """Close all that this process has opened."""
    for mine in [*_opened]:
        conn = _opened.pop(mine)
        if mine[1] == os.getpid():
            conn.close()


def _works(conn: Any) -> bool:
    """Whether its server is still there: a later one may listen at the same URL."""
    if isinstance(conn, psycopg.Connection):
        return not conn.closed and not select.select([conn.fileno()], [], [], 0)[0]
    try:
        conn.ping(reconnect=False)
    except pymysql.Error:
        return False
    return True


def _connect(url: str) -> Any:
    if url.startswith("mysql:"):
        return connect_pymysql(url)
    # Unprepared: tables change under it.
    return psycopg.connect(url, autocommit=True, prepare_threshold=None)
