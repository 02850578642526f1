"""Dates that run against the numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from aseq._sql import MATERIALIZED, SELECT, Binds, Plan, Query

from . import _pick
from ._details import NO_NUMBER, NO_TEXT, Details
from ._pick import Pick
from ._search import Search, batches, number
from .findings import OutOfOrder, RowKey


class _Late(NamedTuple):
    """A number whose date is earlier than that of the number before, in the series `i`."""

    i: int
    number: int
    previous: int
    date: str
    previous_date: str


def find_out_of_order(search: Search) -> Plan[None]:
    """The numbers whose date is earlier than that of the number before."""
    places = [i for i, tally in enumerate(search.tallies) if tally.rows > 1]
    found: list[_Late] = []
    for part in batches(places):
        picks = [pick for i in part if (pick := search.expected(i))]
        search.ask.steps.begin("comparing dates")
        for kind, i, n, before, date, was in (
            (yield _question(search.ask, picks)) if picks else ()
        ):
            if not number(kind):
                search.note(number(i), out_of_order=number(n))
            elif len(found) < search.ask.limit:
                late = _Late(number(i), number(n), number(before), str(date), str(was))
                found.append(late)
    if found:
        yield from _name_rows(search, found)


def _name_rows(search: Search, found: Sequence[_Late]) -> Plan[None]:
    """List them with their rows."""
    rows: dict[tuple[int, int, str], RowKey] = {}
    asked = dict.fromkeys((late.i, late.number) for late in found)
    search.ask.steps.begin("looking up rows with dates out of order")
    picks = [(i, search.tallies[i].groups, n) for i, n in asked]
    for i, n, _, date, *row in (yield search.ask.rows_of(picks)):
        rows.setdefault((number(i), number(n), str(date)), search.row(row))
    listed: dict[int, list[OutOfOrder]] = {}
    unknown = RowKey(search.ask.sources[0].label, ())
    for i, n, before, date, was in found:
        part = OutOfOrder(n, date, before, was, rows.get((i, n, date), unknown))
        listed.setdefault(i, []).append(part)
    search.list("out_of_order", listed)


def _question(ask: Details, picks: Iterable[Pick]) -> Query:
    """The numbers whose date is earlier than that of the number before.

    First a row for each series that has some: 0, its place, how many there are. Then a row
    each: 1, the place of its series, the number, the number before it, the dates of both.
    """
    bind = Binds()
    rows = _pick.within(ask.sources, ask.texts, picks, bind)
    down = ask.numbers.descending
    text = (
        f"WITH neighbours AS (SELECT i, n, d, lag(n) OVER w AS earlier, "
        f"lag(d) OVER w AS was FROM {rows} WHERE {ask.numbers.on_step} AND d IS NOT NULL "
        f"WINDOW w AS (PARTITION BY i ORDER BY n{down}, d)), "
        f"found AS {MATERIALIZED} (SELECT * FROM neighbours WHERE d < was) "
        f"{SELECT} 0, i, count(*), {NO_NUMBER}, {NO_TEXT}, {NO_TEXT} FROM found GROUP BY i "
        f"UNION ALL SELECT * FROM (SELECT 1, i, n, earlier, {ask.date('d')}, "
        f"{ask.date('was')} FROM found ORDER BY i, n{down} LIMIT {ask.limit}) l"
    )
    return ask.query(text, bind)
