"""What SQLite is asked about rows that wait for a number.

It has one writer at a time, for all tables. So there is one thing to wait for, the write
lock, and who has it needs no other: no queue, no lock of a row, and what was read stays
true. It is taken first; then nothing can be "busy" in the middle.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from aseq._core.statement import Row, Template
from aseq._core.table import TableName
from aseq._core.waiting import Wait
from aseq._sql import Binds
from aseq._sql import named as quoted

from ._place import Column, Place
from ._texts import (
    MOST,
    Search,
    Texts,
    is_incomplete,
    limited,
    named,
    order_by,
    ordering,
    scope_names,
    waiting_rows,
)

# Writes nothing, but takes the write lock, and has sqlite3 begin a transaction if it does
# so by itself. (With a parameter: SQLAlchemy's executor looks at the connection when it is
# taken.)
_QUEUE = "INSERT INTO $table (name, last) SELECT :queues, 0 WHERE false"


class SQLite(Texts):
    """The texts for SQLite."""

    has_queues = False

    def look(self, table: TableName, columns: Sequence[str], bind: Binds) -> str:
        name, schema = table
        where = bind(name) if schema is None else f"{bind(name)}, {bind(schema)}"
        return f"SELECT json_array(name, type) FROM pragma_table_info({where})"

    def facts(self, columns: Sequence[str], rows: Sequence[Row]) -> Mapping[str, Column] | None:
        if not rows:
            return None
        found = {name.lower(): type_ for name, type_ in (json.loads(str(t)) for (t,) in rows)}
        return {
            name: Column(found[name.lower()], "any")
            for name in columns
            if name.lower() in found
        }

    def queue(self, wait: Wait) -> Template:
        return Template(_QUEUE)

    def peek(self, place: Place, keys: str) -> str:
        return (
            f"SELECT p, json_array(n), {_draft(place)} FROM (SELECT w.p AS p, "
            f"d.{place.number} AS n, {named(place, 'd.')} {_by_key(place, keys)})"
        )

    def lock(self, place: Place, keys: str) -> str:
        return (
            f"SELECT p, {_draft(place)} FROM (SELECT w.p AS p, {named(place, 'd.')} "
            f"{_by_key(place, keys)} WHERE d.{place.number} IS NULL)"
        )

    def survey(self, place: Place, search: Search, besides: str | None, bind: Binds) -> str:
        more = "" if besides is None else f" AND NOT {_of_scopes(place, bind(besides))}"
        different = ", ".join([*scope_names(place), f"({is_incomplete(place)})"])
        return (
            f"SELECT {_draft(place)} FROM ("
            f"SELECT {named(place)} {_waiting(place, search, more)}"
            f"{order_by(ordering(search, place))}{limited(search)}) "
            f"GROUP BY {different} LIMIT {MOST}"
        )

    def search(self, place: Place, search: Search, scopes: str | None, bind: Binds) -> str:
        more = "" if scopes is None else f" AND {_of_scopes(place, bind(scopes))}"
        return (
            f"SELECT {_draft(place)}, 0 FROM (SELECT {named(place)} "
            f"{_waiting(place, search, more)}{order_by(ordering(search, place))}"
            f"{limited(search)})"
        )

    def save(self, place: Place, rows: str, *, briefly: bool) -> str:
        at = place.target.at_column
        also = f", {quoted(at)} = v.a" if at else ""
        values = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in "kna")
        return (
            f"UPDATE {place.table} AS d SET {place.number} = v.n{also} "
            f"FROM (SELECT {values} FROM json_each({rows})) AS v "
            f"WHERE d.{place.key} = v.k RETURNING json_array({place.key}, {place.number})"
        )


def _draft(place: Place) -> str:
    return f"json_array({', '.join(('k', 'a', *scope_names(place)))})"


def _by_key(place: Place, keys: str) -> str:
    values = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in "pk")
    return (
        f"FROM (SELECT {values} FROM json_each({keys})) AS w "
        f"JOIN {place.table} AS d ON d.{place.key} = w.k"
    )


def _waiting(place: Place, search: Search, more: str) -> str:
    return f"FROM {place.table} WHERE {waiting_rows(search, place, more)}"


def _of_scopes(place: Place, scopes: str) -> str:
    own = ", ".join(f"CAST({scope} AS text)" for scope in place.scopes)
    theirs = ", ".join(f"json_extract(value, '$[{i}]')" for i in range(len(place.scopes)))
    return f"(({own}) IN (SELECT {theirs} FROM json_each({scopes})))"
