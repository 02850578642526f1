"""What is MariaDB's own in an audit."""

from __future__ import annotations

from aseq._core.dialects.mariadb.fragments import COLLATION
from aseq._core.dialects.mysql_session import SETTINGS
from aseq._core.table import TableName
from aseq._sql import Plan, Query

from ._mysql_family import texts, unreadable, unsafe
from ._texts import integer


def _session(counters: TableName) -> Plan[str | None]:
    asked = f"SELECT @@tx_isolation, @@in_transaction, @@autocommit, {SETTINGS}"
    [[level, inside, commits, *settings]] = yield Query(asked, (), counters)
    return unreadable(settings) or unsafe(
        *("MariaDB", str(level)), inside=bool(integer(inside)), commits=bool(integer(commits))
    )


# Texts have no index, so rows and items are joined by a hash of theirs, in one pass.
_JOINS = "SET STATEMENT join_cache_level = 4 FOR\n"

MARIADB = texts(COLLATION, _session, _JOINS)
