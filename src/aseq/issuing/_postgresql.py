"""What PostgreSQL is asked about rows that wait for a number.

* Rows are locked ``FOR UPDATE``: where the number has a unique index, the UPDATE needs that
  lock, and who had taken a weaker one would wait for it with the sequence in his hands.
* Rows that are looked for by their keys must not be found by the number's index, which
  has all rows that wait: ``(number IS NULL) IS TRUE`` says the same, and no index knows it.
* Types are the columns' own, by the catalogue: a key may be a uuid, a number a varchar. A
  text that is too long is an error where it is read from JSON; a cast would cut it.
* A CAST to json has a text under it: a connection may have a codec of the caller's for json.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from aseq._core.dialects.postgresql.fragments import (
    MEASURED,
    RESTORED,
    SAVED_TIMEOUT,
    SET_TIMEOUT,
    TXID,
    key,
)
from aseq._core.statement import Row, Template
from aseq._core.table import TableName
from aseq._core.waiting import Wait
from aseq._sql import Binds, quoted_table
from aseq._sql import named as quoted

from ._place import Column, Kind, Place
from ._texts import (
    MOST,
    Search,
    Term,
    Texts,
    is_incomplete,
    limited,
    named,
    order_by,
    ordering,
    scope_names,
    waiting_rows,
)

# The type under a domain tells what a column holds; values are cast to the domain itself.
_LOOK = """\
SELECT CAST(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod), t.typcategory,
    CAST(CAST(coalesce(nullif(t.typbasetype, 0), t.oid) AS regtype) AS text)) AS text)
FROM (SELECT to_regclass(CAST({table} AS text)) AS oid) AS c
LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attname IN (SELECT json_array_elements_text(CAST(CAST({names} AS text) AS json)))
LEFT JOIN pg_type AS t ON t.oid = a.atttypid
WHERE c.oid IS NOT NULL"""

_KINDS: dict[str, Kind] = {
    "date": "date",
    "timestamp with time zone": "moment",
    "timestamp without time zone": "naive",
}
_CATEGORIES: dict[str, Kind] = {"N": "number", "S": "text"}

_WANTED = "json_array_elements_text(CAST(CAST(:queues AS text) AS json)) WITH ORDINALITY"
_IN_ORDER = f"(SELECT * FROM {_WANTED} AS w(queue, place) ORDER BY place) AS in_order"
_ENTER = f"pg_advisory_xact_lock({key('queue')})"

_QUEUES = {
    Wait.ANY: f"SELECT {_ENTER} IS NULL{TXID}{MEASURED} FROM {_IN_ORDER}",
    Wait.BOUNDED: f"""\
WITH saved_timeout AS MATERIALIZED (
    {SAVED_TIMEOUT}
), entered AS MATERIALIZED (
    SELECT CASE WHEN {SET_TIMEOUT} IS NOT NULL THEN {_ENTER} IS NULL END
    FROM saved_timeout, {_IN_ORDER}
), all_entered AS MATERIALIZED (
    SELECT count(*) AS number FROM entered
)
SELECT all_entered.number{TXID}{MEASURED}, {RESTORED} FROM saved_timeout, all_entered""",
    # Nobody is waited for, so the order doesn't matter.
    Wait.NONE: f"""\
