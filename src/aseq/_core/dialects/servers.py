"""Which dialect a server speaks, by what it says it is: never by the URL it was found under."""

from __future__ import annotations

import re

from .base import Dialect
from .mariadb import OLDEST, mariadb
from .mariadb.fragments import COLLATION as ON_MARIADB

ON_MYSQL = "utf8mb4_0900_bin"

COLLATIONS = frozenset({ON_MARIADB, ON_MYSQL})
"""Those that keep names apart, whatever differs."""

COLLATION = f"/*!80017 {ON_MYSQL} */ /*M! {ON_MARIADB} */"
"""Of names, where either server may be at the other end: each reads one of the comments."""


def by_greeting(greeting: str) -> Dialect | None:
    """The dialect of a server of MySQL's protocol; None if it's too old, or another one.

    Args:
        greeting: its version as it greets, such as ``5.5.5-10.11.19-MariaDB-0+deb12u1``.
            (The first number is for old replicas, and says nothing.)
    """
    found = re.match(r"(?:5\.5\.5-)?(\d+(?:\.\d+)*)", greeting)
    if found is None or "mariadb" not in greeting.lower():
        return None
    version = tuple(map(int, found[1].split(".")))
    return mariadb(version) if version >= OLDEST else None
