"""The databases that it all happens in, with their tables."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path

import psycopg

from aseq import create_table_sql
from aseq._core.dialects import DialectName
from aseq.ledger import create_ledger_sql
from devtools.mariadb import mariadb_server
from devtools.mysql import mysql_server
from devtools.postgres import postgres_server

from .cells import CROWDS, HOT, ISSUE, LITE, LONG, MYSQL, NOTED, OWN, PROCESSES, ROWS
from .counting import on_mysql
from .settings import Database

_COUNTERS = "(name varchar(100) PRIMARY KEY, last bigint NOT NULL)"
_LITE_ROWS = "(id integer PRIMARY KEY, number bigint UNIQUE, body text)"
_ROWS = "(id bigserial PRIMARY KEY, number bigint UNIQUE, body text)"
_MYSQL_ROWS = "(id bigint AUTO_INCREMENT PRIMARY KEY, number bigint UNIQUE, body text)"


@contextmanager
def opened(databases: Sequence[Database], connections: int) -> Iterator[dict[Database, str]]:
    """The URLs of some databases, which are gone afterwards."""
    places: dict[Database, Callable[[], AbstractContextManager[str]]] = {
        "postgresql": lambda: postgresql(connections),
        "sqlite": sqlite,
        "mariadb": lambda: mysql("mariadb", connections),
        "mysql": lambda: mysql("mysql", connections),
    }
    with ExitStack() as stack:
        yield {name: stack.enter_context(places[name]()) for name in databases}


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


@contextmanager
def mysql(server: DialectName, connections: int) -> Iterator[str]:
    """A server of our own that waits for its disk at each commit, and has no binary log."""
    start = mariadb_server if server == "mariadb" else mysql_server
    with start(
        Path(tempfile.gettempdir()),
        innodb_flush_log_at_trx_commit=1,
        innodb_doublewrite="ON",
        max_connections=connections,
    ) as url:
        on_mysql(url, *_mysql(server))
        yield url


def _mysql(server: DialectName) -> Iterator[str]:
    yield create_table_sql(server)
    yield f"CREATE TABLE by_hand {_COUNTERS}"
    yield f"CREATE TABLE for_update {_COUNTERS}"
    yield "INSERT INTO for_update VALUES ('invoices', 0)"
    for peer in (*MYSQL, *ISSUE):
        yield f"CREATE TABLE rows_{peer.id} {_MYSQL_ROWS}"
