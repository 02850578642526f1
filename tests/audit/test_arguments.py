"""Several columns, conditions, a first number; and what can't work is said at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from aseq import AsyncSequence, InvalidSequence
from aseq.audit import Range, RowKey, audit

NUMBERS = AsyncSequence("invoices")

TABLES = """
CREATE TABLE aseq_sequence (name text PRIMARY KEY, last bigint);
INSERT INTO aseq_sequence VALUES ('invoices', 8), ('down', -6);
CREATE TABLE invoice (id integer PRIMARY KEY, number bigint, status text, issued text);
INSERT INTO invoice (number, status, issued) VALUES (1, 'sent', '2026-01-01'),
    (2, 'sent', '2026-01-02'), (4, 'void', '2026-01-04'), (6, 'sent', '2026-01-03'),
    (NULL, 'draft', NULL);
CREATE TABLE credit (year int, no int, number bigint, reason text, PRIMARY KEY (year, no));
INSERT INTO credit VALUES (2026, 1, 3, NULL), (2026, 2, 4, 'wrong address'), (2026, 3, 8, '');
"""


@pytest.fixture
def conn() -> Iterator[sqlite3.Connection]:
    """Invoices and credit notes, which share a sequence."""
    with closing(
        sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    ) as conn:
        conn.executescript(TABLES)
        yield conn


async def test_several_columns_share_a_sequence(conn: sqlite3.Connection) -> None:
    result = await audit(
        conn,
        ["invoice.number", "credit.number"],
        NUMBERS,
        void="credit.reason",
        date="invoice.issued",
    )

    [series] = result.series
    assert result.columns == ("invoice.number", "credit.number")
    assert series.missing == (Range(5, 5, 1), Range(7, 7, 1))
    [double] = series.repeated
    assert (double.number, double.count) == (4, 2)
    assert double.rows == (RowKey("invoice", ("3",)), RowKey("credit", ("2026", "2")))
    [void] = series.voids
    assert (void.number, void.reason, void.row) == (4, "wrong address", double.rows[1])
    [late] = series.out_of_order
    assert (late.number, late.previous, late.row) == (6, 4, RowKey("invoice", ("4",)))
    assert (result.drafts, series.rows) == (1, 7)


async def test_a_condition_for_all_columns_or_one_for_each(conn: sqlite3.Connection) -> None:
    columns: list[object] = ["invoice.number", "credit.number"]
    of_each = await audit(conn, columns, NUMBERS, where=["status <> 'void' -- no voids", None])
    of_all = await audit(conn, columns, NUMBERS, where="number > 2")

    assert of_each.series[0].repeated == ()
    assert of_each.where == "status <> 'void' -- no voids"
    assert of_all.series[0].missing == (Range(1, 2, 2), Range(5, 5, 1), Range(7, 7, 1))


@pytest.mark.parametrize("text", ["status = ':x'", "status = '$1'", "status = '?%s{}'"])
async def test_a_condition_is_taken_as_it_is(conn: sqlite3.Connection, text: str) -> None:
    assert (await audit(conn, "invoice.number", NUMBERS, where=text)).series[0].rows == 0


async def test_a_first_number_that_is_later(conn: sqlite3.Connection) -> None:
    result = await audit(conn, "invoice.number", NUMBERS, first=4)

    [series] = result.series
    assert series.missing == (Range(5, 5, 1), Range(7, 8, 2))
    assert [(found.number, found.why) for found in series.outside] == [
        (1, "before"),
        (2, "before"),
    ]


async def test_a_counter_without_rows(conn: sqlite3.Connection) -> None:
    down = AsyncSequence("down", 0, step=-2)
    result = await audit(conn, "invoice.number", down, where="false")

    assert result.series[0].missing == (Range(0, -6, 4),)
    assert not result.ok
    assert (await audit(conn, "invoice.number", AsyncSequence("new"), where="false")).ok


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"what": "invoices"}, "what must be an AsyncSequence or a Numbering, not 'invoices'"),
        (
            {"what": AsyncSequence("x", reset_value=9)},
            "what loops, so its numbers are repeated: nothing to audit",
        ),
        ({"what": AsyncSequence("x", step=-(2**63))}, "what has a step that is too large"),
        ({"column": []}, "column is an empty list"),
        ({"column": ["invoice.number"] * 2}, "column names a column twice"),
        ({"void": "credit.reason"}, "void credit.reason is in none of the tables with numbers"),
        ({"date": ["invoice.issued", "invoice.id"]}, "date names two columns of invoice"),
        ({"where": ["true", "true"]}, "where has 2 conditions for 1 columns"),
        (
            {"where": " "},
            "where must be a condition in SQL, such as \"status <> 'draft'\", not ' '",
        ),
        ({"first": "4"}, "first must be an integer, not '4'"),
        (
            {"what": AsyncSequence("x", 1, step=2), "first": 4},
            "first must be a value of the sequence: 4 isn't",
        ),
        ({"limit": 0}, "limit must be an integer of at least 1, not 0"),
    ],
)
async def test_what_cannot_work(arguments: dict[str, Any], problem: str) -> None:
    given: dict[str, Any] = {"column": "invoice.number", "what": NUMBERS, **arguments}
    nowhere: Any = None
    with pytest.raises(InvalidSequence) as error:
        await audit(nowhere, given.pop("column"), given.pop("what"), **given)

    assert str(error.value) == problem
