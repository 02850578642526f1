"""On MariaDB and MySQL: what a session may have set, and everything works."""

from __future__ import annotations

import pytest

from aseq import AsyncSequence, allocate
from aseq.issuing import number_rows
from aseq.ledger import Ledger
from aseq.numbering import Numbering
from tests import clients
from tests.database import Database

from .drafts import Drafts, connected, of

pytestmark = pytest.mark.only(dialect={"mariadb", "mysql"}, client=clients.Asyncmy)

SESSIONS = [
    "collation_connection = utf8mb4_bin",
    "sql_safe_updates = 1",
    "sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT'",
]


@pytest.mark.parametrize("session", SESSIONS)
async def test_sessions(database: Database, name: str, session: str) -> None:
    """An older MariaDB takes some of it in any case, a newer one not."""
    drafts, numbers = Drafts(database, name), AsyncSequence(name)
    dated = Numbering(f"{name}-dated", "{year}-{number}", period="year", tz="UTC")
    ledger = Ledger(f"{drafts.table}_l")
    drafts.count(2)
    async with connected(database) as client:
        await ledger.create_table(client.conn)
        await client.execute(f"SET SESSION {session}")
        async with client.transaction():
            done = await number_rows(
                client.conn, numbers, of(drafts.table), key="id", ledger=ledger
            )
            assert await ledger.issue(client.conn, numbers, key="it's \\") == 3
            assert await ledger.issue_many(client.conn, numbers, keys=["b", "a"]) == {
                "b": 4,
                "a": 5,
            }
            assert (await dated.next(client.conn)).number == 1
            assert await allocate(client.conn, {numbers: 1, dated: 2})
        async with client.transaction():
            assert await ledger.issue(client.conn, numbers, key="it's \\") == 3
            assert await ledger.void(client.conn, 3, of=numbers, reason="why")
        await ledger.drop_table(client.conn)

    assert (done.count, drafts.column(), database.last(name)) == (2, [1, 2], 6)
