"""The ledger on MySQL: what MariaDB refuses by itself."""

from __future__ import annotations

import pytest

from aseq import AsyncSequence, LedgerConflict
from aseq.ledger import Ledger
from tests import clients
from tests.database import Database

pytestmark = pytest.mark.only(client=clients.Asyncmy, dialect="mysql")


async def test_keys_that_the_session_garbles(
    database: Database, ledger: Ledger, name: str
) -> None:
    """The driver speaks utf8mb4, and the server was told that it doesn't."""
    seq, keys = AsyncSequence(name), ["\N{PARTY POPPER}", "a"]
    async with database.connect() as client:
        await client.execute("SET NAMES utf8mb3")
        async with client.transaction():
            first = await ledger.issue_many(client.conn, seq, keys=keys)
        with pytest.raises(LedgerConflict) as caught:
            async with client.transaction():
                await ledger.issue_many(client.conn, seq, keys=keys)
    assert first == {keys[0]: 1, "a": 2}
    assert str(caught.value) == (
        f"the ledger contradicts sequence {name!r}: the database gives keys back as other "
        "texts than it got, so none is found again: the session's character set isn't the "
        "driver's. Leave SET NAMES to the driver"
    )
    async with database.connect() as client, client.transaction():
        assert await seq.next_value(client.conn) == 3
