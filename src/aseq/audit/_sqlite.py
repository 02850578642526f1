"""What SQLite is asked in an audit. Its columns hold values of any type, whatever they say."""

from __future__ import annotations

from collections.abc import Sequence

from aseq._columns import ColumnName
from aseq._core.statement import Row
from aseq._sql import Binds

from ._split import Dialect
from ._texts import Facts, Texts


def _look(columns: Sequence[ColumnName], bind: Binds) -> str:
    return " UNION ALL ".join(
        f"SELECT {i}, name, type, pk FROM pragma_table_info({_arguments(column, bind)})"
        for i, column in enumerate(columns)
    )


def _arguments(column: ColumnName, bind: Binds) -> str:
    name, schema = column.table
    return bind(name) if schema is None else f"{bind(name)}, {bind(schema)}"


def _facts(columns: Sequence[ColumnName], rows: Sequence[Row]) -> list[Facts]:
    return [
        _about(column, [row[1:] for row in rows if row[0] == i])
        for i, column in enumerate(columns)
    ]


def _about(column: ColumnName, rows: Sequence[Row]) -> Facts:
    types = {str(name).lower(): str(type_) for name, type_, _ in rows}
    keys = sorted((int(str(place)), str(name)) for name, _, place in rows if place)
    return Facts(bool(rows), types.get(column.name.lower()), tuple(name for _, name in keys))


_FROM_TEXT = f"""\
CASE WHEN ltrim({{0}}, '0123456789') <> '' OR {{0}} = '' THEN NULL
    WHEN length({{0}}) < 19 THEN CAST({{0}} AS bigint)
    WHEN length(ltrim({{0}}, '0')) < 19 THEN CAST({{0}} AS bigint)
    WHEN length(ltrim({{0}}, '0')) = 19 AND ltrim({{0}}, '0') <= '{2**63 - 1}'
    THEN CAST({{0}} AS bigint) END"""

_NUMBER = f"CASE typeof({{0}}) WHEN 'integer' THEN {{0}} WHEN 'text' THEN {_FROM_TEXT} END"


def _number(column: str, _: str) -> tuple[str, bool]:
    return _NUMBER.format(column), True


# Of a declared type: such columns turn texts that are numbers into numbers.
_NUMERIC = ("INT", "NUM", "DEC", "REAL", "FLOA", "DOUB")


def _holds_numbers(type_: str) -> bool:
    return any(part in type_.upper() for part in _NUMERIC)


def _holds_dates(type_: str) -> bool:
    return type_.upper() == "DATE"


def _items(listed: str, columns: Sequence[tuple[str, str]]) -> str:
    values = (f"json_extract(value, '$[{i}]') AS {name}" for i, (name, _) in enumerate(columns))
    return f"SELECT {', '.join(values)} FROM json_each({listed})"


SQLITE = Texts(
    look=_look,
    facts=_facts,
    number=_number,
    holds_numbers=_holds_numbers,
    holds_dates=_holds_dates,
    text="(CAST({0} AS text) COLLATE BINARY)",
    split=Dialect(
        position="instr",
        head="substr({0}, 1, {1})",
        rest="substr({0}, ({1}) + 1)",
        strip="ltrim({0}, '{1}')",
        fence="LIMIT -1",
        integer=_FROM_TEXT,
    ),
    date="CAST({0} AS text)",
    items=_items,
    now="strftime('%Y-%m-%dT%H:%M:%SZ', 'now')",
    fingerprint=None,
    hashes=None,
)
