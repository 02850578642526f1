"""An async API: draws and saves numbers of a series, one transaction after the other."""

from __future__ import annotations

import asyncio
import sys

import asyncpg

from aseq import AsyncSequence
from tests.sync.hanging import hang_once


async def main(url: str, name: str, count: int, flag: str) -> None:
    numbers = AsyncSequence(name)
    conn = await asyncpg.connect(url)
    for _ in range(count):
        async with conn.transaction():
            number = await numbers.next_value(conn)
            await conn.execute("INSERT INTO saved VALUES ($1, $2)", name, number)
            hang_once(flag)
    await conn.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
