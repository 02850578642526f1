"""SQLite under SQLAlchemy: a draw is refused exactly where a rollback would not undo it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from sqlalchemy import AsyncAdaptedQueuePool, Connection, event, text
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    create_async_engine,
)

from aseq import AsyncSequence, NotInTransaction
from aseq.sqlalchemy import begin_immediate
from tests.adapters.sqlalchemy_setups import (
    create_tables,
    engine_for,
    last,
    postgres_url,
    sqlite_url,
)

Kind = Literal["session", "connection"]
Situation = Literal["plain", "fresh", "savepoint first", "savepoint after a write"]
SITUATIONS: tuple[Situation, ...] = (
    "plain",
    "fresh",
    "savepoint first",
    "savepoint after a write",
)

RECIPE = (
    "set the engine up with aseq.sqlalchemy.begin_immediate(engine), so that "
    "SQLAlchemy's transactions are SQLite's too"
)
AUTOCOMMIT = f"the driver is in autocommit mode: {RECIPE}"
SAVEPOINT = (
    "Python's sqlite3 doesn't begin a transaction before a savepoint, whose end may then "
    f"commit: {RECIPE}"
)


def own_recipe(engine: AsyncEngine, verb: str = "BEGIN") -> AsyncEngine:
    """As SQLAlchemy's documentation has it."""

    @event.listens_for(engine.sync_engine, "connect")
    def leave_it_alone(dbapi_connection: Any, _: object) -> None:
        dbapi_connection.isolation_level = None

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(verb)

    return engine


def listens_only(engine: AsyncEngine) -> AsyncEngine:
    @event.listens_for(engine.sync_engine, "begin")
    def note(connection: Connection) -> None:
        connection.info["begun"] = True

    return engine


