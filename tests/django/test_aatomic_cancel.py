"""Cancelling a task in a block: nothing is lost, nothing stays locked, nobody waits long."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import anyio
import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import connections
from django.db.transaction import TransactionManagementError

from aseq import AsyncSequence
from aseq._loss import UNUSABLE_NOTE
from aseq.django import aatomic, advance_to, get_next_value
from tests.cases import BACKENDS
from tests.django.saved import last, save, saved
from tests.django.server import Server, observed
from tests.django.shop.models import Saved
from tests.logged import events, records

Draw = Callable[[Any, str], Awaitable[int]]
DRAWS: dict[str, Draw] = {
    "function": lambda tx, name: get_next_value(name),
    "sequence": lambda tx, name: AsyncSequence(name).next_value(tx),
}


@pytest.fixture(params=[backend for backend in BACKENDS if backend != "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, object]]:
    """The event loop."""
    return BACKENDS[request.param]


@pytest.fixture(params=DRAWS)
def draw(request: pytest.FixtureRequest) -> Draw:
    """How a number is drawn in a block."""
    return DRAWS[request.param]


DREW = (
    "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype ="
    " 'advisory' AND granted AND state = 'idle in transaction'"
    " AND datname = current_database() AND application_name = 'aseq-tests'"
)


async def start(name: str) -> None:
    async with aatomic():
        await advance_to(10, name)


async def issue(name: str, draw: Draw) -> int:
    async with aatomic() as tx:
        number = await draw(tx, name)
        await Saved.objects.acreate(name=name, number=number)
    return number


async def assert_as_it_was(server: Server, name: str) -> None:
    await server.until_idle()
    assert (await last(name), await saved(name)) == (10, [])
    assert await issue(name, DRAWS["function"]) == 11


@pytest.mark.parametrize("times", [1, 2, 5, 40])
@pytest.mark.parametrize("in_request", [False, True])
async def test_cancelled_while_it_waits(
    name: str, times: int, in_request: bool, draw: Draw
) -> None:
    """The server is told: the thread doesn't wait until the lock is free."""
    await start(name)

    async def request() -> int:
        if not in_request:
            return await issue(name, draw)
        async with ThreadSensitiveContext():
            try:
                return await issue(name, draw)
            finally:
                await sync_to_async(connections.close_all)()

    async with observed() as (server, other):
        with other.holding(name):
            task = asyncio.create_task(request())
            await server.until_waiting()
            for _ in range(times):
                task.cancel()
                await asyncio.sleep(0)
            await asyncio.wait([task], timeout=20)
            assert task.cancelled()
            assert server.waiting() == 0
            await server.until_idle()
        await assert_as_it_was(server, name)


async def test_a_scope_ends_the_wait(name: str, draw: Draw) -> None:
    await start(name)
    async with observed() as (server, other):
        with other.holding(name), anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(issue, name, draw)
                await server.until_waiting()
                scope.cancel()
        assert server.waiting() == 0
        await assert_as_it_was(server, name)


@pytest.mark.parametrize("times", [1, 2, 5, 40])
async def test_swallowed(
    name: str, times: int, draw: Draw, caplog: pytest.LogCaptureFixture
) -> None:
    """The block rolls back and says so, whatever its task does."""
    caplog.set_level(logging.INFO, logger="aseq")
    await start(name)
    async with observed() as (server, other):
        with pytest.raises(TransactionManagementError, match="a number that nobody got"):
            async with aatomic() as tx:
                task = asyncio.create_task(draw(tx, name))  # type: ignore[arg-type]
                with other.holding(name):
                    await server.until_waiting()
                    for _ in range(times):
                        task.cancel()
                        await asyncio.sleep(0)
                    with pytest.raises(asyncio.CancelledError) as caught:
                        await task
                with pytest.raises(TransactionManagementError):
                    await Saved.objects.acreate(name=name, number=11)
                with pytest.raises(TransactionManagementError, match="that nobody got"):
                    await get_next_value(name)
        assert caught.value.__notes__ == [UNUSABLE_NOTE]
        assert events(caplog) == ["number_lost", "lost_transaction_committed"]
        assert [vars(record)["aseq_sequence"] for record in records(caplog)] == [name, name]
        await assert_as_it_was(server, name)


