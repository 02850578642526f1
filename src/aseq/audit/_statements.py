"""The questions of an audit, in SQL that every database of ours understands.

Each is one statement, and none needs the snapshot of another. What a question about details
calls missing or repeated lies at or below the counter that an earlier statement saw; the
numbers up to there were all committed by then, so it makes no difference what others issue
meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass

from aseq._core.table import TableName
from aseq._sql import Binds, Query, quoted_table

from ._grid import Grid
from ._source import Sources
from ._texts import Texts

ROWS_OF_A_NUMBER = 10
"""How many rows of a repeated number are named."""


@dataclass(frozen=True)
class Statements:
    """What to ask about one series.

    Attributes:
        texts: of the database.
        sources: where the numbers are.
        counters: the table of sequences, on this connection.
        name: of the counter.
        grid: the numbers that the sequence gives.
        limit: how many findings of a kind to list.
    """

    texts: Texts
    sources: Sources
    counters: TableName
    name: str
    grid: Grid
    limit: int

    def totals(self, keys: tuple[int, int]) -> Query:
        """The counter, and with it how many rows there are, from where to where.

        One row: when, the counter, rows, drafts, unreadable ones, voids, the least and the
        greatest number, how many are on the step and what they add up to (or how many
        different ones there are), the first and the last date.

        Args:
            keys: of the hash function.
        """
        bind = Binds()
        proof = "count(DISTINCT n)"
        if self.texts.fingerprint is not None:
            low, high = (f"CAST({bind(key)} AS bigint)" for key in keys)
            proof = self.texts.fingerprint(self._position, low, high)
        on_step = "" if self.grid.width == 1 else f" FILTER (WHERE {self._on_step})"
        select = (
            f"SELECT {self.texts.now}, ({self._counter(bind)}), count(t), "
            f"count(*) - count(t), count(t) - count(n), "
            f"count(CASE WHEN n IS NOT NULL THEN v END), min(n), max(n), "
            f"count(n){on_step}, {proof}{on_step}, {self._dates} "
            f"FROM {self.sources.relation}"
        )
        return self._query(select, bind)

    @property
    def _dates(self) -> str:
        return (
            "CAST(min(d) AS text), CAST(max(d) AS text)"
            if self.sources.has_dates
            else ("NULL, NULL")
        )

    def hashes(self, first: int, last: int, keys: tuple[int, int]) -> Query:
        """The hashes that the fingerprint of a range is made of.

        A row each: 0 for the lower part of a position or 1 for the upper, that part, its hash.

        Args:
            first: the first block.
            last: the last one.
            keys: of the hash function.
        """
        assert self.texts.hashes is not None  # noqa: S101  # there is a fingerprint
        bind = Binds()
        values = (f"CAST({bind(value)} AS bigint)" for value in (first, last, *keys))
        return self._query(self.texts.hashes(*values), bind)

    def outside(self) -> Query:
        """The rows whose number isn't one of the sequence's, and the counter of that moment.

        The first row: 0, the counter, how many there are. Then a row each: 1, the number,
        why it is none, its source and its key.
        """
        bind = Binds()
        found = (
            f"SELECT r.*, CASE WHEN {self._before(bind)} THEN 'before' "
            f"WHEN NOT {self._on_step} THEN 'off_step' ELSE 'beyond' END AS why "
            f"FROM {self.sources.relation}, counter WHERE n IS NOT NULL AND "
            f"({self._before(bind)} OR NOT {self._on_step} OR {self._beyond})"
        )
        none = "".join(
            f", CAST(NULL AS text) AS k{i}" for i in range(self.sources.key.count(","))
        )
        text = (
            f"WITH counter AS MATERIALIZED (SELECT ({self._counter(bind)}) AS last), "
            f"found AS MATERIALIZED ({found}) "
            f"SELECT 0, (SELECT last FROM counter), CAST(count(*) AS text), 0{none} FROM found "
            f"UNION ALL SELECT * FROM (SELECT 1, n, why, s{self.sources.key} FROM found "
            f"ORDER BY n{self._downwards}, s LIMIT {self.limit}) l"
        )
        return self._query(text, bind)

    def holes(self, first: int, last: int) -> Query:
        """What is missing or repeated between two numbers of the sequence.

        The first row: 0, the first and the last number that rows have, how far the holes
        between these two reach, in all, how many are repeated. Then a row for each hole: 1,
        the numbers before and after it; and for each repeated number: 2, the number, how
        often it is there.
        """
        bind = Binds()
        step, down, nothing = self.grid.width, self._downwards, "CAST(NULL AS bigint)"
        jumps = f"next - {step} > n" if self.grid.step > 0 else f"next + {step} < n"
        counted = (
            f"SELECT n, count(*) AS c FROM {self.sources.relation} "
            f"WHERE {self._within(first, last, bind)} GROUP BY n"
        )
        text = (
            f"WITH counted AS ({counted}), neighbours AS (SELECT n, c, lead(n) OVER w AS next, "
            f"lag(n) OVER w AS before FROM counted WINDOW w AS (ORDER BY n{down})), "
            f"found AS MATERIALIZED (SELECT * FROM neighbours "
            f"WHERE c > 1 OR next IS NULL OR before IS NULL OR {jumps}) "
            f"SELECT 0, min(n), max(n), "
            f"sum(CASE WHEN {jumps} THEN abs(CAST(next AS numeric) - n) - {step} END), "
            f"count(CASE WHEN c > 1 THEN 1 END) FROM found "
            f"UNION ALL SELECT * FROM (SELECT 1, n, next, {nothing}, {nothing} FROM found "
            f"WHERE {jumps} ORDER BY n{down} LIMIT {self.limit}) h "
            f"UNION ALL SELECT * FROM (SELECT 2, n, c, {nothing}, {nothing} FROM found "
            f"WHERE c > 1 ORDER BY n{down} LIMIT {self.limit}) t"
        )
        return self._query(text, bind)

    def rows_of(self, numbers: list[int]) -> Query:
        """The first rows that have some numbers, in their order.

        A row each: the number, its date, its source, its key.
        """
        key, date = self.sources.key, "CAST(d AS text)" if self.sources.has_dates else "NULL"
        listed = ", ".join(map(str, numbers))  # integers, so nothing to bind
        text = (
            f"SELECT n, d, s{key} FROM (SELECT n, {date} AS d, s{key}, row_number() OVER "
            f"(PARTITION BY n ORDER BY s{key}) AS i FROM {self.sources.relation} "
            f"WHERE n IN ({listed})) x WHERE i <= {ROWS_OF_A_NUMBER} ORDER BY n, i"
        )
        return self._query(text, Binds())

    def out_of_order(self, first: int, last: int) -> Query:
        """The numbers whose date is earlier than that of the number before.

        The first row: 0, how many there are. Then a row each: 1, the number, the number
        before it, the dates of both.
        """
        bind = Binds()
        down = self._downwards
        text = (
            f"WITH neighbours AS (SELECT n, d, lag(n) OVER w AS before, lag(d) OVER w AS was "
            f"FROM {self.sources.relation} WHERE {self._within(first, last, bind)} "
            f"AND d IS NOT NULL WINDOW w AS (ORDER BY n{down}, d)), "
            f"found AS MATERIALIZED (SELECT * FROM neighbours WHERE d < was) "
            f"SELECT 0, count(*), CAST(NULL AS bigint), CAST(NULL AS text), CAST(NULL AS text) "
            f"FROM found "
            f"UNION ALL SELECT * FROM (SELECT 1, n, before, CAST(d AS text), "
            f"CAST(was AS text) FROM found ORDER BY n{down} LIMIT {self.limit}) l"
        )
        return self._query(text, bind)

    def voids(self) -> Query:
        """The rows that were made void. A row each: the number, the reason, source and key."""
        key = self.sources.key
        text = (
            f"SELECT n, v, s{key} FROM {self.sources.relation} WHERE v IS NOT NULL "
            f"AND n IS NOT NULL ORDER BY n{self._downwards}, s{key} LIMIT {self.limit}"
        )
        return self._query(text, Binds())

    def unreadable(self) -> Query:
        """The rows whose number can't be read. A row each: what is there, source and key."""
        key = self.sources.key
        text = (
            f"SELECT t, s{key} FROM {self.sources.relation} WHERE t IS NOT NULL "
            f"AND n IS NULL ORDER BY s{key}, t LIMIT {self.limit}"
        )
        return self._query(text, Binds())

    def _query(self, text: str, bind: Binds) -> Query:
        return Query(text, tuple(bind.values), self.counters)

    def _counter(self, bind: Binds) -> str:
        return f"SELECT last FROM {quoted_table(self.counters)} WHERE name = {bind(self.name)}"

    @property
    def _downwards(self) -> str:
        return "" if self.grid.step > 0 else " DESC"

    @property
    def _position(self) -> str:
        """The number's position on the grid: a division that rounds down."""
        step = self.grid.width
        if step == 1:
            return "n"
        return f"(CASE WHEN n < 0 THEN (n + 1) / {step} - 1 ELSE n / {step} END)"

    @property
    def _on_step(self) -> str:
        """Whether the step leads to it. The remainder of a negative number is negative."""
        step, rest = self.grid.width, self.grid.residue
        return "true" if step == 1 else f"(n % {step} IN ({rest}, {rest - step}))"

    def _before(self, bind: Binds) -> str:
        sign = "<" if self.grid.step > 0 else ">"
        return f"n {sign} CAST({bind(self.grid.first)} AS bigint)"

    @property
    def _beyond(self) -> str:
        return "n > last" if self.grid.step > 0 else "n < last"

    def _within(self, first: int, last: int, bind: Binds) -> str:
        low, high = (f"CAST({bind(end)} AS bigint)" for end in sorted((first, last)))
        return f"n BETWEEN {low} AND {high} AND {self._on_step}"
