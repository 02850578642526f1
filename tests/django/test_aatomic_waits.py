"""Blocks that wait: for their turn on a connection, for a thread, and never for each other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from unittest.mock import patch

import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import connections
from django.db.transaction import TransactionManagementError
from django.test.utils import override_settings

from aseq.django import aatomic, get_next_value
from tests.django.elsewhere import save_elsewhere, thread
from tests.django.saved import last, save, saved
from tests.django.server import observed
from tests.django.shop.models import Saved
from tests.proxy import Proxy, proxy_before

DEADLINE = 20


async def in_turn(name: str, first: str, second: str, met: asyncio.Barrier) -> None:
    """A block on each of two databases; both tasks have the first before either goes on."""
    async with aatomic(first):
        await save(name, first)
        with suppress(asyncio.BrokenBarrierError):
            await met.wait()
        async with aatomic(second):
            await save(name, second)


async def test_two_databases_in_opposite_order(name: str) -> None:
    """In one thread, each task waits for what the other one has: one is refused."""
    async with ThreadSensitiveContext():
        met = asyncio.Barrier(2)
        done = await asyncio.wait_for(
            asyncio.gather(
                in_turn(name, "default", "sqlite", met),
                in_turn(name, "sqlite", "default", met),
                return_exceptions=True,
            ),
            DEADLINE,
        )
        [refused] = [error for error in done if error is not None]
        assert isinstance(refused, TransactionManagementError)
        assert "in the same order" in str(refused)
        await sync_to_async(connections.close_all)()
    assert [await saved(name), await saved(name, "sqlite")] == [[1], [1]]


async def test_two_databases_in_the_same_order(name: str) -> None:
    async with ThreadSensitiveContext():
        met = asyncio.Barrier(2)
        tasks = [asyncio.create_task(in_turn(name, "default", "sqlite", met)) for _ in range(2)]
        while met.n_waiting == 0:  # noqa: ASYNC110
            await asyncio.sleep(0)
        await met.abort()
        await asyncio.wait_for(asyncio.gather(*tasks), DEADLINE)
        await sync_to_async(connections.close_all)()
    assert [await saved(name), await saved(name, "sqlite")] == [[1, 2], [1, 2]]


async def test_a_child_waits_for_who_waits_for_its_parent(name: str) -> None:
    """The parent's block counts as held: it may be waiting for the child."""
    async with ThreadSensitiveContext():
        inside = asyncio.Event()

        async def other() -> None:
            async with aatomic("sqlite"):
                inside.set()
                async with aatomic("default"):
                    await save(name, "default")

        async def child() -> None:
            async with aatomic("sqlite"):
                pytest.fail("entered")

        begin = asyncio.Event()

        async def wait_and(work: Callable[[], Awaitable[None]]) -> None:
            await begin.wait()
            await work()

        waiting = asyncio.create_task(wait_and(other))  # without the block around it
        async with aatomic("default"):
            begin.set()
            await inside.wait()
            await sync_to_async(int)()  # it has found its connection
            await asyncio.sleep(0)
            with pytest.raises(TransactionManagementError):
                await asyncio.wait_for(asyncio.create_task(child()), DEADLINE)
            waiting.cancel()
            await asyncio.wait([waiting], timeout=DEADLINE)
            assert await save(name, "default") == 1
        await sync_to_async(connections.close_all)()


async def test_cancelled_while_it_waits_for_its_turn(name: str, using: str) -> None:
    """Also in the very moment in which it gets it: the next one does."""
    async with ThreadSensitiveContext():
        for late in (False, True):
            inside, over = asyncio.Event(), asyncio.Event()

            async def hold(inside: asyncio.Event = inside, over: asyncio.Event = over) -> None:
                async with aatomic(using):
                    inside.set()
                    await over.wait()

            holding = asyncio.create_task(hold())
            await inside.wait()
            waiting = [asyncio.create_task(save_elsewhere(name, using)) for _ in range(3)]
            await sync_to_async(int)()  # each has found its connection
            await asyncio.sleep(0)
            if not late:
                waiting[0].cancel()
                waiting[1].cancel()
            over.set()
            if late:
                await holding
                waiting[0].cancel()
                waiting[1].cancel()
            done = await asyncio.wait_for(
                asyncio.gather(*waiting, return_exceptions=True), DEADLINE
            )
            assert isinstance(done[0], asyncio.CancelledError)
            assert isinstance(done[1], asyncio.CancelledError)
            assert done[2] == 1 + late
            await holding
        await sync_to_async(connections.close_all)()
    assert await saved(name, using) == [1, 2]


@override_settings(ASEQ_MAX_BLOCKS=1)
@pytest.mark.parametrize("ticks", range(6))
async def test_cancelled_while_it_waits_for_a_thread(name: str, ticks: int) -> None:
    """None is taken, and none is lost."""
    inside, over = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with aatomic():
            inside.set()
            await over.wait()

    holding = asyncio.create_task(hold())
    await inside.wait()
    running = threading.active_count()
    waiting = [asyncio.create_task(save_elsewhere(name, "default")) for _ in range(3)]
    for _ in range(3):
        await asyncio.sleep(0)
    over.set()
    if ticks:
        await holding
    for _ in range(ticks):
        await asyncio.sleep(0)
    waiting[0].cancel()
    waiting[1].cancel()
    done = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), DEADLINE)
    numbers = [number for number in done if isinstance(number, int)]
    assert await saved(name) == sorted(numbers)
    assert done[2] == len(numbers)
    assert await asyncio.wait_for(save_elsewhere(name, "default"), DEADLINE) == len(numbers) + 1
    await holding
    async with observed() as (server, _):  # a thread ends a little after what it did
        await server.until(lambda: threading.active_count() <= running)


