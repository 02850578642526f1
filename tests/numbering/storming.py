"""Many connections that draw at once, and what they committed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable

import anyio

from aseq.testing import assert_gapless
from tests import clients
from tests.cases import Case
from tests.database import Database
from tests.numbering.midnight import SAVED

Work = Callable[[clients.Client, int], Awaitable[object]]


def prepared(kind: type[clients.Client], url: str) -> Database:
    """A database for one kind of connection, with its tables."""
    dialects = {"postgresql": "postgresql", "mysql": "mariadb"}
    dialect = dialects.get(url.partition(":")[0], "sqlite")
    database = Database(Case(kind, dialect), url)  # type: ignore[arg-type]
    database.create_tables()
    database.run(SAVED)
    return database


async def storm(
    database: Database, connections: int, rounds: int, work: Work
) -> list[Exception]:
    """Transactions on many connections; the errors that ended some of them."""
    errors: list[Exception] = []

    async def one(number: int) -> None:
        async with database.connect() as client:
            for turn in range(rounds):
                try:
                    async with client.transaction():
                        await work(client, number * rounds + turn)
                except Exception as exc:
                    errors.append(exc)

    async with anyio.create_task_group() as group:
        for number in range(connections):
            group.start_soon(one, number)
    return errors


def assert_rising(database: Database, name: str, count: int) -> None:
    """So many numbers were saved, without a hole, and no moment goes back from one to the next.

    The counters are those of days, whose names are in the order of time.
    """
    rows = database.run(
        f"SELECT name, number, at FROM issued WHERE name LIKE '{name}/%' ORDER BY name, number"
    )
    moments = [dt.datetime.fromisoformat(at) for _, _, at in rows]
    assert len(moments) == count
    assert moments == sorted(moments)
    for counter in {counter for counter, _, _ in rows}:
        assert_gapless([number for each, number, _ in rows if each == counter])
