"""Workers that number the same rows, while others draw, edit, delete and roll back."""

from __future__ import annotations

from collections import defaultdict
from random import Random
from typing import Any

import anyio
import asyncpg
import pytest

from aseq import AsyncSequence, create_table, is_retryable
from aseq.issuing import number_rows
from aseq.numbering import Numbering

DRAFTS = 200
TENANTS = "abc"
TURNS = 15


class Storm:
    """One table, and everybody who works on it.

    Attributes:
        numbered: how many rows the workers said that they numbered.
    """

    def __init__(self, url: str, name: str, seed: int) -> None:
        self._url, self._random = url, Random(seed)
        self._table = name.replace("-", "_")
        self._numbers = Numbering(name, "{tenant}/{year}/{number}", period="year", tz="UTC")
        self._plain = AsyncSequence(f"{name}-plain")
        self.numbered = 0

    async def connect(self) -> Any:
        quickly = {"deadlock_timeout": "20ms"}
        return await asyncpg.connect(self._url, server_settings=quickly)

    async def create(self) -> None:
        """Make the table, with drafts of some tenants and years."""
        conn = await self.connect()
        await create_table(conn)
        await conn.execute(
            f"CREATE TABLE {self._table} (id serial PRIMARY KEY, tenant text NOT NULL, "
            "day date NOT NULL, code text UNIQUE, number bigint UNIQUE, note int)"
        )
        await self._draft(conn, DRAFTS)
        await conn.close()

    async def _draft(self, conn: Any, count: int) -> None:
        await conn.executemany(
            f"INSERT INTO {self._table} (tenant, day) VALUES ($1, $2::text::date)",
            [
                (self._random.choice(TENANTS), f"202{self._random.randrange(3)}-05-05")
                for _ in range(count)
            ],
        )

    async def work(self, *, locked: str, limit: int | None) -> None:
        """Number rows until none is left, or only such as others have."""
        conn = await self.connect()
        idle = 0
        while idle < TURNS:
            done = await self._once(conn, locked, limit)
            idle = 0 if done else idle + 1
        await conn.close()

    async def _once(self, conn: Any, locked: Any, limit: int | None) -> int:
        transaction = conn.transaction()
        await transaction.start()
        try:
            done = await number_rows(
                conn,
                self._numbers,
                f"{self._table}.code",
                key="id",
                order_by="day",
                scope={"tenant": "tenant"},
                at_from="day",
                limit=limit,
                locked=locked,
            )
            plain = await number_rows(
                conn,
                self._plain,
                f"{self._table}.number",
                key="id",
                limit=limit,
                locked=locked,
            )
        except asyncpg.PostgresError as exc:
            await self._give_up(transaction, exc)
            return 0
        if self._random.random() < 0.2:
            await transaction.rollback()
            return 1
        await transaction.commit()
        self.numbered += done.count
        return done.count + plain.count

    async def disturb(self) -> None:
        """Do what others do with drafts."""
        conn = await self.connect()
        for _ in range(TURNS):
            transaction = conn.transaction()
            await transaction.start()
            try:
                for _ in range(self._random.randrange(1, 4)):
                    await self._random.choice(
                        (self._edit, self._delete, self._move, self._draw, self._add)
                    )(conn)
            except asyncpg.PostgresError as exc:
                await self._give_up(transaction, exc)
                continue
            if self._random.random() < 0.3:
                await transaction.rollback()
            else:
                await transaction.commit()
        await conn.close()

    async def _give_up(self, transaction: Any, exc: Exception) -> None:
        """After a deadlock, which "wait" may meet."""
        if not is_retryable(exc):
            raise exc
        await transaction.rollback()

    def _some(self) -> int:
        return self._random.randrange(1, DRAFTS + 1)

    async def _edit(self, conn: Any) -> None:
        await conn.execute(f"UPDATE {self._table} SET note = 1 WHERE id = $1", self._some())

    async def _delete(self, conn: Any) -> None:
        await conn.execute(
            f"DELETE FROM {self._table} WHERE id = $1 AND code IS NULL AND number IS NULL",
            self._some(),
        )

    async def _move(self, conn: Any) -> None:
        await conn.execute(
            f"UPDATE {self._table} SET tenant = $2 WHERE id = $1 AND code IS NULL",
            self._some(),
            self._random.choice(TENANTS),
        )

    async def _add(self, conn: Any) -> None:
        await self._draft(conn, 2)

    async def _draw(self, conn: Any) -> None:
        number = await self._plain.next_value(conn)
        await conn.execute(
            f"INSERT INTO {self._table} (tenant, day, number) VALUES ('a', '2020-05-05', $1)",
            number,
        )

    async def check(self) -> None:
        """Number what is left; then each series is whole, and each row in its own."""
        conn = await self.connect()
        while await self._once(conn, "skip", None):
            pass
        rows = await conn.fetch(f"SELECT tenant, day, code, number FROM {self._table}")
        series: dict[str, list[int]] = defaultdict(list)
        for row in rows:
            tenant, year, number = row["code"].split("/")
            assert (tenant, year) == (row["tenant"], str(row["day"].year))
            series[f"{tenant}/{year}"].append(int(number))
        for numbers in series.values():
            assert sorted(numbers) == [*range(1, len(numbers) + 1)]
        assert sorted(row["number"] for row in rows) == [*range(1, len(rows) + 1)]
        await conn.close()
        assert len(series) == len(TENANTS) * 3


@pytest.mark.parametrize("seed", range(3))
async def test_workers_and_all_others(postgres: str, name: str, seed: int) -> None:
    storm = Storm(postgres, name, seed)
    await storm.create()

    async with anyio.create_task_group() as group:
        for locked, limit in (("skip", 20), ("skip", 30), ("wait", 10)):
            group.start_soon(lambda a, b: storm.work(locked=a, limit=b), locked, limit)
        for _ in range(4):
            group.start_soon(storm.disturb)
    assert storm.numbered > 0
    await storm.check()
