"""Blocks and event loops: sync callers, several loops, and loops that end too early."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextvars import copy_context

import pytest
from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async
from django.db import connections, transaction
from django.db.transaction import TransactionManagementError

from aseq.django import aatomic, get_last_value, get_next_value, sync
from aseq.testing import assert_gapless
from tests.django.elsewhere import save_elsewhere, thread
from tests.django.saved import last, save, saved
from tests.django.server import Server, observed
from tests.django.shop.models import Saved

DEADLINE = 20


def saved_here(name: str, using: str) -> list[int]:
    rows = Saved.objects.using(using).filter(name=name)
    return list(rows.values_list("number", flat=True))


@pytest.mark.parametrize("siblings", [1, 3])
def test_tasks_that_a_sync_caller_leaves_behind(name: str, using: str, siblings: int) -> None:
    """Cancelled at each tick by the end of the loop: its connection is as it was before."""

    async def leave(ticks: int) -> bool:
        tasks = [asyncio.create_task(save_elsewhere(name, using)) for _ in range(siblings)]
        for _ in range(ticks):
            await asyncio.sleep(0)
            if all(task.done() for task in tasks):
                return True
        return False

    ticks = 0
    while not async_to_sync(leave)(ticks):
        connection = connections[using]
        assert not connection.in_atomic_block
        assert connection.get_autocommit()
        numbers = saved_here(name, using)
        if numbers:
            assert_gapless(numbers)
        assert async_to_sync(get_last_value)(name, using=using) == (len(numbers) or None)
        ticks += 1 + ticks // 6
    assert ticks > 5


@pytest.mark.parametrize("ticks", range(8))
def test_a_sync_caller_that_ends_at_the_end_of_a_block(
    name: str, using: str, ticks: int
) -> None:
    """Even what ends the block is cancelled, and before it has begun."""

    async def leave() -> None:
        begun, over = asyncio.Event(), asyncio.Event()

        async def issue() -> None:
            async with aatomic(using):
                await save(name, using)
                begun.set()
                await over.wait()

        asyncio.create_task(issue())  # noqa: RUF006
        await begun.wait()
        over.set()
        for _ in range(ticks):
            await asyncio.sleep(0)

    async_to_sync(leave)()
    assert not connections[using].in_atomic_block
    with transaction.atomic(using):
        number = sync.get_next_value(name, using=using)
        Saved.objects.using(using).create(name=name, number=number)
    assert_gapless(saved_here(name, using))


@pytest.mark.parametrize("ticks", range(0, 40, 2))
def test_a_loop_that_ends_at_the_end_of_a_block(name: str, ticks: int) -> None:
    """The connections of its own thread are closed all the same."""
    used = []

    async def leave() -> None:
        begun, over = asyncio.Event(), asyncio.Event()

        async def issue() -> None:
            async with aatomic():
                await save(name, "default")
                used.append(await sync_to_async(lambda: connections["default"])())
                begun.set()
                await over.wait()

        task = asyncio.create_task(issue())
        await begun.wait()
        over.set()
        while not task.done() and sum(1 for _ in asyncio.all_tasks()) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0)
        for _ in range(ticks):
            await asyncio.sleep(0)

    asyncio.run(leave())
    deadline = time.monotonic() + DEADLINE
    while used[0].connection is not None and time.monotonic() < deadline:
        time.sleep(0.002)
    assert used[0].connection is None


def test_a_loop_that_ends_while_a_draw_waits(name: str) -> None:
    asyncio.run(save_elsewhere(name, "default"))

    async def leave(server: Server) -> None:
        asyncio.create_task(save_elsewhere(name, "default"))  # noqa: RUF006
        await server.until_waiting()

    async def main() -> None:
        async with observed() as (server, other):
            with other.holding(name):
                await asyncio.to_thread(asyncio.run, leave(server))
                assert server.waiting() == 0
                await server.until(lambda: server.others() == [])
            assert (await last(name), await saved(name)) == (1, [1])

    asyncio.run(main())


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    if not loop.is_closed():
        loop.close()


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("in_request", [False, True])
def test_a_loop_that_is_closed_inside_a_block(
    name: str, loop: asyncio.AbstractEventLoop, in_request: bool, nested: bool
) -> None:
    """Nothing can be awaited any more. The server rolls back all the same."""

    async def issue() -> None:
        async with aatomic():
            await save(name, "default")
            if nested:
                async with aatomic():
                    await for_ever()
            await for_ever()

    async def for_ever() -> None:
        drawn.set()
        await asyncio.Event().wait()

    async def request() -> None:
        if in_request:
            await ThreadSensitiveContext().__aenter__()  # type: ignore[no-untyped-call]
        await issue()

    async def check() -> None:
        async with observed() as (server, _):
            await server.until_idle()
        assert (await last(name), await saved(name)) == (None, [])
        assert await save_elsewhere(name, "default") == 1

    drawn = asyncio.Event()
    context = copy_context()
    task = loop.create_task(request(), context=context)
    loop.run_until_complete(asyncio.wait_for(drawn.wait(), DEADLINE))
    loop.close()
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    context.run(task.get_coro().close)  # as when it is collected
    asyncio.run(check())


async def test_a_sync_caller_that_ends_before_the_block(name: str) -> None:
    """Its thread isn't to be had any more, and its connection is closed."""
    begun, over = asyncio.Event(), asyncio.Event()
    tasks: list[asyncio.Task[None]] = []

    async def child() -> None:
        async with aatomic():
            await save(name, "default")
            begun.set()
            await over.wait()

    async def begin() -> None:
        tasks.append(asyncio.create_task(child()))
        await begun.wait()

    async with observed() as (server, _), ThreadSensitiveContext():
        await sync_to_async(async_to_sync(begin))()
        over.set()
        with pytest.raises(TransactionManagementError, match="ended before the block did"):
            await tasks[0]
        await server.until_idle()
        await sync_to_async(connections.close_all)()
    assert await last(name) is None