SELECT CAST(place AS integer){TXID} FROM {_IN_ORDER}
WHERE pg_try_advisory_xact_lock({key("queue")})""",
}


class PostgreSQL(Texts):
    """The texts for PostgreSQL."""

    def look(self, table: TableName, columns: Sequence[str], bind: Binds) -> str:
        wanted = json.dumps(list(columns), ensure_ascii=False)
        return _LOOK.format(table=bind(quoted_table(table)), names=bind(wanted))

    def facts(self, columns: Sequence[str], rows: Sequence[Row]) -> Mapping[str, Column] | None:
        if not rows:
            return None
        found = (json.loads(str(text)) for (text,) in rows)
        return {
            name: Column(type_, _KINDS.get(base) or _CATEGORIES.get(category, "other"))
            for name, type_, category, base in found
            if name is not None
        }

    def queue(self, wait: Wait) -> Template:
        return Template(_QUEUES[wait], queues=True, waited=None if wait is Wait.NONE else 2)

    def peek(self, place: Place, keys: str) -> str:
        return (
            f"SELECT p, {_list([_number(place, 'n')])}, {_draft(place)} FROM (SELECT w.p, "
            f"d.{place.number} AS n, {named(place, 'd.')} {_by_key(place, keys)}) AS r"
        )

    def lock(self, place: Place, keys: str) -> str:
        return (
            f"SELECT p, {_draft(place)} FROM (SELECT w.p, {named(place, 'd.')} "
            f"{_by_key(place, keys)} "
            f"WHERE (d.{place.number} IS NULL) IS TRUE FOR UPDATE OF d SKIP LOCKED) AS r"
        )

    def survey(self, place: Place, search: Search, besides: str | None, bind: Binds) -> str:
        more = "" if besides is None else f" AND NOT {_of_scopes(place, bind(besides))}"
        different = ", ".join([*scope_names(place), f"({is_incomplete(place)})"])
        return (
            f"SELECT DISTINCT ON ({different}) {_draft(place)} FROM ("
            f"SELECT {named(place)} {_waiting(place, search, more)}"
            f"{order_by(ordering(search, place))}{limited(search)}) AS r LIMIT {MOST}"
        )

    def search(self, place: Place, search: Search, scopes: str | None, bind: Binds) -> str:
        more = "" if scopes is None else f" AND {_of_scopes(place, bind(scopes))}"
        rows, terms = _waiting(place, search, more), ordering(search, place)
        sorted_by = "".join(f", {term.column} AS o{i}" for i, term in enumerate(terms))
        again = [Term(f"l.o{i}", term.how) for i, term in enumerate(terms)]
        skip = "" if search.wait else " SKIP LOCKED"
        others = "0" if search.wait else _others(place, search, rows, terms)
        # Sorted again: a row that was waited for may have other values by now.
        return (
            f"WITH locked AS MATERIALIZED (SELECT true AS here, {named(place)}{sorted_by} "
            f"{rows}{order_by(terms)}{limited(search)} FOR UPDATE{skip}) "
            f"SELECT CASE WHEN l.here THEN {_draft(place, 'l.')} END, n.others "
            f"FROM (SELECT {others} AS others) AS n LEFT JOIN locked AS l ON true"
            f"{order_by(again)}"
        )

    def save(self, place: Place, rows: str, *, briefly: bool) -> str:
        at = place.target.at_column
        types = [("k", place.target.key), ("n", place.target.number.name)]
        types += [("a", at)] if at else []
        columns = ", ".join(f"{name} {place.columns[column].type}" for name, column in types)
        also = f", {quoted(at)} = v.a" if at else ""
        number = _number(place, f"d.{place.number}")
        return (
            f"UPDATE {place.table} AS d SET {place.number} = v.n{also} "
            f"FROM json_to_recordset(CAST(CAST({rows} AS text) AS json)) AS v({columns}) "
            f"WHERE d.{place.key} = v.k RETURNING {_list([f'd.{place.key}', number])}"
        )


def _list(values: Sequence[str]) -> str:
    return f"CAST(json_build_array({', '.join(values)}) AS text)"


def _draft(place: Place, of: str = "") -> str:
    return _list([of + name for name in ("k", "a", *scope_names(place))])


def _number(place: Place, column: str) -> str:
    # Of a char(n), the text has no padding.
    is_text = place.kind(place.target.number.name) == "text"
    return f"CAST({column} AS text)" if is_text else column


def _by_key(place: Place, keys: str) -> str:
    """The rows with some keys, each with its key's place among them."""
    type_ = place.columns[place.target.key].type
    return (
        f"FROM json_to_recordset(CAST(CAST({keys} AS text) AS json)) "
        f"AS w(p integer, k {type_}) JOIN {place.table} AS d ON d.{place.key} = w.k"
    )


def _waiting(place: Place, search: Search, more: str) -> str:
    return f"FROM {place.table} WHERE {waiting_rows(search, place, more)}"


def _of_scopes(place: Place, scopes: str) -> str:
    """The condition of a row that has one of some scopes, told as a JSON list of lists."""
    own = ", ".join(f"CAST({scope} AS text)" for scope in place.scopes)
    theirs = ", ".join(f"s ->> {i}" for i in range(len(place.scopes)))
    return (
        f"(({own}) IN (SELECT {theirs} "
        f"FROM json_array_elements(CAST(CAST({scopes} AS text) AS json)) AS s))"
    )


_BESIDES = 1000
"""How many rows that others have locked are counted, however low the limit is."""


def _others(place: Place, search: Search, rows: str, terms: Sequence[Term]) -> str:
    """How many rows were left out because others have locked them.

    If the limit wasn't reached, that is all the rest; else those before the last one that
    was locked, as far as they are among the first rows: so many that it is hardly ever less.
    """
    count = "(SELECT count(*) FROM locked)"
    rest = f"(SELECT count(*) {rows}) - {count}"
    if search.limit is None:
        return rest
    most = search.limit + max(search.limit, _BESIDES)
    first = f"SELECT {place.key} AS k {rows}{order_by(terms)} LIMIT {most}"
    placed = f"SELECT k, row_number() OVER () AS place FROM ({first}) AS f"
    before = (
        f"(SELECT coalesce(max(place) - count(*), {most}) "
        f"FROM ({placed}) AS p JOIN locked USING (k))"
    )
    return f"CASE WHEN {count} < {search.limit} THEN {rest} ELSE {before} END"
