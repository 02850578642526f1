"""What tests of the ledger issue, and what the ledger has then."""

from __future__ import annotations

import datetime as dt
from typing import Any

from aseq.ledger import Ledger
from aseq.numbering import Numbering
from tests.database import Database

JUNE = dt.datetime(2026, 6, 1, 12, 30, 15, 123456, tzinfo=dt.UTC)
NEXT_JUNE = JUNE.replace(year=2027)


def yearly(name: str, pattern: str = "INV-{year}-{number:05}", **parameters: Any) -> Numbering:
    return Numbering(name, pattern, period="year", tz="Europe/Paris", **parameters)


def rows(database: Database, ledger: Ledger, name: str, columns: str) -> list[tuple[Any, ...]]:
    return database.run(
        f"SELECT {columns} FROM {ledger.table} WHERE series LIKE '{name}%' "
        "ORDER BY sequence, number"
    )
