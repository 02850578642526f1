"""The command's doctor on MySQL."""

from __future__ import annotations

import json
from contextlib import closing

import pytest

from aseq import create_table_sql
from devtools.mysql import is_asked_for
from tests.cli.conftest import Command
from tests.clients.mysql import connect_pymysql

pytestmark = pytest.mark.skipif(not is_asked_for(), reason="no MySQL was asked for")


def test_an_id_of_its_own(aseq: Command, mysql: str, table: str) -> None:
    with closing(connect_pymysql(mysql)) as conn, conn.cursor() as cursor:
        cursor.execute(create_table_sql("mysql", table))
        told = aseq("doctor", "--dsn", mysql, "--table", table, "--json")
        assert "column" not in {each["topic"] for each in json.loads(told.out)}
        cursor.execute(f"ALTER TABLE {table} ADD id int NOT NULL UNIQUE AUTO_INCREMENT")
        told = aseq("doctor", "--dsn", mysql, "--table", table, "--json")
        [answer] = [each for each in json.loads(told.out) if each["topic"] == "column"]

    assert told.code == 1
    assert (answer["state"], answer["paste"]) == (
        "WARN",
        f"ALTER TABLE {table} DROP COLUMN id;",
    )


def test_holders(aseq: Command, mysql: str, table: str) -> None:
    """The holder is certain, though nobody waits."""
    here = ("--dsn", mysql, "--table", table)
    with closing(connect_pymysql(mysql)) as conn, conn.cursor() as cursor:
        cursor.execute(create_table_sql("mysql", table))
        cursor.execute(f"INSERT INTO {table} VALUES ('x', 1)")
        conn.begin()
        cursor.execute(f"UPDATE {table} SET last = 2")
        code, out, err = aseq("holders", "x", "--json", *here)
        [held] = json.loads(out)

    assert (code, err) == (0, "")
    assert (held["pid"], held["holds"], held["certain"]) == (conn.thread_id(), True, True)
