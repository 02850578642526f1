"""Reading the text of a number, and what is said of texts that can't be read."""

from __future__ import annotations

from typing import Any

import pytest

from aseq import InvalidSequence
from aseq.numbering import FiscalYear, Numbering, ParsedNumber

INVOICES = Numbering(
    "invoices",
    "INV-{entity}-{year}-{number:05}",
    scope=["tenant"],
    period="year",
    tz="Europe/Paris",
)
PLAIN = Numbering("invoices", "{number:04}")


def test_says_what_is_printed() -> None:
    parsed = INVOICES.parse("INV-FR-2026-00042")

    assert parsed == ParsedNumber(
        text="INV-FR-2026-00042",
        number=42,
        period="2026",
        scope={"entity": "FR"},
        sequence=None,
    )
    assert parsed.at is None


def test_knows_the_sequence_if_it_knows_all_scopes() -> None:
    parsed = INVOICES.parse("INV-FR-2026-00042", tenant=7)

    assert parsed.scope == {"entity": "FR", "tenant": "7"}
    assert parsed.sequence == INVOICES.bind(tenant=7).parse(parsed.text).sequence
    assert parsed.sequence is not None
    assert parsed.sequence.name == "invoices/entity=FR/tenant=7/2026"


# (text, number)
PADDED = [("0041", 41), ("41", 41), ("00041", 41), ("12345", 12345), ("-0007", -7), ("0", 0)]


@pytest.mark.parametrize(("text", "number"), PADDED)
def test_padding_may_be_of_another_time(text: str, number: int) -> None:
    assert PLAIN.parse(text).number == number


# (pattern, parameters, text, period)
PERIODS: list[tuple[str, dict[str, Any], str, str | None]] = [
    ("{number}", {}, "7", None),
    ("{year}-{number}", {}, "2026-7", None),
    ("{year}-{number}", {"period": "year"}, "2026-7", "2026"),
    ("{yy}-{number}", {"period": "year"}, "26-7", "2026"),
    ("{yy}{month}-{number}", {"period": "month"}, "2602-7", "2026-02"),
    ("{yy}{month}-{number}", {"period": "quarter"}, "2606-7", "2026-Q2"),
    ("{year}{quarter}-{number}", {"period": "quarter"}, "20264-7", "2026-Q4"),
    ("{week_year}{week}-{number}", {"period": "week"}, "202053-7", "2020-W53"),
    ("{year}{month}{day}-{number}", {"period": "week"}, "20241230-7", "2025-W01"),
    ("{year}{month}{day}-{number}", {"period": "day"}, "20240229-7", "2024-02-29"),
    ("{fiscal_year}-{number}", {"period": FiscalYear(4)}, "2026-7", "FY2026"),
    ("{fiscal_year}-{number}", {"period": FiscalYear(4, 6, "end")}, "2026-7", "FY2026"),
    ("{year}{month}-{number}", {"period": FiscalYear(4)}, "202603-7", "FY2025"),
]


@pytest.mark.parametrize(("pattern", "parameters", "text", "period"), PERIODS)
def test_tells_the_period(
    pattern: str, parameters: dict[str, Any], text: str, period: str | None
) -> None:
    numbers = Numbering("series", pattern, tz="UTC", **parameters)

    assert numbers.parse(text).period == period


DAILY = Numbering("d", "{year}{month}{day}-{number}", period="day", tz="UTC")
WEEKLY = Numbering("w", "{week_year}{week}-{number}", period="week", tz="UTC")
LAST = Numbering("l", "{number} of {who}", scope=["who"])
FISCAL = Numbering("f", "{fiscal_year}-{number}", period=FiscalYear(4, 1, "end"), tz="UTC")

# (numbering, text, what it says)
UNREADABLE: list[tuple[Numbering, str, str]] = [
    (INVOICES, "", "wanted 'INV-' at character 1, found the end"),
    (INVOICES, "inv-FR-2026-00042", "wanted 'INV-' at character 1, found 'inv-FR-2026-00042'"),
    (INVOICES, "INV-FR2026", "wanted {entity} and '-' at character 5, found 'FR2026'"),
    (INVOICES, "INV--2026-1", "wanted {entity} and '-' at character 5, found '-2026-1'"),
    (INVOICES, "INV-FR-26-1", "wanted {year}, 4 digits at character 8, found '26-1'"),
    (INVOICES, "INV-FR-٢٠٢٦-1", "wanted {year}, 4 digits at character 8, found '٢٠٢٦-1'"),
    (INVOICES, "INV-FR-0000-1", "wanted {year}, 4 digits at character 8, found '0000-1'"),
    (INVOICES, "INV-FR-2026", "wanted '-' at character 12, found the end"),
    (INVOICES, "INV-FR-2026-", "wanted {number} at character 13, found the end"),
    (INVOICES, "INV-FR-2026-x", "wanted {number} at character 13, found 'x'"),
    (INVOICES, "INV-FR-2026-٤٢", "wanted {number} at character 13, found '٤٢'"),
    (INVOICES, "INV-FR-2026-+1", "wanted {number} at character 13, found '+1'"),
    (INVOICES, "INV-FR-2026-1 ", "wanted the end at character 14, found ' '"),
    (INVOICES, "INV-FR-2026-1_000", "wanted the end at character 14, found '_000'"),
    (PLAIN, str(2**63), f"wanted a {{number}} of 64 bits at character 1, found '{2**63}'"),
    (LAST, "7 of ", "wanted {who} at character 6, found the end"),
    (DAILY, "20261301-1", "wanted {month}, 2 digits at character 5, found '1301-1'"),
    (DAILY, "20260230-1", "there is no such day"),
    (WEEKLY, "202153-1", "there is no such week"),
    (FISCAL, "0001-1", "there is no such fiscal year"),
]


@pytest.mark.parametrize(("numbers", "text", "problem"), UNREADABLE)
def test_says_where_it_stopped(numbers: Numbering, text: str, problem: str) -> None:
    with pytest.raises(ValueError) as caught:
        numbers.parse(text)

    assert str(caught.value) == f"text {text!r} can't be read: {problem}"
    assert isinstance(caught.value, InvalidSequence)


def test_digits_without_an_end_are_refused_at_once() -> None:
    with pytest.raises(InvalidSequence, match="of 64 bits at character 1"):
        PLAIN.parse("9" * 1_000_000)


def test_a_text_of_another_scope_is_refused() -> None:
    with pytest.raises(InvalidSequence) as caught:
        INVOICES.bind(entity="DE").parse("INV-FR-2026-00042")

    assert str(caught.value) == "text 'INV-FR-2026-00042' is of entity 'FR', not 'DE'"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"entity": "FR"}, "entity is bound to 'FR' already"),
        ({"branch": "x"}, "branch is no scope of this numbering: it has entity, tenant"),
        ({"tenant": ""}, "tenant must not be empty"),
    ],
)
def test_scopes_that_cannot_be_given(given: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidSequence) as caught:
        INVOICES.parse("INV-FR-2026-00042", **given)

    assert str(caught.value) == text


@pytest.mark.parametrize("text", [None, 42, b"0041"])
def test_only_text_can_be_read(text: Any) -> None:
    with pytest.raises(InvalidSequence) as caught:
        PLAIN.parse(text)

    assert str(caught.value) == f"text must be a str, not {type(text).__name__}"
