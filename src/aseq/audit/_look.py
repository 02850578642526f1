"""From the caller's columns to what is read in their tables, once the catalogue was asked."""

from __future__ import annotations

from itertools import chain

from aseq._columns import ColumnName
from aseq._core.table import TableName
from aseq._sql import Binds, Plan, Query, quoted
from aseq.adapters.base import ConnectionInfo
from aseq.errors import AuditRefused, InvalidSequence

from ._question import Question
from ._source import Source, Sources
from ._texts import Facts, Texts

_HIDDEN = (
    "row-level security hides rows of {table} from this role, and what can't be seen would be "
    "called missing: audit as the table's owner, or as a role with BYPASSRLS"
)


def sources(question: Question, info: ConnectionInfo, texts: Texts) -> Plan[Sources]:
    """Look the columns up, and put together what will be read.

    Raises:
        InvalidSequence: a table or a column isn't there, or can't hold numbers.
        AuditRefused: row-level security may hide rows.
    """
    counters = TableName.parse(question.spec.table)
    asked = [
        *question.columns,
        *chain(question.voids.values(), question.dates.values()),
        ColumnName(counters, "last"),
    ]
    places = [ColumnName(info.locate(column.table), column.name) for column in asked]
    bind = Binds()
    text = texts.look(places, bind)
    rows = yield Query(text, tuple(bind.values), counters)
    found = texts.facts(places, rows)
    for column, facts in zip(asked[:-1], found, strict=False):
        _check(column, facts)
    for column, facts in zip(asked, found, strict=True):
        if facts.hidden:
            raise AuditRefused(_HIDDEN.format(table=column.table))
    number = len(question.columns)
    return Sources(
        [
            _source(question, i, place.table, texts, facts)
            for i, (place, facts) in enumerate(zip(places[:number], found, strict=False))
        ]
    )


def _check(column: ColumnName, facts: Facts) -> None:
    if not facts.table:
        raise InvalidSequence("column", f"can't be {column}: there is no table {column.table}")
    if facts.type is None:
        raise InvalidSequence("column", f"can't be {column}: {column.table} has none like it")


def _source(question: Question, i: int, table: TableName, texts: Texts, facts: Facts) -> Source:
    column = question.columns[i]
    number = texts.number(quoted(column.name), str(facts.type))
    if number is None:
        raise InvalidSequence("column", f"can't be {column}: its type can't hold numbers")
    sql, as_text = number
    return Source(
        table=table,
        label=str(column.table),
        number=sql,
        text=quoted(column.name) if as_text else None,
        void=_quoted(question.voids, column.table),
        date=_quoted(question.dates, column.table),
        where=question.where[i],
        keys=facts.keys,
    )


def _quoted(columns: dict[TableName, ColumnName], table: TableName) -> str | None:
    return quoted(columns[table].name) if table in columns else None
