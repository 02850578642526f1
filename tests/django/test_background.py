"""Tasks that outlive the request that started them."""

from __future__ import annotations

import asyncio
from contextvars import Context

import pytest
from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async
from django.core.signals import request_finished
from django.db import connections
from django.db.transaction import TransactionManagementError

from aseq.django import aatomic
from aseq.django._block.worker import MOVED
from aseq.testing import assert_gapless
from tests.django.saved import last, save, saved

TICKS = [*range(12)] * 3


async def late(name: str, ticks: int) -> int:
    for _ in range(ticks):
        await asyncio.sleep(0)
    async with aatomic():
        return await save(name, "default")


async def request(name: str, ticks: int, context: Context | None) -> int:
    """As Django's handler: the task is not awaited before the request ends."""
    async with ThreadSensitiveContext():
        await sync_to_async(int)()
        task = asyncio.create_task(late(name, ticks), context=context)
        await sync_to_async(request_finished.send)(sender=None)
    return await task


async def test_a_block_that_the_end_of_the_request_cuts_off(name: str) -> None:
    """Saved, or refused with advice; but nothing in between, and no error of asgiref's."""
    assert "context=contextvars.Context()" in MOVED
    told, refused = list[int](), list[str]()
    for ticks in TICKS:
        try:
            told.append(await request(name, ticks, None))
        except TransactionManagementError as exc:
            refused.append(str(exc))
    assert set(refused) <= {MOVED}
    assert_gapless(told)
    assert await saved(name) == told
    assert await last(name) == (len(told) or None)


async def test_the_advice_helps(name: str) -> None:
    told = [await request(name, ticks, Context()) for ticks in TICKS]
    assert told == await saved(name) == list(range(1, len(TICKS) + 1))


@pytest.mark.parametrize("hop", ["find", "begin"])
async def test_the_request_ends_while_a_block_begins(
    name: str, hop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was done in it yet: it begins in a thread of its own."""
    from aseq.django._block.worker import Worker

    reached, over = asyncio.Event(), asyncio.Event()
    original = Worker.run

    async def stop(self: Worker, work: object, on_cancel: object = None) -> object:
        if not reached.is_set() and (work == self.find) == (hop == "find"):
            reached.set()
            await over.wait()
        return await original(self, work, on_cancel)  # type: ignore[arg-type]

    monkeypatch.setattr(Worker, "run", stop)
    async with ThreadSensitiveContext():
        await sync_to_async(int)()
        task = asyncio.create_task(late(name, 0))
        await reached.wait()
        await sync_to_async(connections.close_all)()
    over.set()
    assert await task == 1
    assert await saved(name) == [1]


async def test_the_request_ends_just_after_the_beginning(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transaction is open, but the task doesn't know that yet."""
    from aseq.django._block.lifecycle import Entry

    begun, over = asyncio.Event(), asyncio.Event()
    original = Entry._begin

    async def stop(self: Entry) -> None:
        await original(self)
        if not begun.is_set():
            begun.set()
            await over.wait()

    monkeypatch.setattr(Entry, "_begin", stop)
    async with ThreadSensitiveContext():
        task = asyncio.create_task(late(name, 0))
        await begun.wait()
    over.set()
    assert await task == 1
    assert await saved(name) == [1]


def test_a_sync_caller_that_ends_while_a_block_begins(name: str) -> None:
    """There, Django's own async calls fail as well."""
    loop = asyncio.new_event_loop()
    tasks: list[asyncio.Task[int]] = []

    async def begin() -> None:
        tasks.append(asyncio.create_task(late(name, 0)))
        await asyncio.sleep(0)

    async def main() -> int:
        await sync_to_async(async_to_sync(begin))()
        return await tasks[0]

    try:
        with pytest.raises(TransactionManagementError) as caught:
            loop.run_until_complete(main())
        assert str(caught.value) == MOVED
        assert loop.run_until_complete(last(name)) is None
    finally:
        loop.run_until_complete(sync_to_async(connections.close_all)())
        loop.close()
