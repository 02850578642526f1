"""The databases that it all happens in, with their tables."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

from aseq import create_table_sql
from aseq.ledger import create_ledger_sql
from devtools.postgres import postgres_server

from .cells import CROWDS, HOT, ISSUE, LITE, LONG, NOTED, OWN, PROCESSES, ROWS

_COUNTERS = "(name varchar(100) PRIMARY KEY, last bigint NOT NULL)"
_LITE_ROWS = "(id integer PRIMARY KEY, number bigint UNIQUE, body text)"
_ROWS = "(id bigserial PRIMARY KEY, number bigint UNIQUE, body text)"


@contextmanager
def postgresql(connections: int) -> Iterator[str]:
    """A server of our own, which waits for its disk at each commit."""
    with postgres_server(fsync="on", max_connections=connections) as server:
        with psycopg.connect(server.dsn, autocommit=True) as conn:
            for sql in _postgresql():
                conn.execute(sql.encode())
        yield server.dsn


def _postgresql() -> Iterator[str]:
    yield create_table_sql("postgresql")
    yield create_ledger_sql("postgresql")
    yield f"CREATE TABLE by_hand {_COUNTERS} WITH (fillfactor = 50)"
    yield f"CREATE TABLE for_update {_COUNTERS} WITH (fillfactor = 50)"
    yield "INSERT INTO for_update VALUES ('invoices', 0)"
    yield "CREATE SEQUENCE gappy"
    yield "CREATE TABLE more (id bigserial PRIMARY KEY, body text)"
    for peer in {*HOT, *LONG, *OWN, *NOTED, *ISSUE, PROCESSES, *ROWS, *sum(CROWDS, ())}:
        yield f"CREATE TABLE rows_{peer.id} {_ROWS}"


@contextmanager
def sqlite() -> Iterator[str]:
    """A file in WAL mode."""
    with tempfile.TemporaryDirectory(prefix="aseq-bench-") as folder:
        file = str(Path(folder) / "bench.db")
        with closing(sqlite3.connect(file, isolation_level=None)) as conn:
            conn.execute("PRAGMA journal_mode = WAL")
            conn.execute(create_table_sql("sqlite"))
            for peer in LITE:
                conn.execute(f"CREATE TABLE rows_{peer.id} {_LITE_ROWS}")
        yield file
