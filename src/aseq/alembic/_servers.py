"""Which of our dialects is that of an engine."""

from __future__ import annotations

from typing import Any

from aseq._core.dialects import DIALECTS, Dialect, by_greeting


def find_dialect(dialect: Any) -> Dialect | None:
    """Ours for one of SQLAlchemy's; None if we have none.

    "mysql" is the name of MariaDB, too: where it has connected, the server has said what it is.
    """
    version = getattr(dialect, "server_version_info", None)
    if dialect.name not in ("mariadb", "mysql") or not version:
        return DIALECTS.get(dialect.name)
    numbers = ".".join(str(part) for part in version if isinstance(part, int))
    return by_greeting(f"{numbers}-MariaDB" if dialect.is_mariadb else numbers)
