"""How PostgreSQL splits texts: with several processes, and each part of a text once."""

from __future__ import annotations

import asyncpg

from aseq._core.table import TableName
from aseq._sql import Binds, Query
from aseq.audit._postgresql import POSTGRESQL
from aseq.audit._split import Split
from aseq.numbering import Numbering

CHEAP = (
    "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 1; "
    "SET min_parallel_table_scan_size = 0"
)


async def test_several_processes_can_do_it(postgres: str) -> None:
    numbering = Numbering("inv", "{entity}-{number}/{branch}")
    split = Split(numbering._pattern.parts, POSTGRESQL.split)
    bind = Binds()
    rows = split.rows("SELECT text AS t FROM split_document", bind)
    query = Query(
        f"EXPLAIN SELECT h, count(*), min(n), max(n) FROM ({rows}) q GROUP BY h",
        tuple(bind.values),
        TableName.parse("aseq_sequence"),
    )
    sql, args = query.render("", "numeric_dollar", query.table)
    conn = await asyncpg.connect(postgres)
    async with conn.transaction():
        await conn.execute("CREATE TABLE split_document (text text)")
        await conn.execute(
            "INSERT INTO split_document "
            "SELECT 'FR-' || i || '/N' FROM generate_series(1, 10000) i"
        )
        await conn.execute("ANALYZE split_document")
        await conn.execute(CHEAP)
        plan = "\n".join(line for (line,) in await conn.fetch(sql, *args))
        await conn.execute("DROP TABLE split_document")
    await conn.close()

    assert "Partial HashAggregate" in plan, plan
    assert "Parallel Seq Scan on split_document" in plan, plan
