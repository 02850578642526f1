"""Requests to a real uvicorn, many at once: some fail, and some clients hang up."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from django.db import connections

from aseq.django import aatomic, advance_to
from aseq.testing import assert_gapless
from tests.django.saved import last, saved
from tests.django.served import MIDDLEWARE, hang_up, served
from tests.django.server import observed

REQUESTS = 50
POOL = os.environ.get("ASEQ_DJANGO_POOL")
CHANGED = POOL is not None or "ASEQ_DJANGO_MAX_AGE" in os.environ
HERE = Path(__file__)


@pytest.fixture(params=MIDDLEWARE)
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the tests' project is served."""
    with served(MIDDLEWARE[request.param]) as url:
        yield url


@pytest.mark.parametrize("view", ["issue", "two"])
async def test_requests(name: str, url: str, view: str) -> None:
    async with aatomic():
        await advance_to(0, name)
    hung_up, told = asyncio.Event(), list[int]()

    async def ask(client: httpx.AsyncClient, path: str) -> None:
        told.extend((await client.get(url + path)).json().get("numbers", ()))

    limits = httpx.Limits(max_connections=None)
    async with (
        observed() as (server, other),
        anyio.create_task_group() as hanging_up,
        httpx.AsyncClient(timeout=60, limits=limits, trust_env=False) as client,
        anyio.create_task_group() as asking,
    ):
        with other.holding(name):
            for index in range(REQUESTS):
                path = f"/{view}/{name}" + ("?fails" if index % 3 == 0 else "")
                if index % 5 == 1:
                    hanging_up.start_soon(hang_up, url, path, hung_up)
                else:
                    asking.start_soon(ask, client, path)
            await server.until_waiting(int(POOL or REQUESTS))
            hung_up.set()
            if not POOL:
                await server.until(lambda: server.waiting() == REQUESTS * 4 // 5)
    async with observed() as (server, _):
        await server.until(lambda: all(state == "idle" for _, state, _ in server.all()))

    numbers = await saved(name)
    assert_gapless(numbers)
    assert set(told) <= set(numbers)
    assert len(numbers) >= len(told) > REQUESTS // 3
    if not POOL:  # where nobody waits for anything else than the number, none is answered
        assert sorted(told) == numbers
    assert await last(name) == len(numbers)


@pytest.mark.skipif(CHANGED, reason="is such a process")
@pytest.mark.parametrize("size", [2, 4])
def test_with_djangos_pool(postgres: str, size: int) -> None:
    run(postgres, {"ASEQ_DJANGO_POOL": str(size)}, "test_asgi", "test_aatomic_cancel")


@pytest.mark.skipif(CHANGED, reason="is such a process")
def test_with_connections_that_are_kept(postgres: str) -> None:
    """But not those of a block's own thread. (A request's are Django's.)"""
    run(postgres, {"ASEQ_DJANGO_MAX_AGE": "600"}, "test_aatomic_tasks")


def run(postgres: str, env: dict[str, str], *files: str) -> None:
    """Run tests in a process with other settings, which aren't about SQLite."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-pno:cacheprovider", "-k", "not sqlite"]
        + [str(HERE.with_name(f"{file}.py")) for file in files],
        cwd=HERE.parents[2],
        env=os.environ | env | {"ASEQ_TEST_POSTGRES_DSN": postgres},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout


def test_the_pool_is_there() -> None:
    options: dict[str, Any] = connections["default"].settings_dict["OPTIONS"]
    assert options.get("pool", {}).get("max_size") == (int(POOL) if POOL else None)
