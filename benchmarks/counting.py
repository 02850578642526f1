"""Looks at the rows that a peer wrote: a figure is void if a number is missing among them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any, NamedTuple

import psycopg
import pymysql

from .connections import where

_COUNT = "SELECT count(*), count(DISTINCT number), min(number), max(number) FROM rows_"


class Count(NamedTuple):
    """The rows of a peer, and the numbers on them."""

    rows: int
    numbers: int
    first: int
    last: int

    @property
    def gapless(self) -> bool:
        """Whether they are 1, 2, 3 and so on, each once."""
        return self.rows == self.numbers == self.last and self.first == 1


def count(url: str, peer: str) -> Count:
    """Count what a peer has committed so far."""
    if url.startswith("postgresql:"):
        with psycopg.connect(url) as conn:
            row = conn.execute((_COUNT + peer).encode()).fetchone()
    elif url.startswith("mysql:"):
        [row] = on_mysql(url, _COUNT + peer)
    else:
        with closing(sqlite3.connect(url)) as lite:
            row = lite.execute(_COUNT + peer).fetchone()
    assert row is not None
    return Count(*row)


def on_mysql(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements on MariaDB or MySQL; what the last one finds."""
    options = where(url)
    options["database"] = options.pop("db")
    with closing(pymysql.connect(**options, autocommit=True)) as conn, conn.cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)
        return [*cursor.fetchall()]


def version(url: str) -> str:
    """That of a MariaDB or MySQL."""
    [[told]] = on_mysql(url, "SELECT version()")
    return str(told).partition("-")[0]
