"""What is MySQL's own where rows are numbered."""

from __future__ import annotations

from aseq._core.dialects.mysql.fragments import COLLATION, UTC

from ._mysql_family import Family


class MySQL(Family):
    """The texts for MySQL."""

    server = "MySQL"
    level = "@@transaction_isolation"
    collation = COLLATION
    usable = "s.is_visible = 'YES'"
    rows = " OF d"

    def update(self, *, utc: bool, briefly: bool) -> str:
        return f"UPDATE {UTC}".rstrip() if utc else "UPDATE"
