"""What MariaDB and MySQL are asked about the ledger. Neither writes to two tables at once.

There is no queue to enter before the draw: the lock on the counter's row is the queue, and is
taken by drawing. So the row of the ledger tells, when it is written, whether somebody else has
issued for the key meanwhile: a unique index looks at what is there now, however old the
transaction's snapshot is. Then the number is given back, under the lock that drawing took.

Before the draw, the key is looked for without a lock. A lock on what isn't there is one on the
gap, which two transactions get at once, and then neither can write into it: a deadlock. At
SERIALIZABLE all reading locks, and at READ UNCOMMITTED a number is seen that may yet be rolled
back; so nothing is looked for in advance there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from aseq._core.dialects import Dialect, TimedDraw
from aseq._core.dialects.mariadb import fragments as mariadb
from aseq._core.dialects.mysql import fragments as mysql
from aseq._core.dialects.mysql_family import called
from aseq._core.statement import Row, Script, Template
from aseq._core.waiting import Wait

from ._texts import BY_NUMBER, COLUMNS, WRITTEN, Texts

_TWICE = frozenset({1062})

_SINCE = "TIMESTAMP('1970-01-01')"
_AT = f"TIMESTAMPDIFF(MICROSECOND, {_SINCE}, at)"
_NOW = f"TIMESTAMPDIFF(MICROSECOND, {_SINCE}, UTC_TIMESTAMP(6))"
_CLAMPED = "GREATEST(:earliest, LEAST(:clock, :newest))"

_TAKE_BACK = """\
UPDATE $table SET last = CAST(last AS SIGNED) - :advance
WHERE name = :name AND {called} = :name AND last = :number"""
# The draw has made the row.
_UNMAKE = "DELETE FROM $table WHERE name = :name AND {called} = :name AND last = :number"


def _json(*values: str) -> str:
    return f"CAST(JSON_ARRAY({', '.join(values)}) AS CHAR)"


def _moment(microseconds: str) -> str:
    return f"TIMESTAMPADD(MICROSECOND, {microseconds}, {_SINCE})"


_FOUND = _json("number", "text", _AT)
_ENTRY = ("l.series", "l.document_key", "l.number", "l.text", _AT, "l.state")


@dataclass(frozen=True)
class InnoDB(Texts):
    """The texts for one of the two.

    Attributes:
        collation: the one that tells all texts apart.
        isolation: what tells how a session's transactions are isolated.
        setting: what stands before a statement that locks what is there now, and waits so.
        locking_entries: what locks rows of the ledger that are read beside JSON.
        returning: what lets an INSERT answer with its rows; empty if nothing does.
    """

    collation: str
    isolation: str
    setting: Callable[[Wait], str]
    locking_entries: str
    returning: str = ""
    gives_back: bool = True

    def look(self, wait: Wait) -> Script:
        return (
            Template(f"SELECT 0, 1, {_FOUND} {self._by_key} AND {self._unlocked}", reads=True),
        )

    def look_for_all(self, wait: Wait) -> Script:
        found = f"JSON_ARRAY(JSON_ARRAY({', '.join(_ENTRY)}))"
        text = f"SELECT 0, 1, CAST({found} AS CHAR) {self._of_keys} WHERE {self._unlocked}"
        return (Template(text, reads=True),)

    def find_all(self) -> Script:
        return (Template(f"SELECT {_json(*_ENTRY)} {self._of_keys}"),)

    def look_again(self) -> Script:
        return ()

    def draw(self, kind: TimedDraw, *, keyed: bool) -> None:
        return None

    def write(self, wait: Wait, *, keyed: bool) -> Script:
        text = f"""\
{self.setting(wait)}INSERT INTO $ledger ({COLUMNS})
VALUES (:series, :name, :number, :text, {self._or_null(":key")},
    {_moment(_CLAMPED)},
    {_moment(":clock")},
    {self._given}, 'issued'){self.returning}"""
        return (Template(text, nothing_on=_TWICE if keyed else frozenset()),)

    def write_all(self, wait: Wait, *, keyed: bool) -> Script:
        text = f"""\
{self.setting(wait)}{WRITTEN},
    {_moment("COALESCE(a, clock)")},
    {_moment("clock")},
    {self._given}, 'issued'
