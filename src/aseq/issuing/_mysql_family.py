"""What MariaDB and MySQL are asked about rows that wait for a number.

* The counter's row is the queue, and the draw itself waits for it: there is no other.
* At READ COMMITTED, InnoDB locks the rows that are found; at REPEATABLE READ all that it has
  looked at, and the gaps between them, so that nobody could save a draft: it is refused there.
* ``UPDATE`` has no ``RETURNING``: what the rows hold is read once more. They are locked, so
  nobody else has changed them, but a trigger may have.
* Keys are compared as the column's own type, and its index is named: of a small table, a
  server would rather look at all rows, and wait for those that others have locked.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence

from aseq._core.dialects.mysql_session import SETTINGS, misread
from aseq._core.scripts import NothingDrawn
from aseq._core.statement import Row, Template
from aseq._core.table import TableName
from aseq._core.waiting import Wait
from aseq._sql import Binds
from aseq._sql import named as quoted
from aseq.errors import InvalidSequence, UnsupportedConnection

from ._mysql_rows import (
    by_index,
    column_of,
    draft,
    has_key,
    is_incomplete,
    is_whole,
    items,
    order_by,
    plain,
)
from ._place import Column, Place
from ._texts import MOST, Search, Texts, limited, scope_names, waiting_rows

# Looked up by literals, the catalogue opens this table alone.
_LOOK = """\
SELECT t.engine, {level}, {settings},
    c.column_name, c.column_type, c.data_type, c.collation_name, (
    SELECT s.index_name FROM information_schema.statistics AS s
    WHERE s.table_schema = {schema} AND s.table_name = {table}
        AND s.column_name = c.column_name AND s.seq_in_index = 1 AND {usable}
    ORDER BY s.non_unique, s.index_name LIMIT 1
)
FROM information_schema.tables AS t
LEFT JOIN information_schema.columns AS c
    ON c.table_schema = {schema} AND c.table_name = {table}
