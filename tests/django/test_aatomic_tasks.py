"""Blocks and tasks: who waits for whom, who is refused, and which thread it is in."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import AsyncIterator
from contextvars import Context

import pytest
from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async
from django.db import connections, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import override_settings

from aseq import AsyncSequence
from aseq.django import aatomic, get_next_value
from aseq.django._block.worker import MOVED
from aseq.django.errors import NotInTransaction
from aseq.testing import assert_gapless
from tests.django.elsewhere import save_elsewhere, thread
from tests.django.saved import last, save, saved
from tests.django.server import observed
from tests.django.shop.models import Saved


async def work(name: str, using: str, chance: random.Random) -> bool:
    """Draw and save, in a block and in one inside it; roll back some of both."""
    try:
        async with aatomic(using):
            await save(name, using)
            async with aatomic(using) as tx:
                await save(name, using)
                if chance.random() < 0.3:
                    tx.set_rollback()
            if chance.random() < 0.3:
                raise ZeroDivisionError
    except ZeroDivisionError:
        return False
    return True


async def test_many_tasks_some_rolled_back(name: str, using: str) -> None:
    chance = random.Random()
    done = await asyncio.gather(*[work(name, using, chance) for _ in range(150)])
    assert 50 < sum(done) < 150
    numbers = await saved(name, using)
    assert_gapless(numbers)
    assert await last(name, using) == len(numbers) >= sum(done)


async def test_blocks_in_one_request_wait_for_each_other(name: str, using: str) -> None:
    """One fails while the other is open: none takes the other's rows with it."""
    entered: list[str] = []

    async def fail() -> None:
        async with aatomic(using):
            entered.append("fail")
            await save(name, using)
            for _ in range(50):
                await asyncio.sleep(0)
            entered.append("fails")
            raise ZeroDivisionError

    async def succeed() -> int:
        async with aatomic(using):
            entered.append("succeed")
            return await save(name, using)

    async with ThreadSensitiveContext():
        both = asyncio.gather(fail(), succeed(), return_exceptions=True)
        done = await asyncio.wait_for(both, 20)
        assert isinstance(done[0], ZeroDivisionError)
        assert done[1] == 1
        assert entered == ["fail", "fails", "succeed"]
        await sync_to_async(connections.close_all)()
    assert await saved(name, using) == [1]


async def test_a_child_may_draw_but_opens_no_block(name: str, using: str) -> None:
    async def nest() -> None:
        async with aatomic(using):
            pytest.fail("entered")

    async with aatomic(using):
        assert sorted(await asyncio.gather(*[save(name, using) for _ in range(3)])) == [1, 2, 3]
        with pytest.raises(TransactionManagementError, match="is another task's"):
            await asyncio.create_task(nest())
        assert await save(name, using) == 4
    assert await saved(name, using) == [1, 2, 3, 4]


async def test_a_child_that_outlives_the_block_opens_its_own(name: str, using: str) -> None:
    over = asyncio.Event()

    async def child() -> tuple[int, threading.Thread]:
        await over.wait()
        async with aatomic(using):
            return await save(name, using), await thread()

    async with aatomic(using):
        await save(name, using)
        task, mine = asyncio.create_task(child()), await thread()
    over.set()
    number, theirs = await task
    assert (number, mine != theirs) == (2, True)
    assert await saved(name, using) == [1, 2]


async def test_nobody_draws_in_a_block_with_another_open_inside(name: str, using: str) -> None:
    seq = AsyncSequence(name)
    inside, drawn = asyncio.Event(), asyncio.Event()

    async def child() -> int:
        await inside.wait()
        try:
            return await get_next_value(name, using=using)
        finally:
            drawn.set()

    async with aatomic(using) as outer:
        task = asyncio.create_task(child())
        async with aatomic(using):
            inside.set()
            await drawn.wait()
            with pytest.raises(TransactionManagementError, match="open inside this one"):
                await seq.next_value(outer)
            assert await save(name, using) == 1
        with pytest.raises(TransactionManagementError, match="open inside this one"):
            await task
        assert await save(name, using) == 2
    assert await saved(name, using) == [1, 2]


