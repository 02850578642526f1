"""What is MySQL's own where rows are numbered.

It has no limit of time for a single statement that writes. For one that only locks, it has; so
a counter is locked first, and the draw waits for nothing. For all else, an issuer sets the
session's own limit for as long as its transaction lasts.
"""

from __future__ import annotations

from aseq._core.dialects.mysql.fragments import CALLED, COLLATION, IN_UTC
from aseq._core.statement import Template

from ._mysql_family import Family

_HOLD = Template(f"""\
SELECT /*+ MAX_EXECUTION_TIME(:timeout) */
    TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) DIV 1000
FROM $table WHERE name = :name AND {CALLED} = :name FOR UPDATE""")

_ONE_BY_ONE = "NO_BKA()"


class MySQL(Family):
    """The texts for MySQL."""

    server = "MySQL"
    level = "@@transaction_isolation"
    collation = COLLATION
    usable = "s.is_visible = 'YES'"
    select = f"SELECT /*+ {_ONE_BY_ONE} */"
    rows = " OF d"
    # MySQL looks at the clock once a second: it may be twice as long.
    hurry = (
        "SET @aseq_lock_wait = @@innodb_lock_wait_timeout, SESSION innodb_lock_wait_timeout = 1"
    )
    as_before = (
        "SET SESSION innodb_lock_wait_timeout = "
        "COALESCE(@aseq_lock_wait, @@innodb_lock_wait_timeout), @aseq_lock_wait = NULL"
    )

    def hold(self) -> Template:
        return _HOLD

    def update(self, *, utc: bool, briefly: bool) -> str:
        hints = [_ONE_BY_ONE, *([IN_UTC] if utc else [])]
        return f"UPDATE /*+ {' '.join(hints)} */"
