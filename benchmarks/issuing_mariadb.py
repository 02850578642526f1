"""An issuer on MariaDB, beside a draw in the transaction of the row: both on one engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from aseq import AsyncSequence
from aseq.issuing import Issuer

from . import issuing
from .cells import DRAFTED, PLAIN, Peer
from .connections import BODY
from .figures import Figure
from .settings import Settings
from .ways import Unprepared, Way, measured


class Plain(Unprepared):
    """A draw in the transaction of the row."""

    def __init__(self, engine: AsyncEngine, peer: Peer) -> None:
        self._engine, self._sequence = engine, AsyncSequence(peer.id)
        self._save = text(f"INSERT INTO rows_{peer.id} (number, body) VALUES (:n, '{BODY}')")

    async def once(self) -> bool:
        async with self._engine.begin() as conn:
            await conn.execute(self._save, {"n": await self._sequence.next_value(conn)})
        return True


class Drafted(Unprepared):
    """A draft, saved and committed, and then its number."""

    def __init__(self, engine: AsyncEngine, peer: Peer, issuer: Issuer[int]) -> None:
        self._engine, self._issuer = engine, issuer
        self._save = text(f"INSERT INTO rows_{peer.id} (body) VALUES ('{BODY}')")

    async def once(self) -> bool:
        async with self._engine.begin() as conn:
            key = (await conn.execute(self._save)).lastrowid
        await self._issuer.issue(key)
        return True


@asynccontextmanager
async def _open(url: str) -> AsyncIterator[dict[Peer, Way]]:
    engine = create_async_engine(
        url.replace("mysql:", "mysql+asyncmy:"), pool_size=issuing.CONNECTIONS
    )
    try:
        async with issuing.issuer_for(engine, DRAFTED) as issuer:
            yield {PLAIN: Plain(engine, PLAIN), DRAFTED: Drafted(engine, DRAFTED, issuer)}
    finally:
        await engine.dispose()


async def measure(url: str, settings: Settings, done: Callable[[], None]) -> list[Figure]:
    """Measure both ways with every number of callers.

    Args:
        url: of the database.
        settings: how often and how long.
        done: called after each turn.
    """
    async with _open(url) as ways:
        return await measured("mariadb_issue", ways, url, settings.few, settings, done)
