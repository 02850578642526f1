"""Numbers that the counter hasn't given: before the first, beyond the last, off the step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

from aseq._sql import JOIN, MATERIALIZED, TEXT, Binds, Plan, Query, named_table

from . import _pick
from ._details import NO_TEXT, Details
from ._membership import Group
from ._search import Search, batches, number
from ._tally import consumed
from ._texts import integer
from .findings import Outside


def find_outside(search: Search, places: Sequence[int]) -> Plan[None]:
    """The rows that have such a number. Their counters are read once more with them."""
    left = search.ask.limit
    for part in batches(places):
        picks = ((i, search.tallies[i].groups, search.found[i].name) for i in part)
        search.ask.steps.begin("looking at numbers outside the counters")
        listed: dict[int, list[Outside]] = {}
        for kind, i, n, why, *row in consumed((yield _question(search.ask, picks))):
            place = number(i)
            if number(kind) == 0:
                counter = search.tallies[place].counter = integer(n)
                search.change(place, counter=counter)
                search.note(place, outside=number(why))
            elif left > 0:
                left -= 1
                found = Outside(number(n), cast("Any", why), search.row(row))
                listed.setdefault(place, []).append(found)
        search.list("outside", listed)


def _question(ask: Details, picks: Iterable[tuple[int, Sequence[Group], str]]) -> Query:
    """The rows whose number their counter hasn't given, and the counters of that moment.

    First a row for each series: 0, its place, the counter, how many there are. Then a row
    each: 1, the place of its series, the number, why it is none, its source and key.

    Args:
        ask: what questions need.
        picks: series: their places, groups and counters.
    """
    bind, picks = Binds(), list(picks)
    groups = [group for _, groups, _ in picks for group in groups]
    asked = _pick.counted(ask.sources, ask.texts, picks, bind)
    before, beyond = ask.numbers.before(bind), ask.numbers.beyond("last")
    on_step = ask.numbers.on_step
    text = (
        f"WITH asked AS {MATERIALIZED} ({asked}), "
        f"counted AS {MATERIALIZED} (SELECT q.*, c.last FROM asked q "
        f"LEFT JOIN {named_table(ask.counters)} c ON c.name = q.name), "
        f"found AS {MATERIALIZED} (SELECT q.i, n, {ask.row}, CASE WHEN {before} THEN "
        f"'before' WHEN NOT ({on_step}) THEN 'off_step' ELSE 'beyond' END AS why "
        f"FROM {ask.sources.relation(bind, groups)} {JOIN} counted q "
        f"ON {ask.texts.same_group(ask.sources.group)} "
        f"WHERE n IS NOT NULL AND ({before} OR NOT ({on_step}) OR {beyond})) "
        f"SELECT 0, u.i, last, CAST(c AS {TEXT}), 0{f', {NO_TEXT}' * len(ask.sources.keys)} "
        f"FROM (SELECT DISTINCT i, last FROM counted) u "
        f"LEFT JOIN (SELECT i, count(*) AS c FROM found GROUP BY i) f ON f.i = u.i "
        f"UNION ALL SELECT * FROM (SELECT 1, i, n, why, {ask.row} FROM found "
        f"ORDER BY i, n{ask.numbers.descending}, s LIMIT {ask.limit}) l"
    )
    return ask.query(text, bind)
