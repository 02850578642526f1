"""A network that freezes, and a task that is cancelled: every way out of a block ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import connections

from aseq import AsyncSequence
from aseq._concurrency import call
from aseq.django import aatomic, get_next_value
from aseq.testing import assert_gapless
from tests.django.saved import last, save, saved
from tests.django.server import observed
from tests.django.shop.models import Saved
from tests.proxy import Proxy, proxy_before

DEADLINE = 30

Wait = Callable[[], Awaitable[None]]


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five seconds are long, for a test."""
    monkeypatch.setattr(call, "LIMIT", 0.5)
    monkeypatch.setattr(call, "CANCEL_TIMEOUT", 0.2)


@contextmanager
def behind(proxy: Proxy) -> Iterator[None]:
    """New connections go through the proxy."""
    port = proxy.url.split("@127.0.0.1:")[1].split("/")[0]
    with patch.dict(connections.settings["default"], HOST="127.0.0.1", PORT=port):
        yield


@asynccontextmanager
async def request(inside: bool) -> AsyncIterator[None]:
    """In a request, with its own thread, or not."""
    if not inside:
        yield
        return
    async with ThreadSensitiveContext():
        try:
            yield
        finally:
            await sync_to_async(connections.close_all)()


async def connect(name: str, freeze: Wait) -> None:
    await freeze()
    async with aatomic():
        pytest.fail("entered")


async def draw_first(name: str, freeze: Wait) -> None:
    async with aatomic():
        await freeze()
        await get_next_value(name)


async def draw_first_with_async_sequence(name: str, freeze: Wait) -> None:
    async with aatomic() as tx:
        await freeze()
        await AsyncSequence(name).next_value(tx)


async def draw_later(name: str, freeze: Wait) -> None:
    async with aatomic() as tx:
        await save(name, "default")
        await freeze()
        await AsyncSequence(name).next_value(tx)


async def draw_in_a_savepoint(name: str, freeze: Wait) -> None:
    async with aatomic():
        await save(name, "default")
        async with aatomic():
            await freeze()
            await get_next_value(name)


async def orm(name: str, freeze: Wait) -> None:
    async with aatomic():
        number = await get_next_value(name)
        await freeze()
        await Saved.objects.acreate(name=name, number=number)


async def savepoint(name: str, freeze: Wait) -> None:
    async with aatomic():
        await save(name, "default")
        await freeze()
        async with aatomic():
            pytest.fail("entered")


async def release(name: str, freeze: Wait) -> None:
    async with aatomic(), aatomic():
        await save(name, "default")
        await freeze()


async def commit(name: str, freeze: Wait) -> None:
    async with aatomic():
        await save(name, "default")
        await freeze()


async def rollback(name: str, freeze: Wait) -> None:
    async with aatomic():
        await save(name, "default")
        await freeze()
        raise ZeroDivisionError


PHASES: dict[str, Any] = {
    work.__name__: work
    for work in (
        *(connect, draw_first, draw_first_with_async_sequence, draw_later),
        *(draw_in_a_savepoint, orm, savepoint, release, commit, rollback),
    )
}


@pytest.mark.parametrize("swallows", [False, True])
@pytest.mark.parametrize("in_request", [False, True])
@pytest.mark.parametrize("phase", PHASES)
async def test_every_way_out_ends(
    name: str, postgres: str, phase: str, in_request: bool, swallows: bool
) -> None:
    frozen = asyncio.Event()

    with proxy_before(postgres) as proxy:

        async def freeze() -> None:
            proxy.freeze()
            frozen.set()

        async def work() -> None:
            try:
                await PHASES[phase](name, freeze)
            except asyncio.CancelledError:
                if not swallows:
                    raise

        async with observed() as (server, _), request(in_request):
            with behind(proxy):
                task = asyncio.create_task(work())
                await asyncio.wait_for(frozen.wait(), DEADLINE)
                # Whether it is sent by now or not: it must end.
                await asyncio.to_thread(int)
                task.cancel()
                done, _ = await asyncio.wait([task], timeout=DEADLINE)
                assert done == {task}
                assert task.cancelled() or swallows
                # The thread may still wait for a connection.
                proxy.release()
                proxy.cut()
            await server.until(lambda: server.others() == [])
            # As Django does for the next request, should the connection not be in use.
            await sync_to_async(connections.close_all)()
            async with aatomic():  # in the same thread, if it is that of the request
                await save(name, "default")
    numbers = await saved(name)
    assert_gapless(numbers)
    assert len(numbers) in ([1, 2] if phase == "commit" else [1])
    assert await last(name) == len(numbers)
