"""What MariaDB is asked about rows that wait for a number.

* The counter's row is the queue, and the draw itself waits for it: there is no other.
* At READ COMMITTED, InnoDB locks the rows that are found; at REPEATABLE READ all that it has
  looked at, and the gaps between them, so that nobody could save a draft: it is refused there.
* ``UPDATE`` has no ``RETURNING``: what the rows hold is read once more. They are locked, so
  nobody else has changed them, but a trigger may have.
* Keys are compared as the column's own type, and its index is named: of a small table, MariaDB
  would rather look at all rows, and wait for those that others have locked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from aseq._core.scripts import NothingDrawn
from aseq._core.statement import Row, Template
from aseq._core.table import TableName
from aseq._core.waiting import Wait
from aseq._sql import Binds
from aseq._sql import named as quoted
from aseq.errors import InvalidSequence, UnsupportedConnection

from ._place import Column, Kind, Place
from ._texts import MOST, Search, Texts, limited, scope_names, waiting_rows

_COLLATION = "utf8mb4_nopad_bin"
_TEXT = f"text CHARACTER SET utf8mb4 COLLATE {_COLLATION}"

# Looked up by literals, the catalogue opens this table alone.
_LOOK = """\
SELECT t.engine, @@tx_isolation, c.column_name, c.column_type, c.data_type, c.collation_name, (
    SELECT s.index_name FROM information_schema.statistics AS s
    WHERE s.table_schema = {schema} AND s.table_name = {table}
        AND s.column_name = c.column_name AND s.seq_in_index = 1
    ORDER BY s.non_unique, s.index_name LIMIT 1
)
FROM information_schema.tables AS t
LEFT JOIN information_schema.columns AS c
    ON c.table_schema = {schema} AND c.table_name = {table}
WHERE t.table_schema = {schema} AND t.table_name = {table}"""

_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint", "decimal"), "number"),
    **dict.fromkeys(("char", "varchar", "tinytext", "text", "mediumtext", "longtext"), "text"),
    "date": "date",
    "datetime": "naive",
    "timestamp": "moment",
}

_BESIDES = 100_000
"""How many rows that others have locked are passed over, to reach the limit."""

_UTC = "time_zone = '+00:00'"
_BRIEFLY = "innodb_lock_wait_timeout = LEAST(@@innodb_lock_wait_timeout, 2)"

_LEVEL = (
    "there MariaDB would lock all rows that it looks at, and the gaps between them, until the "
    "transaction ends. Begin it at READ COMMITTED: with SQLAlchemy, "
    'isolation_level="READ COMMITTED" on the engine; with a driver, SET SESSION TRANSACTION '
    "ISOLATION LEVEL READ COMMITTED"
)


class MariaDB(Texts):
    """The texts for MariaDB."""

    has_queues = False

    def look(self, table: TableName, columns: Sequence[str], bind: Binds) -> str:
        schema = "DATABASE()" if table.schema is None else bind(table.schema)
        return _LOOK.format(schema=schema, table=bind(table.name))

    def facts(self, columns: Sequence[str], rows: Sequence[Row]) -> Mapping[str, Column] | None:
        if not rows:
            return None
        engine, level = (str(value) for value in rows[0][:2])
        if engine != "InnoDB":
            problem = f"is in a table of the storage engine {engine}: only InnoDB can roll back"
            raise NothingDrawn(InvalidSequence("column", problem))
        if level != "READ-COMMITTED":
            called = f"a connection at {level.replace('-', ' ')}"
            raise NothingDrawn(UnsupportedConnection(called, _LEVEL))
        found = {str(name).lower(): _column(*told) for _, _, name, *told in rows}
        return {name: found[name.lower()] for name in columns if name.lower() in found}

    def queue(self, wait: Wait) -> Template:
        raise NotImplementedError

    def peek(self, place: Place, keys: str) -> str:
        return (
            f"SELECT w.p, JSON_ARRAY(d.{place.number}), {_draft(place, 'd.')} "
            f"{_by_key(place, keys, 'p')}"
        )

    def lock(self, place: Place, keys: str) -> str:
        return (
            f"SELECT w.p, {_draft(place, 'd.')} {_by_key(place, keys, 'p')} "
            f"WHERE d.{place.number} IS NULL FOR UPDATE SKIP LOCKED"
        )

    def survey(self, place: Place, search: Search, besides: str | None, bind: Binds) -> str:
        more = "" if besides is None else f" AND NOT {_of_scopes(place, besides, bind)}"
        names = scope_names(place)
        columns = [f"{_draft(place)} AS told", *_scopes_named(place)]
        columns.append(f"({_is_incomplete(place)}) AS incomplete")
        first = (
            f"SELECT {', '.join(columns)} {_waiting(place, search, more)}"
            f" {_order_by(place, search)}{limited(search)}"
        )
        different = ", ".join([*names, "incomplete"])
        placed = f"row_number() OVER (PARTITION BY {different}) AS place"
        return (
            f"SELECT told FROM (SELECT r.*, {placed} FROM ({first}) AS r) AS x "
            f"WHERE place = 1 LIMIT {MOST}"
        )

    def search(self, place: Place, search: Search, scopes: str | None, bind: Binds) -> str:
        once, again = (
            "" if scopes is None else f" AND {_of_scopes(place, scopes, bind)}"
            for _ in range(2)
        )
        order = _order_by(place, search)
        some = "" if search.limit is None else f" LIMIT {search.limit + _BESIDES}"
        # Looked for without locks, in whatever way is fastest; then they are locked one by one,
        # until there are enough.
        found = (
            f"SELECT {place.key} AS aseq_key, row_number() OVER ({order}) AS aseq_place "
            f"{_waiting(place, search, once)} ORDER BY aseq_place{some}"
        )
        skip = "" if search.wait else " SKIP LOCKED"
        return (
            f"SELECT {_draft(place)}, 0 FROM ({found}) AS w STRAIGHT_JOIN {place.table}"
            f"{_by_index(place)} ON {place.table}.{place.key} <=> w.aseq_key "
            f"WHERE {waiting_rows(search, place, again)} "
            f"ORDER BY aseq_place{limited(search)} FOR UPDATE{skip}"
        )

    def waiting(self, place: Place, search: Search, scopes: str | None, bind: Binds) -> str:
        more = "" if scopes is None else f" AND {_of_scopes(place, scopes, bind)}"
        return f"SELECT count(*) {_waiting(place, search, more)}"

    def save(self, place: Place, rows: str, *, briefly: bool) -> str:
        at = place.target.at_column
        also = f", d.{quoted(at)} = TRIM(TRAILING '+00:00' FROM w.a)" if at else ""
        # A timestamp is written in the session's time zone; the number's moment is in UTC.
        settings = [_UTC] if at is not None and place.kind(at) == "moment" else []
        settings += [_BRIEFLY] if briefly else []
        setting = f"SET STATEMENT {', '.join(settings)} FOR\n" if settings else ""
        return (
            f"{setting}UPDATE {_items(place, rows, 'na')} "
            f"STRAIGHT_JOIN {place.table} AS d{_by_index(place)} ON d.{place.key} = w.k "
            f"SET d.{place.number} = w.n{also}"
        )

    def saved(self, place: Place, rows: str) -> str:
        return (
            f"SELECT JSON_ARRAY({_plain(place, place.target.key, 'd.')}, d.{place.number}) "
            f"{_by_key(place, rows, '')}"
        )


def _column(declared: object, name: object, collation: object, index: object) -> Column:
    """What the catalogue says of a column, its collation as part of its type."""
    type_ = f"{declared} COLLATE {collation}" if collation else str(declared)
    return Column(type_, _KINDS.get(str(name), "other"), str(index) if index else None)


def _plain(place: Place, name: str, of: str) -> str:
    """A column as JSON gets it: what isn't a number or a text, as a text."""
    column = of + quoted(name)
    return column if place.kind(name) in ("number", "text") else f"CAST({column} AS CHAR)"


