"""Which patterns there can be, what they print, and what is said of the others."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from aseq import InvalidSequence
from aseq.numbering import FiscalYear, Numbering
from tests.numbering.patterns import printed

APRIL = FiscalYear(4)
OCTOBER = FiscalYear(10, named_after="end")
LATE = FiscalYear(4, 6)
TIMES = (
    "must print {}: the numbers start again with each period, so the same text would come twice"
)
ALONE = "has a brace alone; double it if it is text: "
SLIP = (
    "has an unknown field, {{{0}}}: is {{{1}}} meant? If it is a scope, name it: scope=['{0}']"
)
PADDED = (
    "has {{number:{}}}: write for example {{number:05}} for at least 5 digits (at most 30), or "
    "{{number}}"
)
WEEK = "has {week} without {week_year}: week 1 may begin in the year before"
BESIDE = (
    "has {{{}}} beside a week: 30 December 2024 is in week 1 of 2025. Print {{week_year}} "
    "instead"
)
QUARTER = (
    "has {quarter} beside a fiscal year: it would be the calendar's quarter, which few would "
    "take it for"
)
FISCAL = "has {fiscal_year}: say which one, with period=FiscalYear(...)"
APART = "put some text between them, or two numbers could be printed alike"


def numbering(pattern: Any, **parameters: Any) -> Numbering:
    parameters.setdefault("tz", "UTC")
    return Numbering("series", pattern, **parameters)


# (pattern, parameters, number, day, scope, text)
PRINTED: list[tuple[str, dict[str, Any], int, str, dict[str, Any], str]] = [
    ("{number}", {}, 42, "2026-03-09", {}, "42"),
    ("{number:05}", {}, 42, "2026-03-09", {}, "00042"),
    ("{number:05d}", {}, 42, "2026-03-09", {}, "00042"),
    ("{number:05}", {}, 123456, "2026-03-09", {}, "123456"),
    ("{number:05}", {"step": -1}, -42, "2026-03-09", {}, "-0042"),
    ("{number:030}", {}, 7, "2026-03-09", {}, "7".rjust(30, "0")),
    ("INV-{year}-{number:05}", {"period": "year"}, 42, "2026-03-09", {}, "INV-2026-00042"),
    ("{year}{number:05}", {"period": "year"}, 42, "2026-03-09", {}, "202600042"),
    ("{yy}{month}{number:03}", {"period": "month"}, 7, "2005-11-30", {}, "0511007"),
    ("{year}{month}{day}/{number}", {"period": "day"}, 7, "0987-03-09", {}, "09870309/7"),
    ("{week_year}-W{week}-{number}", {"period": "week"}, 7, "2024-12-30", {}, "2025-W01-7"),
    ("{year}Q{quarter}-{number}", {"period": "quarter"}, 7, "2026-12-31", {}, "2026Q4-7"),
    ("{fiscal_year}/{number}", {"period": APRIL}, 7, "2026-03-31", {}, "2025/7"),
    ("{fiscal_year}/{number}", {"period": OCTOBER}, 7, "2026-10-01", {}, "2027/7"),
    ("{number}/{month}", {}, 7, "2026-03-09", {}, "7/03"),
    ("{a}-{number}", {}, 7, "2026-03-09", {"a": "FR"}, "FR-7"),
    ("{number} {a}", {}, 7, "2026-03-09", {"a": " a b "}, "7  a b "),
    ("{{{number}}}", {}, 7, "2026-03-09", {}, "{7}"),
    ("100 %s {{}} {number}", {}, 7, "2026-03-09", {}, "100 %s {} 7"),
    ("請求書-{number}-🧾", {}, 7, "2026-03-09", {}, "請求書-7-🧾"),
    ("Nr. {number}\n", {}, 7, "2026-03-09", {}, "Nr. 7\n"),
    # Enough is printed to tell the period, though not by its own fields.
    ("{year}-{month}-{number}", {"period": "year"}, 7, "2026-03-09", {}, "2026-03-7"),
    ("{year}-{month}-{number}", {"period": "quarter"}, 7, "2026-03-09", {}, "2026-03-7"),
    ("{year}-{month}-{day}-{number}", {"period": "week"}, 7, "2026-03-09", {}, "2026-03-09-7"),
    ("{year}-{month}-{number}", {"period": APRIL}, 7, "2026-03-09", {}, "2026-03-7"),
    ("{yy}-{number}", {"period": FiscalYear(1)}, 7, "2026-03-09", {}, "26-7"),
    ("{year}{month}{day}-{number}", {"period": LATE}, 7, "2026-03-09", {}, "20260309-7"),
]


@pytest.mark.parametrize(("pattern", "parameters", "number", "day", "scope", "text"), PRINTED)
def test_what_is_printed(
    pattern: str,
    parameters: dict[str, Any],
    number: int,
    day: str,
    scope: dict[str, Any],
    text: str,
) -> None:
    numbers = numbering(pattern, **parameters)

    assert printed(numbers, number, day, **scope) == text
    assert numbers.parse(text).number == number


# (pattern, parameters, text of the error)
REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (None, {}, "must be a str, not NoneType"),
    (b"{number}", {}, "must be a str, not bytes"),
    ("a\0{number}", {}, "must not contain a NUL character or half a surrogate pair"),
    ("\ud800{number}", {}, "must not contain a NUL character or half a surrogate pair"),
    ("", {}, "has no {number}"),
    ("INV-{year}", {"period": "year"}, "has no {number}"),
    ("{number", {}, ALONE + "expected '}' before end of string"),
    ("{number}}", {}, ALONE + "Single '}' encountered in format string"),
    ("{}-{number}", {}, "has a field without a name: {}"),
    ("{0}-{number}", {}, "has an unknown field: {0}"),
    ("{a.b}-{number}", {}, "has an unknown field: {a.b}"),
    ("{a[0]}-{number}", {}, "has an unknown field: {a[0]}"),
    ("{ a}-{number}", {}, "has an unknown field: { a}"),
    ("{class}-{number}", {}, "has 'class', which can't be a keyword argument"),
    ("{at}-{number}", {}, "has 'at', which means something else in a call"),
    ("{text}-{number}", {}, "has 'text', which means something else in a call"),
    ("{yaer}-{number}", {}, SLIP.format("yaer", "year")),
    ("{YYYY}-{number}", {}, SLIP.format("YYYY", "year")),
    ("{seq}", {}, SLIP.format("seq", "number")),
    ("{Month}-{number}", {}, SLIP.format("Month", "month")),
    ("{number!r}", {}, "has a conversion, !r, which means nothing here"),
    ("{number:5}", {}, PADDED.format("5")),
    ("{number:00}", {}, PADDED.format("00")),
    ("{number:031}", {}, PADDED.format("031")),
    ("{number:{a}}", {}, PADDED.format("{a}")),
    ("{month:02}-{number}", {}, "has {month:02}: only {number} is padded, write {month}"),
    ("{a:>5}-{number}", {}, "has {a:>5}: only {number} is padded, write {a}"),
    ("{number}-{number}", {}, "has {number} twice"),
    ("{a}-{a}-{number}", {}, "has {a} twice"),
    ("{year}-{year}-{number}", {}, "has {year} twice"),
    ("{check}-{number}", {}, "has {check}: give the numbering a check=, which computes it"),
    # What could be printed alike.
    ("{a}{b}-{number}", {}, "has {a}{b}: " + APART),
    ("{a}{number}", {}, "has {a}{number}: " + APART),
    ("{a}{year}-{number}", {}, "has {a}{year}: " + APART),
    ("{number}{a}", {}, "has {number}{a}: " + APART),
    ("{number}{year}", {}, "has {number}{year}: " + APART),
    ("{number}0{a}", {}, "has '0' behind {number}, which could be part of it"),
    ("{number}7", {}, "has '7' behind {number}, which could be part of it"),
    ("INV-{number:05}", {"period": "year"}, TIMES.format("{year}")),
    ("{number}-{month}", {"period": "year"}, TIMES.format("{year}")),
    ("{number}-{year}", {"period": "month"}, TIMES.format("{year} and {month}")),
    ("{number}-{month}", {"period": "month"}, TIMES.format("{year} and {month}")),
    ("{number}-{year}-{quarter}", {"period": "month"}, TIMES.format("{year} and {month}")),
    ("{number}-{year}", {"period": "quarter"}, TIMES.format("{year} and {quarter}")),
    ("{number}-{year}-{month}", {"period": "day"}, TIMES.format("{year}, {month} and {day}")),
    ("{number}-{month}-{day}", {"period": "day"}, TIMES.format("{year}, {month} and {day}")),
    ("{number}-{year}-{month}", {"period": "week"}, TIMES.format("{week_year} and {week}")),
    ("{number}-{week_year}", {"period": "week"}, TIMES.format("{week_year} and {week}")),
    ("{number}-{week_year}-{week}", {"period": "year"}, TIMES.format("{year}")),
    ("{number}-{week_year}-{week}", {"period": "month"}, TIMES.format("{year} and {month}")),
    ("{number}-{year}", {"period": APRIL}, TIMES.format("{fiscal_year}")),
    ("{number}-{year}-{month}", {"period": LATE}, TIMES.format("{fiscal_year}")),
    # What would mislead.
    ("{number}-{week}", {"period": "week"}, WEEK),
    ("{number}-{week}", {}, WEEK),
    ("{number}-{year}-{week_year}-{week}", {"period": "week"}, BESIDE.format("year")),
    ("{number}-{yy}-{week_year}-{week}", {"period": "week"}, BESIDE.format("yy")),
    ("{number}-{year}-{week_year}", {}, BESIDE.format("year")),
    ("{number}-{year}-{yy}", {"period": "year"}, "has both {year} and {yy}: one is enough"),
    ("{number}-{fiscal_year}-{quarter}", {"period": APRIL}, QUARTER),
    ("{number}-{fiscal_year}", {"period": "year"}, FISCAL),
    ("{number}-{fiscal_year}", {}, FISCAL),
]


@pytest.mark.parametrize(("pattern", "parameters", "text"), REFUSED)
def test_refused(pattern: Any, parameters: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidSequence) as caught:
        numbering(pattern, **parameters)

    assert str(caught.value) == f"pattern {text}"
    assert caught.value.argument == "pattern"


@pytest.mark.parametrize("field", ["yaer", "seq", "Month", "days", "n"])
def test_a_scope_that_looks_like_a_slip_can_be_named(field: str) -> None:
    numbers = numbering(f"{{{field}}}-{{number}}", scope=[field])

    assert printed(numbers, 7, **{field: "x"}) == "x-7"


@pytest.mark.parametrize("field", ["entity", "branch", "customer", "country", "org", "kind"])
def test_a_scope_that_is_printed_need_not_be_named(field: str) -> None:
    assert numbering(f"{{{field}}}-{{number}}") != numbering(
        f"{{{field}}}-{{number}}", scope=[field]
    )
    assert numbering(f"{{{field}}}-{{number}}").scopes == (field,)


def test_yy_is_a_year_of_this_century() -> None:
    numbers = numbering("{yy}-{number}", period="year")

    assert printed(numbers, 7, "2000-01-01") == "00-7"
    assert printed(numbers, 7, "2099-12-31") == "99-7"
    for day in "1999-12-31", "2100-01-01":
        with pytest.raises(InvalidSequence) as caught:
            printed(numbers, 7, day)
        assert str(caught.value) == (
            f"at must be in the years 2000 to 2099, which {{yy}} stands for, not {day}"
        )


def test_a_span_ends_where_yy_does() -> None:
    """Whoever draws within it can print the day, whichever it is."""
    april = numbering("{fiscal_year}/{yy}{month}-{number}", period=APRIL)
    plain = numbering("{yy}-{number}")

    last = april.span(dt.datetime(2099, 6, 1, tzinfo=dt.UTC))
    first = april.span(dt.datetime(2000, 2, 1, tzinfo=dt.UTC))
    whole = plain.span(dt.datetime(2050, 1, 1, tzinfo=dt.UTC))

    assert (last.period, last.until.isoformat()) == ("FY2099", "2100-01-01T00:00:00+00:00")
    assert (first.period, first.since.isoformat()) == ("FY1999", "2000-01-01T00:00:00+00:00")
    assert [end.year for end in whole[1:]] == [2000, 2100]
