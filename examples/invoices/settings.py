"""What differs from one installation to the next."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """The settings.

    Attributes:
        url: ``sqlite:///file`` or ``postgresql://user@host/database``.
        patience: seconds that a request waits for its number. Then aseq raises SequenceLocked.
        pooler: whether a PgBouncer older than 1.21 stands before PostgreSQL.
    """

    url: str = "sqlite:///invoices.db"
    patience: float = 10.0
    pooler: bool = False

    @classmethod
    def from_environment(cls) -> Settings:
        """From DATABASE_URL, and PGBOUNCER if it is set to anything."""
        url = os.environ.get("DATABASE_URL") or cls.url
        return cls(url, pooler=bool(os.environ.get("PGBOUNCER")))