async def test_a_draw_that_the_block_doesnt_wait_for_rolls_it_back(name: str) -> None:
    async with aatomic():
        await save(name, "default")
    drawing: list[asyncio.Task[int]] = []

    async def leave() -> None:
        async with aatomic():
            drawing.append(asyncio.create_task(get_next_value(name)))
            await server.until_waiting()

    async with observed() as (server, other):
        with other.holding(name):
            leaving = asyncio.create_task(leave())
            done, _ = await asyncio.wait([leaving], timeout=20)
            assert done == {leaving}
            # The block has ended although the lock is still held.
            assert server.waiting() == 0
        with pytest.raises(TransactionManagementError, match="that its block didn't wait"):
            await leaving
        with pytest.raises(TransactionManagementError, match="the block is over"):
            await drawing[0]
    assert await last(name) == 1


async def test_a_foreign_transaction_is_refused(name: str) -> None:
    async with ThreadSensitiveContext():
        atomic = transaction.atomic()
        await sync_to_async(atomic.__enter__)()
        with pytest.raises(TransactionManagementError, match="`aatomic` didn't open"):
            async with aatomic():
                pytest.fail("entered")
        await sync_to_async(atomic.__exit__)(None, None, None)
        async with aatomic():
            assert await save(name, "default") == 1
        await sync_to_async(connections.close_all)()


def test_under_sync_code_the_block_is_on_its_connection(name: str, using: str) -> None:
    async def issue() -> tuple[int, threading.Thread]:
        async with aatomic(using):
            await save(name, using)
        async with aatomic(using) as tx:
            await save(name, using)
            tx.set_rollback()
        return await save_in_block(), await thread()

    async def save_in_block() -> int:
        async with aatomic(using):
            return await save(name, using)

    async def outside() -> int:
        return await get_next_value(name, using=using)

    with transaction.atomic(using):
        assert async_to_sync(issue)() == (2, threading.current_thread())
        assert connections[using].in_atomic_block
        # A task can't know whether that block is meant for it.
        with pytest.raises(NotInTransaction):
            async_to_sync(outside)()
        transaction.set_rollback(True, using)
    assert not Saved.objects.using(using).filter(name=name).exists()
    async_to_sync(issue)()
    assert connections[using].connection is not None  # not ours to close
    assert list(Saved.objects.using(using).filter(name=name).values_list("number")) == [
        (1,),
        (2,),
    ]


def test_siblings_under_sync_code_wait_for_each_other(name: str) -> None:
    """On one connection, and each time on another loop."""

    async def all_of_them() -> list[bool]:
        chance = random.Random()
        return await asyncio.gather(*[work(name, "default", chance) for _ in range(10)])

    for _ in range(3):
        async_to_sync(all_of_them)()
    numbers = Saved.objects.filter(name=name).values_list("number", flat=True)
    assert_gapless(list(numbers))


@override_settings(ASEQ_MAX_BLOCKS=1)
def test_under_sync_code_no_thread_is_taken(name: str) -> None:
    """Nor waited for, whether the context knows of the sync code or only the loop does."""
    met = asyncio.Barrier(2)

    async def issue(using: str) -> threading.Thread:
        async with aatomic(using):
            await save(name, using)
            await met.wait()
            return await thread()

    async def both() -> list[threading.Thread]:
        tasks = [
            asyncio.create_task(issue("default")),
            asyncio.create_task(issue("sqlite"), context=Context()),
        ]
        done, _ = await asyncio.wait(tasks, timeout=20)
        return [task.result() for task in done]

    assert async_to_sync(both)() == [threading.current_thread()] * 2


@override_settings(ASEQ_MAX_BLOCKS=3)
async def test_no_more_threads_than_the_setting_allows(name: str) -> None:
    open_now, most, full = 0, 0, asyncio.Event()

    async def issue() -> None:
        nonlocal open_now, most
        async with aatomic():
            open_now += 1
            most = max(most, open_now)
            if open_now == 3:
                full.set()
            await full.wait()
            async with aatomic("sqlite"):  # in the same thread
                await save(name, "default")
            open_now -= 1

    async with observed() as (server, _):
        await asyncio.gather(*[issue() for _ in range(12)])
        assert most == 3
        await server.until(lambda: server.others() == [])
    assert await saved(name) == list(range(1, 13))


