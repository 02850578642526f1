"""Columns with numbers alone, of a numbering with periods: the date tells the period."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import asyncpg
import pytest

from aseq import InvalidSequence, create_table
from aseq.audit import Audit, audit
from aseq.numbering import FiscalYear, Numbering

YEARS = Numbering("inv", "{year}-{number}", period="year", tz="UTC", scope=["tenant"])
MONTHS = Numbering("inv", "{year}{month}-{number}", period="month", tz="UTC")
BRITISH = Numbering("inv", "{fiscal_year}-{number}", period=FiscalYear(4, 6), tz="UTC")

CREATE = (
    "CREATE TEMP TABLE invoice "
    "(id integer PRIMARY KEY, number integer, tenant integer, issued date, at timestamp)"
)
ROWS = [
    (1, "2026-01-31"),
    (2, "2026-02-01"),
    (2, "2026-04-05"),
    (3, "2026-04-06"),
    (1, "2027-01-01"),
    (4, None),
    (None, None),
]


@pytest.fixture(params=["sqlite", "postgresql"])
async def conn(request: pytest.FixtureRequest, postgres: str) -> AsyncIterator[Any]:
    """Invoices of two years."""
    if request.param == "sqlite":
        lite = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        with closing(lite):
            await create_table(lite)
            lite.execute(CREATE)
            lite.executemany(
                "INSERT INTO invoice (number, tenant, issued) VALUES (?, 7, ?)", ROWS
            )
            yield lite
        return
    conn = await asyncpg.connect(postgres)
    await conn.execute("SET search_path = pg_temp")
    await conn.execute("SET DateStyle = 'German'")
    await conn.execute("CREATE TEMP TABLE aseq_sequence (name text PRIMARY KEY, last bigint)")
    await conn.execute(CREATE)
    rows = [(i, n, day and dt.date.fromisoformat(day)) for i, (n, day) in enumerate(ROWS, 1)]
    await conn.executemany(
        "INSERT INTO invoice (id, number, tenant, issued) VALUES ($1, $2, 7, $3)", rows
    )
    yield conn
    await conn.close()


async def run(conn: Any, sql: str) -> None:
    done = conn.execute(sql)
    if not isinstance(conn, sqlite3.Connection):
        await done


def found(result: Audit) -> dict[str, tuple[int, int, int, int]]:
    return {
        series.name: (
            series.rows,
            series.totals.missing,
            series.totals.repeated,
            series.totals.unreadable,
        )
        for series in result.series
    }


async def test_a_year(conn: Any) -> None:
    await run(conn, "INSERT INTO aseq_sequence VALUES ('inv/tenant=7/2026', 4)")
    await run(conn, "INSERT INTO aseq_sequence VALUES ('inv/tenant=7/2027', 1)")
    await run(conn, "INSERT INTO aseq_sequence VALUES ('inv/tenant=7', 1)")  # not of this one
    result = await audit(
        conn, "invoice.number", YEARS, scope={"tenant": "invoice.tenant"}, date="invoice.issued"
    )

    assert found(result) == {
        "inv": (1, 0, 0, 1),
        "inv/tenant=7/2026": (4, 1, 1, 0),
        "inv/tenant=7/2027": (1, 0, 0, 0),
    }
    [unreadable] = result.series[0].unreadable
    assert (unreadable.text, unreadable.why) == ("4", "the date is NULL in its row")
    assert result.drafts == 1


async def test_months_and_a_year_that_begins_on_any_day(conn: Any) -> None:
    months = await audit(conn, "invoice.number", MONTHS, date="invoice.issued")
    assert {name: rows for name, (rows, *_) in found(months).items()} == {
        "inv": 1,
        "inv/2026-01": 1,
        "inv/2026-02": 1,
        "inv/2026-04": 2,
        "inv/2027-01": 1,
    }
    years = await audit(conn, "invoice.number", BRITISH, date="invoice.issued")
    assert {name: rows for name, (rows, *_) in found(years).items()} == {
        "inv": 1,
        "inv/FY2025": 3,
        "inv/FY2026": 2,
    }
    late = [s.out_of_order for s in years.series if s.name == "inv/FY2026"]
    assert [(part.number, part.date) for part in late[0]] == [(3, "2026-04-06")]


async def test_a_moment_tells_no_period(conn: Any) -> None:
    with pytest.raises(InvalidSequence) as error:
        await audit(conn, "invoice.number", MONTHS, date="invoice.at")
    assert str(error.value) == (
        "date names invoice.at, which isn't of type date, and must tell the period: on which "
        "day a moment was depends on the time zone. Name a column of dates, or audit the "
        "column of the texts"
    )
