"""Each planted mistake is found, and nothing else, on every kind of connection."""

from __future__ import annotations

from contextlib import nullcontext
from random import Random
from typing import Any

import pytest

from aseq import AuditRefused
from tests import clients
from tests.clients import Client
from tests.database import Database

from .oracle import expected, told, totals
from .plant import planted
from .tables import audited, create, refuses

SEEDS = range(6)


def around(client: Client, dialect: str) -> Any:
    """The caller's own transaction, where that doesn't keep others from writing."""
    inside = dialect == "postgresql" or isinstance(client, clients.AatomicPostgres)
    return client.transaction() if inside else nullcontext()


@pytest.mark.parametrize("seed", SEEDS)
async def test_what_was_planted_is_found(database: Database, name: str, seed: int) -> None:
    dialect = database.case.dialect
    table = name.replace("-", "_")
    here = planted(Random(f"{seed} {database.case.id}"), texts=dialect == "sqlite")
    create(database, table, name, here)
    wanted = expected(here.documents, here.counter, here.first, here.step)

    async with database.connect() as client, around(client, dialect):
        if refuses(client):
            with pytest.raises(AuditRefused, match=r"nobody else can write|begin_immediate"):
                await audited(client, table, name, here)
            return
        result = await audited(client, table, name, here)

    [series] = result.series
    assert told(series) == wanted, result
    assert {k: getattr(series.totals, k) for k in totals(wanted)} == totals(wanted)
    assert not series.truncated
    assert result.drafts == sum(d.number is None for d in here.documents)
    assert result.ok == wanted.ok
