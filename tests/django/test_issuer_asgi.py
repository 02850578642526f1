"""Requests to a real uvicorn that save a draft and have it numbered, many at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from aseq.django import Issuer, aatomic, advance_to
from aseq.testing import assert_gapless
from tests.django.served import MIDDLEWARE, hang_up, served
from tests.django.server import Server, observed
from tests.django.shop.models import Paper

REQUESTS = 40


@pytest.fixture(params=MIDDLEWARE)
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the tests' project is served."""
    with served(MIDDLEWARE[request.param]) as url:
        yield url


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    yield
    for using in ("default", "sqlite"):
        Paper.objects.using(using).all().delete()


def numbers(using: str) -> list[int]:
    """What is saved, in order."""
    rows = Paper.objects.using(using).exclude(number=None).order_by("number")
    return list(rows.values_list("number", flat=True))


@asynccontextmanager
async def trouble(using: str, name: str) -> AsyncIterator[Server | None]:
    """On PostgreSQL: the sequence is held until the end of the block."""
    if using == "sqlite":
        yield None
        return
    async with aatomic():
        await advance_to(0, name)
    async with observed() as (server, other):
        with other.holding(name):
            yield server


async def test_requests(name: str, using: str, url: str) -> None:
    path, hung_up, told = f"/late/{using}/{name}", asyncio.Event(), list[int]()
    statuses: list[int] = []

    async def ask(client: httpx.AsyncClient, query: str) -> None:
        answer = await client.get(url + path + query)
        statuses.append(answer.status_code)
        told.extend(answer.json().get("numbers", ()))

    limits = httpx.Limits(max_connections=None)
    async with (
        anyio.create_task_group() as hanging_up,
        httpx.AsyncClient(timeout=90, limits=limits, trust_env=False) as client,
        anyio.create_task_group() as asking,
        trouble(using, name) as server,
    ):
        for index in range(REQUESTS):
            if index % 5 == 1:
                hanging_up.start_soon(hang_up, url, path, hung_up)
            else:
                asking.start_soon(ask, client, "?fails" if index % 4 == 0 else "")
        if server is not None:
            await server.until_waiting()
            [waiting] = [pid for pid, _, wait in server.all() if wait == "Lock"]
            server.rows("SELECT pg_terminate_backend(%s)", waiting)
            await server.until(lambda: waiting not in [pid for pid, *_ in server.all()])
            await server.until_waiting()
        hung_up.set()

    saved = await sync_to_async(numbers)(using)
    assert_gapless(saved)
    assert len(told) == len(set(told)) == statuses.count(200)
    assert statuses.count(200) + statuses.count(400) == len(statuses) == REQUESTS * 4 // 5
    assert set(told) <= set(saved)
    await sync_to_async(connections.close_all)()


def test_two_event_loops_at_a_time(name: str, using: str) -> None:
    """As two processes: what they share is the database."""
    issuer = Issuer(Paper, "number", name, using=using, timeout=60)
    keys = [Paper.objects.using(using).create().pk for _ in range(60)]
    told: list[int] = []

    async def ask(mine: list[int]) -> None:
        told.extend(await asyncio.gather(*map(issuer.issue, mine)))

    threads = [
        threading.Thread(target=lambda mine=keys[i::2]: asyncio.run(ask(mine)))
        for i in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == numbers(using) == list(range(1, 61))
