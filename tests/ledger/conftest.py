"""A ledger in the database of the test."""

from __future__ import annotations

import secrets

import pytest

from aseq.ledger import Ledger, create_ledger_sql
from tests.database import Database


@pytest.fixture
def ledger(database: Database) -> Ledger:
    """The ledger that other tests use, too: sequences are told apart by their names."""
    database.run(create_ledger_sql(database.case.dialect))
    return Ledger()


@pytest.fixture
def own_ledger(database: Database) -> Ledger:
    """A ledger of the test's own."""
    ledger = Ledger(f"ledger_{secrets.token_hex(4)}")
    database.run(create_ledger_sql(database.case.dialect, ledger.table))
    return ledger
