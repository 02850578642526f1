"""A row that aseq didn't write: said as it is, and nothing of the transaction is kept."""

from __future__ import annotations

import pytest

from aseq import AsyncSequence, SequenceCorrupted
from tests.database import Database
from tests.faults.aftermath import commit_anyway

NULL = "its last value is NULL, not an integer"
BARRED = "a draw changed nothing, and {}"

# A BEFORE trigger that drops what it was called for.
_FUNCTION = "CREATE FUNCTION {table}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"
_TRIGGER = "CREATE TRIGGER barred BEFORE {event} ON {table} "
_BARRED = {
    "postgresql": (
        _FUNCTION.replace("{body}", "BEGIN RETURN NULL; END"),
        _TRIGGER + "FOR EACH ROW EXECUTE FUNCTION {table}()",
    ),
    "sqlite": (_TRIGGER + "BEGIN SELECT RAISE(IGNORE); END",),
}


@pytest.fixture
def table(database: Database, name: str) -> str:
    """A table of sequences that somebody made without its constraints."""
    table = name.replace("-", "_")
    database.run(f"CREATE TABLE {table} (name varchar(100) PRIMARY KEY, last bigint)")
    return table


async def swallowed(database: Database, seq: AsyncSequence) -> SequenceCorrupted:
    """The error of a draw, after which the caller goes on as if nothing had happened."""
    async with database.connect() as client:

        async def draw() -> None:
            with pytest.raises(SequenceCorrupted) as caught:
                await seq.next_value(client.conn)
            errors.append(caught.value)

        errors: list[SequenceCorrupted] = []
        await commit_anyway(client, seq.name, draw)
    return errors[0]


@pytest.mark.parametrize("reset", [None, 3])
async def test_a_last_value_of_null(
    database: Database, name: str, table: str, reset: int | None
) -> None:
    database.run(f"INSERT INTO {table} VALUES ('{name}', NULL)")
    seq = AsyncSequence(name, 1, reset, table=table)
    assert (await swallowed(database, seq)).args == (name, NULL)
    assert database.saved(f"{name}-other") == []
    assert database.run(f"SELECT last FROM {table}") == [(None,)]


@pytest.mark.only(dialect={"postgresql", "sqlite"})  # on MariaDB no trigger can drop it
@pytest.mark.parametrize(
    ("event", "found"), [("INSERT", "it has no row"), ("UPDATE", "its last value is 7")]
)
@pytest.mark.parametrize("fair", [True, False])
async def test_a_trigger_that_drops_the_draw(
    database: Database, name: str, table: str, event: str, found: str, fair: bool
) -> None:
    if event == "UPDATE":
        database.run(f"INSERT INTO {table} VALUES ('{name}', 7)")
    for sql in _BARRED[database.case.dialect]:
        database.run(sql.format(event=event, table=table))
    seq = AsyncSequence(name, table=table, fair=fair)
    assert (await swallowed(database, seq)).args == (name, BARRED.format(found))
    assert database.saved(f"{name}-other") == []
