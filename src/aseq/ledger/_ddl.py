"""The table of the ledger, as statements.

It is the same everywhere. `series` is what a key is unique within: the numbering and its
scope, but not its period, which `sequence` has as well.
"""

from __future__ import annotations

from typing import NamedTuple, cast

from aseq._core.dialects import DIALECTS, Dialect, DialectName
from aseq._core.dialects.fragments import DROP, KEY
from aseq._core.dialects.mariadb import fragments as mariadb
from aseq._core.dialects.mysql import fragments as mysql
from aseq._core.scripts import Plan, say, statements
from aseq._core.statement import Script, Template, on_table
from aseq._core.table import TableName
from aseq.errors import InvalidSequence

_CREATE = """\
CREATE TABLE IF NOT EXISTS $table (
    series varchar(100) NOT NULL,
    sequence varchar(100) NOT NULL,
    number bigint NOT NULL,
    text {text} NOT NULL,
    document_key varchar(200),
    at {moment} NOT NULL,
    issued_at {moment} NOT NULL,
    issued_by varchar(100),
    note {text},
    state varchar(10) NOT NULL,
    voided_at {moment},
    voided_by varchar(100),
    void_reason {text},
    {key}PRIMARY KEY (sequence, number),
    CONSTRAINT ${{bare}}_key UNIQUE (series, document_key),
    CONSTRAINT ${{bare}}_void_check CHECK (
        state = 'issued' AND voided_at IS NULL AND voided_by IS NULL AND void_reason IS NULL
        OR state = 'void' AND voided_at IS NOT NULL AND void_reason IS NOT NULL
    )
){storage}"""


class _Kinds(NamedTuple):
    """What a database calls what is in the table.

    Attributes:
        moment: a moment, to the microsecond.
        text: a text of any length.
        storage: what it is told of the table.
        key: what the primary key is called; empty if it has a name of the database's own.
    """

    moment: str
    text: str = "text"
    storage: str = ""
    key: str = KEY


def _innodb(collation: str) -> _Kinds:
    """Moments are in UTC; two texts are the same only if nothing differs."""
    storage = f" ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation}"
    return _Kinds("datetime(6)", "longtext", storage, key="")


_KINDS = {
    "mariadb": _innodb(mariadb.COLLATION),
    "mysql": _innodb(mysql.COLLATION),
    "postgresql": _Kinds("timestamp with time zone"),
    "sqlite": _Kinds("datetime"),
}

# Several workers that create the table at once would collide in the catalogue.
_ONE_AT_A_TIME = Template("SELECT pg_advisory_xact_lock(hashtextextended($literal, 0))")


def creating(dialect: DialectName) -> Script:
    """The statements that create the table, if it isn't there. The last is the DDL itself."""
    create = Template(_CREATE.format(**_KINDS[dialect]._asdict()))
    return (_ONE_AT_A_TIME, create) if dialect == "postgresql" else (create,)


def create(dialect: Dialect, table: TableName) -> Plan[None]:
    """Create the table, if it isn't there."""
    if dialect.exists:
        [[exists]] = yield from say(statements(dialect.exists, table, {}))
        if exists:
            return
    yield from say(statements(creating(checked(dialect.name)), table, {}))


def drop(table: TableName) -> Plan[None]:
    """Drop the table, if it is there."""
    yield from say(statements(DROP, table, {}))


def create_ledger_sql(dialect: DialectName, table: str = "aseq_ledger", /) -> str:
    """The statement that creates the ledger's table, for hand-written migrations.

    Args:
        dialect: which database it is for, "mariadb", "mysql", "postgresql" or "sqlite".
        table: "table" or "schema.table".

    Returns:
        the statement, with a semicolon and a line end.

    Raises:
        InvalidSequence: not a valid table name, or an unknown dialect.
    """
    return on(dialect, creating(checked(dialect))[-1].text, TableName.parse(table)) + ";\n"


def checked(dialect: str) -> DialectName:
    """The dialect, if it is one that the ledger knows.

    Raises:
        InvalidSequence: it isn't.
    """
    if dialect in _KINDS:
        return cast("DialectName", dialect)
    known = " or ".join(map(repr, sorted(_KINDS)))
    raise InvalidSequence("dialect", f"must be {known}, not {dialect!r}")


def on(dialect: str, text: str, table: TableName) -> str:
    """A text with its table in its place."""
    return on_table(text, DIALECTS[dialect].quote, table)
