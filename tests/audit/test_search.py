"""A search for what an audit gets wrong: thousands of planted tables."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from random import Random

import asyncpg
import pytest

from aseq import AsyncSequence, create_table
from aseq.audit import Audit, audit

from .oracle import Found, expected, told, totals
from .plant import Planted, planted

CREATE = (
    "CREATE TEMP TABLE document (id bigint PRIMARY KEY, number bigint, issued date, void text)"
)


async def _audited(conn: object, here: Planted, limit: int = 1000) -> Audit:
    seq = AsyncSequence("search", here.first, step=here.step)
    return await audit(
        conn,  # type: ignore[arg-type]
        "document.number",
        seq,
        void="document.void",
        date="document.issued",
        limit=limit,
    )


def _check(result: Audit, wanted: Found, seed: int) -> None:
    [series] = result.series
    assert told(series) == wanted, (seed, str(result))
    found = {kind: getattr(series.totals, kind) for kind in totals(wanted)}
    assert found == totals(wanted), seed


@pytest.mark.parametrize("seed", range(0, 2000, 200))
async def test_on_sqlite(seed: int) -> None:
    with closing(
        sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    ) as conn:
        await create_table(conn)
        conn.execute(CREATE)
        for number in range(seed, seed + 200):
            here = planted(Random(number), texts=True)
            conn.execute("DELETE FROM document")
            conn.execute("DELETE FROM aseq_sequence")
            conn.executemany(
                "INSERT INTO document VALUES (?, ?, ?, ?)",
                [(i, d.number, d.date, d.void) for i, d in enumerate(here.documents)],
            )
            if here.counter is not None:
                conn.execute("INSERT INTO aseq_sequence VALUES ('search', ?)", [here.counter])

            wanted = expected(here.documents, here.counter, here.first, here.step)
            _check(await _audited(conn, here), wanted, number)


@pytest.mark.parametrize("seed", range(0, 500, 100))
async def test_on_postgresql(postgres: str, seed: int) -> None:
    conn = await asyncpg.connect(postgres)
    await conn.execute("SET search_path = pg_temp")
    await conn.execute("CREATE TEMP TABLE aseq_sequence (name text PRIMARY KEY, last bigint)")
    await conn.execute(CREATE)
    for number in range(seed, seed + 100):
        here = planted(Random(number), texts=False)
        rows = [(i, d.number, d.date, d.void) for i, d in enumerate(here.documents)]
        await conn.execute("TRUNCATE document, aseq_sequence")
        await conn.executemany(
            "INSERT INTO document VALUES ($1, $2, CAST($3::text AS date), $4)", rows
        )
        if here.counter is not None:
            await conn.execute("INSERT INTO aseq_sequence VALUES ('search', $1)", here.counter)

        wanted = expected(here.documents, here.counter, here.first, here.step)
        _check(await _audited(conn, here), wanted, number)
    await conn.close()
