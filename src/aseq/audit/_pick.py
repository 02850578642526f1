"""Which rows a question about details is about: those of some series, and of some numbers.

The groups of the series go to the database as JSON, however many there are, and are joined
with the rows. A single series needs no join: there the bounds stand in a condition, which
an index can answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from aseq._sql import JOIN, TEXT, Binds

from ._membership import Group
from ._numbers import bigint
from ._source import Sources
from ._texts import Texts


class Pick(NamedTuple):
    """Rows of one series.

    Attributes:
        series: its place among all series of the audit.
        groups: what its rows have in common, in one way or another.
        low: the least number that is asked about.
        high: the greatest one.
    """

    series: int
    groups: Sequence[Group]
    low: int
    high: int


def within(sources: Sources, texts: Texts, picks: Iterable[Pick], bind: Binds) -> str:
    """The rows of some series, for a FROM: those between two numbers, with ``i``.

    ``i`` is the place of the series.
    """
    if not sources.group:
        [pick] = picks
        bounds = f"{bigint(pick.low, bind)} AND {bigint(pick.high, bind)}"
        return (
            f"(SELECT {pick.series} AS i, r.* FROM {sources.relation(bind)} "
            f"WHERE n BETWEEN {bounds}) p"
        )
    picks = list(picks)
    listed = [[p.series, *group, p.low, p.high] for p in picks for group in p.groups]
    relation = sources.relation(bind, [group for p in picks for group in p.groups])
    items = _items(sources, texts, listed, (("low", "bigint"), ("high", "bigint")), bind)
    return (
        f"(SELECT q.i, r.* FROM {relation} {JOIN} ({items}) q "
        f"ON {texts.same_group(sources.group)} WHERE n BETWEEN q.low AND q.high) p"
    )


def having(
    sources: Sources,
    texts: Texts,
    picks: Iterable[tuple[int, Sequence[Group], int]],
    bind: Binds,
) -> str:
    """The rows that have certain numbers, for a FROM, with ``i``."""
    if not sources.group:
        picks = list(picks)
        numbers = ", ".join(str(number) for _, _, number in picks)  # integers: nothing to bind
        return (
            f"(SELECT {picks[0][0]} AS i, r.* FROM {sources.relation(bind)} "
            f"WHERE n IN ({numbers})) p"
        )
    picks = list(picks)
    listed = [[i, *group, number] for i, groups, number in picks for group in groups]
    relation = sources.relation(bind, [group for _, groups, _ in picks for group in groups])
    items = _items(sources, texts, listed, (("number", "bigint"),), bind)
    return (
        f"(SELECT q.i, r.* FROM {relation} {JOIN} ({items}) q "
        f"ON {texts.same_group(sources.group)} AND r.n = q.number) p"
    )


def counted(
    sources: Sources,
    texts: Texts,
    picks: Iterable[tuple[int, Sequence[Group], str]],
    bind: Binds,
) -> str:
    """The groups of some series, as a query: ``i``, the group, and the counter's ``name``."""
    if not sources.group:
        [(i, _, name)] = picks
        return f"SELECT {i} AS i, CAST({bind(name)} AS {TEXT}) AS name"
    listed = [[i, *group, name] for i, groups, name in picks for group in groups]
    return _items(sources, texts, listed, (("name", "text"),), bind)


def of_groups(sources: Sources, texts: Texts, groups: Iterable[Group], bind: Binds) -> str:
    """Some groups, as a query."""
    return _items(sources, texts, [[0, *group] for group in groups], (), bind)


def _items(
    sources: Sources,
    texts: Texts,
    listed: Sequence[Sequence[object]],
    others: Sequence[tuple[str, str]],
    bind: Binds,
) -> str:
    columns = [("i", "bigint"), *((name, "text") for name in sources.group), *others]
    return texts.items(bind(as_json(listed)), columns)


def as_json(listed: Sequence[Sequence[object]]) -> str:
    """A list of lists, as `Texts.items` takes it."""
    return json.dumps(listed, ensure_ascii=False)
