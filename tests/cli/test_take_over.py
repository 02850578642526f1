"""``take-over``, ``take-over-table`` and ``void``."""

from __future__ import annotations

from typing import Any

import pytest

from aseq._cli.database import Database, on_database
from aseq._cli.url import target
from aseq.sync import Ledger, Sequence
from tests.cli.conftest import Command, Sql

HERE = "tests.cli.numbers"
BILLS = ("-n", f"{HERE}:BILLS")


@pytest.fixture
def rows(sql: Sql, table: str) -> str:
    name = f"rows_{table}"
    sql(f"CREATE TABLE {name} (number integer, text varchar(20), tenant varchar(9))")
    return name


def test_integers(here: Command, sql: Sql, rows: str) -> None:
    asked = ("take-over", f"{rows}.number", "invoices")
    assert here(*asked) == (2, "", f"aseq: {rows}.number has no numbers\n")
    sql(f"INSERT INTO {rows} (number) VALUES (3), (17), (NULL)")
    assert here(*asked) == (0, "invoices: 17 (new)\n", "")
    assert here(*asked) == (0, "invoices: 17 (unchanged)\n", "")
    assert here("next", "invoices", "-y").out == "18\n"


def test_texts(here: Command, aseq: Command, sql: Sql, rows: str) -> None:
    aseq("create")
    sql("DELETE FROM aseq_sequence WHERE name LIKE 'bills/%'")
    sql(
        f"INSERT INTO {rows} (text, tenant) VALUES ('B-007', 'a'), ('B-003', 'a'), ('nix', 'b')"
    )
    asked = ("take-over", f"{rows}.text", *BILLS, "--scope", f"tenant={rows}.tenant")
    code, out, err = aseq(*asked)
    assert (code, out) == (1, "bills/tenant=a: 7 (new)\n")
    assert err.startswith("nix: ")
    assert err.endswith("\n1 numbers can't be read, and were left out.\n")
    assert aseq("next", *BILLS, "-b", "tenant=a", "-y").out == "B-008\n"


@pytest.mark.parametrize("kind", ["sqlite", "asyncpg"], indirect=True)
def test_slips(here: Command, rows: str, table: str, sql: Sql) -> None:
    sql(f"INSERT INTO {rows} (text) VALUES ('x')")
    for args, problem in (
        ([f"{rows}.nothing", "x"], f"{rows} has no column 'nothing'"),
        (["nowhere.number", "x"], "there is no table nowhere"),
        (["nowhere.number", *BILLS, "-b", "tenant=a"], "there is no table nowhere"),
        (["number", "x"], 'a text "table.column"'),
        ([f"{rows}.text", "x"], f"{rows}.text isn't a column of integers"),
        ([f"{rows}.number", "x", "-s", f"a={rows}.text"], "--scope is for a Numbering"),
        ([f"{rows}.text", *BILLS], "tenant is missing"),
    ):
        code, out, err = here("take-over", *args)
        assert (code, out, problem in err) == (2, "", True), err
    for other, problem in (
        (table, "is the table in use: there is nothing to take over"),
        (rows, f"{rows} has no column 'name'"),
        ("nowhere", "there is no table nowhere"),
        ("x; DROP TABLE y", "must be a plain identifier"),
    ):
        code, out, err = here("take-over-table", other)
        assert (code, out, problem in err) == (2, "", True), err


def test_another_table(here: Command, sql: Sql, table: str) -> None:
    old = f"old_{table}"
    sql(f"CREATE TABLE {old} (name varchar(100) PRIMARY KEY, last bigint)")
    sql(f"INSERT INTO {old} VALUES ('b', 20), ('a', 10), ('c', 30)")
    here("advance-to", "b", 25)
    here("advance-to", "c", 3)
    code, out, err = here("take-over-table", old)
    assert (code, out) == (0, "a: 10 (new)\nb: 25 (unchanged)\nc: 3 -> 30\n")
    assert err == f"2 of 3 sequences of {old} moved forward.\n"
    sql(f"INSERT INTO {old} VALUES ('0', 5), ('z', NULL)")
    assert here("take-over-table", old).code == 2
    assert "'0'" not in here("list", "--json").out  # all of them, or none


def test_the_ledger(here: Command, url: str, table: str, sql: Sql) -> None:
    book, cases = Ledger(f"ledger_{table}"), Sequence("cases", table=table)

    def issue(on: Database) -> Any:
        return [book.issue(on.on, cases, key=f"order-{n}") for n in (1, 2)]

    place = ("--ledger", book.table)
    void = ("void", 1, "cases", *place)
    assert here(*void, "--reason", "x").code == 3  # no ledger
    assert here("create", *place) == (0, f"{book.table}: is there\n", "")
    assert on_database(target(url), issue, writes=True) == [1, 2]
    sql(f"CREATE TABLE rows_{table} (number integer)")
    sql(f"INSERT INTO rows_{table} VALUES (2)")
    audit = ("audit", f"rows_{table}.number", "cases")
    assert here(*audit, *place).code == 1
    assert here(*void, "--reason", "sent twice", "--by", "alice") == (0, "1: void\n", "")
    assert here(*audit, *place).code == 0
    assert here(*audit).code == 1
    assert here(*void, "--reason", "sent twice").out == "1: was void already\n"
    code, _, err = here(*void, "--reason", "another")
    assert (code, "sent twice" in err) == (3, True)
    slips = ((3, "--reason", "x"), (1,), ("x", "--reason=y"), (1, "--reason", ""))
    for number, *reason in slips:
        assert here("void", number, "cases", *reason, *place).code == 2
    assert here("ddl", "postgresql", *place).out.startswith("CREATE TABLE")
