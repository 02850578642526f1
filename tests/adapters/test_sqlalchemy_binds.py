"""Sessions with several engines draw where our table is, and where writes go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Delete, Engine, MetaData, Table, Update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from aseq import AsyncSequence, UnsupportedConnection
from aseq.sqlalchemy import sequence_table
from tests.adapters.sqlalchemy_setups import create_tables, engine_for, last, sqlite_url, url_of

SEQ = AsyncSequence("invoices")


class Base(DeclarativeBase):
    """The application's; it doesn't have our table."""


class Invoice(Base):
    __tablename__ = "invoice"
    number: Mapped[int] = mapped_column(primary_key=True)


class Archive(Base):
    __tablename__ = "archive"
    number: Mapped[int] = mapped_column(primary_key=True)


class Complete(DeclarativeBase):
    """One that has our table."""


OURS = sequence_table(Complete.metadata)
OTHERS_NAME = sequence_table(MetaData(), "legal.numbers")


@pytest.fixture
async def engines(tmp_path: Path) -> AsyncIterator[tuple[AsyncEngine, AsyncEngine]]:
    """Ours, which has the tables, and another one, which hasn't."""
    async with AsyncExitStack() as stack:
        ours, other = [
            await stack.enter_async_context(engine_for(sqlite_url(tmp_path / name)))
            for name in ("ours.db", "other.db")
        ]
        await create_tables(sqlite_url(tmp_path / "ours.db"))
        yield ours, other


async def draws_on(engine: AsyncEngine, session: AsyncSession) -> None:
    """Draw in the session, and find the number in the database of the engine."""
    async with session.begin():
        assert await SEQ.next_value(session) == 1
        assert await SEQ.last_value(session) == 1
    await session.close()

    assert await last(url_of(engine), SEQ.name) == 1


@pytest.mark.parametrize("key", [Invoice, Base, Invoice.__table__, Complete, OURS])
async def test_one_engine(engines: tuple[AsyncEngine, AsyncEngine], key: Any) -> None:
    ours, _ = engines
    await draws_on(ours, AsyncSession(binds={key: ours}))


async def test_one_engine_for_several_models(engines: tuple[AsyncEngine, AsyncEngine]) -> None:
    ours, _ = engines
    await draws_on(ours, AsyncSession(binds={Invoice: ours, Archive: ours}))


@pytest.mark.parametrize("key", [OURS, OTHERS_NAME])
async def test_the_engine_of_our_table(
    engines: tuple[AsyncEngine, AsyncEngine], key: Table
) -> None:
    ours, other = engines
    await draws_on(ours, AsyncSession(binds={Invoice: other, key: ours}))


async def test_the_engine_of_our_table_and_one_for_the_rest(
    engines: tuple[AsyncEngine, AsyncEngine],
) -> None:
    ours, other = engines
    await draws_on(ours, AsyncSession(other, binds={OURS: ours}))


async def test_the_engine_of_the_base_that_has_our_table(
    engines: tuple[AsyncEngine, AsyncEngine],
) -> None:
    ours, other = engines
    await draws_on(ours, AsyncSession(binds={Base: other, Complete: ours}))


async def test_the_engine_of_the_rest(engines: tuple[AsyncEngine, AsyncEngine]) -> None:
    ours, other = engines
    await draws_on(ours, AsyncSession(ours, binds={Archive: other}))


@pytest.mark.parametrize("keys", [(Invoice, Archive), (OURS, OTHERS_NAME)])
async def test_two_engines_and_no_hint(
    engines: tuple[AsyncEngine, AsyncEngine], keys: tuple[Any, Any]
) -> None:
    ours, other = engines
    async with AsyncSession(binds={keys[0]: ours, keys[1]: other, Invoice: ours}) as session:
        with pytest.raises(UnsupportedConnection) as caught:
            await SEQ.next_value(session)
        connection = await session.connection(bind_arguments={"mapper": Invoice})
        assert await SEQ.next_value(connection) == 1
        await session.commit()

    assert str(caught.value) == (
        "can't draw numbers on sqlalchemy.ext.asyncio.session.AsyncSession: its binds "
        "don't say which engine has the table of sequences: add "
        "`sequence_table(metadata): engine` to them, or pass "
        '`await session.connection(bind_arguments={"mapper": Invoice})`'
    )
    assert await last(url_of(ours), SEQ.name) == 1


async def test_no_engine_at_all() -> None:
    async with AsyncSession() as session:
        with pytest.raises(UnsupportedConnection) as caught:
            await SEQ.next_value(session)

    assert caught.value.hint == "it has no engine: `AsyncSession(engine)`"


async def test_a_session_that_routes_writes_to_a_leader(
    engines: tuple[AsyncEngine, AsyncEngine],
) -> None:
    leader, follower = engines

    class RoutingSession(Session):
        def get_bind(self, mapper: Any = None, clause: Any = None, **_: Any) -> Engine:
            writes = self._flushing or isinstance(clause, (Update, Delete))
            return (leader if writes else follower).sync_engine

    await draws_on(leader, AsyncSession(sync_session_class=RoutingSession))


async def test_a_session_that_routes_at_random(
    engines: tuple[AsyncEngine, AsyncEngine],
) -> None:
    ours, other = engines
    answers = iter((ours, other, other, ours, other, other))

    class RandomSession(Session):
        def get_bind(self, *_: Any, **__: Any) -> Engine:
            return next(answers).sync_engine

    # One question per call: the dialect and the connection are of one engine.
    session = AsyncSession(sync_session_class=RandomSession)
    assert await SEQ.next_value(session) == 1
    await session.close()
