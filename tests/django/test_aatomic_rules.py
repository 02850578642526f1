"""What a block refuses, and what it rolls back, because a number could be lost in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import override_settings

from aseq import AsyncSequence
from aseq.django import aatomic, get_next_value, sync
from aseq.django.errors import NotInTransaction
from tests.django.saved import last, save, saved
from tests.django.server import observed
from tests.django.shop.models import Saved

DEADLINE = 20


def sync_save(name: str, using: str) -> int:
    with transaction.atomic(using):
        number = sync.get_next_value(name, using=using)
        Saved.objects.using(using).create(name=name, number=number)
    return number


async def test_sync_code_of_another_task_draws_in_no_block(name: str, using: str) -> None:
    """In the same thread, it would be in the block's transaction, and roll back with it."""
    async with ThreadSensitiveContext():
        inside, over = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            async with aatomic(using) as tx:
                inside.set()
                await over.wait()
                tx.set_rollback()

        holding = asyncio.create_task(hold())
        await inside.wait()
        with pytest.raises(NotInTransaction, match="is another task's"):
            await sync_to_async(sync_save)(name, using)
        over.set()
        await holding
        assert await sync_to_async(sync_save)(name, using) == 1
        await sync_to_async(connections.close_all)()
    assert await saved(name, using) == [1]


async def test_sync_code_inside_a_block(name: str, using: str) -> None:
    async with aatomic(using):
        assert await sync_to_async(sync_save)(name, using) == 1
        async with aatomic(using):
            assert await sync_to_async(sync_save)(name, using) == 2
        assert await sync_to_async(sync.get_next_value)(name, using=using) == 3
    assert await last(name, using) == 3


@pytest.mark.parametrize("nested", [False, True])
async def test_a_transaction_that_another_task_begins_inside(
    name: str, using: str, nested: bool
) -> None:
    """And leaves open, or ends while a nested block is open: it then takes that one's end."""
    async with ThreadSensitiveContext():
        foreign = transaction.atomic(using)
        with pytest.raises(TransactionManagementError, match=r"^rolled back: "):
            async with aatomic(using):
                assert await save(name, using) == 1
                await sync_to_async(foreign.__enter__)()
                if nested:
                    with pytest.raises(TransactionManagementError, match="begun inside"):
                        async with aatomic(using):
                            assert await save(name, using) == 2
                            await sync_to_async(foreign.__exit__)(None, None, None)
                else:
                    assert await save(name, using) == 2
        assert not await sync_to_async(lambda: connections[using].in_atomic_block)()
        await sync_to_async(connections.close_all)()
    assert await last(name, using) is None
    assert await saved(name, using) == []


async def test_a_connection_that_was_closed_inside(name: str, using: str) -> None:
    with pytest.raises(TransactionManagementError, match="connection was closed inside"):
        async with aatomic(using):
            await save(name, using)
            await sync_to_async(lambda: connections[using].close())()
    assert await last(name, using) is None


async def test_after_a_connection_that_was_closed_inside(name: str) -> None:
    """What is known of the transaction before is nothing about the next one."""
    async with ThreadSensitiveContext():
        with pytest.raises(TransactionManagementError):
            async with aatomic():
                await sync_to_async(connections.close_all)()
        async with aatomic():
            assert await save(name, "default") == 1
        await sync_to_async(connections.close_all)()
    assert await saved(name) == [1]


async def test_a_number_lost_without_a_savepoint(name: str) -> None:
    """Whoever swallows the inner block's error can't commit the outer one unawares."""
    async with aatomic():
        await save(name, "default")
    async with observed() as (server, other):
        with pytest.raises(TransactionManagementError, match="a number that nobody got"):
            async with aatomic():
                with other.holding(name), pytest.raises(TransactionManagementError):
                    async with aatomic(savepoint=False):
                        task = asyncio.create_task(get_next_value(name))
                        await server.until_waiting()
                        task.cancel()
                        await asyncio.wait([task], timeout=DEADLINE)
    assert await last(name) == 1


async def test_a_finished_block_takes_no_orders(name: str) -> None:
    async with aatomic() as tx:
        await save(name, "default")
    with pytest.raises(TransactionManagementError, match="the block is over"):
        tx.set_rollback()
    with pytest.raises(TransactionManagementError, match="the block is over"):
        tx.on_commit(lambda: pytest.fail("called"))


async def test_nothing_is_nested_in_a_lost_block(name: str) -> None:
    async with aatomic():
        await save(name, "default")
    async with observed() as (server, other):
        with pytest.raises(TransactionManagementError, match="a number that nobody got"):
            async with aatomic():
                with other.holding(name):
                    task = asyncio.create_task(get_next_value(name))
                    await server.until_waiting()
                    task.cancel()
                    await asyncio.wait([task], timeout=DEADLINE)
                with pytest.raises(TransactionManagementError, match="that nobody got"):
                    async with aatomic():
                        pytest.fail("entered")
    assert await last(name) == 1


