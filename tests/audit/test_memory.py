"""Memory doesn't grow with what is found."""

from __future__ import annotations

import tracemalloc

import asyncpg

from aseq import AsyncSequence, create_table
from aseq.audit import audit
from aseq.numbering import Numbering

MIB = 2**20


async def test_a_column_of_doubles(postgres: str, name: str) -> None:
    """A hundred thousand numbers, three times each, and every second one is missing."""
    table = name.replace("-", "_")
    conn = await asyncpg.connect(postgres)
    await create_table(conn)
    await conn.execute(
        f"CREATE UNLOGGED TABLE {table} AS SELECT n * 2 AS number, 'x' || n AS text "
        "FROM generate_series(1, 100000) n, generate_series(1, 3)"
    )
    await conn.execute("INSERT INTO aseq_sequence VALUES ($1, 200000)", name)
    tracemalloc.start()
    try:
        result = await audit(conn, f"{table}.number", AsyncSequence(name))
        _, doubles = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        odd = await audit(conn, f"{table}.text", Numbering(name, "INV-{number}"))
        _, texts = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        await conn.close()

    [series] = result.series
    assert (series.totals.repeated, series.totals.missing) == (100_000, 100_000)
    assert (len(series.repeated), len(series.missing)) == (1000, 1000)
    assert odd.series[0].totals.unreadable == 300_000
    # One of each would take more than 20 MiB.
    assert doubles < 8 * MIB, doubles
    assert texts < 8 * MIB, texts
