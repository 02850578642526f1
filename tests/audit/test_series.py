"""A search for what an audit gets wrong in many series: those of scopes and periods."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from random import Random

import asyncpg
import pytest

from aseq import create_table
from aseq.audit import Audit, audit

from .oracle import told, totals
from .series import Books, books

CREATE = (
    "CREATE TEMP TABLE document "
    "(id bigint PRIMARY KEY, text text, tenant text, issued date, void text)"
)


async def _audited(conn: object, here: Books, limit: int = 1000) -> Audit:
    numbering = here.numbering
    printed = numbering._pattern.scopes
    unprinted = {n: "document.tenant" for n in numbering.scopes if n not in printed}
    return await audit(
        conn,  # type: ignore[arg-type]
        "document.text",
        numbering,
        scope=unprinted,
        void="document.void",
        date="document.issued",
        limit=limit,
    )


def _check(result: Audit, here: Books, seed: int) -> None:
    found = {series.name: series for series in result.series}
    rest = found.pop(here.numbering.name, None)
    unreadable = tuple(part.text for part in rest.unreadable) if rest else ()
    assert sorted(unreadable) == sorted(here.unreadable), seed
    assert (rest.totals.unreadable if rest else 0) == len(unreadable), seed
    assert {name: told(series) for name, series in found.items()} == here.wanted, seed
    for name, series in found.items():
        wanted = totals(here.wanted[name])
        assert {kind: getattr(series.totals, kind) for kind in wanted} == wanted, seed
    assert result.drafts == here.drafts, seed
    assert [series.name for series in result.series] == sorted(s.name for s in result.series)


@pytest.mark.parametrize("seed", range(0, 600, 100))
async def test_on_sqlite(seed: int) -> None:
    with closing(
        sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    ) as conn:
        await create_table(conn)
        conn.execute(CREATE)
        for number in range(seed, seed + 100):
            here = books(Random(number))
            conn.execute("DELETE FROM document")
            conn.execute("DELETE FROM aseq_sequence")
            conn.executemany("INSERT INTO document VALUES (?, ?, ?, ?, ?)", _values(here))
            conn.executemany("INSERT INTO aseq_sequence VALUES (?, ?)", here.counters.items())
            _check(await _audited(conn, here), here, number)


@pytest.mark.parametrize("seed", range(0, 300, 75))
async def test_on_postgresql(postgres: str, seed: int) -> None:
    conn = await asyncpg.connect(postgres)
    await conn.execute("SET search_path = pg_temp")
    await conn.execute("CREATE TEMP TABLE aseq_sequence (name text PRIMARY KEY, last bigint)")
    await conn.execute(CREATE)
    for number in range(seed, seed + 75):
        here = books(Random(number))
        await conn.execute("TRUNCATE document, aseq_sequence")
        await conn.executemany(
            "INSERT INTO document VALUES ($1, $2, $3, CAST($4::text AS date), $5)",
            _values(here),
        )
        await conn.executemany(
            "INSERT INTO aseq_sequence VALUES ($1, $2)", here.counters.items()
        )
        _check(await _audited(conn, here), here, number)
    await conn.close()


def _values(here: Books) -> list[tuple[int, str | None, str | None, str | None, str | None]]:
    return [(i, r.text, r.tenant, r.date, r.void) for i, r in enumerate(here.rows)]
