"""Rows that were made void, with the reason. They are no finding, but an auditor asks."""

from __future__ import annotations

from collections.abc import Iterable

from aseq._sql import Binds, Plan, Query

from . import _pick
from ._details import Details
from ._pick import Pick
from ._search import Search, number
from .findings import Void

_ALL = (-(2**63), 2**63 - 1)


def find_voids(search: Search) -> Plan[None]:
    """The rows: in as many series as are needed to fill the list."""
    picks: list[Pick] = []
    due = search.ask.limit
    for i, tally in enumerate(search.tallies):
        if tally.voids and due > 0:
            picks.append(Pick(i, tally.groups, *_ALL))
            due -= tally.voids
    if not picks:
        return
    search.ask.steps.begin("looking up voids")
    listed: dict[int, list[Void]] = {}
    for place, n, reason, *row in (yield _question(search.ask, picks)):
        part = Void(number(n), str(reason), search.row(row))
        listed.setdefault(number(place), []).append(part)
    search.list("voids", listed)


def _question(ask: Details, picks: Iterable[Pick]) -> Query:
    """A row each: the place of its series, the number, the reason, its source and key."""
    bind = Binds()
    rows = _pick.within(ask.sources, ask.texts, picks, bind)
    text = (
        f"SELECT i, n, v, {ask.row} FROM {rows} WHERE v IS NOT NULL "
        f"ORDER BY i, n{ask.numbers.descending}, {ask.row} LIMIT {ask.limit}"
    )
    return ask.query(text, bind)
