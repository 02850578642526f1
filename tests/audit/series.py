"""Rows of many series, with planted mistakes: documents of several scopes and periods."""

from __future__ import annotations

import datetime as dt
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from random import Random

from aseq.numbering import FiscalYear, Numbering
from aseq.numbering._pattern import Pattern
from aseq.numbering._scope import Scope

from .oracle import Document, Found, expected
from .plant import planted


def digit(digits: str) -> str:
    """A check digit that depends on each digit's place."""
    return str(sum(int(digit) * (i % 7 + 1) for i, digit in enumerate(digits)) % 10)


def two(digits: str) -> str:
    """A check of two characters."""
    return f"{int(digits) % 97:02}"


NUMBERINGS = (
    Numbering("inv", "INV-{year}-{number:05}", period="year", tz="UTC"),
    Numbering("inv", "{number:03}/{year}", period="year", tz="UTC", scope=["tenant"]),
    Numbering("inv", "{entity}-{number}-{branch}", step=-1, initial_value=7),
    Numbering(
        *("inv", "I{entity}:{year}{number:04}"),
        scope=["tenant"],
        period="year",
        tz="UTC",
    ),
    Numbering("inv", "{year}-{month}-{number}", period="year", tz="UTC"),
    Numbering("inv", "{fiscal_year}/{number}", period=FiscalYear(4), tz="UTC", step=5),
    Numbering("inv", "{number:04}{check}", check=digit, scope=["tenant"]),
    Numbering("inv", "{entity}/{number}{check}.{yy}", check=two, period="year", tz="UTC"),
    Numbering("inv", "R%{number}?", scope=["tenant"], initial_value=4711, step=3),
    Numbering("a/b=%", "{number}", scope=["tenant"], initial_value=-3),
)

ODD = (
    *("", "INV-2026-", "INV-2026-x", "INV-20x6-00001", "1/2", "--5", "x", "2026-13-1", "٣"),
    *("INV-0000-1", "99999999999999999999", "INV-2026-99999999999999999999", "5/20267"),
    *("FR--1-", "I:20260001", "IFR:2026", "R%1", "R%1?x", "0/", "a'b", "%s", "{}", "FR/1"),
)
ENTITIES = ("FR", "D/E", "ü=%", "10")
TENANTS = ("7", "a'b", "O/O=")


@dataclass(frozen=True)
class Text:
    """A row.

    Attributes:
        text: what its column holds.
        tenant: the scope that a column tells.
        date: in ISO 8601.
        void: why it is void.
    """

    text: str | None
    tenant: str | None = None
    date: str | None = None
    void: str | None = None


@dataclass
class Books:
    """A table, the counters, and what should be found.

    Attributes:
        numbering: whose numbers they are.
        rows: the rows of the table.
        counters: the counters with their last numbers.
        wanted: what should be found in each series.
        unreadable: the texts that can't be read.
        drafts: how many rows have no number.
    """

    numbering: Numbering
    rows: list[Text]
    counters: dict[str, int]
    wanted: dict[str, Found]
    unreadable: list[str]
    drafts: int


def books(random: Random) -> Books:
    """Some series in which some things are wrong, or nothing is."""
    numbering = random.choice(NUMBERINGS)
    found = Books(numbering, [], {}, {}, [], 0)
    scopes = {
        "entity": ENTITIES,
        "branch": ("N", "S-x"),
        "tenant": TENANTS,
    }
    values = [random.sample(scopes[n], random.randint(1, 2)) for n in numbering.scopes]
    years = random.sample((2025, 2026, 2027), random.randint(1, 2))
    for scope, year in product(product(*values), years if numbering.period else years[:1]):
        given = dict(zip(numbering.scopes, scope, strict=True))
        with suppress(ValueError):  # it can't print such a scope
            numbering.scope_of(given)
            _series(random, found, given, year)
    if random.random() < 0.4:
        _odd(random, found)
    random.shuffle(found.rows)
    return found


def _series(random: Random, found: Books, scope: dict[str, str], year: int) -> None:
    numbering = found.numbering
    start = numbering.initial_value, numbering.step
    here = planted(random, texts=False, start=start, longest=30)
    at = dt.datetime(year, random.choice((5, 9)), 1, tzinfo=dt.UTC)
    given = tuple(sorted(scope.items()))
    period = numbering.span(at).period
    name = numbering.counter(given, period).name
    if here.counter is not None:
        found.counters[name] = here.counter
    spoilt = list[Document]()
    for document in here.documents:
        if not isinstance(document.number, int):
            found.drafts += 1
            found.rows.append(_row(numbering, None, scope, document))
            continue
        month = at.replace(month=random.choice((at.month, 11)))
        text = _text(random, numbering, document.number, month, given)
        if numbering.check is not None and random.random() < 0.02:
            text = _with_wrong_check(numbering, text, scope)
            found.unreadable.append(text)
        found.rows.append(_row(numbering, text, scope, document))
        spoilt.append(document)
    if spoilt or here.counter is not None:
        found.wanted[name] = expected(spoilt, here.counter, *start)


def _text(
    random: Random, numbering: Numbering, number: int, at: dt.datetime, scope: Scope
) -> str:
    if random.random() < 0.1:  # padded otherwise than today
        numbering = _wide(numbering)
    return numbering.document(number, at, scope, None).text


@cache
def _wide(numbering: Numbering) -> Numbering:
    pattern = re.sub("{number[^}]*}", "{number:023}", numbering.pattern)
    return replace(numbering, pattern=pattern)


@cache
def _unchecked(numbering: Numbering) -> Pattern:
    return replace(numbering._pattern, check=None)


def _with_wrong_check(numbering: Numbering, text: str, scope: dict[str, str]) -> str:
    """The text with another check digit."""
    unprinted = {n: v for n, v in scope.items() if n not in numbering._pattern.scopes}
    for at, char in enumerate(text):
        wrong = text[:at] + str((int(char) + 1) % 10) + text[at + 1 :] if char.isdigit() else ""
        try:
            numbering.parse(wrong or text, **unprinted)
        except ValueError as exc:
            if "has a mistake" in str(exc) and _same_but_check(numbering, text, wrong):
                return wrong
    raise AssertionError(text)


def _same_but_check(numbering: Numbering, text: str, wrong: str) -> bool:
    one, other = numbering._pattern, _unchecked(numbering)
    return one.read(text).number == other.read(wrong).number and (
        other.read(wrong).scope == one.read(text).scope
        and other.read(wrong).dates == one.read(text).dates
    )


def _row(
    numbering: Numbering, text: str | None, scope: dict[str, str], document: Document
) -> Text:
    return Text(text, scope.get("tenant"), document.date, document.void)


def _odd(random: Random, found: Books) -> None:
    numbering = found.numbering
    untold = [name for name in numbering.scopes if name not in numbering._pattern.scopes]
    for text in random.sample(ODD, random.randint(1, 5)):
        tenant = random.choice(TENANTS) if untold else None
        try:
            numbering.parse(text, **{name: str(tenant) for name in untold})
        except ValueError as exc:
            if "has a mistake" not in str(exc):
                found.rows.append(Text(text, tenant))
                found.unreadable.append(text)
    if untold and found.rows and random.random() < 0.5:
        lost = replace(random.choice(found.rows), tenant=None)
        if lost.text is not None:
            found.rows.append(lost)
            found.unreadable.append(lost.text)
