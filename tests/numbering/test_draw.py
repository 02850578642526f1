"""Drawing document numbers, on every kind of connection."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from aseq import (
    AsyncSequence,
    InvalidSequence,
    NotInTransaction,
    SequenceExhausted,
    SequenceTableMissing,
)
from aseq.numbering import DocumentNumber, Numbering
from tests.blocks import undone
from tests.clients import Client
from tests.database import Database
from tests.faults.aftermath import commit_anyway
from tests.numbering.midnight import now, this_year

MAY = dt.datetime(2026, 5, 31, 22, tzinfo=dt.UTC)


def invoices(name: str, **parameters: Any) -> Numbering:
    return Numbering(
        name,
        "INV-{entity}-{year}-{number:05}",
        scope=["tenant"],
        period="year",
        tz="Europe/Paris",
        **parameters,
    )


async def test_each_scope_and_period_has_its_own_numbers(database: Database, name: str) -> None:
    numbers, year = invoices(name), this_year("Europe/Paris")
    async with database.connect() as client, client.transaction():
        texts = [
            (await numbers.next(client.conn, tenant=tenant, entity=entity, at=at)).text
            for tenant, entity, at in (
                (1, "FR", None),
                (1, "FR", None),
                (2, "FR", None),
                (1, "DE", None),
                (1, "FR", dt.datetime(2019, 5, 1, tzinfo=dt.UTC)),
                (1, "FR", None),
            )
        ]

    assert texts == [
        f"INV-FR-{year}-00001",
        f"INV-FR-{year}-00002",
        f"INV-FR-{year}-00001",
        f"INV-DE-{year}-00001",
        "INV-FR-2019-00001",
        f"INV-FR-{year}-00003",
    ]
    assert database.last(f"{name}/entity=FR/tenant=1/{year}") == 3
    assert database.last(f"{name}/entity=FR/tenant=1/2019") == 1


async def test_a_number_comes_with_all_that_belongs_to_it(
    database: Database, name: str
) -> None:
    numbers = Numbering(
        name, "{a}/{year}{month}/{number}", scope=["b"], period="month", tz="Asia/Tokyo"
    )
    async with database.connect() as client, client.transaction():
        issued = await numbers.next(client.conn, a="x", b=7, at=MAY)

    assert issued == DocumentNumber(
        text="x/202606/1",
        number=1,
        at=MAY,
        period="2026-06",
        scope={"a": "x", "b": "7"},
        sequence=AsyncSequence(f"{name}/a=x/b=7/2026-06", queue=f"{name}/a=x/b=7"),
        tz=numbers.tz,  # type: ignore[arg-type]
    )
    assert issued.date == dt.date(2026, 6, 1)


async def test_without_at_the_databases_clock_is_told(database: Database, name: str) -> None:
    numbers = Numbering(name, "{year}-{number}", period="year", tz="UTC")
    async with database.connect() as client, client.transaction():
        before = now()
        first = await numbers.next(client.conn)
        between = now()
        second = await numbers.next(client.conn)
        after = now()

    assert first.at.tzinfo is dt.UTC
    millisecond = dt.timedelta(milliseconds=1)  # SQLite has no more
    assert before - millisecond <= first.at <= between
    assert between - millisecond <= second.at <= after
    assert first.at <= second.at
    assert first.text == f"{first.at.year}-1"


async def test_a_numbering_may_have_neither_scope_nor_period(
    database: Database, name: str
) -> None:
    numbers = Numbering(name, "{number:04}")
    async with database.connect() as client, client.transaction():
        issued = await numbers.next(client.conn)
        assert await AsyncSequence(name).next_value(client.conn) == 2
        again = await numbers.next(client.conn)

    assert (issued.text, again.text, again.period) == ("0001", "0003", None)


async def test_many_are_of_one_moment(database: Database, name: str) -> None:
    numbers = invoices(name, initial_value=10, step=10).bind(tenant=1, entity="FR")
    year = this_year("Europe/Paris")
    async with database.connect() as client, client.transaction():
        three = await numbers.next_many(client.conn, 3)
        two = await numbers.next_many(client.conn, 2, at=MAY)

    assert [number.number for number in three] == [10, 20, 30]
    assert len({number.at for number in three}) == 1
    assert {number.at for number in two} == {MAY}
    assert three[0].sequence.name.endswith(f"/{year}")


async def test_none_touch_nothing(database: Database, name: str) -> None:
    numbers = Numbering(name, "{number}")
    async with database.connect() as client:
        assert await numbers.next_many(client.conn, 0) == []  # not even a transaction

    assert database.last(name) is None


async def test_a_rollback_gives_the_number_back(database: Database, name: str) -> None:
    numbers = Numbering(name, "{year}-{number}", period="year", tz="UTC")
    async with database.connect() as client:
        async with client.transaction():
            assert (await numbers.next(client.conn)).number == 1
        async with undone(client.transaction()):
            assert (await numbers.next(client.conn)).number == 2
        async with client.transaction():
            assert (await numbers.next(client.conn)).number == 2


async def test_a_preview_draws_nothing(database: Database, name: str) -> None:
    numbers = Numbering(name, "{year}-{number}", period="year", tz="UTC", initial_value=5)
    year = this_year()
    async with database.connect() as client, client.transaction():
        assert (await numbers.preview(client.conn)).text == f"{year}-5"
        assert (await numbers.next(client.conn)).text == f"{year}-5"
        assert (await numbers.preview(client.conn)).text == f"{year}-6"
        assert (await numbers.preview(client.conn, at=MAY)).text in (
            f"{MAY.year}-5",
            f"{MAY.year}-6",
        )
        assert (await numbers.next(client.conn)).text == f"{year}-6"

    assert database.last(f"{name}/{year}") == 6


async def test_the_sequence_behind_it_is_the_same(database: Database, name: str) -> None:
    numbers = invoices(name).bind(tenant=1, entity="FR")
    async with database.connect() as client, client.transaction():
        assert await numbers.sequence().next_value(client.conn) == 1
        assert (await numbers.next(client.conn)).number == 2
        assert await numbers.sequence().advance_to(client.conn, 40) == 40
        assert (await numbers.next(client.conn)).number == 41
        assert await numbers.sequence(at=MAY).last_value(client.conn) in (41, None)


async def test_past_the_end(database: Database, name: str) -> None:
    numbers = Numbering(name, "{number}", initial_value=2**63 - 2)
    async with database.connect() as client, client.transaction():
        await numbers.next(client.conn)
        with pytest.raises(SequenceExhausted) as two:
            await numbers.next_many(client.conn, 2)
        await numbers.next(client.conn)
        for verb in (numbers.next, numbers.preview):
            with pytest.raises(SequenceExhausted) as one:
                await verb(client.conn)
        with pytest.raises(SequenceExhausted):
            await numbers.next(client.conn, at=MAY)

    assert (two.value.last, one.value.last) == (2**63 - 2, 2**63 - 1)
    assert database.last(name) == 2**63 - 1


async def test_outside_a_transaction_nothing_is_drawn(database: Database, name: str) -> None:
    """Refused, or else in a transaction that has begun by itself and nobody commits."""
    numbers = Numbering(name, "{number}")
    async with database.connect() as client:
        with suppress(NotInTransaction):
            await numbers.next(client.conn)

    assert database.last(name) is None


Draw = Callable[[Numbering, Any], Awaitable[object]]

DRAWS: dict[str, Draw] = {
    "next": lambda numbers, conn: numbers.next(conn),
    "nowait": lambda numbers, conn: numbers.next(conn, nowait=True),
    "at": lambda numbers, conn: numbers.next(conn, at=MAY),
    "many": lambda numbers, conn: numbers.next_many(conn, 2),
}


@pytest.mark.only(awaited=True)  # the twin in sync code is made anew, which is refused
async def test_what_cannot_be_printed_cannot_be_committed(
    database: Database, name: str
) -> None:
    """A check digit fails after the draw. The caller swallows that, and goes on."""
    broken = False

    def check(digits: str) -> str:
        if broken:
            raise RuntimeError("out of digits")
        return "7"

    numbers = Numbering(name, "{year}-{number}", period="year", tz="UTC", check=check)
    broken = True
    for verb, draw in DRAWS.items():
        async with database.connect() as client:

            async def swallowed(draw: Draw = draw, client: Client = client) -> None:
                with pytest.raises(InvalidSequence, match="out of digits") as caught:
                    await draw(numbers, client.conn)
                assert "made unusable" in caught.value.__notes__[0]

            await commit_anyway(client, verb, swallowed)

    assert [database.saved(f"{verb}-other") for verb in DRAWS] == [[]] * len(DRAWS)
    assert database.run(f"SELECT * FROM aseq_sequence WHERE name LIKE '{name}/%'") == []


async def test_where_there_is_no_table(database: Database, name: str) -> None:
    numbers = Numbering(name, "{number}", table="no_such_table")
    async with database.connect() as client:
        with pytest.raises(SequenceTableMissing):
            async with client.transaction():
                await numbers.next(client.conn)


async def test_every_name_and_text_comes_through(database: Database, name: str) -> None:
    values = ("it's", '"q"', "100 %", "%s {} {x} $1 :name ?", "請求書🧾", "a/b=c", "\\", "\n")
    numbers = Numbering(name, "{a} :a $1 %s ? {{}} {number}", scope=["b"])
    async with database.connect() as client, client.transaction():
        for value in values:
            a = value.replace(" :a", "")
            issued = await numbers.next(client.conn, a=a, b=value)
            assert issued.text == f"{a} :a $1 %s ? {{}} 1"
            assert numbers.parse(issued.text, b=value).sequence == issued.sequence


BEHIND = (
    "entity must not contain '-', which stands behind it in the pattern: with 'F-R', another "
    "scope could print the same text"
)
NAIVE = "at must have a time zone, or it could be several moments: 2026-01-01 00:00:00 has none"

# (keyword arguments, text of the error)
BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "entity is missing: pass it as entity=..."),
    ({"entity": "FR"}, "tenant is missing: pass it as tenant=..."),
    ({"entity": "FR", "tenant": ""}, "tenant must not be empty"),
    ({"entity": "F-R", "tenant": 1}, BEHIND),
    ({"entity": "FR", "tenant": 1, "at": dt.datetime(2026, 1, 1)}, NAIVE),
    (
        {"entity": "FR", "tenant": 1, "at": dt.date(2026, 1, 1)},
        "at must be a datetime with a time zone, not date",
    ),
]


@pytest.mark.parametrize(("given", "text"), BAD)
async def test_nothing_is_sent_of_what_cannot_be(given: dict[str, Any], text: str) -> None:
    numbers = invoices("invoices")

    for call in (
        lambda: numbers.next(object(), **given),  # type: ignore[arg-type]
        lambda: numbers.next_many(object(), 2, **given),  # type: ignore[arg-type]
        lambda: numbers.preview(object(), **given),  # type: ignore[arg-type]
    ):
        with pytest.raises(InvalidSequence) as caught:
            await call()
        assert str(caught.value) == text


async def test_a_batch_that_cannot_be() -> None:
    numbers = Numbering("invoices", "{number}")

    for count in (-1, True, 1.0, 2**63):
        with pytest.raises(InvalidSequence) as caught:
            await numbers.next_many(object(), count)  # type: ignore[arg-type]
        assert caught.value.argument == "count"


def test_the_sequence_of_a_numbering_that_is_not_bound() -> None:
    with pytest.raises(InvalidSequence) as caught:
        invoices("invoices").bind(tenant=1).sequence()

    assert str(caught.value) == "entity is missing: pass it as entity=..."
