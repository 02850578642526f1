"""Scopes and periods, each its own series; and what can't be told is refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from aseq import AsyncSequence, InvalidSequence
from aseq.audit import Audit, Progress, Range, RowKey, Unreadable, audit
from aseq.numbering import Numbering

INVOICES = Numbering("inv", "{entity}-{year}-{number:03}", period="year", tz="UTC")
TENANTS = Numbering("t", "{number}", scope=["tenant"])

TABLES = """
CREATE TABLE aseq_sequence (name text PRIMARY KEY, last bigint);
INSERT INTO aseq_sequence VALUES ('inv/entity=FR/2025', 2), ('inv/entity=FR/2026', 3),
    ('inv/entity=DE/2026', 2), ('inv/else', 9), ('inv/entity=/2026', 9), ('invoice', 9),
    ('t/tenant=7', 3), ('t/tenant=8', 1), ('t/tenant=7/2026', 4);
CREATE TABLE invoice (id integer PRIMARY KEY, text text, number bigint, tenant int);
INSERT INTO invoice (text, number, tenant) VALUES
    ('FR-2026-001', 1, 7), ('FR-2026-003', 3, 7), ('FR-2026-3', 3, 7), ('IT-2026-001', 1, 9),
    ('FR-2026-004x', 9, NULL), (NULL, NULL, 7), ('FR-2026-', 1, 8);
CREATE TABLE credit (id integer PRIMARY KEY, text text, tenant_id int);
INSERT INTO credit (text, tenant_id) VALUES ('FR-2025-001', 7), ('FR-2025-002', 7);
"""


@pytest.fixture
def conn() -> Iterator[sqlite3.Connection]:
    """Invoices of several scopes and years."""
    with closing(
        sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    ) as conn:
        conn.executescript(TABLES)
        yield conn


def names(result: Audit) -> list[str]:
    return [series.name for series in result.series]


async def test_each_scope_and_period_is_a_series(conn: sqlite3.Connection) -> None:
    result = await audit(conn, ["invoice.text", "credit.text"], INVOICES)

    rest, no_rows, fine, holes, no_counter = result.series
    assert names(result) == [
        "inv",
        "inv/entity=DE/2026",
        "inv/entity=FR/2025",
        "inv/entity=FR/2026",
        "inv/entity=IT/2026",
    ]
    assert rest.unreadable == (
        Unreadable(
            "FR-2026-004x",
            "can't be read: wanted the end at character 12, found 'x'",
            RowKey("invoice", ("5",)),
        ),
        Unreadable(
            "FR-2026-",
            "can't be read: wanted {number} at character 9, found the end",
            RowKey("invoice", ("7",)),
        ),
    )
    assert (no_rows.rows, no_rows.counter, no_rows.missing) == (0, 2, (Range(1, 2, 2),))
    assert fine.ok
    assert holes.missing == (Range(2, 2, 1),)
    [double] = holes.repeated
    assert double.rows == (RowKey("invoice", ("2",)), RowKey("invoice", ("3",)))
    assert no_counter.uncounted
    assert (no_counter.first, no_counter.last, no_counter.totals.missing) == (1, 1, 0)
    assert result.drafts == 1


async def test_what_is_bound_alone_is_looked_at(conn: sqlite3.Connection) -> None:
    result = await audit(conn, "invoice.text", INVOICES.bind(entity="FR"))
    assert names(result) == ["inv", "inv/entity=FR/2025", "inv/entity=FR/2026"]

    scope = {"tenant": "invoice.tenant"}
    result = await audit(conn, "invoice.number", TENANTS.bind(tenant=8), scope=scope)
    assert names(result) == ["t/tenant=8"]
    assert result.ok


async def test_a_scope_whose_name_is_escaped(conn: sqlite3.Connection) -> None:
    conn.execute("INSERT INTO aseq_sequence VALUES ('inv/entity=D%2FE%3D/2026', 2)")
    conn.execute("INSERT INTO invoice (text) VALUES ('D/E=-2026-001')")
    [series] = (await audit(conn, "credit.text", INVOICES.bind(entity="D/E="))).series
    assert (series.name, series.totals.missing) == ("inv/entity=D%2FE%3D/2026", 2)


async def test_numbers_alone_and_the_column_of_their_scope(conn: sqlite3.Connection) -> None:
    result = await audit(conn, "invoice.number", TENANTS, scope={"tenant": "invoice.tenant"})

    rest, seven, eight, nine = result.series
    assert names(result) == ["t", "t/tenant=7", "t/tenant=8", "t/tenant=9"]
    assert rest.unreadable == (
        Unreadable("9", "tenant is NULL in its row", RowKey("invoice", ("5",))),
    )
    assert seven.missing == (Range(2, 2, 1),)
    assert eight.ok
    assert nine.uncounted


@pytest.mark.parametrize("batch", [3, 25_000])
async def test_lists_are_as_long_as_the_limit_in_all_series_together(
    conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """However many series one statement asks about."""
    monkeypatch.setattr("aseq.audit._search.BATCH", batch)
    conn.executescript(
        "DELETE FROM invoice; DELETE FROM aseq_sequence; "
        "WITH RECURSIVE i(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM i WHERE i < 99) "
        "INSERT INTO invoice (number, tenant) SELECT i / 10 * 2 + 2, i % 10 FROM i "
        "UNION ALL SELECT 2, i FROM i WHERE i < 10; "
        "INSERT INTO aseq_sequence SELECT DISTINCT 't/tenant=' || tenant, 21 FROM invoice"
    )
    scope = {"tenant": "invoice.tenant"}
    result = await audit(conn, "invoice.number", TENANTS, scope=scope, limit=15)

    assert [len(series.missing) for series in result.series] == [11, 4, *[0] * 8]
    assert [len(series.repeated) for series in result.series] == [1] * 10
    assert len(result.series[0].repeated[0].rows) == 2
    assert {series.totals.missing for series in result.series} == {11}
    assert [series.truncated for series in result.series] == [False, *[True] * 9]


async def test_letters_that_differ_in_case_alone(conn: sqlite3.Connection) -> None:
    """Other texts are of other series, even if the column's collation takes them for one."""
    conn.execute("CREATE TABLE receipt (text text COLLATE NOCASE, tenant text COLLATE NOCASE)")
    conn.execute(
        "INSERT INTO receipt VALUES ('FR-2026-001', 'a'), ('fr-2026-002', 'A'), "
        "('FR-2026-003', 'a')"
    )
    result = await audit(conn, "receipt.text", INVOICES)
    rows = {series.name: series.rows for series in result.series if series.rows}
    assert rows == {"inv/entity=FR/2026": 2, "inv/entity=fr/2026": 1}

    letters = Numbering("r", "{entity}-{number}", scope=["tenant"])
    scope = {"tenant": "receipt.tenant"}
    result = await audit(conn, "receipt.text", letters, scope=scope, where="text LIKE '%-1'")
    assert result.series == ()
    conn.execute("UPDATE receipt SET text = 'x-1'")
    result = await audit(conn, "receipt.text", letters, scope=scope)
    rows = {series.name: series.rows for series in result.series}
    assert rows == {"r/entity=x/tenant=A": 1, "r/entity=x/tenant=a": 2}


