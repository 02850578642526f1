"""`create_table` where the table exists: nothing is done, and no right to create is needed."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

import pytest

from aseq import AsyncSequence, SequenceTableMissing, create_table
from tests.clients import AsyncBackend, Client
from tests.database import Database


@pytest.fixture
async def client(database: Database) -> AsyncIterator[Client]:
    async with database.connect() as client:
        yield client


@pytest.mark.only(dialect="postgresql")
async def test_as_a_role_that_may_not_create(
    client: Client, database: Database, name: str
) -> None:
    role = f"app_{secrets.token_hex(4)}"
    database.run(f"CREATE ROLE {role}")
    database.run(f"GRANT SELECT, INSERT, UPDATE ON aseq_sequence TO {role}")
    try:
        async with client.transaction():
            await client.execute(f"SET LOCAL ROLE {role}")
            await create_table(client.conn)
            assert await AsyncSequence(name).next_value(client.conn) == 1
    finally:
        database.run(f"DROP OWNED BY {role}")
        database.run(f"DROP ROLE {role}")


@pytest.mark.only(dialect="postgresql")
async def test_where_another_schema_of_the_search_path_has_it(
    client: Client, database: Database, name: str
) -> None:
    """A tenant's own table is created, not that of the schema behind used in its place."""
    schema = f"tenant_{secrets.token_hex(4)}"
    database.run(f"CREATE SCHEMA {schema}")
    try:
        async with client.transaction():
            await client.execute(f"SET LOCAL search_path = {schema}, public")
            for _ in range(2):
                await create_table(client.conn)
            await AsyncSequence(name).next_value(client.conn)
        assert database.last(name, f"{schema}.aseq_sequence") == 1
        async with client.transaction():
            for _ in range(2):
                await create_table(client.conn, f"{schema}.another")
        assert database.last(name, f"{schema}.another") is None
    finally:
        database.run(f"DROP SCHEMA {schema} CASCADE")


async def test_again_and_again(client: Client, name: str) -> None:
    if isinstance(client, AsyncBackend):
        pytest.skip("its table is its migration's")
    table = f"t_{secrets.token_hex(4)}"
    async with client.transaction():
        for _ in range(3):
            await create_table(client.conn, table)  # MariaDB commits that at once
    async with client.transaction():
        assert await AsyncSequence(name, table=table).next_value(client.conn) == 1
    with pytest.raises(SequenceTableMissing):
        async with client.transaction():
            await AsyncSequence(name, table=f"{table}_not").next_value(client.conn)
