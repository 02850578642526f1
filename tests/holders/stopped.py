"""A client that draws a number in a transaction, says so, and waits: to be stopped."""

from __future__ import annotations

import asyncio
import sys

import asyncpg

from aseq import AsyncSequence


async def main(dsn: str, name: str) -> None:
    conn = await asyncpg.connect(dsn, server_settings={"application_name": name})
    async with conn.transaction():
        number = await AsyncSequence(name).next_value(conn)
        await conn.execute("INSERT INTO saved (name, number) VALUES ($1, $2)", name, number)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
