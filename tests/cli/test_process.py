"""The command as a process: signals, pipes, terminals, and what is installed."""

from __future__ import annotations

import functools
import io
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from aseq._cli import interrupt, sqlite
from tests.cli.conftest import KINDS, Command, with_password

DEADLINE = 60
ASEQ = (sys.executable, "-m", "aseq")
LONG = (
    "(WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 30000000) "
    "SELECT max(x) FROM c)"
)


def test_a_closed_pipe(aseq: Command, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    aseq("create", "--dsn", url)
    for args, told in [
        (["--help"], ""),
        (["next", "x", "--yes"], "aseq: 1 was drawn and committed, but nobody read it\n"),
    ]:
        reads, writes = os.pipe()
        os.close(reads)
        done = subprocess.run(
            [*ASEQ, *args],
            env={**os.environ, "ASEQ_DSN": url},
            stdout=writes,
            stderr=subprocess.PIPE,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        os.close(writes)
        assert (done.returncode, done.stderr) == (141, told)


@pytest.mark.parametrize("driver", KINDS[1:])
def test_ctrl_c_while_it_waits(
    driver: str, aseq: Command, postgres: str, table: str, name: str
) -> None:
    url = with_password(postgres, f"postgresql+{driver}")
    place = ("--dsn", url, "--table", table)
    aseq("create", *place)
    aseq("advance-to", name, 1, *place)
    args = [*ASEQ, "next", name, "--yes", "--timeout", "600", *place]
    with psycopg.connect(postgres) as conn, psycopg.connect(postgres, autocommit=True) as see:
        conn.execute(f"SELECT 1 FROM {table} WHERE name = '{name}' FOR UPDATE".encode())
        pipe = subprocess.PIPE
        # A shell lets what it runs in the background ignore SIGINT, and so do their children.
        heed = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        process = subprocess.Popen(args, stdout=pipe, stderr=pipe, text=True, preexec_fn=heed)
        waits = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND application_name = 'aseq next' AND query LIKE %s"
        )
        until(lambda: see.execute(waits, [f"%{table}%"]).fetchone() == (1,))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=DEADLINE)
        assert (process.returncode, out) == (130, "")
        assert err == "\naseq: interrupted. What wasn't committed was rolled back\n"
        until(lambda: see.execute(waits, [f"%{table}%"]).fetchone() == (0,))
    assert aseq("next", name, "-y", *place).out == "2\n"


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_ctrl_c_within_a_statement_of_sqlite(
    aseq: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is pressed from another thread, once the statement runs, which takes seconds."""
    assert threading.current_thread() is threading.main_thread()
    place = ("--dsn", f"sqlite:///{tmp_path / 'shop.db'}")
    aseq("create", *place)
    with sqlite3.connect(tmp_path / "shop.db") as lite:
        lite.execute("CREATE TABLE invoice (id integer PRIMARY KEY, number integer)")
        lite.execute("INSERT INTO invoice VALUES (1, 1)")
    lite.close()
    connect = sqlite.connect
    ends: list[object] = []

    def with_a_key(file: str, *, create: bool) -> sqlite3.Connection:
        connection = connect(file, create=create)
        press = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
        connection.create_function("press", 0, press.start)
        connection.create_function("at_its_end", 1, ends.append)
        return connection

    monkeypatch.setattr(sqlite, "connect", with_a_key)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    interrupt.install()
    try:
        where = f"press() IS NULL AND at_its_end({LONG})"
        done = aseq("audit", "invoice.number", "x", "--where", where, *place)
    finally:
        signal.signal(signal.SIGINT, before)
        interrupt.install()
    assert (done.code, done.out, ends) == (130, "", [])


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("answer", "code", "last"), [("y\n", 0, 6), ("n\n", 2, 5), ("\n", 2, 5), ("", 2, 5)]
)
@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_next_asks(
    answer: str, code: int, last: int, here: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    here("advance-to", "invoices", 5)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", Terminal(answer))
        patch.setattr(sys.stderr, "isatty", lambda: True)
        done = here("next", "invoices")
    assert done.code == code
    assert "the last number of 'invoices': it is 5.\nDraw the next one for good?" in done.err
    assert here("show", "invoices").out == f"{last}\n"


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_table_on_a_terminal_is_not_cut(
    here: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "".join(chr(ord("a") + place % 26) for place in range(100))
    here("advance-to", name, 2**62)
    here("advance-to", "[bold]x", 2)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    out = here("list").out
    columns = [line[:20].split(" ")[0] for line in out.splitlines()]
    assert "[bold]x" in out
    assert str(2**62) in out
    assert name in "".join(columns)
    assert "…" not in out


def test_without_the_extra() -> None:
    code = "import sys; sys.modules['cyclopts'] = None; from aseq.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "aseq: the command needs cyclopts, which isn't installed: install aseq with its extra "
        "`cli`, or pip install cyclopts rich sqlalchemy. (The library doesn't need it.)\n"
    )


@pytest.mark.parametrize(
    ("installed", "asked", "used"),
    [
        ({"psycopg", "psycopg2", "asyncpg"}, "postgres", "psycopg"),
        ({"psycopg", "psycopg2", "asyncpg"}, "postgresql+asyncpg", "asyncpg"),
        ({"psycopg2", "asyncpg"}, "postgresql", "psycopg2"),
        ({"asyncpg"}, "postgresql+psycopg", "asyncpg"),
        (set(), "postgresql", None),
    ],
)
def test_whichever_driver_is_installed(
    installed: set[str],
    asked: str,
    used: str | None,
    aseq: Command,
    postgres: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = {name: object() for name in installed}
    monkeypatch.setattr("aseq._cli.drivers.find_spec", found.get)
    url = with_password(postgres, asked) + "?sslmode=disable&connect_timeout=20"
    code, _, err = aseq("show", "x", "--dsn", url, "--table", "nowhere")
    if used is None:
        assert (code, "no driver for PostgreSQL is installed" in err) == (2, True)
        return
    assert (code, "there is no table 'nowhere'" in err) == (3, True)
    down = "postgres://127.0.0.1:1/shop?ssl=true&application_name=me&command_timeout=3"
    assert f"aseq: postgresql+{used}://127.0.0.1:1/shop: " in (
        aseq("list", "--dsn", down.replace("postgres:", f"{asked}:")).err
    )


def test_a_driver_without_its_library(aseq: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> None:
        raise ImportError(f"no {name} wrapper available.\nAttempts made: ...")

    monkeypatch.setattr("aseq._cli.drivers.import_module", broken)
    assert aseq("list", "--dsn", "postgresql+psycopg://127.0.0.1/shop") == (
        2,
        "",
        "aseq: psycopg can't find libpq, PostgreSQL's library: pip install 'psycopg[binary]'\n",
    )
    assert aseq("list", "--dsn", "postgresql+asyncpg://127.0.0.1/shop").err == (
        "aseq: asyncpg can't be imported: no asyncpg wrapper available.\n"
    )


def test_a_verb_that_isnt_there(aseq: Command) -> None:
    assert aseq("adit").err == (
        "aseq: there is no such verb; did you mean audit? See aseq --help\n"
    )


def test_the_current_folder_can_be_imported(aseq: Command, tmp_path: Path) -> None:
    (tmp_path / "numbers_of_mine.py").write_text(
        "from aseq import AsyncSequence\nCASES = AsyncSequence('cases', initial_value=7)\n"
    )
    aseq("create", "--dsn", f"sqlite:///{tmp_path / 'shop.db'}")
    script = Path(sys.executable).with_name("aseq")
    done = subprocess.run(
        [script, "next", "-n", "numbers_of_mine:CASES", "-y"],
        cwd=tmp_path,
        env={**os.environ, "ASEQ_DSN": "sqlite:///shop.db"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("7\n", "")
