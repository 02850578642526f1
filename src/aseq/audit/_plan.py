"""The audit, as a plan: what to ask, and in which order, to be right while others issue.

One statement reads the counters and the totals. Where these fit together, that is all. Where
not, what is missing or repeated is looked for at or below the counter that was read: all
numbers up to there were committed by then, or their transaction wouldn't have let the next
one draw. A number that lies beyond the counter is looked at again in a statement that reads
the counter, too: by then it may have been given.
"""

from __future__ import annotations

from collections.abc import Sequence

from aseq._core.table import TableName
from aseq._sql import Plan, readable
from aseq.adapters.base import ConnectionInfo
from aseq.errors import AuditRefused

from ._checks import compare_checks
from ._details import Details
from ._grid import Grid
from ._holes import find_holes
from ._look import sources
from ._mariadb import MARIADB
from ._membership import OneSeries
from ._mysql import MYSQL
from ._numbers import Numbers
from ._order import find_out_of_order
from ._outside import find_outside
from ._postgresql import POSTGRESQL
from ._proof import Keys, complete
from ._question import Question
from ._search import Search
from ._sqlite import SQLITE
from ._tally import Tallies, Tally, tallied
from ._totals import TotalsQuestion
from ._unreadable import find_unreadable
from ._voids import find_voids
from .progress import OnProgress, Steps
from .result import Audit
from .series import NOTHING, SeriesAudit, Totals

TEXTS = {"mariadb": MARIADB, "mysql": MYSQL, "postgresql": POSTGRESQL, "sqlite": SQLITE}


def audit(
    question: Question, info: ConnectionInfo, keys: Keys, progress: OnProgress | None = None
) -> Plan[Audit]:
    """Audit all series of a sequence or a numbering.

    Args:
        question: what to look at.
        info: the connection.
        keys: two random numbers of 62 bits, for the fingerprint.
        progress: is told how far it is.
    """
    if info.dialect.name not in TEXTS:
        raise AuditRefused(f"audits are for {' and '.join(TEXTS)} alone so far")
    steps = Steps(progress)
    steps.expect(3)
    steps.begin("looking up the columns")
    texts = TEXTS[info.dialect.name]
    found = yield from sources(question, info, texts)
    counters = info.locate(TableName.parse(info.adapt(question.subject).table))
    numbers = Numbers(question.grid)
    totals = TotalsQuestion(texts, found, counters, numbers)
    steps.begin("counting rows")
    tallies = tallied(totals, (yield totals.query(keys)))
    details = Details(texts, found, counters, numbers, question.limit, steps)
    if found.series.has_checks:
        yield from compare_checks(details, tallies)
    series = yield from _series(details, totals, tallies, keys)
    where = [readable(text) for text in question.where if text]
    return Audit(
        what=question.what.name,
        columns=tuple(map(str, question.columns)),
        where="; ".join(dict.fromkeys(where)) or None,
        at=tallies.heading.at,
        drafts=tallies.heading.drafts,
        series=tuple(series),
        limit=question.limit,
    )


def _series(
    details: Details, totals: TotalsQuestion, tallies: Tallies, keys: Keys
) -> Plan[list[SeriesAudit]]:
    of_all = details.sources.series
    if tallies.spoilt or isinstance(of_all, OneSeries):
        tallies.series.setdefault(of_all.name, Tally())
    names = sorted(tallies.series)
    listed = [tallies.series[name] for name in names]
    grid = details.numbers.grid
    results = [_result(name, tally, grid) for name, tally in zip(names, listed, strict=True)]
    whole = yield from complete(totals, listed, keys, details.steps)
    if not details.sources.has_dates:
        for place in whole:
            if not listed[place].voids:
                listed[place].groups = ()  # nothing more will be asked about it
    search = Search(details, listed, results)
    yield from _suspects(
        search, [i for i in range(len(listed)) if i not in whole], bool(tallies.spoilt)
    )
    if details.sources.has_dates:
        yield from find_out_of_order(search)
    yield from find_voids(search)
    if tallies.spoilt:
        yield from find_unreadable(search, names.index(of_all.name), tallies)
    return search.found


def _suspects(search: Search, suspects: Sequence[int], spoilt: bool) -> Plan[None]:
    strays = [i for i, tally in enumerate(search.tallies) if tally.has_strays(search.grid)]
    details = search.ask
    details.steps.expect(sum(map(bool, (strays, suspects, details.sources.has_dates, spoilt))))
    if strays:
        yield from find_outside(search, strays)
    if suspects:
        yield from find_holes(search, suspects)


def _result(name: str, tally: Tally, grid: Grid) -> SeriesAudit:
    first, last = tally.ends(grid)
    return SeriesAudit(
        name=name,
        rows=tally.rows,
        first=first,
        last=last,
        counter=tally.counter,
        totals=Totals(voids=tally.voids) if tally.voids else NOTHING,
        dates=tally.dates,
    )
