"""The questions about details, in SQL that every database of ours understands.

Each is one statement, and none needs the snapshot of another. What a question about details
calls missing or repeated lies at or below the counter that an earlier statement saw; the
numbers up to there were all committed by then, so it makes no difference what others issue
meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aseq._core.table import TableName
from aseq._sql import Binds, Query, quoted_table

from . import _pick
from ._membership import Group
from ._numbers import Numbers
from ._pick import Pick
from ._source import Sources
from ._texts import Texts
from .progress import Steps

ROWS_OF_A_NUMBER = 10
"""How many rows of a repeated number are named."""

_BIGINT, _TEXT = "CAST(NULL AS bigint)", "CAST(NULL AS text)"


@dataclass(frozen=True)
class Details:
    """What to ask about some series. Rows are ordered by the series, as `Pick` numbers them.

    Attributes:
        texts: of the database.
        sources: where the numbers are.
        counters: the table of sequences, on this connection.
        numbers: those that the sequence gives.
        limit: how many findings of a kind to list.
        steps: is told of each question before it is asked.
    """

    texts: Texts
    sources: Sources
    counters: TableName
    numbers: Numbers
    limit: int
    steps: Steps

    def outside(self, picks: Iterable[tuple[int, Sequence[Group], str]]) -> Query:
        """The rows whose number their counter hasn't given, and the counters of that moment.

        First a row for each series: 0, its place, the counter, how many there are. Then a
        row each: 1, the place of its series, the number, why it is none, its source and key.

        Args:
            picks: series: their places, groups and counters.
        """
        bind, picks = Binds(), list(picks)
        groups = [group for _, groups, _ in picks for group in groups]
        asked = _pick.counted(self.sources, self.texts, picks, bind)
        before, beyond = self.numbers.before(bind), self.numbers.beyond("last")
        on_step = self.numbers.on_step
        keys = self._keys
        nothing = "".join(f", {_TEXT}" for _ in keys)
        text = (
            f"WITH asked AS MATERIALIZED ({asked}), "
            f"counted AS MATERIALIZED (SELECT q.*, c.last FROM asked q "
            f"LEFT JOIN {quoted_table(self.counters)} c ON c.name = q.name), "
            f"found AS MATERIALIZED (SELECT q.i, n, s{_after(keys)}, CASE WHEN {before} THEN "
            f"'before' WHEN NOT ({on_step}) THEN 'off_step' ELSE 'beyond' END AS why "
            f"FROM {self.sources.relation(bind, groups)} JOIN counted q "
            f"ON {_pick.same_group(self.sources)} "
            f"WHERE n IS NOT NULL AND ({before} OR NOT ({on_step}) OR {beyond})) "
            f"SELECT 0, u.i, last, CAST(c AS text), 0{nothing} "
            f"FROM (SELECT DISTINCT i, last FROM counted) u "
            f"LEFT JOIN (SELECT i, count(*) AS c FROM found GROUP BY i) f ON f.i = u.i "
            f"UNION ALL SELECT * FROM (SELECT 1, i, n, why, s{_after(keys)} FROM found "
            f"ORDER BY i, n{self.numbers.descending}, s LIMIT {self.limit}) l"
        )
        return self._query(text, bind)

    def holes(self, picks: Iterable[Pick]) -> Query:
        """What is missing or repeated between two numbers of each series.

        First a row for each series that has rows between the two: 0, its place, the first
        and the last number that rows have, how far the holes between these two reach, in
        all, how many are repeated. Then a row for each hole: 1, the place of its series, the
        numbers before and after it; and for each repeated number: 2, the place, the number,
        how often it is there.
        """
        bind = Binds()
        rows = _pick.within(self.sources, self.texts, picks, bind)
        step, down, jumps = self.numbers.grid.width, self.numbers.descending, self.numbers.jumps
        text = (
            f"WITH counted AS (SELECT i, n, count(*) AS c FROM {rows} "
            f"WHERE {self.numbers.on_step} GROUP BY i, n), "
            f"neighbours AS (SELECT i, n, c, lead(n) OVER w AS next, lag(n) OVER w AS before "
            f"FROM counted WINDOW w AS (PARTITION BY i ORDER BY n{down})), "
            f"found AS MATERIALIZED (SELECT * FROM neighbours "
            f"WHERE c > 1 OR next IS NULL OR before IS NULL OR {jumps}) "
            f"SELECT 0, i, min(n), max(n), "
            f"sum(CASE WHEN {jumps} THEN abs(CAST(next AS numeric) - n) - {step} END), "
            f"count(CASE WHEN c > 1 THEN 1 END) FROM found GROUP BY i "
            f"UNION ALL SELECT * FROM (SELECT 1, i, n, next, {_BIGINT}, {_BIGINT} FROM found "
            f"WHERE {jumps} ORDER BY i, n{down} LIMIT {self.limit}) h "
            f"UNION ALL SELECT * FROM (SELECT 2, i, n, c, {_BIGINT}, {_BIGINT} FROM found "
            f"WHERE c > 1 ORDER BY i, n{down} LIMIT {self.limit}) t"
        )
        return self._query(text, bind)

    def rows_of(self, picks: Iterable[tuple[int, Sequence[Group], int]]) -> Query:
        """The first rows that have some numbers, in the numbers' order.

        A row each: the place of its series, the number, its date, its source and key.

        Args:
            picks: numbers: the places and groups of their series, and they themselves.
        """
        bind = Binds()
        keys, rows = self._keys, _pick.having(self.sources, self.texts, picks, bind)
        order = ", ".join(("s", *keys))
        text = (
            f"SELECT i, n, d, s{_after(keys)} FROM (SELECT i, n, {self._date('d')} AS d, "
            f"s{_after(keys)}, row_number() OVER (PARTITION BY i, n ORDER BY {order}) AS place "
            f"FROM {rows}) x WHERE place <= {ROWS_OF_A_NUMBER} ORDER BY i, n, place"
        )
        return self._query(text, bind)

    def out_of_order(self, picks: Iterable[Pick]) -> Query:
        """The numbers whose date is earlier than that of the number before.

        First a row for each series that has some: 0, its place, how many there are. Then a
        row each: 1, the place of its series, the number, the number before it, the dates of
        both.
        """
        bind = Binds()
        rows = _pick.within(self.sources, self.texts, picks, bind)
        down = self.numbers.descending
        text = (
            f"WITH neighbours AS (SELECT i, n, d, lag(n) OVER w AS before, "
            f"lag(d) OVER w AS was FROM {rows} WHERE {self.numbers.on_step} AND d IS NOT NULL "
            f"WINDOW w AS (PARTITION BY i ORDER BY n{down}, d)), "
            f"found AS MATERIALIZED (SELECT * FROM neighbours WHERE d < was) "
            f"SELECT 0, i, count(*), {_BIGINT}, {_TEXT}, {_TEXT} FROM found GROUP BY i "
            f"UNION ALL SELECT * FROM (SELECT 1, i, n, before, {self._date('d')}, "
            f"{self._date('was')} FROM found ORDER BY i, n{down} LIMIT {self.limit}) l"
        )
        return self._query(text, bind)

    def voids(self, picks: Iterable[Pick]) -> Query:
        """The rows that were made void.

        A row each: the place of its series, the number, the reason, its source and key.
        """
        bind = Binds()
        keys, rows = self._keys, _pick.within(self.sources, self.texts, picks, bind)
        order = ", ".join(("s", *keys))
        text = (
            f"SELECT i, n, v, s{_after(keys)} FROM {rows} WHERE v IS NOT NULL "
            f"ORDER BY i, n{self.numbers.descending}, {order} LIMIT {self.limit}"
        )
        return self._query(text, bind)

    def texts_of(self, page: int, pages: int) -> Query:
        """Each text that has a number, of one part of all numbers.

        A row each: the text, how many rows have it, what tells its series.

        Args:
            page: which part.
            pages: how many there are.
        """
        bind = Binds()
        columns = "".join(f", {name}" for name in self.sources.group)
        text = (
            f"SELECT t, count(*){columns} FROM {self.sources.relation(bind)} "
            f"WHERE n % {pages} IN ({page}, {page - pages}) GROUP BY t{columns}"
        )
        return self._query(text, bind)

    def unreadable(self, groups: Sequence[Group], texts: Sequence[str]) -> Query:
        """The rows whose text can't be read.

        A row each: what is there, its source, its key, what tells its scopes.

        Args:
            groups: those that Python refused.
            texts: single texts that it refused, of other groups.
        """
        bind = Binds()
        refused = ""
        if groups:
            items = _pick.of_groups(self.sources, self.texts, groups, bind)
            same = _pick.same_group(self.sources)
            refused = f" OR EXISTS (SELECT 1 FROM ({items}) q WHERE {same})"
        if texts:
            items = self.texts.items(bind(_pick.as_json([[t] for t in texts])), [("x", "text")])
            refused += f" OR t IN ({items})"
        keys, count = self._keys, len(self.sources.series.scopes)
        scopes = self.sources.group[len(self.sources.group) - count :]
        order = ", ".join(("s", *keys, "t"))
        text = (
            f"SELECT t, s{_after(keys)}{_after(scopes)} FROM {self.sources.relation(bind)} "
            f"WHERE t IS NOT NULL AND (n IS NULL OR "
            f"CASE WHEN {self.sources.well_formed(bind)} THEN 0 ELSE 1 END = 1{refused}) "
            f"ORDER BY {order} LIMIT {self.limit}"
        )
        return self._query(text, bind)

    @property
    def _keys(self) -> tuple[str, ...]:
        return self.sources.keys

    def _date(self, column: str) -> str:
        return self.texts.date.format(column) if self.sources.has_dates else _TEXT

    def _query(self, text: str, bind: Binds) -> Query:
        return Query(text, tuple(bind.values), self.counters)


def _after(columns: Sequence[str]) -> str:
    return "".join(f", {name}" for name in columns)
