"""One round trip per number: what really goes over the wire to PostgreSQL is counted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from aseq import AsyncSequence
from tests.database import Database
from tests.wire import WARM, wired

pytestmark = pytest.mark.only(dialect="postgresql")

Verb = Callable[[AsyncSequence, Any], Awaitable[object]]

VERBS: dict[str, tuple[Verb, int | None]] = {
    "next_value": (lambda seq, conn: seq.next_value(conn), None),
    "next_values": (lambda seq, conn: seq.next_values(conn, 3), None),
    "looping": (lambda seq, conn: seq.next_value(conn), 4),
    "looping batch": (lambda seq, conn: seq.next_values(conn, 3), 5),
    "nowait": (lambda seq, conn: seq.next_value(conn, nowait=True), None),
    "nowait batch": (lambda seq, conn: seq.next_values(conn, 3, nowait=True), 5),
    "advance_to": (lambda seq, conn: seq.advance_to(conn, 1), None),
    "last_value": (lambda seq, conn: seq.last_value(conn), None),
}


@pytest.mark.parametrize("fair", [True, False])
async def test_one_statement_and_one_round_trip(
    database: Database, name: str, fair: bool
) -> None:
    async with wired(database) as (client, wire):
        for verb, (play, reset) in VERBS.items():
            seq = AsyncSequence(f"{name}-{verb}", 1, reset, fair=fair)
            async with client.transaction():
                for _ in range(WARM):
                    await play(seq, client.conn)
                wire.forget()
                for number in range(1, 4):
                    await play(seq, client.conn)
                    assert (wire.statements, wire.round_trips) == (number, number), verb


async def test_the_first_number_needs_no_more_than_the_driver_does(
    database: Database, name: str
) -> None:
    """The same as for any statement that the driver sees for the first time."""
    async with wired(database) as (client, wire), client.transaction():
        await client.execute("SELECT 1")
        wire.forget()
        await client.scalar("SELECT last FROM aseq_sequence UNION ALL SELECT 1 LIMIT 1")
        usual = wire.statements, wire.round_trips
        wire.forget()
        await AsyncSequence(name).next_value(client.conn)

        assert (wire.statements, wire.round_trips) == usual


async def test_deleting_queues_first(database: Database, name: str) -> None:
    for fair, expected in ((True, 2), (False, 1)):
        seq = AsyncSequence(name, fair=fair)
        async with wired(database) as (client, wire), client.transaction():
            for _ in range(WARM):
                await seq.delete(client.conn)
            wire.forget()
            await seq.delete(client.conn)

            assert (wire.statements, wire.round_trips) == (expected, expected)