def _draft(place: Place, of: str = "") -> str:
    at = "NULL"
    if (name := place.target.at_from) is not None:
        at = _moment(of + quoted(name))
        if place.kind(name) != "moment":
            at = _plain(place, name, of)
    scopes = "".join(f", CAST({of}{scope} AS CHAR)" for scope in place.scopes)
    return f"JSON_ARRAY({_plain(place, place.target.key, of)}, {at}{scopes})"


def _moment(column: str) -> str:
    """A timestamp in UTC, whatever the session's time zone is."""
    since = f"ROUND(UNIX_TIMESTAMP({column}) * 1000000)"
    return f"CONCAT(TIMESTAMPADD(MICROSECOND, {since}, '1970-01-01 00:00:00'), '+00:00')"


def _exactly(scope: str) -> str:
    return f"CONVERT(CAST({scope} AS CHAR) USING utf8mb4) COLLATE {_COLLATION}"


def _scopes_named(place: Place) -> list[str]:
    names = zip(place.scopes, scope_names(place), strict=True)
    return [f"{_exactly(scope)} AS {name}" for scope, name in names]


def _is_incomplete(place: Place) -> str:
    target = place.target
    needed = [place.key, *place.scopes, *([quoted(target.at_from)] if target.at_from else [])]
    return " OR ".join(f"{name} IS NULL" for name in needed)


def _items(place: Place, listed: str, others: str) -> str:
    key = place.columns[place.target.key]
    types = {"p": "int", "k": key.type, "a": "varchar(40)"}
    if key.kind == "other":  # JSON_TABLE doesn't know each type, a UUID's for example
        types["k"] = "varchar(100)"
    types["n"] = "bigint" if place.kind(place.target.number.name) == "number" else _TEXT
    columns = ", ".join(f"{name} {types[name]} PATH '$.{name}'" for name in ("k", *others))
    return f"JSON_TABLE({listed}, '$[*]' COLUMNS ({columns})) AS w"


def _by_index(place: Place) -> str:
    index = place.columns[place.target.key].in_index
    return f" FORCE INDEX ({quoted(index)})" if index else ""


def _by_key(place: Place, listed: str, others: str) -> str:
    return (
        f"FROM {_items(place, listed, others)} "
        f"STRAIGHT_JOIN {place.table} AS d{_by_index(place)} ON d.{place.key} = w.k"
    )


def _waiting(place: Place, search: Search, more: str) -> str:
    return f"FROM {place.table} WHERE {waiting_rows(search, place, more)}"


def _of_scopes(place: Place, scopes: str, bind: Binds) -> str:
    """The condition of a row that has one of some scopes, told as a JSON list of lists."""
    own = ", ".join(map(_exactly, place.scopes))
    theirs = ", ".join(f"({', '.join(map(bind, scope))})" for scope in json.loads(scopes))
    return f"(({own}) IN ({theirs}))"


def _order_by(place: Place, search: Search) -> str:
    """As `ordering` has it: NULL is greater than all else, but no key is NULL."""
    order = [*search.order]
    if place.target.key not in dict(order):
        order.append((place.target.key, False))
    terms = list[str]()
    for name, down in order:
        how = " DESC" if down else ""
        if name != place.target.key:
            terms.append(f"{quoted(name)} IS NULL{how}")
        terms.append(f"{quoted(name)}{how}")
    return f"ORDER BY {', '.join(terms)}"
