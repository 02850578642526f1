"""An async API and sync workers on one series: killed, started again, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import anyio
import asyncpg
import psycopg

from aseq import AsyncSequence, create_table_sql
from tests.database import SAVED

WORKER = str(Path(__file__).with_name("worker.py"))
EACH = 30


def start(url: str, name: str, *, hangs: bool = False) -> subprocess.Popen[str]:
    command = [sys.executable, WORKER, url, name, str(EACH), "hangs" if hangs else "works"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


async def serve(url: str, name: str) -> None:
    """As an API does."""
    sequence = AsyncSequence(name)
    conn = await asyncpg.connect(url)
    for _ in range(EACH):
        async with conn.transaction():
            number = await sequence.next_value(conn)
            await conn.execute("INSERT INTO saved VALUES ($1, $2)", name, number)
    await conn.close()


async def test_killed_and_started_again(postgres: str, name: str) -> None:
    with psycopg.connect(postgres, autocommit=True) as pg:
        pg.execute(create_table_sql("postgresql"))
        pg.execute(SAVED)
        with start(postgres, name, hangs=True) as victim:
            assert victim.stdout is not None
            await anyio.to_thread.run_sync(victim.stdout.readline)  # it has drawn number 1
            workers = [start(postgres, name) for _ in range(2)]
            async with anyio.create_task_group() as group:
                group.start_soon(serve, postgres, name)
                victim.kill()
        for worker in workers:
            with worker:
                await anyio.to_thread.run_sync(worker.wait)
            assert worker.returncode == 0
        saved = pg.execute(
            "SELECT number FROM saved WHERE name = %s ORDER BY number", (name,)
        ).fetchall()

    assert [number for (number,) in saved] == list(range(1, 3 * EACH + 1))
