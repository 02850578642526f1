"""Connections of sync code, as their users open them: each begins by itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool


@dataclass(frozen=True)
class Kind:
    """One kind of connection. It has `commit`, `rollback` and `close`."""

    name: str
    dialect: Literal["mariadb", "postgresql", "sqlite"]
    open: Callable[[str], Any]
    execute: Callable[[Any, str], object]
    needs_mysqlclient: bool = False

    @contextmanager
    def connect(self, url: str) -> Iterator[Any]:
        """A connection for a block."""
        conn = self.open(url)
        try:
            yield conn
        finally:
            conn.close()


def session(url: str) -> Session:
    return Session(create_engine(url, poolclass=NullPool))


def run(session: Session, sql: str) -> object:
    return session.execute(text(sql))


KINDS = [
    Kind("psycopg", "postgresql", psycopg.connect, psycopg.Connection.execute),
    Kind(
        "Session-psycopg",
        "postgresql",
        lambda url: session(url.replace(":", "+psycopg:", 1)),
        run,
    ),
    Kind(
        "Session-psycopg2",
        "postgresql",
        lambda url: session(url.replace(":", "+psycopg2:", 1)),
        run,
    ),
    Kind(
        "Session-pymysql",
        "mariadb",
        lambda url: session(url.replace(":", "+pymysql:", 1)),
        run,
    ),
    Kind(
        "Session-mysqldb",
        "mariadb",
        lambda url: session(url.replace("mysql:", "mariadb+mysqldb:", 1)),
        run,
        needs_mysqlclient=True,
    ),
    Kind("Session-sqlite", "sqlite", lambda url: session(f"sqlite:///{url}"), run),
    Kind("sqlite3", "sqlite", sqlite3.connect, sqlite3.Connection.execute),
]
