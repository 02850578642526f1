"""A crowd in every kind of trouble: nobody is told what isn't saved, and nothing is missing.

The environment says how long it goes on, beyond one crowd of each kind:

    ASEQ_SEARCH_SEED     the seed; it is printed with a failure
    ASEQ_SEARCH_SECONDS  for how long
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import asyncpg
import pytest

from aseq.issuing import Issuer
from tests.issuing.crowd import MISHAPS, Crowd, Killer
from tests.issuing.sources import SOURCES, Open
from tests.issuing.troubled import REFUSED, Drafts, drafts

SEED = os.environ.get("ASEQ_SEARCH_SEED", "1")
SECONDS = float(os.environ.get("ASEQ_SEARCH_SECONDS", "0"))
CALLERS = int(os.environ.get("ASEQ_SEARCH_CALLERS", "250"))


@asynccontextmanager
async def two_issuers(table: Drafts, open_source: Open) -> AsyncIterator[list[Issuer[int]]]:
    async with AsyncExitStack() as stack:
        issuers = []
        for _ in range(2):
            source = await stack.enter_async_context(open_source(table.url))
            issuer = Issuer(source, table.sequence, table.column, key="id")
            issuers.append(await stack.enter_async_context(issuer))
        yield issuers


async def play(table: Drafts, url: str, open_source: Open, seed: str, *, kills: bool) -> Crowd:
    async with (
        asyncpg.create_pool(url, min_size=1, max_size=12) as pool,
        two_issuers(table, open_source) as issuers,
    ):
        crowd, killer = Crowd(table, issuers, pool, seed), Killer(pool, seed)
        killing = asyncio.create_task(killer.run()) if kills else None
        try:
            await crowd.play(CALLERS)
        finally:
            if killing is not None:
                killing.cancel()
                with suppress(asyncio.CancelledError):
                    await killing
        crowd.seen["killed"] = killer.killed
    return crowd


@pytest.mark.parametrize("kills", [False, True], ids=["", "killed"])
@pytest.mark.parametrize("open_source", SOURCES.values(), ids=SOURCES)
async def test_crowd(postgres: str, open_source: Open, kills: bool) -> None:
    end, number = time.monotonic() + SECONDS, 0
    while True:
        seed = f"{SEED}-{number}"
        with drafts(postgres) as table:
            crowd = await play(table, postgres, open_source, seed, kills=kills)
        assert not crowd.wrong, f"ASEQ_SEARCH_SEED={SEED}, crowd {number}: {crowd.wrong[:5]}"
        assert {*REFUSED, *MISHAPS} <= crowd.seen.keys()
        assert crowd.seen["told"] > CALLERS / 2
        assert not kills or crowd.seen["killed"], "it would be in vain"
        number += 1
        if time.monotonic() > end:
            return
