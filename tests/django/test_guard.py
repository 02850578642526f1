"""Whatever is raised after a draw, and whoever swallows it: no number is lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import DatabaseError, OperationalError, connections, transaction
from django.db.transaction import TransactionManagementError

from aseq import AsyncSequence, NotInTransaction
from aseq._core import plans
from aseq._loss import UNUSABLE_NOTE
from aseq.django import aatomic, get_next_value, sync
from tests.django.autocommit import autocommit_off
from tests.django.saved import last, save, saved
from tests.django.server import dsn
from tests.django.shop.models import Saved


def of_the_users_own() -> None:
    raise ZeroDivisionError


def made_up() -> None:
    raise OperationalError("made up")


def of_another_postgresql() -> None:
    """The server said it, but about another statement on another connection."""
    with psycopg.connect(dsn()) as other:
        try:
            other.execute("SELECT 1 / 0")
        except psycopg.Error as exc:
            raise DatabaseError("of another") from exc


def of_another_sqlite() -> None:
    """Just as nowait's own."""
    with suppress(OSError):
        busy = sqlite3.connect("file:busy?mode=memory&cache=shared", uri=True)
        other = sqlite3.connect("file:busy?mode=memory&cache=shared", uri=True, timeout=0)
        busy.execute("BEGIN IMMEDIATE")
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as exc:
            raise OperationalError("database is locked") from exc
        finally:
            busy.close()
            other.close()


RAISES = (of_the_users_own, made_up, of_another_postgresql, of_another_sqlite)
Raise = Callable[[], None]


@pytest.fixture(params=RAISES, ids=lambda function: function.__name__)
def after(request: pytest.FixtureRequest) -> Raise:
    """What is raised after a draw."""
    function: Raise = request.param
    return function


@contextmanager
def raising(using: str, after: Raise) -> Iterator[None]:
    """Every statement of this thread is executed, and then fails."""

    def wrapper(execute: Any, *args: Any) -> Any:
        execute(*args)
        if not args[0].startswith("PRAGMA"):
            after()

    with connections[using].execute_wrapper(wrapper):
        yield


def notes(exc: BaseException | None) -> list[str]:
    """Of an error, or of the one that it stands for."""
    found: list[str] = []
    while exc is not None:
        found += getattr(exc, "__notes__", [])
        exc = exc.__cause__
    return found


TRANSACTIONS: dict[str, Callable[[str], AbstractContextManager[object]]] = {
    "atomic": lambda using: transaction.atomic(using=using),
    "autocommit off": autocommit_off,
}


@pytest.mark.parametrize("nowait", [False, True])
@pytest.mark.parametrize("kind", TRANSACTIONS)
def test_in_sync_code(name: str, using: str, kind: str, after: Raise, nowait: bool) -> None:
    with TRANSACTIONS[kind](using):
        with pytest.raises((DatabaseError, ZeroDivisionError)) as caught, raising(using, after):
            sync.get_next_value(name, nowait=nowait, using=using)
        assert notes(caught.value) == [UNUSABLE_NOTE]
        with pytest.raises(DatabaseError):
            sync.get_next_value(name, using=using)
        if kind == "autocommit off":
            with suppress(DatabaseError):  # SQLite says so; PostgreSQL rolls back in silence
                transaction.commit(using=using)
    assert sync.get_last_value(name, using=using) is None


@pytest.mark.parametrize("kind", TRANSACTIONS)
def test_what_is_raised_after_the_statement_has_returned(
    name: str, using: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TRANSACTIONS[kind](using):
        with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError) as caught:
            patch.setattr(plans, "batch", lambda *args: of_the_users_own())
            sync.get_next_value(name, using=using)
        assert notes(caught.value) == [UNUSABLE_NOTE]
        if kind == "autocommit off":
            with suppress(DatabaseError):
                transaction.commit(using=using)
    assert sync.get_last_value(name, using=using) is None


Draw = Callable[[Any, str, str], Awaitable[int]]
DRAWS: dict[str, Draw] = {
    "function": lambda tx, name, using: get_next_value(name, nowait=True, using=using),
    "sequence": lambda tx, name, using: AsyncSequence(name).next_value(tx, nowait=True),
}


