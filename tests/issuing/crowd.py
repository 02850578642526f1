"""A crowd of callers in every kind of trouble, and what must be true of each afterwards."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import asyncpg

from aseq.errors import IssueTimeout, NotIssuable, RowRefused
from aseq.issuing import Issuer
from tests.issuing.troubled import REFUSED, Drafts

PATIENCE = 60.0
"""Seconds that a caller waits who is to get his number: a busy machine takes its time."""

SHORT = 0.2
"""Seconds that a caller waits for what he himself keeps from happening."""

KILLS = 12
"""How many backends of a crowd's are killed at most."""

MISHAPS = (
    *("deleted", "deleted while it waits", "cancelled", "asked twice", "asked again"),
    *("locked for a moment", "locked by its caller", "not committed yet", "committed late"),
)
RARE = ("holds the sequence",)


class Crowd:
    """Callers that share two issuers.

    Args:
        drafts: where.
        issuers: at least two.
        pool: for what the callers do beside.
        seed: of what happens to whom.

    Attributes:
        wrong: what must not be.
        seen: how often what happened, to tell that it isn't in vain.
    """

    def __init__(
        self, drafts: Drafts, issuers: list[Issuer[int]], pool: asyncpg.Pool, seed: object
    ) -> None:
        self._drafts, self._issuers, self._pool = drafts, issuers, pool
        self._random = random.Random(str(seed))
        self.told: dict[int, int] = {}
        self.own: dict[int, int] = {}
        self.refused: set[int] = set()
        self.wrong: list[str] = []
        self.seen: Counter[str] = Counter()

    async def play(self, count: int) -> None:
        """Let so many callers come at once, and look at what is saved."""
        kinds = ["good"] * 20 + [*REFUSED, *MISHAPS]
        chosen = [self._random.choice(kinds) for _ in range(count)] + [*RARE, *MISHAPS]
        self._random.shuffle(chosen)
        await asyncio.gather(*map(self._caller, chosen))
        self._look()

    async def _caller(self, kind: str) -> None:
        issuer = self._random.choice(self._issuers)
        play: Callable[[Issuer[int]], Awaitable[None]]
        try:
            if kind in REFUSED:
                await self._refused(issuer, kind)
            elif kind == "good":
                await self._issue(issuer, await self._draft())
            else:
                play = getattr(self, "_" + kind.replace(" ", "_"))
                await play(issuer)
        except Exception as exc:
            self.wrong.append(f"{kind}: {type(exc).__name__}: {exc}")
        self.seen[kind] += 1

    async def _draft(self, kind: str = "good") -> int:
        sql = f"INSERT INTO {self._drafts.name} (kind) VALUES ($1) RETURNING id"
        return int(await self._pool.fetchval(sql, kind))

    async def _issue(self, issuer: Issuer[int], key: int) -> None:
        number = await issuer.issue(key, timeout=PATIENCE)
        if self.told.setdefault(key, number) != number:
            self.wrong.append(f"{key} was told {self.told[key]} and {number}")

    async def _refused(self, issuer: Issuer[int], kind: str) -> None:
        key = await self._draft(kind)
        self.refused.add(key)
        try:
            number = await issuer.issue(key, timeout=PATIENCE)
        except RowRefused as exc:
            if kind not in ("drop", "change") or exc.key != key:
                raise
        except Exception as exc:
            if kind in ("drop", "change") or not said_by_server(exc):
                raise
        else:
            self.wrong.append(f"{kind} was told {number}")

    async def _expect(
        self, issuer: Issuer[int], key: int, error: type[Exception], time: float
    ) -> None:
        try:
            number = await issuer.issue(key, timeout=time)
        except error:
            return
        self.wrong.append(f"{key} was told {number} instead of {error.__name__}")

    async def _deleted(self, issuer: Issuer[int]) -> None:
        key = await self._draft()
        await self._pool.execute(f"DELETE FROM {self._drafts.name} WHERE id = $1", key)
        await self._expect(issuer, key, NotIssuable, PATIENCE)

    async def _deleted_while_it_waits(self, issuer: Issuer[int]) -> None:
        key = await self._draft()
        sql = f"DELETE FROM {self._drafts.name} WHERE id = $1 AND number IS NULL RETURNING id"
        call = asyncio.create_task(issuer.issue(key, timeout=PATIENCE))
        await asyncio.sleep(self._random.random() / 100)
        async with self._pool.acquire() as conn, conn.transaction():
            deleted = await conn.fetchval(sql, key)
            await asyncio.sleep(self._random.random() / 100)
        try:
            self.told[key] = await call
        except NotIssuable:
            assert deleted
        else:
            assert not deleted

    async def _cancelled(self, issuer: Issuer[int]) -> None:
        key = await self._draft()
        call = asyncio.create_task(issuer.issue(key, timeout=PATIENCE))
        await asyncio.sleep(self._random.random() / 100)
        call.cancel()
        with suppress(asyncio.CancelledError):
            self.told[key] = await call
        await self._issue(self._random.choice(self._issuers), key)

    async def _asked_twice(self, issuer: Issuer[int]) -> None:
        key = await self._draft()
        await asyncio.gather(*(self._issue(one, key) for one in [*self._issuers, issuer]))

    async def _asked_again(self, issuer: Issuer[int]) -> None:
        key = await self._draft()
        await self._issue(issuer, key)
        await self._issue(self._random.choice(self._issuers), key)

    async def _locked_for_a_moment(self, issuer: Issuer[int]) -> None:
        key = await self._draft()
        async with self._pool.acquire() as conn, conn.transaction():
            # As the INSERT of a child does, whose foreign key refers to the draft.
            sql = f"SELECT FROM {self._drafts.name} WHERE id = $1 FOR KEY SHARE"
            await conn.execute(sql, key)
            call = asyncio.create_task(self._issue(issuer, key))
            await asyncio.sleep(self._random.random() / 20)
        await call

    async def _locked_by_its_caller(self, issuer: Issuer[int]) -> None:
        key = await self._draft()
        async with self._pool.acquire() as conn, conn.transaction():
            await conn.execute(f"UPDATE {self._drafts.name} SET kind = kind WHERE id = $1", key)
            await self._expect(issuer, key, IssueTimeout, SHORT)

    async def _not_committed_yet(self, issuer: Issuer[int]) -> None:
        async with self._pool.acquire() as conn:
            transaction = conn.transaction()
            await transaction.start()
            sql = f"INSERT INTO {self._drafts.name} DEFAULT VALUES RETURNING id"
            key = await conn.fetchval(sql)
            await self._expect(issuer, key, NotIssuable, PATIENCE)
            await transaction.rollback()

    async def _committed_late(self, issuer: Issuer[int]) -> None:
        async with self._pool.acquire() as conn, conn.transaction():
            sql = f"INSERT INTO {self._drafts.name} DEFAULT VALUES RETURNING id"
            key = await conn.fetchval(sql)
            early = asyncio.create_task(self._expect(issuer, key, NotIssuable, PATIENCE))
            await early
        await self._issue(issuer, key)

    async def _holds_the_sequence(self, issuer: Issuer[int]) -> None:
        key = await self._draft()
        async with self._pool.acquire() as conn, conn.transaction():
            number = await self._drafts.sequence.next_value(conn)
            sql = f"INSERT INTO {self._drafts.name} (number) VALUES ($1) RETURNING id"
            self.own[await conn.fetchval(sql, number)] = number
            await self._expect(issuer, key, IssueTimeout, SHORT)
        await self._issue(issuer, key)

    def _look(self) -> None:
        saved, last = self._drafts.numbers(), self._drafts.last()
        if sorted(saved.values()) != list(range(1, last + 1)):
            self.wrong.append(f"{len(saved)} numbers are saved, and {last} were drawn")
        for key, number in (self.told | self.own).items():
            if saved.get(key) != number:
                self.wrong.append(f"{key} was told {number}, and holds {saved.get(key)}")
        for key in self.refused & saved.keys():
            self.wrong.append(f"{key} was refused, and holds {saved[key]}")
        self.seen["told"] = len(self.told)


def said_by_server(exc: BaseException) -> bool:
    """Whether it is a driver's error of a constraint, a trigger or a policy."""
    error: Any = getattr(exc, "orig", exc)
    code = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    return code in ("23514", "23505", "P0001", "42501")


class Killer:
    """Kills backends of the issuers, whatever they are doing, until it is stopped."""

    def __init__(self, pool: asyncpg.Pool, seed: object) -> None:
        self._pool, self._random = pool, random.Random(f"killer {seed}")
        self.killed = 0

    async def run(self) -> None:
        """Kill, at random moments; most of all those that commit."""
        while self.killed < KILLS:  # else nobody would ever come to an end
            await asyncio.sleep(self._random.random() / 15)
            first = "query LIKE 'COMMIT%' DESC" if self._random.random() < 0.5 else "random()"
            sql = (
                "SELECT count(pg_terminate_backend(pid)) "
                "FROM (SELECT pid FROM pg_stat_activity WHERE usename = 'aseq_clerk' "
                f"AND state <> 'idle' ORDER BY {first} LIMIT 1) AS victim"
            )
            self.killed += await self._pool.fetchval(sql)
