"""Whether SQLite took a statement, and whether it refused it: what no error tells."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from aseq._core.failure import chain
from aseq._core.statement import Bind


class Telling(str):
    """A text that tells when SQLite takes it: last, and in the connection's thread.

    sqlite3 asks every parameter whose class isn't exactly one of its own to adapt itself,
    after it has begun a transaction and before the statement runs.
    (https://docs.python.org/3/library/sqlite3.html#sqlite3-conform)
    """

    tell: Callable[[], None]

    @classmethod
    def of(cls, arg: Bind, tell: Callable[[], None]) -> Bind:
        """The same parameter, if it is a text as one that tells."""
        if not isinstance(arg, str):
            return arg
        bound = cls(arg)
        bound.tell = tell
        return bound

    def __conform__(self, _: object) -> str:
        self.tell()
        return str.__str__(self)


def was_refused(exc: BaseException, changes: int, raw: sqlite3.Connection) -> bool:
    """Whether SQLite said that nothing was drawn.

    That nothing has changed isn't enough: it counts a statement's changes at its end, and
    they are made before its first row is there.
    """
    said = any(hasattr(item, "sqlite_errorcode") for item in chain(exc))
    try:
        return said and raw.total_changes == changes
    except sqlite3.ProgrammingError:  # closed
        return False
