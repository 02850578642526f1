"""On each kind of connection to MariaDB and MySQL: the ledger, told in one test each."""

from __future__ import annotations

import pytest

from aseq import AsyncSequence
from aseq.ledger import Ledger
from tests.database import Database
from tests.ledger.series import rows

pytestmark = pytest.mark.only(dialect=("mariadb", "mysql"))

ALIKE = ["inv", "Inv", "inv ", "\u00ednv", "i\u0301nv", "\U0001f600", "\\'%s:x", "\u200b"]
"""Keys that some collation takes for the same, or for none, or a driver for something else."""


async def test_all_verbs(database: Database, ledger: Ledger, name: str) -> None:
    seq = AsyncSequence(name)
    async with database.connect() as client:
        async with client.transaction():
            drawn = [await ledger.issue(client.conn, seq, key=key) for key in ALIKE]
            assert await ledger.issue(client.conn, seq) == len(ALIKE) + 1
        async with client.transaction():
            again = await ledger.issue_many(client.conn, seq, keys=[*ALIKE[::-1], "new"])
            assert [await ledger.issue(client.conn, seq, key=key) for key in ALIKE] == drawn
            assert await ledger.void(client.conn, 2, of=seq, reason="ü")
    assert drawn == list(range(1, len(ALIKE) + 1))
    assert again == dict(zip(ALIKE, drawn, strict=True)) | {"new": len(ALIKE) + 2}
    keys = [key for (key,) in rows(database, ledger, name, "document_key")]
    assert keys == [*ALIKE, None, "new"]


async def test_what_came_after_the_snapshot(
    database: Database, ledger: Ledger, name: str
) -> None:
    """It is drawn for all the same; that is given back, and the transaction goes on."""
    seq = AsyncSequence(name)
    async with database.connect() as one, database.connect() as other:
        async with other.transaction():
            await other.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        async with one.transaction():
            await ledger.issue(one.conn, seq)
        async with other.transaction():
            await other.scalar("SELECT COUNT(*) FROM aseq_ledger")
            async with one.transaction():
                assert await ledger.issue(one.conn, seq, key="a") == 2
            assert await ledger.issue(other.conn, seq, key="a") == 2
            assert await ledger.issue_many(other.conn, seq, keys=["b", "a"]) == {"b": 3, "a": 2}
            await other.save(name, 3)
    assert database.saved(name) == [3]
    assert database.last(name) == 3
    assert len(rows(database, ledger, name, "number")) == 3
