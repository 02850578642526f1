"""What MariaDB and MySQL are asked in an audit.

InnoDB has a snapshot for each statement at READ COMMITTED, and one for the whole transaction
at REPEATABLE READ, made when it first reads. In the latter, a transaction sees what it has
written itself together with what others had committed *before*: if it drew since then, the
numbers in between would be called missing. So an audit is refused in such a transaction, as
it is where reading locks rows, or shows what isn't committed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from aseq._columns import ColumnName
from aseq._core.dialects.mysql_session import misread
from aseq._core.statement import Row
from aseq._sql import Binds

from ._split import Dialect
from ._texts import Facts, Session, Texts, integer, same

# Looked up by literals, the catalogue opens these tables alone.
_LOOK = """\
SELECT {i}, t.engine, c.column_type, k.seq_in_index, k.column_name
FROM information_schema.tables t
LEFT JOIN information_schema.columns c
    ON c.table_schema = {schema} AND c.table_name = {table} AND c.column_name = {column}
LEFT JOIN information_schema.statistics k
    ON k.table_schema = {schema} AND k.table_name = {table} AND k.index_name = 'PRIMARY'
WHERE t.table_schema = {schema} AND t.table_name = {table}"""


def _look(columns: Sequence[ColumnName], bind: Binds) -> str:
    return " UNION ALL ".join(
        _LOOK.format(
            i=i,
            schema="DATABASE()" if column.table.schema is None else bind(column.table.schema),
            table=bind(column.table.name),
            column=bind(column.name),
        )
        for i, column in enumerate(columns)
    )


def _facts(columns: Sequence[ColumnName], rows: Sequence[Row]) -> list[Facts]:
    found: dict[int | None, list[Row]] = {}
    for i, *row in rows:
        found.setdefault(integer(i), []).append(row)
    return [_about(found[i]) if i in found else _NOTHING for i in range(len(columns))]


_NOTHING = Facts(False, None, ())


def _about(rows: Sequence[Row]) -> Facts:
    """What a row for each column of the primary key says, or one without."""
    engine, type_, *_ = rows[0]
    refused = None
    if engine not in ("InnoDB", None):  # a view has none
        refused = _ENGINE.format(engine=engine)
    places = {integer(place): str(name) for *_, place, name in rows if name is not None}
    keys = tuple(places[place] for place in sorted(places, key=lambda place: place or 0))
    return Facts(True, None if type_ is None else str(type_).lower(), keys, refused)


_ENGINE = (
    "{{table}} is of the storage engine {engine}, whose rows are seen while they are being "
    "written: give it ENGINE=InnoDB, or audit a copy"
)
_UNREADABLE = "the session has {set}: {instead}"
_UNSAFE = {
    "READ-UNCOMMITTED": "READ UNCOMMITTED shows what may yet be rolled back: audit on a "
    "connection at READ COMMITTED",
    "REPEATABLE-READ": "a transaction is open at REPEATABLE READ, where {server} shows what "
    "the transaction has written, but of others only what they had when it first read: end it "
    "before the audit, or begin it at READ COMMITTED",
    "SERIALIZABLE": "at SERIALIZABLE a transaction locks all that it reads, and an audit reads "
    "all, so that nobody could draw until it ends: audit on a connection at READ COMMITTED",
}


def unreadable(settings: Sequence[object]) -> str | None:
    """Why an audit would be wrong with what the session has set: the values of `SETTINGS`."""
    found = misread(*settings)
    return found and _UNREADABLE.format(set=found[0], instead=found[1])


def unsafe(server: str, level: str, *, inside: bool, commits: bool) -> str | None:
    """Why an audit would be wrong in the session, or hold others up.

    Args:
        server: what it is called.
        level: the isolation level, as the server calls it.
        inside: a transaction is open.
        commits: each statement commits by itself if none is.
    """
    safe_outside = {
        "READ-UNCOMMITTED": False,
        "REPEATABLE-READ": not inside,
        "SERIALIZABLE": commits and not inside,
    }
    safe = safe_outside.get(level, True)
    return None if safe else _UNSAFE[level].format(server=server)


_INTEGERS = ("tinyint", "smallint", "mediumint", "int", "bigint")
_OTHER_NUMBERS = ("decimal", "double", "float")
_STRINGS = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum")

_FROM_UNSIGNED = f"CASE WHEN {{0}} <= {2**63 - 1} THEN CAST({{0}} AS SIGNED) END"
_FROM_NUMBER = f"""\
CASE WHEN {{0}} BETWEEN {-(2**63)} AND {2**63 - 1} AND {{0}} = TRUNCATE({{0}}, 0)
    THEN CAST({{0}} AS SIGNED) END"""

_WITHOUT_ZEROS = "TRIM(LEADING '0' FROM {0})"
_FROM_TEXT = f"""\
CASE WHEN {{0}} = '' OR {{0}} REGEXP '[^0-9]' THEN NULL
    WHEN CHAR_LENGTH({{0}}) < 19 THEN CAST({{0}} AS SIGNED)
    WHEN CHAR_LENGTH({_WITHOUT_ZEROS}) < 19 THEN CAST({{0}} AS SIGNED)
    WHEN CHAR_LENGTH({_WITHOUT_ZEROS}) = 19 AND {_WITHOUT_ZEROS} <= '{2**63 - 1}'
    THEN CAST({{0}} AS SIGNED) END"""


def _name_of(type_: str) -> str:
    """The type without its width and the like."""
    return type_.partition("(")[0].partition(" ")[0]


def _number(text: str, column: str, type_: str) -> tuple[str, bool] | None:
    name = _name_of(type_)
    if name in _INTEGERS:
        unsigned = "unsigned" in type_
        return (_FROM_UNSIGNED.format(column), True) if unsigned else (column, False)
    if name in _OTHER_NUMBERS:
        return _FROM_NUMBER.format(column), True
    return (_FROM_TEXT.format(text.format(column)), True) if name in _STRINGS else None


def _holds_numbers(type_: str) -> bool:
    return _name_of(type_) in (*_INTEGERS, *_OTHER_NUMBERS)


_CHAR = "CHAR CHARACTER SET utf8mb4"
_FENCE = f"LIMIT {2**64 - 1}"


def _items(collation: str, listed: str, columns: Sequence[tuple[str, str]]) -> str:
    types = {"text": f"text CHARACTER SET utf8mb4 COLLATE {collation}", "bigint": "bigint"}
    values = (f"{name} {types[type_]} PATH '$[{i}]'" for i, (name, type_) in enumerate(columns))
    group = [name for name, _ in columns if name.startswith("g")]
    hashed = f", {_hash(group)} AS h" if group else ""
    return (
        f"SELECT j.*{hashed} "
        f"FROM JSON_TABLE({listed}, '$[*]' COLUMNS ({', '.join(values)})) j {_FENCE}"
    )


def _same_group(columns: Sequence[str]) -> str:
    hashed = f"{_hash([f'r.{name}' for name in columns])} = q.h AND " if columns else ""
    return hashed + same(columns)


def _hash(columns: Sequence[str]) -> str:
    return f"CRC32(CONCAT_WS('/', {', '.join(columns)}))"


def texts(
    collation: str, session: Session, begins: str = "", words: Mapping[str, str] | None = None
) -> Texts:
    """The texts for one of the two.

    Args:
        collation: tells all texts apart.
        session: as `Texts` has it.
        begins: with what a statement about details begins.
        words: its own, beside those of both.
    """
    text = f"(CONVERT({{0}} USING utf8mb4) COLLATE {collation})"
    return Texts(
        session=session,
        look=_look,
        facts=_facts,
        number=partial(_number, text),
        holds_numbers=_holds_numbers,
        holds_dates="date".__eq__,
        text=text,
        split=Dialect(
            position="INSTR",
            head="LEFT({0}, {1})",
            rest="SUBSTR({0}, ({1}) + 1)",
            strip="REGEXP_REPLACE({0}, '^[{1}]+', '')",
            fence=_FENCE,
            integer=_FROM_TEXT,
        ),
        # Of one collation throughout, whatever the connection has: a UNION refuses two.
        date=f"CAST({{0}} AS {_CHAR})",
        items=partial(_items, collation),
        now=f"CAST(DATE_FORMAT(UTC_TIMESTAMP(), '%Y-%m-%dT%H:%i:%sZ') AS {_CHAR})",
        fingerprint=None,
        hashes=None,
        words={
            "\\": "\\\\",
            "text": _CHAR,
            "bigint": "SIGNED",
            "numeric": "DECIMAL(65)",
            "MATERIALIZED": "",
            "JOIN": "STRAIGHT_JOIN",
            "length": "CHAR_LENGTH",
            "%": "MOD",  # in MariaDB's ORACLE mode that is no operator
            **(words or {}),
        },
        same_group=_same_group,
        begins=begins,
    )
