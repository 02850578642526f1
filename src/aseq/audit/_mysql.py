"""What is MySQL's own in an audit.

It has no variable that tells whether a transaction is open. But there is a statement that does
nothing and fails in one; whether it failed, the server tells once more when it is asked.
"""

from __future__ import annotations

from aseq._core.dialects.mysql.fragments import COLLATION, OPENS
from aseq._core.dialects.mysql_session import SETTINGS
from aseq._core.table import TableName
from aseq._sql import Plan, Query

from ._mysql_family import texts, unreadable, unsafe
from ._texts import integer

_FAILS, _CODE = OPENS


def _session(counters: TableName) -> Plan[str | None]:
    asked = f"SELECT @@transaction_isolation, @@autocommit, {SETTINGS}"
    [[level, commits, *settings]] = yield Query(asked, (), counters)
    inside = level != "READ-COMMITTED" and (yield from _is_inside(counters))
    return unreadable(settings) or unsafe(
        *("MySQL", str(level)), inside=inside, commits=bool(integer(commits))
    )


def _is_inside(counters: TableName) -> Plan[bool]:
    yield Query(_FAILS, (), counters, nothing_on=frozenset({_CODE}))
    warnings = yield Query("SHOW WARNINGS", (), counters)
    return any(integer(code) == _CODE for _, code, *_ in warnings)


# What a window looks back and forth in, MySQL keeps in a table. Where that is larger than
# tmp_table_size, 16 MB by default, it is on disk, and each look takes ten times as long. What
# all such tables have of the server's memory, temptable_max_ram limits in any case.
_IN_MEMORY = f"SELECT /*+ SET_VAR(tmp_table_size = {2**28}) */"

# Rows and items are joined by a hash of theirs, as MySQL does by itself.
MYSQL = texts(COLLATION, _session, words={"SELECT": _IN_MEMORY})
