"""What each verb does and prints, on each driver."""

from __future__ import annotations

import json
import sqlite3

import psycopg
import pytest

from tests.cli.conftest import Command, Sql

HERE = "tests.cli.numbers"
NONE = "aseq: no number was drawn from 'invoices' (`aseq list` shows the names)\n"


@pytest.fixture
def rows(sql: Sql, table: str) -> str:
    """A table of invoices, some of them numbered."""
    name = f"rows_{table}"
    sql(f"CREATE TABLE {name} (id integer PRIMARY KEY, number integer, why text)")
    sql(f"INSERT INTO {name} VALUES (1, 1, NULL), (2, 2, 'sent\ntwice'), (3, 2, NULL)")
    sql(f"INSERT INTO {name} VALUES (4, 4, NULL), (5, NULL, NULL)")
    return name


def test_looking_and_moving(here: Command, table: str) -> None:
    assert here("create") == (0, f"{table}: is there\n", "")
    assert here("list") == (0, "", "")
    assert here("show", "invoices") == (2, "", NONE)
    assert here("advance-to", "invoices", 5) == (0, "invoices: 5 (new)\n", "")
    assert here("advance-to", "invoices", 9) == (0, "invoices: 5 -> 9\n", "")
    assert here("advance-to", "invoices", -3) == (0, "invoices: 9 (unchanged)\n", "")
    assert here("next", "invoices", "--yes") == (0, "10\n", "")
    assert here("show", "invoices") == (0, "10\n", "")
    here("advance-to", "[red]\x1b[2J", 1)
    lines = ["                  1  '[red]\\x1b[2J'", "                 10  invoices"]
    assert here("list").out.splitlines() == lines
    assert json.loads(here("list", "--json").out) == {"invoices": 10, "[red]\x1b[2J": 1}


def test_objects_of_the_application(here: Command, aseq: Command, sql: Sql) -> None:
    aseq("create")  # theirs is the table of that name
    sql("DELETE FROM aseq_sequence WHERE name = 'cases' OR name LIKE 'bills/%'")
    cases, bills = ("-n", f"{HERE}:CASES"), ("-n", f"{HERE}:BILLS", "-b", "tenant=7")
    assert json.loads(aseq("next", *cases, "--yes", "--json").out) == {
        "sequence": "cases",
        "number": 100,
        "text": "100",
    }
    assert aseq("advance-to", 5000, *cases).out == "cases: 100 -> 5000\n"
    assert aseq("next", *bills, "-y").out == "B-001\n"
    drawn = json.loads(aseq("next", *bills, "-y", "--json").out)
    assert (drawn["text"], drawn["number"], drawn["sequence"]) == ("B-002", 2, "bills/tenant=7")
    assert aseq("show", *bills).out == "2\n"


def test_a_numbering_that_is_asked_for_as_a_sequence(
    here: Command, sql: Sql, table: str
) -> None:
    here("create")
    sql(f"INSERT INTO {table} VALUES ('bills/tenant=7', 2), ('bills/tenant=8', 1), ('b', 1)")
    asked = here("show", "bills")
    assert (asked.code, asked.out) == (2, "")
    assert asked.err == (
        "aseq: no number was drawn from 'bills', but from 'bills/tenant=7' and 1 more, as of a "
        "Numbering: name one of them, or say --numbering module:object\n"
    )
    unbound = here("show", "-n", f"{HERE}:BILLS")
    assert unbound.code == 2
    assert unbound.err == "aseq: tenant is missing: say --bind tenant=...\n"


def test_texts_that_are_audited_as_numbers(here: Command, rows: str, sql: Sql) -> None:
    sql(f"ALTER TABLE {rows} ADD COLUMN printed varchar(20)")
    sql(f"UPDATE {rows} SET printed = 'B-001' WHERE id = 1")
    here("create")
    audited = here("audit", f"{rows}.printed", "invoices")
    assert audited.code == 1
    assert "unreadable: 'B-001'" in audited.out
    assert "with --numbering module:object, they are read as document numbers" in audited.err


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["show"], "name either a sequence or, with --numbering, an object of your code"),
        (["show", "x", "-n", f"{HERE}:CASES"], "name either a sequence or"),
        (["show", "x", "-b", "a=1"], "--bind is for a Numbering"),
        (["show", "-n", f"{HERE}:CASES", "-b", "a=1"], "--bind is for a Numbering"),
        (["show", "-n", f"{HERE}:OTHER"], "is neither a Numbering nor a sequence"),
        (["show", "-n", f"{HERE}:NOTHING"], "isn't module:object: "),
        (["show", "-n", "nowhere:x"], "'nowhere:x' isn't module:object: No module named"),
        (["show", "-n", HERE], "isn't module:object: there is no colon in it"),
        (["show", "-n", f"{HERE}:BILLS"], "tenant is missing"),
        (["show", "-n", f"{HERE}:BILLS", "-b", "tenant"], "--bind takes scope=value, not"),
        (["next", "x"], "nobody is there to be asked: say --yes if it is meant"),
        (["next", "x", "--yes", "--timeout", "0"], "timeout must be"),
        (["advance-to", "x", "y"], "VALUE must be an integer"),
        (["advance-to", "x", 2**63], "must fit in 64 bits"),
        (["ddl", "oracle"], "aseq knows the dialects mariadb, mysql, postgresql, sqlite"),
        (["audit", "x.y"], "name either a sequence or"),
        (["audit", "nowhere.number", "x"], "nowhere"),
        (["audit", "number", "x"], 'a text "table.column"'),
        (["audit", "x.y", "x", "--scope", "a"], "--scope takes scope=table.column, not"),
    ],
)
@pytest.mark.parametrize("kind", ["sqlite", "asyncpg"], indirect=True)
def test_slips(here: Command, args: list[object], problem: str) -> None:
    done = here(*args)
    assert (done.code, done.out) == (2, "")
    assert problem in done.err
    assert here("list").out == ""  # nothing is half done