async def test_its_own_thread_is_gone_afterwards(name: str) -> None:
    shared = await thread()
    async with aatomic():
        assert await thread() != shared
        running = threading.active_count()
    assert await thread() == shared
    async with observed() as (server, _):
        await server.until(lambda: threading.active_count() < running)
        async with aatomic():
            await save(name, "default")
            assert [state for _, state, _ in server.others()] == ["idle in transaction"]
        await server.until(lambda: server.others() == [])


async def test_a_block_left_by_another_task(name: str, using: str) -> None:
    """As pytest's fixtures are, and generators that nobody finished."""

    async def numbers() -> AsyncIterator[int]:
        async with aatomic(using):
            while True:
                yield await save(name, using)

    generator = numbers()
    assert await asyncio.create_task(anext(generator)) == 1  # type: ignore[arg-type]
    await asyncio.create_task(generator.aclose())  # type: ignore[attr-defined]
    assert await last(name, using) is None
    assert await save_elsewhere(name, using) == 1


async def test_a_generator_left_open_inside_a_block(name: str, using: str) -> None:
    async def numbers() -> AsyncIterator[int]:
        async with aatomic(using):
            while True:
                yield await save(name, using)

    generator = numbers()
    with pytest.raises(TransactionManagementError, match="begun inside the block and not"):
        async with aatomic(using):
            number = await get_next_value(name, using=using)
            assert await anext(generator) == 2
            # Unawares in the generator's savepoint: without it, there would be a gap.
            await Saved.objects.using(using).acreate(name=name, number=number)
    await generator.aclose()  # type: ignore[attr-defined]
    assert await saved(name, using) == []
    assert await last(name, using) is None


@pytest.mark.parametrize("late", ["nothing", "acreate", "draw", "nest"])
async def test_what_a_block_does_after_its_request(name: str, late: str) -> None:
    """Nothing is saved by itself, on the connection of another thread."""
    drawn, over = asyncio.Event(), asyncio.Event()
    refused: list[str] = []  # the block's own end would hide another error

    async def child() -> None:
        async with aatomic():
            number = await save(name, "default")
            drawn.set()
            await over.wait()
            if late == "acreate":
                await Saved.objects.acreate(name=name, number=number + 1)
            elif late == "draw":
                try:
                    await get_next_value(name)
                except TransactionManagementError as exc:
                    refused.append(str(exc))
            elif late == "nest":
                await save_elsewhere(name, "default")

    async with observed() as (server, _):
        async with ThreadSensitiveContext():
            task = asyncio.create_task(child())
            await drawn.wait()
        over.set()
        with pytest.raises(TransactionManagementError, match="ended before the block did"):
            await task
        await server.until(lambda: server.others() == [])
    assert (await saved(name), await last(name)) == ([], None)
    assert refused == ([MOVED] if late == "draw" else [])


async def test_tasks_of_a_block_that_outlive_it_and_their_request(name: str) -> None:
    """Each that begins a block later has its own thread, whatever the others have."""
    left, begun, over = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def early() -> None:
        await left.wait()
        async with aatomic():
            begun.set()
            await over.wait()

    async def late() -> None:
        await over.wait()
        await save_elsewhere(name, "default")

    async with ThreadSensitiveContext():
        async with aatomic():
            tasks = [asyncio.create_task(late()) for _ in range(2)]
            tasks.append(asyncio.create_task(early()))
        left.set()
        await begun.wait()
    over.set()
    *_, lost = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(lost, TransactionManagementError)
    assert await saved(name) == [1, 2]


async def test_a_block_begun_after_its_request(name: str) -> None:
    """In a thread of its own, with a connection that is closed."""
    over = asyncio.Event()

    async def child() -> None:
        await over.wait()
        await save_elsewhere(name, "default")

    async with observed() as (server, _):
        async with ThreadSensitiveContext():
            task = asyncio.create_task(child())
        over.set()
        await task
        await server.until(lambda: server.others() == [])
    assert await saved(name) == [1]
