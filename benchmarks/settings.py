"""How long a run takes: the numbers of clients, the rounds, the seconds of a round."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

Database = Literal["postgresql", "sqlite", "mariadb", "mysql"]


def databases() -> list[Database]:
    """What is measured on: MySQL if its programs are named."""
    always: list[Database] = ["postgresql", "sqlite", "mariadb"]
    return [*always, "mysql"] if "ASEQ_TEST_MYSQL_BIN" in os.environ else always


@dataclass(frozen=True)
class Settings:
    """One run.

    Attributes:
        clients: how many at once, where the number of clients is what's looked at.
        callers: how many wait for an issuer at once.
        processes: how many have an issuer, in the end.
        rows: how many are numbered by one call.
        audited: how many rows an audit looks at.
        few: how many at once, for long transactions, and on MariaDB and MySQL.
        rounds: how often each peer has its turn; the median counts.
        seconds: how long a turn of 16 clients is; see `Group.length`.
        draws: how many in a turn whose CPU time is taken.
        imports: how often each is taken the time of; the median counts.
    """

    clients: tuple[int, ...] = (1, 4, 16, 64, 128)
    callers: tuple[int, ...] = (1, 16, 64, 512)
    processes: int = 4
    rows: int = 100_000
    audited: int = 1_000_000
    few: tuple[int, ...] = (1, 16, 64)
    rounds: int = 5
    seconds: float = 0.6
    draws: int = 100
    imports: int = 3

    @property
    def connections(self) -> int:
        """What the server must let in: four drivers keep theirs open side by side."""
        return 4 * max(self.clients) + 50


QUICK = Settings(
    clients=(1, 4, 16),
    callers=(1, 16),
    processes=2,
    rows=1_000,
    audited=10_000,
    few=(1, 16),
    rounds=3,
    seconds=0.3,
    draws=20,
    imports=1,
)