async def test_swallowed_after_the_number_was_drawn(name: str, draw: Draw) -> None:
    """The thread has it, and the loop hasn't looked."""
    await start(name)
    async with observed() as (server, _):
        with pytest.raises(TransactionManagementError, match="a number that nobody got"):
            async with aatomic() as tx:
                task = asyncio.create_task(draw(tx, name))  # type: ignore[arg-type]
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                end = time.monotonic() + 20
                while server.rows(DREW) == [(0,)]:  # and the loop stands still
                    assert time.monotonic() < end, "nothing was drawn"
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
        await assert_as_it_was(server, name)


async def test_a_draw_that_hadnt_begun_is_dropped(name: str, draw: Draw) -> None:
    """The block isn't aborted: the thread was busy with something else."""
    await start(name)
    busy, go_on = threading.Event(), threading.Event()

    def occupy() -> None:
        busy.set()
        assert go_on.wait(20)

    async with aatomic() as tx:
        occupied = asyncio.create_task(sync_to_async(occupy)())
        while not busy.is_set():  # noqa: ASYNC110  # a thread's
            await asyncio.sleep(0)
        task = asyncio.create_task(draw(tx, name))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        await occupied
        assert await save(name, "default") == 11
    assert await saved(name) == [11]


async def test_the_waking_hits_no_later_statement(name: str) -> None:
    """A savepoint is rolled back, and the block goes on."""
    await start(name)
    await start(f"{name}-other")
    async with observed() as (server, other):
        async with aatomic():
            for number in range(11, 31):
                with other.holding(f"{name}-other"):
                    await wait_and_cancel(f"{name}-other", server)
                assert await save(name, "default") == number
        assert await saved(name) == list(range(11, 31))


async def wait_and_cancel(name: str, server: Server) -> None:
    """In this very task: only its own blocks nest."""
    me = asyncio.current_task()
    assert me is not None

    async def cancel() -> None:
        await server.until_waiting()
        me.cancel()

    canceller = asyncio.create_task(cancel())
    with pytest.raises(asyncio.CancelledError):
        await issue(name, DRAWS["function"])
    me.uncancel()
    await canceller


@pytest.mark.parametrize("in_request", [False, True])
async def test_cancelled_at_each_tick(name: str, in_request: bool) -> None:
    """Of the whole block, from before it to after it: each ends as if at once."""
    await start(name)
    number, ticks, ended = 10, 0, False
    async with observed() as (server, _):
        while not ended:
            task = asyncio.create_task(in_a_request(name, in_request))
            ended = await tick(task, ticks)
            if not ended:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await server.until_idle()
            now = await last(name)
            assert now in (number, number + 1)
            number, ticks = now, ticks + 1
    assert ticks > 5
    assert await saved(name) == list(range(11, number + 1))


async def in_a_request(name: str, in_request: bool) -> None:
    if not in_request:
        await issue(name, DRAWS["function"])
        return
    async with ThreadSensitiveContext():
        try:
            await issue(name, DRAWS["function"])
        finally:
            await asyncio.shield(sync_to_async(connections.close_all)())


async def tick(task: asyncio.Task[Any], ticks: int) -> bool:
    """Let a task make some steps, each as soon as it can; tells whether it has ended."""
    steps = 0
    while steps < ticks and not task.done():
        before = progress(task)
        await asyncio.sleep(0)
        steps += progress(task) != before
    return task.done()


def progress(task: asyncio.Task[Any]) -> object:
    """What a task waits for, and that it waits for."""
    waited = getattr(task, "_fut_waiter", None)
    return id(waited), len(asyncio.all_tasks())


async def test_somebody_cancels_every_task_but_the_drawing_one(name: str) -> None:
    """As at the end of a loop. The thread draws all the same, so the number is lost."""
    await start(name)
    async with observed() as (server, other):
        with pytest.raises(TransactionManagementError, match="a number that nobody got"):
            async with aatomic():
                with other.holding(name):
                    before = asyncio.all_tasks()
                    drawing = asyncio.create_task(get_next_value(name))
                    await server.until_waiting()
                    for task in asyncio.all_tasks() - before - {drawing}:
                        task.cancel()
                    await asyncio.wait([drawing], timeout=20)
                    assert drawing.cancelled()
        await assert_as_it_was(server, name)