@dataclass(frozen=True)
class Setup:
    """How an engine or a connection is set up, and what is safe then.

    Attributes:
        id: as pytest prints it.
        engine: makes the engine.
        unsafe: where a rollback doesn't undo a draw.
        strict: where it does, but a draw is refused: SQLite doesn't tell the two apart.
        options: execution options of the connection.
        since: the first version of Python that knows the setup.
    """

    id: str
    engine: Callable[[str], AsyncEngine]
    unsafe: tuple[Situation, ...] = ()
    strict: tuple[Situation, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    since: tuple[int, int] = (3, 11)


def made(**options: Any) -> Callable[[str], AsyncEngine]:
    return lambda url: create_async_engine(url, **options)


def legacy(id: str, engine: Callable[[str], AsyncEngine]) -> Setup:  # noqa: A002
    """sqlite3 itself begins, before the first write and not before a savepoint."""
    return Setup(id, engine, ("savepoint first",), ("savepoint after a write",))


ALL = SITUATIONS
SETUPS = (
    legacy("default", made()),
    legacy("default and a listener", lambda url: listens_only(made()(url))),
    legacy("IMMEDIATE", made(connect_args={"isolation_level": "IMMEDIATE"})),
    legacy("SERIALIZABLE", made(isolation_level="SERIALIZABLE")),
    Setup("begin_immediate", lambda url: begin_immediate(made()(url))),
    Setup(
        "begin_immediate, AUTOCOMMIT",
        lambda url: begin_immediate(made(isolation_level="AUTOCOMMIT")(url)),
    ),
    Setup(
        "begin_immediate, SERIALIZABLE connection",
        lambda url: begin_immediate(made()(url)),
        options=(("isolation_level", "SERIALIZABLE"),),
    ),
    Setup(
        "begin_immediate, autocommit=True",
        lambda url: begin_immediate(made(connect_args={"autocommit": True})(url)),
        since=(3, 12),
    ),
    Setup(
        "begin_immediate, autocommit=False",
        lambda url: begin_immediate(made(connect_args={"autocommit": False})(url)),
        since=(3, 12),
    ),
    Setup("own recipe", lambda url: own_recipe(made()(url))),
    Setup("own recipe IMMEDIATE", lambda url: own_recipe(made()(url), "BEGIN IMMEDIATE")),
    Setup("no isolation_level", made(connect_args={"isolation_level": None}), ALL),
    Setup("AUTOCOMMIT engine", made(isolation_level="AUTOCOMMIT"), ALL),
    Setup(
        "AUTOCOMMIT engine option",
        lambda url: made()(url).execution_options(isolation_level="AUTOCOMMIT"),
        ALL,
    ),
    Setup(
        "AUTOCOMMIT in execution_options",
        made(execution_options={"isolation_level": "AUTOCOMMIT"}),
        ALL,
    ),
    Setup(
        "AUTOCOMMIT connection option",
        made(),
        ALL,
        options=(("isolation_level", "AUTOCOMMIT"),),
    ),
    Setup("autocommit=False", made(connect_args={"autocommit": False}), since=(3, 12)),
    Setup("autocommit=True", made(connect_args={"autocommit": True}), ALL, since=(3, 12)),
)


@asynccontextmanager
async def connected(engine: AsyncEngine, kind: Kind, setup: Setup) -> AsyncIterator[Any]:
    """A session or connection on the engine, its options set."""
    options: Any = dict(setup.options)
    async with AsyncSession(engine) if kind == "session" else engine.connect() as conn:
        if options and isinstance(conn, AsyncConnection):
            await conn.execution_options(**options)
        elif options:
            await conn.connection(execution_options=options)
        yield conn


async def draw_and_roll_back(conn: Any, situation: Situation, seq: AsyncSequence) -> None:
    """Draw, and roll back; if in a savepoint, after its release."""
    if situation != "fresh" and not conn.in_transaction():
        await conn.begin()
    try:
        if situation == "savepoint after a write":
            await conn.execute(text("INSERT INTO saved VALUES ('earlier', 1)"))
        if situation.startswith("savepoint"):
            async with conn.begin_nested():
                await seq.next_value(conn)
        else:
            await seq.next_value(conn)
    finally:
        await conn.rollback()


def versioned(setup: Setup) -> Any:
    mark = pytest.mark.skipif(
        sys.version_info < setup.since,
        reason="sqlite3 connections have `autocommit` from Python 3.12 on",
    )
    return pytest.param(setup, id=setup.id, marks=mark)


@pytest.mark.parametrize("kind", ["session", "connection"])
@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("setup", [versioned(setup) for setup in SETUPS])
async def test_refuses_what_a_rollback_would_not_undo(
    setup: Setup, situation: Situation, kind: Kind, tmp_path: Path
) -> None:
    url = sqlite_url(tmp_path / "aseq.db")
    await create_tables(url)
    engine = setup.engine(url)

    async with connected(engine, kind, setup) as conn:
        careless = AsyncSequence("careless", require_transaction=False)
        await draw_and_roll_back(conn, situation, careless)
    hint = None
    async with connected(engine, kind, setup) as conn:
        try:
            await draw_and_roll_back(conn, situation, AsyncSequence("careful"))
        except NotInTransaction as exc:
            hint = exc.hint
    await engine.dispose()

    assert (await last(url, "careless") is not None) == (situation in setup.unsafe)
    assert await last(url, "careful") is None
    advice = SAVEPOINT if situation.startswith("savepoint") else AUTOCOMMIT
    refused = situation in setup.unsafe or situation in setup.strict
    assert hint == (advice if refused else None)


async def test_says_all_of_it(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "aseq.db")
    async with engine_for(url) as engine, AsyncSession(engine) as session:
        await session.begin_nested()
        with pytest.raises(NotInTransaction) as caught:
            await AsyncSequence("invoices").next_value(session)

    assert str(caught.value) == (
        "sequence 'invoices' isn't used inside a transaction, so the change would be "
        f"committed by itself and could leave a gap: {SAVEPOINT}"
    )


async def test_reads_in_any_mode(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "aseq.db")
    await create_tables(url)
    async with (
        engine_for(url, isolation_level="AUTOCOMMIT") as engine,
        AsyncSession(engine) as session,
        session.begin_nested(),
    ):
        assert await AsyncSequence("invoices").last_value(session) is None


async def test_the_recipe_outlasts_a_use_in_autocommit_mode(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "aseq.db")
    await create_tables(url)
    async with engine_for(url, poolclass=AsyncAdaptedQueuePool, pool_size=1) as engine:
        begin_immediate(engine)
        async with engine.connect() as conn:
            await conn.execution_options(isolation_level="AUTOCOMMIT")
            await conn.execute(text("SELECT 1"))
        async with AsyncSession(engine) as session:
            await draw_and_roll_back(session, "savepoint first", AsyncSequence("invoices"))

    assert await last(url, "invoices") is None


async def test_the_recipe_is_for_sqlite_alone(postgres: str) -> None:
    async with engine_for(postgres_url(postgres, "asyncpg")) as engine:
        with pytest.raises(ValueError) as caught:
            begin_immediate(engine)

    assert str(caught.value) == "begin_immediate() is for SQLite, not for postgresql"


@pytest.mark.parametrize("verb", ["COMMIT", "ROLLBACK"])
async def test_the_recipe_and_a_transaction_that_was_ended_by_hand(
    tmp_path: Path, verb: str
) -> None:
    url = sqlite_url(tmp_path / "aseq.db")
    await create_tables(url)
    seq = AsyncSequence("invoices")
    async with engine_for(url) as engine, AsyncSession(begin_immediate(engine)) as session:
        await session.execute(text(verb))
        with pytest.raises(NotInTransaction) as caught:
            await seq.next_value(session)
        await session.rollback()
        assert await seq.next_value(session) == 1

    assert caught.value.hint == (
        "the transaction that SQLAlchemy began was ended without it, by SQL sent by hand for "
        "example: roll back first"
    )


@pytest.mark.skipif(
    "skip_autocommit_rollback" not in inspect.signature(DefaultDialect).parameters,
    reason="SQLAlchemy has it from 2.0.43 on",
)
async def test_the_recipe_and_rollbacks_that_were_to_be_skipped(tmp_path: Path) -> None:
    """They would leave the transaction open, and its lock taken, on a connection given back."""
    url = sqlite_url(tmp_path / "aseq.db")
    await create_tables(url)
    seq = AsyncSequence("invoices")
    async with engine_for(url, skip_autocommit_rollback=True) as engine:
        begin_immediate(engine)
        for _ in range(2):
            async with AsyncSession(engine) as session:
                assert await seq.next_value(session) == 1
                await session.rollback()
