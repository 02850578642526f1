"""Coming from another numbering: each scope's and period's counter is moved forward."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from aseq import InvalidSequence, UnsupportedConnection
from aseq.numbering import Numbering, TakenOver, Unread
from aseq.testing import MemoryExecutor
from tests.database import Database
from tests.numbering.midnight import now

CANNOT = "text '{}' can't be read: wanted "
PLAIN = Numbering("n", "{number:04}", scope=["tenant"])


def invoices(name: str, **parameters: Any) -> Numbering:
    return Numbering(
        name,
        "INV-{entity}-{year}-{number:05}",
        scope=["tenant"],
        period="year",
        tz="Europe/Paris",
        **parameters,
    )


async def test_each_counter_goes_behind_its_furthest_number(
    database: Database, name: str
) -> None:
    numbers = invoices(name)
    texts = [
        "INV-FR-2025-00007",
        "INV-FR-2025-00041",
        "INV-FR-2025-8",
        "INV-DE-2025-00003",
        "INV-FR-2026-00001",
        None,
        "RE-1",
        "INV-FR-2026-x",
    ]
    async with database.connect() as client, client.transaction():
        taken = await numbers.take_over(client.conn, texts, tenant=7)
        there = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)
        issued = await numbers.next(client.conn, entity="FR", tenant=7, at=there)

    assert taken == TakenOver(
        {
            f"{name}/entity=DE/tenant=7/2025": 3,
            f"{name}/entity=FR/tenant=7/2025": 41,
            f"{name}/entity=FR/tenant=7/2026": 1,
        },
        (
            Unread("RE-1", f"{CANNOT.format('RE-1')}'INV-' at character 1, found 'RE-1'"),
            Unread(
                "INV-FR-2026-x",
                f"{CANNOT.format('INV-FR-2026-x')}{{number}} at character 13, found 'x'",
            ),
        ),
    )
    assert issued.text == "INV-FR-2025-00042"


async def test_never_back(database: Database, name: str) -> None:
    numbers = Numbering(name, "{number:04}")
    async with database.connect() as client, client.transaction():
        first = await numbers.take_over(client.conn, ["0041"])
        again = await numbers.take_over(client.conn, ["0007", "0041"])
        assert (await numbers.next(client.conn)).text == "0042"
        later = await numbers.take_over(client.conn, ["0041"])
        assert (await numbers.next(client.conn)).text == "0043"

    assert [list(each.counters.values()) for each in (first, again, later)] == [
        [41],
        [41],
        [42],
    ]


async def test_downwards_the_furthest_is_the_lowest(database: Database, name: str) -> None:
    numbers = Numbering(name, "{number}", initial_value=100, step=-10)
    async with database.connect() as client, client.transaction():
        await numbers.take_over(client.conn, ["80", "60", "70"])
        assert (await numbers.next(client.conn)).number == 50


async def test_a_bound_numbering_takes_what_is_its_own(database: Database, name: str) -> None:
    numbers = invoices(name).bind(entity="FR", tenant=7)
    year = now().year
    async with database.connect() as client, client.transaction():
        taken = await numbers.take_over(
            client.conn, [f"INV-FR-{year}-00009", f"INV-DE-{year}-00099"]
        )
        assert (await numbers.next(client.conn)).number == 10

    [unread] = taken.unread
    assert unread.problem == f"text 'INV-DE-{year}-00099' is of entity 'DE', not 'FR'"


async def test_nothing_to_take_over(database: Database, name: str) -> None:
    numbers = Numbering(name, "{number}")
    async with database.connect() as client, client.transaction():
        assert await numbers.take_over(client.conn, [None]) == TakenOver({}, ())

    assert database.last(name) is None


# (scopes that are given, text of the error)
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "tenant is missing: pass it as tenant=..."),
    ({"tenant": ""}, "tenant must not be empty"),
    ({"tenant": 7, "entity": "FR"}, "entity is printed, so it is read from each text"),
    ({"tenant": 7, "branch": 1}, "branch is no scope of this numbering: it has entity, tenant"),
]


@pytest.mark.parametrize(("given", "text"), REFUSED)
async def test_refused_before_anything_is_sent(given: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidSequence) as caught:
        await invoices("n").take_over(object(), ["INV-FR-2026-1"], **given)  # type: ignore[arg-type]

    assert str(caught.value) == text


async def test_not_on_anything_but_a_connection() -> None:
    for texts in ([], ["0041"]):
        with pytest.raises(UnsupportedConnection):
            await PLAIN.take_over(object(), texts, tenant=1)  # type: ignore[arg-type]


async def test_what_is_no_text_is_told() -> None:
    conn = MemoryExecutor()
    async with conn.transaction():
        taken = await PLAIN.take_over(conn, [41], tenant=1)  # type: ignore[list-item]
    conn.close()

    assert taken.unread == (Unread(41, "text must be a str, not int"),)
