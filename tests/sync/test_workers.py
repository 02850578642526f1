"""An async API and a sync worker on one series: both are killed while they hold a number.

Each is killed with the number drawn and its row written, and the other one waiting for it;
then it is started again. Nothing is lost, nothing comes twice.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import psycopg

from aseq import create_table_sql
from devtools.children import death_signal
from tests.database import SAVED

ROOT = Path(__file__).parents[2]
TASKS = 20


def start(module: str, *args: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"tests.sync.{module}", *args]
    # Tests that are killed leave nobody behind who starts processes again and again.
    gone = death_signal(signal.SIGKILL)
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, preexec_fn=gone
    )


async def hanging(process: subprocess.Popen[str]) -> int:
    """The process, or the child of it, that holds a number now."""
    assert process.stdout is not None
    return int(await anyio.to_thread.run_sync(process.stdout.readline))


async def until_somebody_waits(pg: psycopg.Connection[tuple[int]], name: str) -> None:
    waiting = """SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'
        AND (classid::bigint << 32 | objid::bigint) =
            hashtextextended(%s, 'aseq_sequence'::regclass::oid::bigint)"""
    with anyio.fail_after(60):
        while pg.execute(waiting, (name,)).fetchall() == [(0,)]:  # noqa: ASYNC110
            await anyio.sleep(0.01)


async def test_killed_and_started_again(postgres: str, name: str, tmp_path: Path) -> None:
    of_the_api, of_the_worker, never = (str(tmp_path / each) for each in ("a", "w", "n"))
    for flag in (of_the_api, of_the_worker):
        Path(flag).touch()  # noqa: ASYNC240  # it is local, and small
    with psycopg.connect(postgres, autocommit=True) as pg:
        pg.execute(create_table_sql("postgresql").encode())
        pg.execute(SAVED.encode())
        pg.execute("CREATE TABLE IF NOT EXISTS task (name text, id int, done bool)")
        pg.execute("INSERT INTO task SELECT %s, generate_series(1, %s), false", (name, TASKS))
        api = start("api", postgres, name, str(TASKS), of_the_api)
        victim = await hanging(api)
        worker = start("worker", postgres, name, of_the_worker)
        await until_somebody_waits(pg, name)  # the worker, for the number that the API holds
        os.kill(victim, signal.SIGKILL)
        with api:
            await anyio.to_thread.run_sync(api.wait)

        victim = await hanging(worker)  # it has got that number
        api = start("api", postgres, name, str(TASKS), never)
        await until_somebody_waits(pg, name)
        os.kill(victim, signal.SIGKILL)  # its parent forks another one
        for process in (api, worker):
            with process:
                assert await anyio.to_thread.run_sync(process.wait) == 0
        saved = pg.execute(
            "SELECT number FROM saved WHERE name = %s ORDER BY number", (name,)
        ).fetchall()

    assert [number for (number,) in saved] == list(range(1, 2 * TASKS + 1))