@pytest.fixture(params=DRAWS)
def draw(request: pytest.FixtureRequest) -> Draw:
    """How a number is drawn in a block."""
    return DRAWS[request.param]


async def test_in_a_block(name: str, using: str, after: Raise, draw: Draw) -> None:
    ends: list[type[BaseException] | None] = []
    with suppress(TransactionManagementError):
        async with aatomic(using) as tx:
            wrapped = raising(using, after)
            await sync_to_async(wrapped.__enter__)()
            with pytest.raises((DatabaseError, ZeroDivisionError)) as caught:
                await draw(tx, name, using)
            ends.append(type(caught.value))
            assert notes(caught.value) == [UNUSABLE_NOTE]
            await sync_to_async(wrapped.__exit__)(None, None, None)
            with pytest.raises(TransactionManagementError):
                await draw(tx, name, using)
    assert len(ends) == 1
    assert await last(name, using) is None


async def test_in_a_block_after_the_statement_has_returned(
    name: str, using: str, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    with suppress(TransactionManagementError):
        async with aatomic(using) as tx:
            with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError) as caught:
                patch.setattr(plans, "batch", lambda *args: of_the_users_own())
                await draw(tx, name, using)
            assert notes(caught.value) == [UNUSABLE_NOTE]
    assert await last(name, using) is None


@pytest.mark.parametrize("of", ["sync", *DRAWS])
async def test_what_the_server_refuses_is_told_without_a_note(
    name: str, using: str, of: str
) -> None:
    def drop() -> None:
        with connections[using].cursor() as cursor:
            cursor.execute("DROP TABLE aseq_sequence")

    def in_sync_code() -> None:
        with transaction.atomic(using=using), pytest.raises(DatabaseError) as caught:
            drop()
            sync.get_next_value(name, using=using)
        assert notes(caught.value) == []
        connections[using].close()

    if of == "sync":
        await sync_to_async(in_sync_code)()
        return
    async with aatomic(using) as tx:
        await sync_to_async(drop)()
        with pytest.raises(DatabaseError) as caught:
            await DRAWS[of](tx, name, using)
        assert notes(caught.value) == []
        tx.set_rollback()


def rolls_back_by_itself(using: str) -> None:
    """An error that SQLite answers by rolling back, as the statement asks; swallowed."""
    with connections[using].cursor() as cursor, pytest.raises(DatabaseError):
        cursor.execute(
            "INSERT OR ROLLBACK INTO shop_saved (id, name, number) SELECT id, '', 0"
            " FROM shop_saved"
        )


def test_sqlite_ends_a_transaction_by_itself(name: str) -> None:
    with suppress(DatabaseError), transaction.atomic(using="sqlite"):
        number = sync.get_next_value(name, using="sqlite")
        Saved.objects.using("sqlite").create(name=name, number=number)
        rolls_back_by_itself("sqlite")
        with pytest.raises(NotInTransaction, match="ended the transaction by itself"):
            sync.get_next_value(name, using="sqlite")
        with pytest.raises(TransactionManagementError):
            Saved.objects.using("sqlite").create(name=name, number=number)
    assert sync.get_last_value(name, using="sqlite") is None


@pytest.mark.parametrize("draws", [False, True])
async def test_sqlite_ends_a_block_by_itself(name: str, draw: Draw, draws: bool) -> None:
    with pytest.raises(TransactionManagementError, match="by itself"):
        async with aatomic("sqlite") as tx:
            await save(name, "sqlite")
            await sync_to_async(rolls_back_by_itself)("sqlite")
            if draws:
                with pytest.raises(NotInTransaction, match="ended the transaction by itself"):
                    await draw(tx, name, "sqlite")
    assert (await saved(name, "sqlite"), await last(name, "sqlite")) == ([], None)


def test_nowait_changes_no_timeout_if_it_fails(name: str) -> None:
    """The rule for SQLite above holds with the busy timeout in between."""
    with nullcontext(connections["sqlite"]) as connection, connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        before = cursor.fetchone()
        with transaction.atomic(using="sqlite"):
            sync.get_next_value(name, nowait=True, using="sqlite")
        cursor.execute("PRAGMA busy_timeout")
        assert cursor.fetchone() == before
