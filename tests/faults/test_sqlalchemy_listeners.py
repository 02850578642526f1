"""SQLAlchemy's listeners, which may raise whatever they like after the server drew."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, event, exc, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from aseq import AsyncSequence, SequenceLocked, _loss
from aseq.sqlalchemy import begin_immediate
from tests.adapters.sqlalchemy_setups import (
    DRIVERS,
    create_tables,
    engine_for,
    last,
    postgres_url,
    sqlite_url,
    url_of,
)

OURS = "aseq_sequence"


@pytest.fixture(params=["sqlite", "begin_immediate", *DRIVERS])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """One on each driver, with the tables."""
    if request.param in DRIVERS:
        url = postgres_url(request.getfixturevalue("postgres"), request.param)
    else:
        url = sqlite_url(tmp_path / "aseq.db")
    await create_tables(url)
    patience = {"connect_args": {"timeout": 0.05}} if "sqlite" in url else {}
    async with engine_for(url, **patience) as engine:
        yield begin_immediate(engine) if request.param == "begin_immediate" else engine


def refused_elsewhere() -> None:
    """An audit of the application's, in a database of its own, is refused by that one."""
    engine = create_engine("sqlite://")
    try:
        with engine.connect() as audit:
            audit.execute(text("SELECT * FROM nothing"))
    finally:
        engine.dispose()


def refused_by_sqlite() -> None:
    with closing(sqlite3.connect(":memory:")) as audit:
        audit.execute("SELECT * FROM nothing")


def raising(make: Callable[[], Exception]) -> Callable[[], None]:
    def fail() -> None:
        raise make()

    return fail


def by_hand() -> Exception:
    return exc.OperationalError("SELECT 1", {}, sqlite3.OperationalError("by hand"))


def unencodable() -> None:
    "\N{GRINNING FACE}".encode("latin-1")


FAILURES: dict[str, Callable[[], None]] = {
    "any error": raising(ZeroDivisionError),
    "an error of SQLAlchemy's": raising(exc.InvalidRequestError),
    "one made by hand": raising(by_hand),
    "one with a state": raising(psycopg.errors.SerializationFailure),
    "an unencodable text": unencodable,
    "an error of another database": refused_elsewhere,
    "the same, without SQLAlchemy": refused_by_sqlite,
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_listener_behind_the_draw(engine: AsyncEngine, name: str, failure: str) -> None:
    """Nobody commits without the number; after the rollback the session works again."""
    seq = AsyncSequence(name)
    fails = FAILURES[failure]

    def listener(_: object, __: object, statement: str, *___: object) -> None:
        if OURS in statement:
            fails()

    async with AsyncSession(engine) as session:
        await session.execute(text(f"INSERT INTO saved VALUES ('{name}', 0)"))
        event.listen(engine.sync_engine, "after_cursor_execute", listener)
        with pytest.raises(Exception) as caught:
            await seq.next_value(session)
        event.remove(engine.sync_engine, "after_cursor_execute", listener)
        with pytest.raises(exc.SQLAlchemyError):  # noqa: PT012
            await session.execute(text(f"INSERT INTO saved VALUES ('{name}', 1)"))
            await session.commit()
        await session.rollback()
        assert await last(url_of(engine), name) is None
        assert await seq.next_value(session) == 1

    assert caught.value.__notes__ == [_loss.UNUSABLE_NOTE]


async def test_a_listener_before_the_draw(engine: AsyncEngine, name: str) -> None:
    """It may have vetoed the statement. Unless it's known that nothing was sent, abort."""
    seq = AsyncSequence(name)

    def listener(_: object, __: object, statement: str, *___: object) -> None:
        if OURS in statement:
            raise ZeroDivisionError

    async with AsyncSession(engine) as session:
        event.listen(engine.sync_engine, "before_cursor_execute", listener)
        with pytest.raises(ZeroDivisionError):
            await seq.next_value(session)
        event.remove(engine.sync_engine, "before_cursor_execute", listener)
        with suppress(exc.SQLAlchemyError):
            await session.commit()
        await session.rollback()
        assert await seq.next_value(session) == 1


async def test_what_handles_errors_changes_nothing(engine: AsyncEngine, name: str) -> None:
    """The wait for a lock was over, said in the application's words: nothing was drawn."""

    class Busy(Exception):
        pass

    @event.listens_for(engine.sync_engine, "handle_error")
    def in_other_words(context: Any) -> None:
        raise Busy

    seq = AsyncSequence(name)
    async with AsyncSession(engine) as holder, AsyncSession(engine) as session:
        await seq.next_value(holder)
        with pytest.raises(Busy) as caught:
            await draw_without_waiting(session, seq)
        with suppress(AttributeError):
            assert caught.value.__notes__ == []
        await session.rollback()
        await holder.commit()
        assert await seq.next_value(session) == 2


async def draw_without_waiting(session: AsyncSession, seq: AsyncSequence) -> None:
    """Fail at once, and by an error of the database's."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("SET LOCAL lock_timeout = '1ms'"))
        await seq.next_value(session)
    else:
        await seq.next_value(session, nowait=True)


async def test_a_refusal_is_no_loss(engine: AsyncEngine, name: str) -> None:
    seq = AsyncSequence(name)
    async with AsyncSession(engine) as holder, AsyncSession(engine) as session:
        await seq.next_value(holder)
        with pytest.raises(SequenceLocked) as caught:
            await draw_without_waiting(session, seq)
        assert not hasattr(caught.value, "__notes__")
        assert not hasattr(caught.value.__cause__, "__notes__")
        await holder.commit()
        await session.rollback()
        assert await seq.next_value(session) == 2


@pytest.mark.parametrize("driver", DRIVERS)
async def test_a_name_that_the_client_cannot_encode(
    postgres: str, driver: str, name: str
) -> None:
    """Nothing is sent, so the transaction is as good as it was."""
    options: dict[str, Any] = {"client_encoding": "latin1"}
    if driver == "asyncpg":
        options = {"server_settings": options}
    url = postgres_url(postgres, driver)
    await create_tables(url)
    async with (
        engine_for(url, connect_args=options) as engine,
        AsyncSession(engine) as session,
    ):
        await session.execute(text(f"INSERT INTO saved VALUES ('{name}', 0)"))
        with pytest.raises(UnicodeEncodeError) as caught:
            await AsyncSequence(f"{name} \N{GRINNING FACE}").next_value(session)
        assert await AsyncSequence(f"{name} \xe9").next_value(session) == 1
        await session.commit()

    assert not hasattr(caught.value, "__notes__")
    assert await last(url, f"{name} \xe9") == 1
