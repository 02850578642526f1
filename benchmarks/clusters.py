"""What several servers cost: numbers per second on one, with a standby, and in two groups.

``python -m benchmarks.clusters`` prints a table of docs/explanation/clusters.md. Each taker has
a connection, and does nothing but draw, insert a row, and commit. Every COMMIT waits for the
disk.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import anyio
import asyncmy
import asyncpg

from aseq import AsyncSequence, create_table, is_retryable
from devtools.clusters.galera import galera
from devtools.clusters.group_replication import group_replication
from devtools.clusters.postgres import postgres_pair
from devtools.postgres import postgres_server

TABLE = "CREATE TABLE saved (name varchar(40), number bigint, PRIMARY KEY (name, number))"

Take = Callable[[AsyncSequence], Awaitable[None]]
Connect = Callable[[str], Awaitable[Take]]


async def on_postgres(url: str) -> Take:
    """What takes a number on a connection of its own."""
    conn = await asyncpg.connect(url)

    async def take(seq: AsyncSequence) -> None:
        async with conn.transaction():
            number = await seq.next_value(conn)
            await conn.execute("INSERT INTO saved VALUES ($1, $2)", seq.name, number)

    return take


async def to_mariadb(url: str) -> Any:
    """A connection to a node."""
    parts = urlsplit(url)
    return await asyncmy.connect(host=parts.hostname, port=parts.port, user="root", db="aseq")


async def on_mariadb(url: str) -> Take:
    """The same."""
    conn = await to_mariadb(url)

    async def take(seq: AsyncSequence) -> None:
        nonlocal conn
        while True:
            try:
                await conn.begin()
                number = await seq.next_value(conn)
                async with conn.cursor() as cursor:
                    await cursor.execute(
                        "INSERT INTO saved VALUES (%s, %s)", (seq.name, number)
                    )
                await conn.commit()
                return
            except Exception as exc:
                # Only what was acknowledged is counted, so 1180 is worth a try, too.
                if not is_retryable(exc) and exc.args[0] != 1180:
                    raise
                conn.close()  # as it is after a deadlock
                conn = await to_mariadb(url)

    return take


async def rate(
    connect: Connect, urls: list[str], takers: int, series: int, seconds: float
) -> float:
    """Numbers per second."""
    sequences = [AsyncSequence(f"s{each}") for each in range(series)]
    count = 0

    first = await connect(urls[0])
    for seq in sequences:  # so that no first value is waited for
        await first(seq)

    async def work(each: int) -> None:
        nonlocal count
        take, turn = await connect(urls[each % len(urls)]), each
        while time.monotonic() < end:
            await take(sequences[turn % series])
            turn += takers if takers % series else takers + 1
            count += time.monotonic() > begin

    begin = time.monotonic() + 1
    end = begin + seconds
    async with anyio.create_task_group() as tasks:
        for each in range(takers):
            tasks.start_soon(work, each)
    return count / seconds


@contextlib.contextmanager
def alone() -> Iterator[list[str]]:
    """One PostgreSQL."""
    with postgres_server(fsync="on") as server:
        yield [server.dsn]


@contextlib.contextmanager
def with_standby() -> Iterator[list[str]]:
    """One that waits for its standby."""
    with postgres_pair(fsync="on") as pair:
        yield [pair.primary.dsn]


@contextlib.contextmanager
def on_galera(used: int) -> Iterator[list[str]]:
    """Three nodes, of which so many are written to."""
    with galera() as nodes:
        for node in nodes:
            node.ask("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
        yield [node.url for node in nodes[:used]]


@contextlib.contextmanager
def on_group_replication(used: int) -> Iterator[list[str]]:
    """The same."""
    with group_replication() as members:
        for member in members:
            member.ask("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
            member.ask("SET GLOBAL sync_binlog = 1")
        yield [member.url for member in members[:used]]


async def prepare(connect: Connect, url: str) -> None:
    """The two tables."""
    if connect is on_postgres:
        conn = await asyncpg.connect(url)
        await create_table(conn)
        await conn.execute(TABLE)
        await conn.close()
        return
    maria = await to_mariadb(url)
    await create_table(maria)
    async with maria.cursor() as cursor:
        await cursor.execute(TABLE)
    await maria.ensure_closed()


PLACES: dict[
    str, tuple[Connect, Callable[[], contextlib.AbstractContextManager[list[str]]]]
] = {
    "PostgreSQL, alone": (on_postgres, alone),
    "PostgreSQL, synchronous standby": (on_postgres, with_standby),
    "Galera, one node of three": (on_mariadb, lambda: on_galera(1)),
    "Galera, all three nodes": (on_mariadb, lambda: on_galera(3)),
    "Group Replication, one node of three": (on_mariadb, lambda: on_group_replication(1)),
    "Group Replication, all three nodes": (on_mariadb, lambda: on_group_replication(3)),
}
LOADS = ((1, 1), (16, 1), (16, 1000))


async def main(seconds: float, places: list[str]) -> None:
    """Measure and print."""
    head = " | ".join(f"{takers} takers, {series} series" for takers, series in LOADS)
    sys.stdout.write(f"| | {head} |\n|---|---|---|---|\n")
    for place in places:
        connect, entered = PLACES[place]
        with entered() as urls:
            await prepare(connect, urls[0])
            rates = [await rate(connect, urls, *load, seconds) for load in LOADS]
        cells = " | ".join(f"{rate:,.0f}" for rate in rates)
        sys.stdout.write(f"| {place} | {cells} |\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("places", nargs="*", default=list(PLACES))
    arguments = parser.parse_args()
    anyio.run(main, arguments.seconds, arguments.places)
