"""What PostgreSQL is asked in an audit."""

from __future__ import annotations

import json
from collections.abc import Sequence

from aseq._columns import ColumnName
from aseq._core.statement import Row
from aseq._sql import Binds, quoted_table

from ._fingerprint import BITS, BLOCK, P
from ._split import Dialect
from ._texts import Facts, Texts, integer

# The type under a domain. Row-level security doesn't hold for a table's owner, a superuser
# and who may bypass it: the function knows.
_LOOK = """\
SELECT w.i, CAST(c.oid IS NOT NULL AS integer), CAST(row_security_active(c.oid) AS integer),
    CAST(t.typcategory AS text),
    CAST(CAST(coalesce(nullif(t.typbasetype, 0), t.oid) AS regtype) AS text),
    (SELECT CAST(json_agg(k.attname ORDER BY array_position(x.indkey::int2[], k.attnum))
        AS text) FROM pg_index x
     JOIN pg_attribute k ON k.attrelid = x.indrelid AND k.attnum = ANY (x.indkey)
     WHERE x.indrelid = c.oid AND x.indisprimary)
FROM ({wanted}) w
LEFT JOIN pg_class c ON c.oid = to_regclass(w.rel)
LEFT JOIN pg_attribute a
    ON a.attrelid = c.oid AND a.attname = w.col AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_type t ON t.oid = a.atttypid
ORDER BY w.i"""


def _look(columns: Sequence[ColumnName], bind: Binds) -> str:
    wanted = (
        f"SELECT {i} AS i, CAST({bind(quoted_table(column.table))} AS text) AS rel, "
        f"CAST({bind(column.name)} AS text) AS col"
        for i, column in enumerate(columns)
    )
    return _LOOK.format(wanted=" UNION ALL ".join(wanted))


_HIDDEN = (
    "row-level security hides rows of {table} from this role, and what can't be seen would be "
    "called missing: audit as the table's owner, or as a role with BYPASSRLS"
)


def _facts(_: Sequence[ColumnName], rows: Sequence[Row]) -> list[Facts]:
    found = []
    for _place, there, hidden, category, type_, keys in rows:
        name = None if type_ is None else f"{category} {type_}"
        known = tuple(json.loads(str(keys or "[]")))
        found.append(
            Facts(bool(integer(there)), name, known, _HIDDEN if integer(hidden) else None)
        )
    return found


_INTEGERS = ("N smallint", "N integer", "N bigint")

# CASE, not WHERE: one odd text must not end the whole query in an error.
_FROM_NUMBER = f"""\
CASE WHEN CAST({{0}} AS numeric) BETWEEN {-(2**63)} AND {2**63 - 1}
    AND CAST({{0}} AS numeric) = trunc(CAST({{0}} AS numeric)) THEN CAST({{0}} AS bigint) END"""

_FROM_TEXT = f"""\
CASE WHEN ltrim({{0}}, '0123456789') <> '' OR {{0}} = '' THEN NULL
    WHEN length({{0}}) < 19 THEN CAST({{0}} AS bigint)
    WHEN length(ltrim({{0}}, '0')) < 19 THEN CAST({{0}} AS bigint)
    WHEN length(ltrim({{0}}, '0')) = 19 AND ltrim({{0}}, '0') <= '{2**63 - 1}' COLLATE "C"
    THEN CAST({{0}} AS bigint) END"""


def _number(column: str, type_: str) -> tuple[str, bool] | None:
    if type_ in _INTEGERS:
        return column, False
    if type_.startswith("N "):
        return _FROM_NUMBER.format(column), True
    if type_.startswith("S "):
        return _FROM_TEXT.format(f"CAST({column} AS text)"), True
    return None


def _holds_numbers(type_: str) -> bool:
    return type_.startswith("N ")


def _items(listed: str, columns: Sequence[tuple[str, str]]) -> str:
    values = (
        f"CAST(v ->> {i} AS {type_}) AS {name}" for i, (name, type_) in enumerate(columns)
    )
    # CAST AS text first: a codec of the caller's for JSON would encode it once more.
    return (
        f"SELECT {', '.join(values)} "
        f"FROM json_array_elements(CAST(CAST({listed} AS text) AS json)) AS e(v) OFFSET 0"
    )


# As a text, the zero is of the right type at once. OFFSET 0 is a conversion of an integer, and
# PostgreSQL doesn't look into it when it asks whether several processes can do the work.
_FENCE = "OFFSET '0'"


def _fingerprint(position: str, low: str, high: str) -> str:
    return (
        f"sum(CAST((hashint8extended({position} & {BLOCK - 1}, {low}) & {P}) "
        f"* (hashint8extended({position} >> {BITS}, {high}) & {P}) % {P} AS integer))"
    )


def _hashes(first: str, last: str, low: str, high: str) -> str:
    return (
        f"SELECT 0, i, hashint8extended(i, {low}) & {P} "
        f"FROM generate_series(CAST(0 AS bigint), {BLOCK - 1}) i UNION ALL "
        f"SELECT 1, i, hashint8extended(i, {high}) & {P} "
        f"FROM generate_series({first}, {last}) i"
    )


POSTGRESQL = Texts(
    look=_look,
    facts=_facts,
    number=_number,
    holds_numbers=_holds_numbers,
    holds_dates="D date".__eq__,
    text='(CAST({0} AS text) COLLATE "C")',
    split=Dialect(
        position="strpos",
        head="left({0}, {1})",
        rest="right({0}, -({1}))",
        strip="ltrim({0}, '{1}')",
        fence=_FENCE,
        integer=_FROM_TEXT,
    ),
    date="(to_json({0}) #>> '{{}}')",
    items=_items,
    now="to_char(statement_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
    fingerprint=_fingerprint,
    hashes=_hashes,
)
