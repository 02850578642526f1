"""Check digits. Only the numbering's own function knows them, so Python computes each one.

The texts come in parts, so that the memory is bounded: a part is all numbers that leave the
same remainder. Each part is a scan of its own, and the only work of an audit that is done row
by row.
"""

from __future__ import annotations

from aseq._sql import MODULO, Binds, Plan, Query
from aseq.errors import InvalidSequence

from ._details import Details
from ._membership import Group, Series
from ._tally import Tallies
from ._texts import integer

PART = 100_000
"""How many rows are read at a time, if the numbers are spread evenly."""


def compare_checks(details: Details, tallies: Tallies) -> Plan[None]:
    """Find the texts with a wrong check digit."""
    series = details.sources.series
    pages = 1 + sum(tally.rows for tally in tallies.series.values()) // PART
    readable: dict[Group, bool] = {}
    details.steps.expect(pages)
    for page in range(pages):
        details.steps.begin("computing check digits")
        for text, count, *columns in (yield _question(details, page, pages)):
            group = tuple(map(str, columns))
            if group not in readable:
                readable[group] = _is_readable(series, group)
            if readable[group] and series.is_misprinted(str(text)):
                tallies.misprinted += integer(count) or 0
                if len(tallies.misprints) < details.limit:
                    tallies.misprints.append(str(text))


def _is_readable(series: Series, group: Group) -> bool:
    try:
        return series.counter_of(group) is not None
    except InvalidSequence:
        return False


def _question(ask: Details, page: int, pages: int) -> Query:
    """Each text that has a number, of one part of all numbers.

    A row each: the text, how many rows have it, what tells its series.
    """
    bind = Binds()
    columns = "".join(f", {name}" for name in ask.sources.group)
    text = (
        f"SELECT t, count(*){columns} FROM {ask.sources.relation(bind)} "
        f"WHERE n {MODULO} {pages} IN ({page}, {page - pages}) GROUP BY t{columns}"
    )
    return ask.query(text, bind)
