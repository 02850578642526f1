"""What an audit costs: a clean column, one with findings, and formatted numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, NamedTuple

import asyncpg

from aseq import AsyncSequence
from aseq.audit import audit
from aseq.numbering import Numbering

from .cells import AUDIT_CLEAN, AUDIT_FOUND, AUDIT_TEXTS, Peer
from .counting import Count
from .figures import Figure, summed_up
from .load import Turn
from .settings import Settings

BRANCHES = 100
NUMBERS = Numbering("audited", "INV-{branch}-{number:07}")

_TEXT = f"'INV-' || n % {BRANCHES} || '-' || lpad(CAST(n / {BRANCHES} + 1 AS text), 7, '0')"


class Column(NamedTuple):
    """A column that is audited.

    Attributes:
        peer: its name in the figures.
        what: gave the numbers.
        counters: all of its sequences.
        number: what the n-th row has, counted from 0, in SQL.
        every: of so many rows, one is missing; 0 if none is.
    """

    peer: Peer
    what: AsyncSequence | Numbering
    counters: Sequence[AsyncSequence]
    number: str
    every: int = 0


def _plain(peer: Peer, every: int = 0) -> Column:
    sequence = AsyncSequence(peer.id)
    return Column(peer, sequence, [sequence], "n + 1", every)


COLUMNS = (
    _plain(AUDIT_CLEAN),
    _plain(AUDIT_FOUND, every=1000),
    Column(
        AUDIT_TEXTS,
        NUMBERS,
        [NUMBERS.bind(branch=branch).sequence() for branch in range(BRANCHES)],
        _TEXT,
    ),
)


async def measure(url: str, settings: Settings, done: Callable[[], None]) -> list[Figure]:
    """Audit each column once.

    Args:
        url: of the database.
        settings: how many rows a column has.
        done: called after each audit.
    """
    figures = []
    conn = await asyncpg.connect(url)
    for column in COLUMNS:
        await _fill(conn, column, settings.audited)
        start = perf_counter()
        result = await audit(conn, f"{column.peer.id}.number", column.what)
        seconds = perf_counter() - start
        missing = sum(series.totals.missing for series in result.series)
        rows = sum(series.rows for series in result.series)
        planted = settings.audited // column.every if column.every else 0
        # Void unless the audit saw what there is.
        seen = Count(rows, rows, 1, rows if missing == planted else 0)
        turn = Turn(seconds, [seconds] * (settings.audited - planted))
        figures.append(summed_up("audit", 1, column.peer, [turn], seen, 0))
        done()
    await conn.close()
    return figures


async def _fill(conn: Any, column: Column, rows: int) -> None:
    """Write the rows and their counters."""
    left = f"WHERE n % {column.every} <> 1" if column.every else ""
    async with conn.transaction():
        await conn.execute(
            f"CREATE TABLE {column.peer.id} AS SELECT n AS id, {column.number} AS number "
            f"FROM generate_series(0, {rows - 1}) AS n {left}"
        )
        for counter in column.counters:
            await counter.advance_to(conn, rows // len(column.counters))
    await conn.execute(f"ANALYZE {column.peer.id}")