async def test_the_default_executor_is_full(name: str) -> None:
    """Of threads that wait for the very lock, say: a cancelled draw is woken all the same."""
    async with aatomic():
        await save(name, "default")
    loop, go_on = asyncio.get_running_loop(), threading.Event()
    pool = ThreadPoolExecutor(1)
    loop.set_default_executor(pool)
    full = loop.run_in_executor(None, go_on.wait, DEADLINE * 2)
    try:
        async with observed() as (server, other):
            with other.holding(name):
                task = asyncio.create_task(save_elsewhere(name, "default"))
                await server.until_waiting()
                task.cancel()
                done, _ = await asyncio.wait([task], timeout=DEADLINE)
                assert done == {task}
                assert task.cancelled()
                assert server.waiting() == 0
                await server.until(lambda: server.others() == [])
    finally:
        go_on.set()
        await full
    assert await last(name) == 1


@contextmanager
def behind(proxy: Proxy) -> Iterator[None]:
    """New connections go through the proxy."""
    port = proxy.url.split("@127.0.0.1:")[1].split("/")[0]
    with patch.dict(connections.settings["default"], HOST="127.0.0.1", PORT=port):
        yield


async def test_a_server_that_doesnt_react_any_more(name: str, postgres: str) -> None:
    """The thread is let go, and the connection with it; nothing is committed."""
    async with aatomic():
        await save(name, "default")
    async with observed() as (server, other):
        with proxy_before(postgres) as proxy, other.holding(name):
            with behind(proxy):
                task = asyncio.create_task(save_elsewhere(name, "default"))
                await server.until_waiting()
            proxy.freeze()
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=DEADLINE * 2)
            assert done == {task}
            assert task.cancelled()
        await server.until(lambda: server.others() == [])
    assert (await last(name), await saved(name)) == (1, [1])


async def test_a_number_that_comes_too_late(name: str, postgres: str) -> None:
    """Drawn, but its task was cancelled meanwhile: nothing more is written in the block."""
    with (
        proxy_before(postgres) as proxy,
        pytest.raises(TransactionManagementError, match="a number that nobody got"),
        behind(proxy),
    ):
        async with aatomic():
            await save(name, "default")
            proxy.hold_answers()
            task = asyncio.create_task(get_next_value(name))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            proxy.wait_for_answer()
            task.cancel()
            await asyncio.sleep(0)
            proxy.deliver()
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(TransactionManagementError, match="until the end of the"):
                await Saved.objects.acreate(name=name, number=2)
    assert (await last(name), await saved(name)) == (None, [])


async def test_every_connection_of_its_thread_is_closed(name: str) -> None:
    """Also those that the block isn't on."""
    used = []

    def use() -> None:
        for connection in connections.all():
            connection.ensure_connection()
            used.append(connection)

    async with aatomic():
        await save(name, "default")
        await sync_to_async(use)()
        assert all(connection.connection is not None for connection in used)
    assert {connection.alias for connection in used} == {"default", "sqlite"}
    assert [connection.connection for connection in used] == [None, None]


async def test_a_request_in_the_context_of_a_block_before_it(name: str) -> None:
    """As in a test that calls the application: the request has its own thread."""
    shared = await thread()
    async with aatomic():
        await save(name, "default")

    async def child() -> set[threading.Thread]:
        await over.wait()
        return {await thread()}

    async with ThreadSensitiveContext():
        mine = await thread()
        assert mine != shared
        async with aatomic():
            assert await thread() == mine
            await save(name, "default")
        await sync_to_async(connections.close_all)()
    over = asyncio.Event()
    async with aatomic():
        task = asyncio.create_task(child())
    over.set()
    assert await task == {shared} == {await thread()}


async def test_blocks_that_dont_end_in_order(name: str) -> None:
    """Each is forgotten, and no other."""
    shared = await thread()
    one, two = aatomic(), aatomic("sqlite")
    await one.__aenter__()
    await two.__aenter__()
    own = await thread()
    await save(name, "default")
    await one.__aexit__(None, None, None)
    assert await thread() == own != shared
    assert await save(name, "sqlite") == 1
    await two.__aexit__(None, None, None)
    assert await thread() == shared
    async with ThreadSensitiveContext():
        assert await thread() != shared
    assert [await saved(name), await saved(name, "sqlite")] == [[1], [1]]
    assert await last(name) == 1


async def test_a_draw_that_is_over_when_the_block_ends_is_no_reason(name: str) -> None:
    """But one whose task hasn't got the number yet is."""
    async with aatomic():
        task = asyncio.create_task(get_next_value(name))
        await asyncio.wait([task], timeout=DEADLINE)
    assert await task == 1
    with pytest.raises(TransactionManagementError, match="that its block didn't wait"):
        async with aatomic():
            late = asyncio.create_task(get_next_value(name))
            await asyncio.sleep(0)
    with pytest.raises(TransactionManagementError, match="the block is over"):
        await late
    assert await last(name) == 1
