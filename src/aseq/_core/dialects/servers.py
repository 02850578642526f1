"""Which dialect a server speaks, by what it says it is: never by the URL it was found under."""

from __future__ import annotations

import re
from functools import lru_cache

from . import mariadb, mysql
from .base import Dialect
from .mariadb.fragments import COLLATION as ON_MARIADB
from .mysql.fragments import COLLATION as ON_MYSQL


def _spoken(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


KNOWN = f"MariaDB {_spoken(mariadb.OLDEST)} and MySQL {_spoken(mysql.OLDEST)}, and newer"
"""The servers of MySQL's protocol that aseq knows."""

# They have the protocol and the version of one that they take after, but not its locks.
_OTHERS = ("oceanbase", "tidb", "vitess")

COLLATIONS = frozenset({ON_MARIADB, ON_MYSQL})
"""Those that keep names apart, whatever differs."""

COLLATION = f"/*!80017 {ON_MYSQL} */ /*M! {ON_MARIADB} */"
"""Of names, where either server may be at the other end: each reads one of the comments."""


@lru_cache(maxsize=64)
def by_greeting(greeting: str) -> Dialect | None:
    """The dialect of a server of MySQL's protocol; None if it's too old, or another one.

    Args:
        greeting: its version as it greets, such as ``5.5.5-10.11.19-MariaDB-0+deb12u1``.
            (The first number is for old replicas, and says nothing.)
    """
    said = greeting.lower()
    found = re.match(r"(?:5\.5\.5-)?(\d+(?:\.\d+)*)", said)
    if found is None or any(other in said for other in _OTHERS):
        return None
    version = tuple(map(int, found[1].split(".")))
    if "mariadb" in said:
        return mariadb.mariadb(version) if version >= mariadb.OLDEST else None
    return mysql.MYSQL if version >= mysql.OLDEST else None
