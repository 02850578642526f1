"""Rows whose text can't be read. They belong to no series but to that of the name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aseq._sql import Binds, Plan, Query

from . import _pick
from ._details import Details
from ._membership import Group
from ._search import Search
from ._tally import Tallies
from .findings import Unreadable


def find_unreadable(search: Search, place: int, tallies: Tallies) -> Plan[None]:
    """The rows.

    Args:
        search: takes what is found.
        place: of the series that they are listed under.
        tallies: how many there are, and what Python couldn't read.
    """
    series = search.found[place]
    spoilt = replace(series.totals, unreadable=tallies.spoilt)
    search.change(place, rows=series.rows + tallies.unreadable, totals=spoilt)
    ask = search.ask
    width = 1 + len(ask.sources.keys)
    listed = []
    ask.steps.begin("looking up what can't be read")
    rows = yield _question(ask, tallies.refused[: ask.limit], tallies.misprints)
    for text, *more in rows:
        row, scopes = more[:width], more[width:]
        why = _why(search, str(text), scopes)
        if why is not None:
            listed.append(Unreadable(str(text), why, search.row(row)))
    search.change(place, unreadable=tuple(listed))


def _why(search: Search, text: str, scopes: Sequence[object]) -> str | None:
    series = search.ask.sources.series
    for name, value in zip(series.scopes, scopes, strict=True):
        if value is None:
            return f"{name} is NULL in its row"
    return series.problem(text, tuple(map(str, scopes)))


def _question(ask: Details, groups: Sequence[Group], texts: Sequence[str]) -> Query:
    """A row each: what is there, its source, its key, what tells its scopes.

    Args:
        ask: what questions need.
        groups: those that Python refused.
        texts: single texts that it refused, of other groups.
    """
    bind = Binds()
    refused = ""
    if groups:
        items = _pick.of_groups(ask.sources, ask.texts, groups, bind)
        same = ask.texts.same_group(ask.sources.group)
        refused = f" OR EXISTS (SELECT 1 FROM ({items}) q WHERE {same})"
    if texts:
        items = ask.texts.items(bind(_pick.as_json([[t] for t in texts])), [("x", "text")])
        refused += f" OR t IN (SELECT x FROM ({items}) o)"
    scopes = ask.sources.scopes
    text = (
        f"SELECT {', '.join(('t', ask.row, *scopes))} FROM {ask.sources.relation(bind)} "
        f"WHERE t IS NOT NULL AND (n IS NULL OR "
        f"CASE WHEN {ask.sources.well_formed(bind)} THEN 0 ELSE 1 END = 1{refused}) "
        f"ORDER BY {ask.row}, t LIMIT {ask.limit}"
    )
    return ask.query(text, bind)