FROM {self._lines}, (SELECT {_NOW} AS clock) AS c{self.returning}"""
        return (Template(text, nothing_on=_TWICE if keyed else frozenset()),)

    def all_written(self, rows: Sequence[Row], lines: int) -> bool:
        # An OK has no room for the rows; but then all were written, or none.
        return len(rows) == lines if self.returning else bool(rows)

    def recall(self, wait: Wait) -> Script:
        text = f"SELECT {_FOUND} {self._by_key} LOCK IN SHARE MODE"
        return (Template(self.setting(wait) + text),)

    def recall_all(self, wait: Wait) -> Script:
        text = f"SELECT {_json(*_ENTRY)} {self._of_keys} {self.locking_entries}"
        return (Template(self.setting(wait) + text),)

    def take_back(self, *, made: bool) -> Script:
        text = (_UNMAKE if made else _TAKE_BACK).format(called=called(self.collation))
        return (Template(text),)

    def void(self) -> Script:
        text = f"""\
UPDATE $ledger SET state = 'void', voided_at = UTC_TIMESTAMP(6),
    voided_by = {self._or_null(":by")}, void_reason = :reason
WHERE sequence = :name AND {self._exactly("sequence")} = :name AND number = :number
    AND state = 'issued' AND $inside"""
        return (Template(self.setting(Wait.ANY) + text),)

    def state(self) -> Script:
        told = _json("state", "void_reason")
        return (
            Template(f"{self.setting(Wait.ANY)}SELECT {told} {BY_NUMBER} LOCK IN SHARE MODE"),
        )

    @property
    def _by_key(self) -> str:
        """The row of a key; not of one that is the same only to another collation."""
        key = self._exactly("document_key")
        return (
            f"FROM $ledger WHERE series = :series AND {self._exactly('series')} = :series "
            f"AND document_key = :key AND {key} = :key"
        )

    @property
    def _of_keys(self) -> str:
        by = f"COLLATE {self.collation}"
        columns = ", ".join(
            (
                f"s {self._text('varchar(100)')} PATH '$.s'",
                f"k {self._text('varchar(200)')} PATH '$.k'",
            )
        )
        return f"""\
FROM JSON_TABLE(:keys, '$[*]' COLUMNS ({columns})) AS w
STRAIGHT_JOIN $ledger AS l
    ON l.series = w.s {by} AND l.document_key = w.k {by}"""

    @property
    def _lines(self) -> str:
        types = {
            "s": self._text("varchar(100)"),
            "q": self._text("varchar(100)"),
            "n": "bigint",
            "t": self._text("text"),
            "k": self._text("varchar(200)"),
            "a": "bigint",
        }
        columns = ", ".join(f"{name} {type_} PATH '$.{name}'" for name, type_ in types.items())
        return f"JSON_TABLE(:rows, '$[*]' COLUMNS ({columns})) AS w"

    @property
    def _given(self) -> str:
        return f"{self._or_null(':by')}, {self._or_null(':note')}"

    @property
    def _unlocked(self) -> str:
        return f"{self.isolation} IN ('READ-COMMITTED', 'REPEATABLE-READ')"

    def _text(self, type_: str) -> str:
        return f"{type_} CHARACTER SET utf8mb4 COLLATE {self.collation}"

    def _exactly(self, value: str) -> str:
        return f"CONVERT({value} USING utf8mb4) COLLATE {self.collation}"

    def _or_null(self, value: str) -> str:
        """To some collations, there are characters that are as good as none."""
        return f"NULLIF({self._exactly(value)}, '')"


@lru_cache
def _on_mariadb(settings: Iterable[str]) -> InnoDB:
    return InnoDB(
        collation=mariadb.COLLATION,
        isolation="@@tx_isolation",
        setting=lambda wait: mariadb.setting(wait, *settings),
        locking_entries="LOCK IN SHARE MODE",
        returning="\nRETURNING 1",
    )


def on_mariadb(dialect: Dialect) -> InnoDB:
    """The texts for a MariaDB."""
    return _on_mariadb(dialect.settings)


_MYSQL = InnoDB(
    collation=mysql.COLLATION,
    isolation="@@transaction_isolation",
    setting=lambda _: "",
    locking_entries="FOR SHARE OF l",
)


def on_mysql(dialect: Dialect) -> InnoDB:
    """The texts for a MySQL."""
    return _MYSQL