@pytest.mark.parametrize("thread_sensitive", [False, True])
async def test_async_code_under_sync_code_in_a_thread(
    name: str, using: str, thread_sensitive: bool
) -> None:
    """The block is in that thread, whichever it is, and its connection isn't closed."""

    async def issue() -> tuple[int, threading.Thread]:
        async with aatomic(using):
            return await save(name, using), await thread()

    def work() -> None:
        try:
            assert async_to_sync(issue)() == (1, threading.current_thread())
            connection = connections[using].connection
            with transaction.atomic(using):
                assert async_to_sync(issue)() == (2, threading.current_thread())
                transaction.set_rollback(True, using)
            assert async_to_sync(issue)() == (2, threading.current_thread())
            assert connection is connections[using].connection is not None
        finally:
            connections.close_all()

    await sync_to_async(work, thread_sensitive=thread_sensitive)()
    assert await saved(name, using) == [1, 2]


async def test_a_block_under_sync_code_under_a_block(name: str, using: str) -> None:
    """Other code of the same task can't be told from another task's."""

    async def draw() -> int:
        return await get_next_value(name, using=using)

    async def nest() -> None:
        async with aatomic(using):
            pytest.fail("entered")

    async def begin() -> asyncio.Task[int]:
        return asyncio.create_task(draw())

    async with aatomic(using):
        assert await sync_to_async(async_to_sync(draw))() == 1
        with pytest.raises(TransactionManagementError, match="is another task's"):
            await sync_to_async(async_to_sync(nest))()
        # A task that outlives the sync code is in the block all the same.
        assert await (await sync_to_async(async_to_sync(begin))()) == 2
        assert await get_next_value(name, using=using) == 3
    assert await last(name, using) == 3


async def test_another_loop_inside_a_block(name: str) -> None:
    """It gets a thread of its own, although it inherits the context."""

    async def issue() -> tuple[int, threading.Thread]:
        async with aatomic("sqlite"):
            return await save(name, "sqlite"), await thread()

    async with aatomic():
        await save(name, "default")
        number, other = await asyncio.to_thread(asyncio.run, issue())
        assert (number, other != await thread()) == (1, True)
    assert [await saved(name), await saved(name, "sqlite")] == [[1], [1]]
