"""django-sequences, played by hand: its table as its migration makes it, and its SQL."""

from __future__ import annotations

import random
from contextlib import closing

import psycopg

from tests.clients.mysql import connect_pymysql

TABLE = "sequences_sequence"

_MYSQL = f"""CREATE TABLE IF NOT EXISTS {TABLE} (
    name varchar(100) NOT NULL PRIMARY KEY,
    last bigint unsigned NOT NULL CHECK (last >= 0))"""

DDL = {
    "mariadb": _MYSQL,
    "mysql": _MYSQL,
    "postgresql": f"""CREATE TABLE IF NOT EXISTS {TABLE} (
        name varchar(100) NOT NULL PRIMARY KEY,
        last bigint NOT NULL CHECK (last >= 0))""",
    "sqlite": f"""CREATE TABLE IF NOT EXISTS {TABLE} (
        name varchar(100) NOT NULL PRIMARY KEY,
        last bigint unsigned NOT NULL CHECK (last >= 0))""",
}

_UPSERT = """INSERT INTO {table} (name, last) VALUES (%s, %s)
    ON CONFLICT (name) DO UPDATE SET last = {table}.last + %s RETURNING last"""


def draw(conn: psycopg.Connection[tuple[int]], table: str, name: str) -> int:
    """`get_next_value` as django-sequences sends it: nobody queues."""
    row = conn.execute(_UPSERT.format(table=table).encode(), (name, 1, 1)).fetchone()
    assert row is not None
    return row[0]


def work(url: str, table: str, name: str, rounds: int, seed: int) -> None:
    """A thread of an application: draw and save, and roll some transactions back."""
    chance = random.Random(seed)
    with psycopg.connect(url) as conn:
        for _ in range(rounds):
            number = draw(conn, table, name)
            conn.execute("INSERT INTO saved (name, number) VALUES (%s, %s)", (name, number))
            if chance.random() < 0.3:
                conn.rollback()
            else:
                conn.commit()


_ON_MARIADB = f"""INSERT INTO {TABLE} (name, last) VALUES (%s, 1)
    ON DUPLICATE KEY UPDATE last = {TABLE}.last + 1"""


def work_on_mariadb(url: str, name: str, rounds: int, seed: int) -> None:
    """As `work`, with its two statements for MySQL."""
    chance = random.Random(seed)
    with closing(connect_pymysql(url)) as conn, conn.cursor() as cursor:
        for _ in range(rounds):
            conn.begin()
            cursor.execute(_ON_MARIADB, [name])
            cursor.execute(f"SELECT last FROM {TABLE} WHERE name = %s", [name])
            [number] = cursor.fetchone() or [None]
            cursor.execute("INSERT INTO saved (name, number) VALUES (%s, %s)", [name, number])
            if chance.random() < 0.3:
                conn.rollback()
            else:
                conn.commit()
