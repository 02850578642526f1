"""Connections of sync code, as their users open them: each begins by itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import psycopg


@dataclass(frozen=True)
class Kind:
    """One kind of connection. It has `commit`, `rollback` and `close`."""

    name: str
    dialect: Literal["postgresql", "sqlite"]
    open: Callable[[str], Any]
    execute: Callable[[Any, str], object]

    @contextmanager
    def connect(self, url: str) -> Iterator[Any]:
        """A connection for a block."""
        conn = self.open(url)
        try:
            yield conn
        finally:
            conn.close()


KINDS = [
    Kind("psycopg", "postgresql", psycopg.connect, psycopg.Connection.execute),
    Kind("sqlite3", "sqlite", sqlite3.connect, sqlite3.Connection.execute),
]
