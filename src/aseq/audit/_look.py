"""From the caller's columns to what is read in their tables, once the catalogue was asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aseq._columns import ColumnName
from aseq._core.spec import SequenceSpec
from aseq._core.table import TableName
from aseq._sql import Binds, Plan, Query, named
from aseq.adapters.base import ConnectionInfo
from aseq.errors import AuditRefused, InvalidSequence
from aseq.numbering._spec import NumberingSpec

from ._membership import OneSeries, Series
from ._numbered import Numbered
from ._question import ByTable, Question
from ._source import Source, Sources
from ._split import Split
from ._texts import Facts, Texts

_UNDATED = (
    "must name {table}'s column with the date, which tells the period: numbers alone don't. "
    "Or audit the column of the texts"
)
_NO_DATE = (
    "names {column}, which isn't of type date, and must tell the period: on which day a moment "
    "was depends on the time zone. Name a column of dates, or audit the column of the texts"
)
_TEXTS_BESIDE = (
    "has the numbers of a sequence, and {column} has texts: audit them with the Numbering that "
    "they were issued with"
)


def sources(question: Question, info: ConnectionInfo, texts: Texts) -> Plan[Sources]:
    """Look the columns up, and put together what will be read.

    Raises:
        InvalidSequence: a table or a column isn't there, or can't hold numbers; or it can't
            be told which series they are of.
        AuditRefused: the answer would be wrong, or hold others up.
    """
    counters = TableName.parse(info.adapt(question.subject).table)
    told = list(_told(question))
    asked = [*(column for _, column in told), ColumnName(counters, "last")]
    places = [ColumnName(info.locate(column.table), column.name) for column in asked]
    refused = None if texts.session is None else (yield from texts.session(counters))
    bind = Binds()
    text = texts.look(places, bind)
    rows = yield Query(text, tuple(bind.values), counters, texts.words)
    found = texts.facts(places, rows)
    for (argument, column), facts in zip(told, found, strict=False):
        _check(argument, column, facts)
    for column, facts in zip(asked, found, strict=True):
        if (why := refused or facts.refused) is not None:
            raise AuditRefused(why.format(table=column.table))
    number = len(question.columns)
    tables = [place.table for place in places[:number]]
    types = {column: str(facts.type) for column, facts in zip(asked, found, strict=True)}
    return _Found(question, texts, tables, found[:number], types).sources()


def _told(question: Question) -> Iterator[tuple[str, ColumnName]]:
    """All columns that the caller named, each with the argument."""
    yield from (("column", column) for column in question.columns)
    yield from (("void", column) for column in question.voids.values())
    yield from (("date", column) for column in question.dates.values())
    for columns in question.scopes.values():
        yield from (("scope", column) for column in columns.values())


def _check(argument: str, column: ColumnName, facts: Facts) -> None:
    if not facts.table:
        raise InvalidSequence(argument, f"can't be {column}: there is no table {column.table}")
    if facts.type is None:
        raise InvalidSequence(argument, f"can't be {column}: {column.table} has none like it")


@dataclass(frozen=True)
class _Found:
    """What was asked, and what the catalogue says.

    Attributes:
        question: what was asked.
        texts: of the database.
        tables: where each column of numbers is.
        facts: of each of these columns.
        types: of these and all others.
    """

    question: Question
    texts: Texts
    tables: Sequence[TableName]
    facts: Sequence[Facts]
    types: Mapping[ColumnName, str]

    def sources(self) -> Sources:
        series = self._series()
        split = Split(series.parts, self.texts.split) if series.parts else None
        places = range(len(self.facts))
        return Sources([self._source(i, series, split) for i in places], series, split)

    def _series(self) -> Series:
        question, what = self.question, self.question.what
        if isinstance(what, SequenceSpec):
            self._check_beside_ledger()
            return OneSeries(what)
        numbers = {self.texts.holds_numbers(str(facts.type)) for facts in self.facts}
        if len(numbers) > 1:
            raise InvalidSequence("column", "must be columns of texts, or of numbers, not both")
        if numbers == {False}:
            _check_texts(what, question.scopes)
            return Numbered(what, tuple(question.scopes), texts=True)
        _check_numbers(what, question.scopes)
        if what._pattern.calendar is not None:
            self._check_dates()
        return Numbered(what, tuple(question.scopes), texts=False)

    def _check_beside_ledger(self) -> None:
        if not self.question.has_ledger:
            return
        for column, facts in zip(self.question.columns, self.facts, strict=True):
            if facts.type and not self.texts.holds_numbers(str(facts.type)):
                raise InvalidSequence("ledger", _TEXTS_BESIDE.format(column=column))

    def _check_dates(self) -> None:
        for number in self.question.columns:
            column = self.question.dates.get(number.table)
            if column is None:
                raise InvalidSequence("date", _UNDATED.format(table=number.table))
            if not self.texts.holds_dates(self.types[column]):
                raise InvalidSequence("date", _NO_DATE.format(column=column))

    def _source(self, i: int, series: Series, split: Split | None) -> Source:
        question, column = self.question, self.question.columns[i]
        number = self.texts.number(named(column.name), str(self.facts[i].type))
        if number is None:
            problem = f"can't be {column}: its type can't hold numbers"
            raise InvalidSequence("column", problem)
        sql, as_text = number
        scopes = [self._scope(series, name, column.table) for name in series.scopes]
        return Source(
            table=self.tables[i],
            label=str(column.table),
            number=sql,
            text=self.texts.text.format(named(column.name)) if as_text or split else None,
            void=_quoted(question.voids, column.table),
            date=_quoted(question.dates, column.table),
            where=question.where[i],
            keys=self.facts[i].keys,
            scopes=tuple(scopes),
            bound=tuple(self._bound(series.scopes, scopes)),
        )

    def _scope(self, series: Series, name: str, table: TableName) -> str:
        """What tells a scope, or the period, as a text."""
        if name in self.question.scopes:
            return self.texts.text.format(_quoted(self.question.scopes[name], table))
        assert isinstance(series, Numbered)  # noqa: S101  # only these have a date for a scope
        date = self.texts.date.format(_quoted(self.question.dates, table))
        return f"substr({date}, 1, {series.date_width})"

    def _bound(self, names: Sequence[str], columns: Sequence[str]) -> Sequence[tuple[str, str]]:
        what = self.question.what
        bound = what.bound if isinstance(what, NumberingSpec) else {}
        return [
            (column, bound[name])
            for name, column in zip(names, columns, strict=True)
            if name in bound
        ]


def _quoted(columns: ByTable, table: TableName) -> str | None:
    return named(columns[table].name) if table in columns else None


def _check_texts(numbering: NumberingSpec, scopes: dict[str, ByTable]) -> None:
    for name in scopes:
        if name in numbering._pattern.scopes:
            problem = f"names {name}, which is printed, so it is read from each text"
            raise InvalidSequence("scope", problem)


def _check_numbers(numbering: NumberingSpec, scopes: dict[str, ByTable]) -> None:
    untold = {*numbering.scopes} - {*numbering.bound, *scopes}
    if untold:
        name = min(untold)
        raise InvalidSequence(
            "scope",
            f"must name the column with the {name}, which numbers alone don't tell: "
            f"scope={{{name!r}: ...}}; or bind the numbering to one",
        )
