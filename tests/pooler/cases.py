"""The rows of the contract suite that make sense behind the pooler of the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tests import clients
from tests.cases import CASES, ONE_LOOP, Case
from tests.pooler.clients import OLD
from tests.pooler.server import prepares

NEVER_PREPARE = (clients.AatomicPostgres, clients.SyncSessionPsycopg2)
"""Of all that are set up as their libraries are by default."""


def pooled_cases() -> Sequence[Case]:
    """All that PostgreSQL has; what prepares no statements, where the pooler knows none."""
    rows = [replace(row, backends=ONE_LOOP) for row in CASES if row.dialect == "postgresql"]
    if prepares():
        return rows
    as_they_come = [row for row in rows if row.client in NEVER_PREPARE]
    return [*(Case(kind, "postgresql", ONE_LOOP) for kind in OLD), *as_they_come]
