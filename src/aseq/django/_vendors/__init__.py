"""What a draw through Django does otherwise on each vendor's database."""

from __future__ import annotations

from collections.abc import Callable

from django.db.backends.base.base import BaseDatabaseWrapper

from .base import Vendor
from .mysql import MySQL
from .postgresql import PostgreSQL
from .sqlite import SQLite

# By Django's `connection.vendor`. MariaDB's is "mysql".
_VENDORS: dict[str, Callable[[BaseDatabaseWrapper], Vendor]] = {
    "mysql": MySQL,
    "postgresql": PostgreSQL,
    "sqlite": SQLite,
}


def vendor_of(connection: BaseDatabaseWrapper) -> Vendor:
    """What a draw on a connection of Django does; for one draw, as it remembers."""
    return _VENDORS[connection.vendor](connection)
