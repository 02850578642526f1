"""A client process that stands still with the sequence in its hands: found, and cleared."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import asyncpg
import pytest

from aseq import AsyncSequence, holders
from tests import clients
from tests.cases import Case
from tests.database import Database
from tests.faults.aftermath import assert_gapless
from tests.holders import stopped
from tests.observer import DEADLINE


@contextmanager
def stopped_client(dsn: str, name: str) -> Iterator[int]:
    """A process that has drawn a number, and does nothing any more."""
    assert stopped.__file__
    command = [sys.executable, stopped.__file__, dsn, name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            number = int(process.stdout.readline())
            os.kill(process.pid, signal.SIGSTOP)
            yield number
        finally:
            process.kill()


@pytest.mark.parametrize(
    "cure", ["pg_terminate_backend", "idle_in_transaction_session_timeout"]
)
async def test_a_stopped_holder(postgres: str, name: str, cure: str) -> None:
    database = Database(Case(clients.Asyncpg, "postgresql"), postgres)
    database.create_tables()
    seq = AsyncSequence(name)
    role = name.replace("-", "_")
    url = postgres
    asks = await asyncpg.connect(postgres)
    if cure != "pg_terminate_backend":  # as an operator would set it for the application's role
        await asks.execute(f"CREATE ROLE {role} LOGIN SUPERUSER PASSWORD 'x'")
        await asks.execute(f"ALTER ROLE {role} SET {cure} = '2s'")
        url = url_as(postgres, role)
    with stopped_client(url, name) as lost:
        [held] = [each for each in await holders(asks, seq) if each.holds]
        assert (held.application, held.state) == (name, "idle in transaction")
        async with database.connect() as other:
            if cure == "pg_terminate_backend":
                await asks.execute("SELECT pg_terminate_backend($1)", held.pid)
            with anyio.fail_after(DEADLINE):
                async with other.transaction():
                    number = await seq.next_value(other.conn)
                    await other.save(name, number)
        assert await holders(asks, seq) == []

    assert number == lost == 1
    assert_gapless(database, name)
    if url != postgres:
        await asks.execute(f"DROP ROLE {role}")
    await asks.close()


def url_as(url: str, role: str) -> str:
    """The same database, for another role."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{role}:x@{rest.rpartition('@')[2]}"
