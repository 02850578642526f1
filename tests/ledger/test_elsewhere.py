"""Where there is no ledger, that is said before anything is sent."""

from __future__ import annotations

import pytest

from aseq import AsyncSequence, InvalidSequence, UnsupportedConnection
from aseq.issuing import number_rows
from aseq.ledger import Ledger
from tests import clients
from tests.database import Database


@pytest.mark.only(client=clients.Asyncmy, dialect="mariadb")
async def test_not_on_mariadb(database: Database, name: str) -> None:
    async with database.connect() as client, client.transaction():
        with pytest.raises(UnsupportedConnection, match="a ledger is on PostgreSQL or SQLite"):
            await Ledger().issue(client.conn, AsyncSequence(name))
        with pytest.raises(UnsupportedConnection, match="a ledger is on PostgreSQL or SQLite"):
            await Ledger().issue_many(client.conn, AsyncSequence(name), keys=["a"])
        with pytest.raises(UnsupportedConnection, match="a ledger is on PostgreSQL or SQLite"):
            await number_rows(
                client.conn, AsyncSequence(name), "nowhere.n", key="id", ledger=Ledger()
            )
        with pytest.raises(InvalidSequence, match="dialect must be 'postgresql' or 'sqlite'"):
            await Ledger().create_table(client.conn)