async def test_a_double_that_is_corrected_meanwhile(conn: sqlite3.Connection) -> None:
    def correct(step: Progress) -> None:
        if "repeated" in step.doing:
            conn.execute("UPDATE invoice SET number = 2 WHERE id = 3")

    [series] = (
        await audit(
            *(conn, "invoice.number", TENANTS.bind(tenant=7)),
            scope={"tenant": "invoice.tenant"},
            progress=correct,
        )
    ).series
    assert (series.repeated, series.totals.repeated, series.truncated) == ((), 0, False)


async def test_a_wrong_check_digit(conn: sqlite3.Connection) -> None:
    checked = Numbering("c", "{number}{check}", check=lambda digits: str(int(digits) % 7))
    conn.executescript(
        "DELETE FROM invoice; INSERT INTO aseq_sequence VALUES ('c', 11); "
        "INSERT INTO invoice (text) VALUES ('11'), ('22'), ('33'), ('44'), ('56'), ('66'), "
        "('70'), ('81'), ('92'), ('103'), ('115')"
    )
    [series] = (await audit(conn, "invoice.text", checked)).series

    assert {found.text: found.why for found in series.unreadable} == {
        "56": "has a mistake: its check digit is 6, not 5",
        "115": "has a mistake: its check digit is 5, not 4",
    }
    assert (series.rows, series.totals.unreadable, series.totals.missing) == (11, 2, 0)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            {"scope": "invoice.tenant"},
            (
                'scope must be a dict of columns, such as {"tenant": Invoice.tenant_id}, not '
                "'invoice.tenant'"
            ),
        ),
        ({"scope": {"x": "invoice.tenant"}}, "scope has 'x', but 't' has tenant"),
        (
            {"what": AsyncSequence("a"), "scope": {"tenant": "invoice.tenant"}},
            "scope has 'tenant', but 'a' has none",
        ),
        (
            {},
            (
                "scope must name the column with the tenant, which isn't printed: "
                "scope={'tenant': ...}; or bind the numbering to one"
            ),
        ),
        (
            {"column": ["invoice.text", "credit.text"], "scope": {"tenant": "invoice.tenant"}},
            "scope names no tenant for credit",
        ),
        (
            {"what": INVOICES, "scope": {"entity": "invoice.tenant"}},
            "scope names entity, which is printed, so it is read from each text",
        ),
        (
            {
                "what": INVOICES,
                "column": "invoice.number",
                "scope": {"entity": "invoice.tenant"},
            },
            (
                "date must name invoice's column with the date, which tells the period: "
                "numbers alone don't. Or audit the column of the texts"
            ),
        ),
        (
            {"what": Numbering("n", "{entity}-{number}"), "column": "invoice.number"},
            (
                "scope must name the column with the entity, which numbers alone don't tell: "
                "scope={'entity': ...}; or bind the numbering to one"
            ),
        ),
        (
            {
                "column": ["invoice.number", "credit.text"],
                "scope": {"tenant": ["invoice.tenant", "credit.tenant_id"]},
            },
            "column must be columns of texts, or of numbers, not both",
        ),
    ],
)
async def test_what_cannot_work(
    conn: sqlite3.Connection, arguments: dict[str, Any], problem: str
) -> None:
    given: dict[str, Any] = {"column": "invoice.text", "what": TENANTS, **arguments}
    with pytest.raises(InvalidSequence) as error:
        await audit(conn, given.pop("column"), given.pop("what"), **given)

    assert str(error.value) == problem