def test_no_table(aseq: Command, url: str, kind: str) -> None:
    if kind == "sqlite":
        sqlite3.connect(url.removeprefix("sqlite:///")).close()
        assert "there is no file" in aseq("list", "--dsn", f"{url}.not").err
        open(url.removeprefix("sqlite:///"), "w").close()
    for verb in (["list"], ["show", "x"], ["next", "x", "-y"], ["advance-to", "x", "1"]):
        code, out, err = aseq(*verb, "--dsn", url, "--table", "nowhere")
        assert (code, out) == (3, "")
        assert err == (
            "aseq: there is no table 'nowhere': `aseq create` makes it, and --table names "
            "another one\n"
        )


def test_audit(here: Command, rows: str) -> None:
    here("advance-to", "invoices", 4)
    code, out, err = here("audit", f"{rows}.number", "invoices", "--void", f"{rows}.why")
    assert (code, err) == (1, "")
    verdict, scene, *lines = out.splitlines()
    assert verdict == "invoices: not ok: 1 missing, 1 repeated"
    assert f"4 rows with a number in {rows}.number, and 1 without" in scene
    assert lines == [
        "invoices: missing: 3",
        f"invoices: repeated: 2 in 2 rows ({rows} 2, {rows} 3)",
        f"invoices: void: 2 (sent\\ntwice; {rows} 2)",
    ]
    asked = ("audit", f"{rows}.number", "invoices", "--json", "--limit", 1)
    assert json.loads(here(*asked).out)["ok"] is False


def test_an_audit_without_findings(here: Command, rows: str, sql: Sql) -> None:
    sql(f"DELETE FROM {rows} WHERE id > 2")
    here("advance-to", "invoices", 2)
    code, out, _ = here("audit", f"{rows}.number", "invoices")
    assert code == 0
    assert out.splitlines()[-1] == "invoices: ok: 2 rows; numbers 1 to 2; counter at 2"


def test_a_finding_is_never_cut(here: Command, rows: str, sql: Sql) -> None:
    sql(f"DELETE FROM {rows}")
    for number in range(2, 60, 2):
        sql(f"INSERT INTO {rows} VALUES ({number}, {number}, '{'w' * 300}')")
    here("advance-to", "invoices", 60)
    asked = ("audit", f"{rows}.number", "invoices", "--void", f"{rows}.why", "--limit", 25)
    lines = here(*asked).out.splitlines()
    assert len([line for line in lines if line.startswith("invoices: missing: ")]) == 26
    assert "invoices: missing: 6 more that aren't listed (--limit)" in lines
    assert f"invoices: void: 2 ({'w' * 300}; {rows} 2)" in lines


def test_a_condition_that_is_no_sql(here: Command, rows: str) -> None:
    here("advance-to", "invoices", 4)
    code, _, err = here("audit", f"{rows}.number", "invoices", "--where", "number <")
    assert code == 3
    assert "syntax error" in err or "incomplete input" in err


def test_holders(here: Command, kind: str, table: str, postgres: str) -> None:
    here("advance-to", "invoices", 4)
    if kind == "sqlite":
        code, _, err = here("holders")
        assert (code, "sqlite doesn't tell who holds a sequence" in err) == (2, True)
        return
    assert here("holders") == (0, "", "")
    with psycopg.connect(postgres) as conn:
        conn.execute(f"SELECT 1 FROM {table} WHERE name = 'invoices' FOR UPDATE".encode())
        [line] = here("holders").out.splitlines()
        assert line.startswith("invoices: is held by backend ")
        [held] = json.loads(here("holders", "invoices", "--json").out)
        assert (held["pid"], held["holds"]) == (conn.info.backend_pid, True)

        code, _, err = here("next", "invoices", "--yes", "--timeout", 0.1)
        assert (code, "is held by another transaction" in err) == (4, True)
    assert here("next", "invoices", "--yes").out == "5\n"


def test_ddl_makes_the_table(aseq: Command, kind: str, url: str, sql: Sql, table: str) -> None:
    sql(aseq("ddl", "--dsn", url, "--table", table).out)
    assert aseq("next", "x", "-y", "--dsn", url, "--table", table).out == "1\n"
    assert "fillfactor" in aseq("ddl", "postgresql").out
    assert aseq("ddl").code == 2