WHERE t.table_schema = {schema} AND t.table_name = {table}"""

_BESIDES = 100_000
"""How many rows that others have locked are passed over, to reach the limit."""

_LEVEL = (
    "for rows that are saved already, {server} would lock there all that it looks at, and the "
    "gaps between them, until the transaction ends. "
    'Begin it at READ COMMITTED: with SQLAlchemy, isolation_level="READ COMMITTED" on the '
    "engine; with a driver, SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
)


class Family(Texts):
    """The texts that both have in common.

    Attributes:
        server: what it is called.
        level: the variable with the isolation level.
        collation: tells all texts apart.
        usable: the condition of an index that can be named.
        select: how a SELECT begins that locks rows. Rows that are joined in batches are locked
            in batches, beyond a limit, and aren't skipped if others have locked them.
        rows: behind FOR UPDATE, where the rows stand beside a list.
    """

    has_queues = False
    server: str
    level: str
    collation: str
    usable: str
    select: str
    rows = ""

    @abstractmethod
    def update(self, *, utc: bool, briefly: bool) -> str:
        """How an UPDATE begins.

        Args:
            utc: what it writes is in UTC, whatever the session's time zone is.
            briefly: it shall wait for no lock longer than a moment.
        """

    def look(self, table: TableName, columns: Sequence[str], bind: Binds) -> str:
        schema = "DATABASE()" if table.schema is None else bind(table.schema)
        return _LOOK.format(
            level=self.level,
            settings=SETTINGS,
            schema=schema,
            table=bind(table.name),
            usable=self.usable,
        )

    def facts(self, columns: Sequence[str], rows: Sequence[Row]) -> Mapping[str, Column] | None:
        if not rows:
            return None
        engine, level = (str(value) for value in rows[0][:2])
        if (why := misread(*rows[0][2:5])) is not None:
            raise NothingDrawn(UnsupportedConnection(f"a connection with {why[0]}", why[1]))
        if engine != "InnoDB":
            problem = f"is in a table of the storage engine {engine}: only InnoDB can roll back"
            raise NothingDrawn(InvalidSequence("column", problem))
        if level != "READ-COMMITTED":
            called = f"a connection at {level.replace('-', ' ')}"
            raise NothingDrawn(UnsupportedConnection(called, _LEVEL.format(server=self.server)))
        found = {str(name).lower(): column_of(*told) for _, _, _, _, _, name, *told in rows}
        return {name: found[name.lower()] for name in columns if name.lower() in found}

    def queue(self, wait: Wait) -> Template:
        raise NotImplementedError

    def peek(self, place: Place, keys: str) -> str:
        return (
            f"SELECT w.p, JSON_ARRAY({plain(place, place.target.number.name, 'd.')}), "
            f"{draft(place, 'd.')} {self._by_key(place, keys, 'p')} WHERE {is_whole(place)}"
        )

    def lock(self, place: Place, keys: str) -> str:
        return (
            f"{self.select} w.p, {draft(place, 'd.')} {self._by_key(place, keys, 'p')} "
            f"WHERE d.{place.number} IS NULL AND {is_whole(place)} "
            f"FOR UPDATE{self.rows} SKIP LOCKED"
        )

    def survey(self, place: Place, search: Search, besides: str | None, bind: Binds) -> str:
        more = "" if besides is None else f" AND NOT {self._of_scopes(place, besides, bind)}"
        names = scope_names(place)
        columns = [f"{draft(place)} AS told", *self._scopes_named(place)]
        columns.append(f"({is_incomplete(place)}) AS incomplete")
        first = (
            f"SELECT {', '.join(columns)} {_waiting(place, search, more)}"
            f" {order_by(place, search)}{limited(search)}"
        )
        different = ", ".join([*names, "incomplete"])
        placed = f"row_number() OVER (PARTITION BY {different}) AS place"
        return (
            f"SELECT told FROM (SELECT r.*, {placed} FROM ({first}) AS r) AS x "
            f"WHERE place = 1 LIMIT {MOST}"
        )

    def search(self, place: Place, search: Search, scopes: str | None, bind: Binds) -> str:
        once, again = (
            "" if scopes is None else f" AND {self._of_scopes(place, scopes, bind)}"
            for _ in range(2)
        )
        order = order_by(place, search)
        some = "" if search.limit is None else f" LIMIT {search.limit + _BESIDES}"
        # Looked for without locks, in whatever way is fastest; then they are locked one by one,
        # until there are enough.
        found = (
            f"SELECT {place.key} AS aseq_key, row_number() OVER ({order}) AS aseq_place "
            f"{_waiting(place, search, once)} ORDER BY aseq_place{some}"
        )
        skip = "" if search.wait else " SKIP LOCKED"
        return (
            f"{self.select} {draft(place)}, 0 FROM ({found}) AS w STRAIGHT_JOIN {place.table}"
            f"{by_index(place)} ON {place.table}.{place.key} <=> w.aseq_key "
            f"WHERE {waiting_rows(search, place, again)} "
            f"ORDER BY aseq_place{limited(search)} FOR UPDATE{skip}"
        )

    def waiting(self, place: Place, search: Search, scopes: str | None, bind: Binds) -> str:
        more = "" if scopes is None else f" AND {self._of_scopes(place, scopes, bind)}"
        return f"SELECT count(*) {_waiting(place, search, more)}"

    def save(self, place: Place, rows: str, *, briefly: bool) -> str:
        at = place.target.at_column
        also = f", d.{quoted(at)} = TRIM(TRAILING '+00:00' FROM w.a)" if at else ""
        # A timestamp is written in the session's time zone; the number's moment is in UTC.
        utc = at is not None and place.kind(at) == "moment"
        return (
            f"{self.update(utc=utc, briefly=briefly)} "
            f"{items(place, rows, 'na', self.collation)} "
            f"STRAIGHT_JOIN {place.table} AS d{by_index(place)} ON {has_key(place)} "
            f"SET d.{place.number} = w.n{also}"
        )

    def saved(self, place: Place, rows: str) -> str:
        key, number = place.target.key, place.target.number.name
        return (
            f"SELECT JSON_ARRAY({plain(place, key, 'd.')}, {plain(place, number, 'd.')}) "
            f"{self._by_key(place, rows, '')}"
        )

    def _by_key(self, place: Place, listed: str, others: str) -> str:
        return (
            f"FROM {items(place, listed, others, self.collation)} "
            f"STRAIGHT_JOIN {place.table} AS d{by_index(place)} ON {has_key(place)}"
        )

    def _exactly(self, scope: str) -> str:
        return f"CONVERT(CAST({scope} AS CHAR) USING utf8mb4) COLLATE {self.collation}"

    def _scopes_named(self, place: Place) -> list[str]:
        names = zip(place.scopes, scope_names(place), strict=True)
        return [f"{self._exactly(scope)} AS {name}" for scope, name in names]

    def _of_scopes(self, place: Place, scopes: str, bind: Binds) -> str:
        """The condition of a row that has one of some scopes, told as a JSON list of lists."""
        own = ", ".join(map(self._exactly, place.scopes))
        theirs = ", ".join(f"({', '.join(map(bind, scope))})" for scope in json.loads(scopes))
        return f"(({own}) IN ({theirs}))"


def _waiting(place: Place, search: Search, more: str) -> str:
    return f"FROM {place.table} WHERE {waiting_rows(search, place, more)}"
