"""A call that says several things: what it said first is never committed without the rest."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from aseq._dispatch import executor_for
from tests import clients
from tests.clients import Client, sqlite_file
from tests.faults.attempts import cancelled_at
from tests.numbering.storming import prepared

SQL = "INSERT INTO aseq_sequence (name, last) VALUES (?, ?) RETURNING last"
KINDS: list[type[Client]] = [
    clients.SessionAiosqlite,
    clients.Aiosqlite,
    clients.Sqlite3,
    clients.AatomicSqlite,
]


@pytest.mark.parametrize("kind", KINDS)
async def test_the_second_is_cancelled_before_it_begins(
    kind: type[Client], tmp_path: Path, name: str
) -> None:
    database = prepared(kind, sqlite_file(tmp_path))
    aborted: list[bool] = []
    async with database.connect() as client:
        for tick in range(1, 25):
            with suppress(Exception):  # the commit is refused
                async with client.transaction():
                    executor = executor_for(client.conn)
                    await executor.prepare()
                    await executor.fetch(SQL, (name, 1), inside=True)
                    second = executor.fetch(SQL, (f"{name}-2", 1), inside=True)
                    done = await cancelled_at(tick, second)
                    if not isinstance(done, asyncio.CancelledError):
                        raise ZeroDivisionError
                    aborted.append(await executor.abort())
            with suppress(Exception):
                await client.execute("ROLLBACK")
            assert database.last(name) is None
    assert set(aborted) == {True}