def test_a_savepoint_that_commits_by_itself(name: str) -> None:
    """SQLite's, where autocommit is off."""

    async def draw() -> int:
        async with aatomic("sqlite") as tx:
            return await AsyncSequence(name).next_value(tx)

    transaction.set_autocommit(False, "sqlite")
    try:
        with pytest.raises(NotInTransaction, match="a savepoint that commits by itself"):
            async_to_sync(draw)()
        transaction.rollback("sqlite")
    finally:
        transaction.set_autocommit(True, "sqlite")
    assert async_to_sync(draw)() == 1


async def test_autocommit_is_off(
    name: str, using: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Django's atomic doesn't commit then, and nobody could after the block."""
    monkeypatch.setitem(connections.settings[using], "AUTOCOMMIT", False)
    with pytest.raises(TransactionManagementError, match="commits nothing"):
        async with aatomic(using):
            pytest.fail("entered")
    monkeypatch.undo()
    async with aatomic(using):
        assert await save(name, using) == 1
    assert await saved(name, using) == [1]


async def numbers(block: object, name: str) -> AsyncIterator[int]:
    async with block:  # type: ignore[attr-defined]
        while True:
            yield await save(name, "default")


async def test_one_object_left_by_a_task_that_didnt_enter_it(name: str) -> None:
    """It can't be known which entry is meant: none may commit in the name of another."""
    block = aatomic()
    entries = [numbers(block, f"{name}-{index}") for index in range(2)]
    for entry in entries:
        # Each in a context of its own, as every task of a server has.
        await asyncio.create_task(anext(entry))  # type: ignore[arg-type]

    async def leave() -> None:
        await block.__aexit__(None, None, None)

    for _ in entries:
        with pytest.raises(TransactionManagementError, match="the block to end is unknown"):
            await asyncio.create_task(leave())
    assert [await last(f"{name}-{index}") for index in range(2)] == [None, None]


async def test_one_object_left_by_another_task(name: str) -> None:
    block = aatomic()
    await asyncio.create_task(anext(numbers(block, name)))  # type: ignore[arg-type]
    await asyncio.create_task(block.__aexit__(None, None, None))
    assert await last(name) == 1


async def test_hooks_of_a_savepoint(name: str) -> None:
    """In the order of their blocks' ends; those of what was rolled back never."""
    called: list[str] = []
    async with aatomic() as outer:
        outer.on_commit(lambda: called.append("outer, at its end"))
        await sync_to_async(transaction.on_commit)(lambda: called.append("Django's"))
        async with aatomic() as middle:
            middle.on_commit(lambda: called.append("middle"))
            async with aatomic(savepoint=False) as inner:
                inner.on_commit(lambda: called.append("inner"))
        async with aatomic() as middle:
            async with aatomic() as inner:
                inner.on_commit(lambda: called.append("never"))
            async with aatomic(savepoint=False) as inner:
                inner.on_commit(lambda: called.append("never"))
            middle.set_rollback()
        assert called == []
    assert called == ["Django's", "inner", "middle", "outer, at its end"]


async def test_hooks_that_fail(name: str) -> None:
    """As Django's: the transaction is committed, and the block gone, all the same."""
    called: list[str] = []
    with pytest.raises(ZeroDivisionError):
        async with aatomic() as tx:
            await save(name, "default")
            tx.on_commit(lambda: 1 / 0, robust=True)
            tx.on_commit(lambda: called.append("yes"))
            tx.on_commit(lambda: 1 / 0)
            tx.on_commit(lambda: called.append("no"))
    assert called == ["yes"]
    assert await saved(name) == [1]


@pytest.mark.parametrize("number", [0, -1, None, "20"])
async def test_how_many_blocks_are_no_number(number: object) -> None:
    with (
        override_settings(ASEQ_MAX_BLOCKS=number),
        pytest.raises(ImproperlyConfigured, match="ASEQ_MAX_BLOCKS must be"),
    ):
        async with aatomic():
            pytest.fail("entered")


async def test_a_commit_that_fails(name: str) -> None:
    """The block is gone, and its thread; the error is the database's."""

    def defer() -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute(
                "CREATE TEMPORARY TABLE once (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)"
            )
            cursor.execute("INSERT INTO once VALUES (1), (1)")

    async with observed() as (server, _):
        with pytest.raises(Exception, match="duplicate key"):
            async with aatomic():
                await save(name, "default")
                await sync_to_async(defer)()
        await server.until(lambda: server.others() == [])
    assert await last(name) is None
