"""Periods: where they begin and end, and what they are called."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from aseq import InvalidSequence
from aseq.numbering import FiscalYear
from aseq.numbering._period import CALENDARS, Calendar, calendar_of

APRIL = FiscalYear(4)
OCTOBER = FiscalYear(10, named_after="end")
UK_TAX = FiscalYear(4, 6)

KINDS: dict[str, Calendar] = {
    **CALENDARS,
    "April": APRIL,
    "October": OCTOBER,
    "6 April": UK_TAX,
    "January": FiscalYear(1),
    "31 December": FiscalYear(12, 31, "end"),
}

# (period, a day, the first day of its period, of the next one, its name)
PERIODS: list[tuple[str, str, str, str, str]] = [
    ("day", "2026-12-31", "2026-12-31", "2027-01-01", "2026-12-31"),
    ("week", "2024-12-30", "2024-12-30", "2025-01-06", "2025-W01"),
    ("week", "2021-01-03", "2020-12-28", "2021-01-04", "2020-W53"),
    ("month", "2024-02-29", "2024-02-01", "2024-03-01", "2024-02"),
    ("month", "2026-12-31", "2026-12-01", "2027-01-01", "2026-12"),
    ("quarter", "2026-01-01", "2026-01-01", "2026-04-01", "2026-Q1"),
    ("quarter", "2024-06-30", "2024-04-01", "2024-07-01", "2024-Q2"),
    ("quarter", "2026-09-30", "2026-07-01", "2026-10-01", "2026-Q3"),
    ("quarter", "2026-12-31", "2026-10-01", "2027-01-01", "2026-Q4"),
    ("year", "2026-12-31", "2026-01-01", "2027-01-01", "2026"),
    ("April", "2026-03-31", "2025-04-01", "2026-04-01", "FY2025"),
    ("April", "2026-04-01", "2026-04-01", "2027-04-01", "FY2026"),
    ("October", "2026-09-30", "2025-10-01", "2026-10-01", "FY2026"),
    ("October", "2026-10-01", "2026-10-01", "2027-10-01", "FY2027"),
    ("6 April", "2026-04-05", "2025-04-06", "2026-04-06", "FY2025"),
    ("6 April", "2026-04-06", "2026-04-06", "2027-04-06", "FY2026"),
    ("January", "2026-12-31", "2026-01-01", "2027-01-01", "FY2026"),
    ("31 December", "2026-12-31", "2026-12-31", "2027-12-31", "FY2027"),
]


@pytest.mark.parametrize(("kind", "day", "first", "after", "label"), PERIODS)
def test_the_period_of_a_day(kind: str, day: str, first: str, after: str, label: str) -> None:
    calendar = KINDS[kind]
    start = calendar.first(dt.date.fromisoformat(day))

    assert start.isoformat() == first
    assert calendar.after(start).isoformat() == after
    assert calendar.label(start) == label


@pytest.mark.parametrize("kind", KINDS)
def test_periods_follow_one_another_without_a_gap(kind: str) -> None:
    calendar, one = KINDS[kind], dt.timedelta(days=1)
    start, labels = calendar.first(dt.date(1999, 12, 31)), list[str]()
    while start.year < 2033:
        after = calendar.after(start)
        days = {start + i * one for i in range((after - start).days)}
        assert {calendar.first(day) for day in days} == {start}
        assert calendar.first(after) == after
        labels.append(calendar.label(start))
        start = after

    assert len(set(labels)) == len(labels)
    assert labels == sorted(labels)


def test_a_year_named_after_its_end_is_that_of_its_last_day() -> None:
    for month in range(1, 13):
        for day in 1, 15:
            year = FiscalYear(month, day, "end")
            first = year.first(dt.date(2026, 7, 1))
            last = year.after(first) - dt.timedelta(days=1)
            assert year.number(first) == last.year
            assert year.named(last.year) == first


# (arguments, text of the error)
REFUSED: list[tuple[tuple[Any, ...], str]] = [
    ((2, 29), "period can't begin on 29 February: most years don't have that day"),
    ((2, 30), "period can't begin on day 30 of month 2: there is no such day"),
    ((4, 31), "period can't begin on day 31 of month 4: there is no such day"),
    ((0,), "period can't begin on day 1 of month 0: there is no such day"),
    ((13,), "period can't begin on day 1 of month 13: there is no such day"),
    ((True,), "period can't begin on day 1 of month True: there is no such day"),
    (("April",), "period can't begin on day 1 of month 'April': there is no such day"),
    ((4, 1, "middle"), "period must be named after its 'start' or 'end', not 'middle'"),
]


@pytest.mark.parametrize(("arguments", "text"), REFUSED)
def test_no_fiscal_year(arguments: tuple[Any, ...], text: str) -> None:
    with pytest.raises(InvalidSequence) as caught:
        FiscalYear(*arguments)

    assert str(caught.value) == text


@pytest.mark.parametrize("period", ["Year", "", "decade", 12, ["year"], True, dt.date])
def test_no_period(period: object) -> None:
    with pytest.raises(InvalidSequence) as caught:
        calendar_of(period)

    assert str(caught.value) == (
        "period must be 'day', 'week', 'month', 'quarter', 'year', a FiscalYear or None, "
        f"not {period!r}"
    )


def test_a_fiscal_year_is_a_value() -> None:
    assert FiscalYear(4) == FiscalYear(4, 1, "start")
    assert len({FiscalYear(4), FiscalYear(4, 1), FiscalYear(4, 6)}) == 2
