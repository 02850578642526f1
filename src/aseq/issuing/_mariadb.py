"""What is MariaDB's own where rows are numbered."""

from __future__ import annotations

from aseq._core.dialects.mariadb.fragments import COLLATION

from ._mysql_family import Family

# With it, no table may be read without an index: not the list of rows either.
_SAFE = "sql_safe_updates = OFF"
_UTC = "time_zone = '+00:00'"
_ONE_BY_ONE = "join_cache_level = LEAST(@@join_cache_level, 2)"
_BRIEFLY = "innodb_lock_wait_timeout = LEAST(@@innodb_lock_wait_timeout, 2)"


class MariaDB(Family):
    """The texts for MariaDB."""

    server = "MariaDB"
    level = "@@tx_isolation"
    collation = COLLATION
    usable = "s.ignored = 'NO'"
    select = f"SET STATEMENT {_ONE_BY_ONE} FOR\nSELECT"

    def update(self, *, utc: bool, briefly: bool) -> str:
        settings = [_SAFE, _ONE_BY_ONE]
        settings += [*([_UTC] if utc else []), *([_BRIEFLY] if briefly else [])]
        return f"SET STATEMENT {', '.join(settings)} FOR\nUPDATE"
