"""What a hook is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Outcome: TypeAlias = Literal["drawn", "locked", "lost", "failed"]
"""How a call ended.

* ``"drawn"``: the caller has the numbers. (They are saved once the transaction commits.)
* ``"locked"``: another transaction held the sequence, and the wait was over.
* ``"lost"``: a number may have been drawn that nobody got, so the transaction was made
  unusable: the call was cancelled, in most cases.
* ``"failed"``: with any other error. Nothing was drawn.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawDetails:
    """The facts about one call that draws numbers.

    Attributes:
        sequences: the names of the sequences and numberings; of a numbering, not the
            counter of one scope and period. At least one, and several of `allocate`.
        connection: whose connection it is: "asyncpg", "psycopg", "sqlalchemy", "aiosqlite",
            "sqlite3", "aiomysql", "asyncmy", "tortoise", "django", or what an executor of your
            own says.
        dialect: "postgresql", "mariadb" or "sqlite".
        outcome: how the call ended; None as long as it hasn't.
        count: how many numbers were drawn; 0 unless they were.
        waited: seconds that it waited for locks, measured by the server; None if nobody
            knows. (SQLite and MariaDB don't tell. Of a call that ended "locked", it is the
            time that the whole call took.)
        duration: seconds that the whole call took.
        error: what the caller gets instead of numbers.
    """

    sequences: tuple[str, ...]
    connection: str
    dialect: str
    outcome: Outcome | None = None
    count: int = 0
    waited: float | None = None
    duration: float = 0.0
    error: BaseException | None = None
