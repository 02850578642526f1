"""Errors of Python's that come after SQLite drew: nobody commits without the number."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

from aseq import AsyncSequence, SequenceCorrupted, _loss, create_table_sql

KINDS = ("sqlite3", "aiosqlite")
DENIED = "not authorized|prohibited"


ROLLED_BACK = (
    "aseq: after this error SQLite has rolled the whole transaction back by itself, with all "
    "numbers drawn in it: leave its block"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database in which 1 was drawn and saved."""
    path = tmp_path / "aseq.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.execute(create_table_sql("sqlite"))
        conn.execute("CREATE TABLE doc (number int)")
        conn.execute("INSERT INTO aseq_sequence VALUES ('s', 1)")
        conn.execute("INSERT INTO doc VALUES (1)")
        conn.commit()
    return path


@asynccontextmanager
async def opened(kind: str, path: Path, **options: Any) -> AsyncIterator[Any]:
    """A connection of either kind, and sqlite3's under it."""
    if kind == "sqlite3":
        with closing(
            sqlite3.connect(path, isolation_level=None, check_same_thread=False, **options)
        ) as lite:
            yield lite, lite
        return
    async with aiosqlite.connect(path, isolation_level=None, **options) as conn:
        yield conn, conn._conn


async def run(conn: Any, sql: str) -> None:
    """Run a statement on either kind."""
    if isinstance(conn, sqlite3.Connection):
        conn.execute(sql)
    else:
        await conn.execute_fetchall(sql)


def assert_gapless(path: Path) -> None:
    with closing(sqlite3.connect(path)) as conn:
        rows = [n for (n,) in conn.execute("SELECT number FROM doc ORDER BY number")]
        [(last,)] = conn.execute("SELECT last FROM aseq_sequence")
    assert rows == list(range(1, last + 1))


async def draw_and_commit_anyway(conn: Any, path: Path, *, nowait: bool) -> Exception | None:
    """Swallow what a draw raises, and try to commit. Returns what it raised."""
    raised = None
    await run(conn, "BEGIN IMMEDIATE")
    try:
        number = await AsyncSequence("s").next_value(conn, nowait=nowait)
        await run(conn, f"INSERT INTO doc VALUES ({number})")
    except Exception as exc:
        raised = exc
    with suppress(sqlite3.DatabaseError):
        await run(conn, "COMMIT")
    if not isinstance(conn, sqlite3.Connection):
        await conn.rollback()
    elif conn.in_transaction:
        conn.rollback()
    assert_gapless(path)
    return raised


def opaque(text: bytes) -> object:
    return object()


def raises(text: bytes) -> object:
    raise sqlite3.OperationalError("of the converter")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("converter", [float, opaque, raises, lambda text: f"id-{text!r}"])
async def test_a_converter(
    path: Path, kind: str, converter: Callable[[bytes], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Registered by the application for all its bigints."""
    monkeypatch.setitem(sqlite3.converters, "BIGINT", converter)
    async with opened(kind, path, detect_types=sqlite3.PARSE_DECLTYPES) as (conn, _):
        raised = await draw_and_commit_anyway(conn, path, nowait=False)

    assert isinstance(raised, sqlite3.Error if converter is raises else SequenceCorrupted)
    assert raised.__notes__ == [_loss.UNUSABLE_NOTE]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", range(1, 5))
async def test_a_deadline_for_statements(path: Path, kind: str, number: int) -> None:
    """The n-th statement of the draw, one of which is to put the busy timeout back, is late."""
    async with opened(kind, path) as (conn, raw):
        seen: list[str] = []

        def late() -> bool:
            return len([sql for sql in seen if "PRAGMA" in sql or "aseq" in sql]) >= number

        await called(conn, raw.set_trace_callback, seen.append)
        await called(conn, raw.set_progress_handler, late, 1)
        await run(conn, "BEGIN IMMEDIATE")
        with suppress(sqlite3.Error):
            number_drawn = await AsyncSequence("s").next_value(conn, nowait=True)
            await called(conn, raw.set_progress_handler, None, 0)
            await run(conn, f"INSERT INTO doc VALUES ({number_drawn})")
        await called(conn, raw.set_progress_handler, None, 0)
        with suppress(sqlite3.DatabaseError):
            await run(conn, "COMMIT")
    assert_gapless(path)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_busy_timeout_that_cannot_be_put_back(path: Path, kind: str) -> None:
    def at_most_a_second(action: int, name: str, value: str | None, *_: object) -> int:
        set_high = action == sqlite3.SQLITE_PRAGMA and value and int(value) > 1000
        return sqlite3.SQLITE_DENY if set_high else sqlite3.SQLITE_OK

    async with opened(kind, path) as (conn, raw):
        await called(conn, raw.set_authorizer, at_most_a_second)
        raised = await draw_and_commit_anyway(conn, path, nowait=True)

    assert isinstance(raised, sqlite3.DatabaseError)
    assert raised.__notes__ == [_loss.UNUSABLE_NOTE]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_busy_timeout_that_cannot_be_set(path: Path, kind: str) -> None:
    """Nothing was drawn: the transaction is as good as it was."""

    def nothing_set(action: int, name: str, value: str | None, *_: object) -> int:
        sets = action == sqlite3.SQLITE_PRAGMA and value
        return sqlite3.SQLITE_DENY if sets else sqlite3.SQLITE_OK

    async with opened(kind, path) as (conn, raw):
        await called(conn, raw.set_authorizer, nothing_set)
        await run(conn, "BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.DatabaseError) as caught:
            await AsyncSequence("s").next_value(conn, nowait=True)
        number = await AsyncSequence("s").next_value(conn)
        await run(conn, f"INSERT INTO doc VALUES ({number})")
        await run(conn, "COMMIT")

    assert not hasattr(caught.value, "__notes__")
    assert number == 2
    assert_gapless(path)


@pytest.mark.parametrize("kind", KINDS)
async def test_an_interrupt_of_the_draw_and_of_what_follows_is_told(
    path: Path, kind: str
) -> None:
    """The busy timeout can't be put back either, and that error is what the caller gets."""
    drawing: list[str] = []

    def trace(sql: str) -> None:
        if sql.startswith("INSERT INTO"):
            drawing.append(sql)

    async with opened(kind, path) as (conn, raw):
        await run(conn, "BEGIN IMMEDIATE")
        await called(conn, raw.set_trace_callback, trace)
        await called(conn, raw.set_progress_handler, lambda: bool(drawing), 1)
        with pytest.raises(sqlite3.OperationalError, match="interrupted") as caught:
            await AsyncSequence("s").next_value(conn, nowait=True)
        await called(conn, raw.set_progress_handler, None, 0)
        assert not raw.in_transaction

    assert caught.value.__notes__ == [ROLLED_BACK]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_transaction_that_sqlite_rolled_back_is_told(path: Path, kind: str) -> None:
    async with opened(kind, path) as (conn, _):
        await run(
            conn,
            "CREATE TEMP TRIGGER full AFTER UPDATE ON main.aseq_sequence "
            "BEGIN SELECT RAISE(ROLLBACK, 'disk is full'); END",
        )
        await run(conn, "BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.IntegrityError, match="full") as caught:
            await AsyncSequence("s").next_value(conn)

    assert caught.value.__notes__ == [ROLLED_BACK]
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute("SELECT last FROM aseq_sequence").fetchone() == (1,)


async def called(conn: Any, method: Callable[..., Any], *args: Any) -> None:
    """Call a method of sqlite3's in the thread that may."""
    if isinstance(conn, sqlite3.Connection):
        method(*args)
    else:
        await conn._execute(method, *args)
