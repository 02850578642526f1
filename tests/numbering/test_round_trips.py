"""As a plain draw: one statement and one round trip, except at the turn of a period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable

import pytest

from aseq import AsyncSequence, allocate
from aseq.numbering import Numbering
from tests.database import Database
from tests.numbering.midnight import clock_off
from tests.wire import WARM, wired

pytestmark = pytest.mark.only(dialect="postgresql")

MAY = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)

BESIDE = AsyncSequence("round-trips-beside")
Verb = Callable[[Numbering, object], Awaitable[object]]

VERBS: dict[str, Verb] = {
    "next": lambda numbers, conn: numbers.next(conn),  # type: ignore[arg-type]
    "next nowait": lambda numbers, conn: numbers.next(conn, nowait=True),  # type: ignore[arg-type]
    "next at": lambda numbers, conn: numbers.next(conn, at=MAY),  # type: ignore[arg-type]
    "next_many": lambda numbers, conn: numbers.next_many(conn, 3),  # type: ignore[arg-type]
    "allocate": lambda numbers, conn: allocate(conn, {numbers: 1, BESIDE: 1}),  # type: ignore[call-overload]
    "preview": lambda numbers, conn: numbers.preview(conn),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("fair", [True, False])
async def test_one_statement_and_one_round_trip(
    database: Database, name: str, fair: bool
) -> None:
    async with wired(database) as (client, wire):
        for verb, play in VERBS.items():
            numbers = Numbering(
                f"{name}-{verb}", "{year}-{number}", period="year", tz="UTC", fair=fair
            )
            async with client.transaction():
                for _ in range(WARM):
                    await play(numbers, client.conn)
                wire.forget()
                for number in range(1, 4):
                    await play(numbers, client.conn)
                    assert (wire.statements, wire.round_trips) == (number, number), verb


@pytest.mark.parametrize("verb", ["next", "next nowait", "next_many"])
async def test_one_more_at_the_turn(database: Database, name: str, verb: str) -> None:
    """As if the year had ended while the caller waited: the guess is of the day before."""
    numbers = Numbering(name, "{year}{month}{day}-{number}", period="day", tz="UTC")
    play = VERBS[verb]
    async with wired(database) as (client, wire), client.transaction():
        for _ in range(WARM):
            await play(numbers, client.conn)
        with clock_off(-dt.timedelta(days=1)):
            for expected in (2, 1):  # the second time, the machine's error is known
                wire.forget()
                await play(numbers, client.conn)

                assert (wire.statements, wire.round_trips) == (expected, expected)
