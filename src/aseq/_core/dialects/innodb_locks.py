"""InnoDB's lists of locks, as MariaDB and MySQL show them: how they write a sequence's row.

A lock of a row is told by the row's key, as a literal: quotation marks and backslashes twice,
and a question mark for what isn't in the Unicode plane that utf8mb3 has. Of a key that isn't
the table's primary one, that follows behind a comma.

A row that is new, and isn't committed, has no lock on any list until somebody waits for it.
"""

from __future__ import annotations

_BACKSLASH = "CHAR(92 USING utf8mb4)"
_ESCAPED = f"REPLACE(REPLACE(w.called, {_BACKSLASH}, REPEAT({_BACKSLASH}, 2)), '''', '''''')"
_PLAIN = "CONVERT({} USING utf8mb3) COLLATE utf8mb3_bin"

CLOCK = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))"
"""Now, in microseconds since 1970."""

ON_ROW = "LOCATE(',GAP', {mode}) = 0"
"""Whether a lock is on a row, and not only on the gap before it."""

ALL = f"LIMIT {2**64 - 1}"
"""All rows, whatever sql_select_limit the session has."""


def wanted(collation: str) -> str:
    """The sequences that are asked about, each with its place and its key."""
    return f"""\
SELECT w.place, w.called, CONCAT('''', {_PLAIN.format(_ESCAPED)}, '''') AS told
    FROM JSON_TABLE(:wanted, '$[*]' COLUMNS (
        place integer PATH '$.place',
        called varchar(100) CHARACTER SET utf8mb4 COLLATE {collation} PATH '$.called'
    )) AS w"""


def is_told(data: str) -> str:
    """Whether a lock's data is the key of a wanted sequence `w`."""
    plain = _PLAIN.format(data)
    return f"({plain} = w.told OR LEFT({plain}, CHAR_LENGTH(w.told) + 1) = CONCAT(w.told, ','))"
