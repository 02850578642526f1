"""Drafts first, numbers later: an issuer, beside a draw in the transaction of the row."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import create_async_engine

from aseq import AsyncSequence
from aseq.issuing import Issuer

from .cells import ALONE, DRAFTED, ENGINE, PLAIN, Peer
from .connections import BODY
from .figures import Figure
from .settings import Settings
from .ways import Unprepared, Way, measured

CONNECTIONS = 64
"""How many the callers of each way share."""

MOST_PER_SECOND = 90_000
"""More than anything here gets done; so many drafts are there when a turn begins."""


class Plain(Unprepared):
    """A draw in the transaction of the row."""

    def __init__(self, pool: Any, peer: Peer) -> None:
        self._pool = pool
        self._sequence = AsyncSequence(peer.id)
        self._save = f"INSERT INTO rows_{peer.id} (number, body) VALUES ($1, '{BODY}')"

    async def once(self) -> bool:
        async with self._pool.acquire() as conn, conn.transaction():
            await conn.execute(self._save, await self._sequence.next_value(conn))
        return True


class Drafted(Unprepared):
    """A draft, saved and committed, and then its number."""

    def __init__(self, pool: Any, peer: Peer, issuer: Issuer[int]) -> None:
        self._pool, self._issuer = pool, issuer
        self._save = f"INSERT INTO rows_{peer.id} (body) VALUES ('{BODY}') RETURNING id"

    async def once(self) -> bool:
        await self._issuer.issue(await self._pool.fetchval(self._save))
        return True


class Given:
    """The number alone, of drafts whose keys are given."""

    def __init__(self, issuer: Issuer[int], keys: Iterator[int]) -> None:
        self._issuer, self._keys = issuer, keys

    async def once(self) -> bool:
        key = next(self._keys, None)
        if key is not None:
            await self._issuer.issue(key)
        return key is not None


class Alone(Given):
    """The same, of drafts that it makes before each turn."""

    def __init__(self, pool: Any, peer: Peer, issuer: Issuer[int]) -> None:
        super().__init__(issuer, iter(()))
        self._pool, self._table = pool, f"rows_{peer.id}"

    async def prepare(self, seconds: float) -> None:
        await self.clean()
        wanted = int(seconds * MOST_PER_SECOND) + 1
        self._keys = iter(await make_drafts(self._pool, self._table, wanted))

    async def clean(self) -> None:
        await self._pool.execute(f"DELETE FROM {self._table} WHERE number IS NULL")


async def make_drafts(conn: Any, table: str, number: int) -> Sequence[int]:
    """Save drafts; their keys."""
    rows = await conn.fetch(
        f"INSERT INTO {table} (body) SELECT '{BODY}' FROM generate_series(1, $1) RETURNING id",
        number,
    )
    return [row["id"] for row in rows]


def issuer_for(source: Any, peer: Peer) -> Issuer[int]:
    """The issuer of a peer's rows."""
    return Issuer(
        source, AsyncSequence(peer.id), f"rows_{peer.id}.number", key="id", timeout=60
    )


@asynccontextmanager
async def _open(url: str) -> AsyncIterator[dict[Peer, Way]]:
    engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        pool = await stack.enter_async_context(
            asyncpg.create_pool(url, min_size=CONNECTIONS, max_size=CONNECTIONS)
        )
        issuers = {
            peer: await stack.enter_async_context(issuer_for(source, peer))
            for peer, source in ((DRAFTED, pool), (ALONE, pool), (ENGINE, engine))
        }
        yield {
            PLAIN: Plain(pool, PLAIN),
            DRAFTED: Drafted(pool, DRAFTED, issuers[DRAFTED]),
            ALONE: Alone(pool, ALONE, issuers[ALONE]),
            ENGINE: Alone(pool, ENGINE, issuers[ENGINE]),
        }


async def measure(url: str, settings: Settings, done: Callable[[], None]) -> list[Figure]:
    """Measure every way with every number of callers.

    Args:
        url: of the database.
        settings: how often and how long.
        done: called after each turn.
    """
    async with _open(url) as ways:
        return await measured("issue", ways, url, settings.callers, settings, done)
