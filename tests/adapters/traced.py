"""A program in which a tracing library has patched every driver: draws on each of them.

python traced.py LIBRARY DSN FOLDER
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

LIBRARY, DSN, FOLDER = sys.argv[1], sys.argv[2], Path(sys.argv[3])


def patch_ddtrace() -> None:
    """Datadog's, which sends nothing anywhere."""
    os.environ |= {
        "DD_TRACE_ENABLED": "false",
        "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
        "DD_REMOTE_CONFIGURATION_ENABLED": "false",
    }
    import ddtrace

    ddtrace.patch(psycopg=True, asyncpg=True, sqlite3=True, sqlalchemy=True)


def patch_opentelemetry() -> None:
    """OpenTelemetry's own, without an exporter."""
    from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
    from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
    from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor

    for instrumentor in (AsyncPGInstrumentor, PsycopgInstrumentor, SQLite3Instrumentor):
        instrumentor().instrument()


{"ddtrace": patch_ddtrace, "opentelemetry": patch_opentelemetry}[LIBRARY]()

# Only now, as a program has them that is started by the library.
import sqlite3  # noqa: E402

import aiosqlite  # noqa: E402
import asyncpg  # noqa: E402
import psycopg  # noqa: E402
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine  # noqa: E402

from aseq import AsyncSequence, create_table  # noqa: E402
from aseq.sqlalchemy import begin_immediate  # noqa: E402

NUMBERS = AsyncSequence(f"traced by {LIBRARY}")


async def draw(label: str, connection: Any, begin: Callable[[str], Any] | None = None) -> None:
    """Draw in a transaction that is never committed, so each begins with 1."""
    if begin is not None:
        begun = begin("BEGIN")
        if asyncio.iscoroutine(begun):
            await begun
    await create_table(connection)
    sys.stdout.write(f"{label} {await NUMBERS.next_value(connection)}\n")


async def on_postgresql() -> None:
    """The drivers of PostgreSQL."""
    connection = await asyncpg.connect(DSN)
    await draw("asyncpg", connection, connection.execute)
    await connection.close()
    pool = asyncpg.create_pool(DSN, min_size=1, max_size=1)
    async with pool, pool.acquire() as connection:
        await draw("asyncpg pool", connection, connection.execute)
        await connection.execute("ROLLBACK")
    async with await psycopg.AsyncConnection.connect(DSN) as asynchronous:
        await draw("psycopg", asynchronous)
        await asynchronous.rollback()
    with psycopg.connect(DSN) as connection:
        await draw("psycopg in threads", connection)
        connection.rollback()


async def on_sqlite() -> None:
    """And of SQLite."""
    connection = sqlite3.connect(
        FOLDER / "sqlite3.db", isolation_level=None, check_same_thread=False
    )
    await draw("sqlite3", connection, lambda sql: connection.execute(sql))
    connection.close()
    async with aiosqlite.connect(FOLDER / "aiosqlite.db", isolation_level=None) as awaited:
        await awaited.execute("BEGIN")
        await draw("aiosqlite", awaited)


async def on_sqlalchemy() -> None:
    """And under SQLAlchemy."""
    url = DSN.partition("://")[2]
    for driver, target in (
        ("postgresql+asyncpg", url),
        ("postgresql+psycopg", url),
        ("sqlite+aiosqlite", f"/{FOLDER / 'sqlalchemy.db'}"),
    ):
        engine = create_async_engine(f"{driver}://{target}")
        if driver.startswith("sqlite"):
            begin_immediate(engine)
        async with AsyncSession(engine) as session:
            await draw(f"SQLAlchemy on {driver.partition('+')[2]}", session)
        await engine.dispose()


async def main() -> None:
    """One after the other."""
    await on_postgresql()
    await on_sqlite()
    await on_sqlalchemy()


asyncio.run(asyncio.wait_for(main(), 60))
sys.stdout.flush()
os._exit(0)  # without waiting for the library's own threads
