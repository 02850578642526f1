"""What MySQL doesn't have yet is refused in plain words, before anything is sent."""

from __future__ import annotations

import pytest

from aseq import AsyncSequence, AuditRefused
from aseq.audit import audit
from tests.database import Database

pytestmark = pytest.mark.only(dialect="mysql")


async def test_what_to_do_instead_is_said(database: Database, name: str) -> None:
    numbers = AsyncSequence(name)
    async with database.connect() as client, client.transaction():
        with pytest.raises(AuditRefused, match="audits are for"):
            await audit(client.conn, "saved.number", numbers)
        assert await numbers.next_value(client.conn) == 1
        await client.save(name, 1)

    assert database.saved(name) == [1]
