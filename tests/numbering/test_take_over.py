"""Coming from another numbering: each scope's and period's counter is moved forward."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from aseq import InvalidSequence, UnsupportedConnection
from aseq.numbering import Numbering, TakenOver, Unread
from aseq.testing import MemoryExecutor
from tests.database import Database
from tests.numbering.midnight import this_year

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
    year = this_year("Europe/Paris")
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
        taken = await PLAIN.take_over(conn, [41], tenant=1)
    conn.close()

    assert taken.unread == (Unread(41, "text must be a str, not int"),)


async def test_a_column_is_read_with_its_scopes(database: Database, name: str) -> None:
    numbers, table = invoices(name), f"t_{name.replace('-', '_')}"
    quote = "`" if database.case.dialect in ("mariadb", "mysql") else '"'
    odd = f"{quote}the number: %s{quote}"
    database.run(f"CREATE TABLE {table} ({odd} varchar(40), tenant varchar(40))")
    rows = [
        ("INV-FR-2025-00041", "a.b"),
        ("INV-FR-2025-00007", "a.b"),
        ("INV-FR-2025-00003", "c"),
        ("INV-FR-2025-00099", None),
        (None, "c"),
        ("?", "c"),
    ]
    for text, tenant in rows:
        values = ", ".join("NULL" if v is None else f"'{v}'" for v in (text, tenant))
        database.run(f"INSERT INTO {table} VALUES ({values})")

    column = f"{table}.the number: %s"
    async with database.connect() as client, client.transaction():
        taken = await numbers.take_over(client.conn, column, tenant=f"{table}.tenant")
        one = await numbers.bind(tenant="d").take_over(client.conn, column)
        other = await numbers.take_over(client.conn, column, tenant="e")

    assert taken.counters == {
        f"{name}/entity=FR/tenant=a.b/2025": 41,
        f"{name}/entity=FR/tenant=c/2025": 3,
    }
    assert taken.unread == (
        Unread("INV-FR-2025-00099", "tenant is NULL in its row"),
        Unread("?", f"{CANNOT.format('?')}'INV-' at character 1, found '?'"),
    )
    assert one.counters == {f"{name}/entity=FR/tenant=d/2025": 99}
    assert other.counters == {f"{name}/entity=FR/tenant=e/2025": 99}


async def test_a_column_of_integers(database: Database, name: str) -> None:
    table = f"t_{name.replace('-', '_')}"
    database.run(f"CREATE TABLE {table} (number bigint)")
    database.run(f"INSERT INTO {table} VALUES (41), (NULL), (7)")
    numbers = Numbering(name, "{number:04}")
    async with database.connect() as client, client.transaction():
        await numbers.take_over(client.conn, f"{table}.number")
        assert (await numbers.next(client.conn)).text == "0042"


class Base(DeclarativeBase):
    pass


class Invoice(Base):
    __tablename__ = "invoices_of_a_model"

    number: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[int]


async def test_columns_of_a_model() -> None:
    conn = MemoryExecutor()
    numbers = Numbering("n", "{number:04}", scope=["tenant"])
    async with conn.transaction():
        await conn.fetch("CREATE TABLE invoices_of_a_model (number text, tenant_id int)", ())
        await conn.fetch("INSERT INTO invoices_of_a_model VALUES ('0041', 7), ('0003', 8)", ())
        taken = await numbers.take_over(conn, Invoice.number, tenant=Invoice.tenant_id)
        pair = await numbers.take_over(conn, (Invoice, "number"), tenant=(Invoice, "tenant_id"))
    conn.close()

    assert taken == pair == TakenOver({"n/tenant=7": 41, "n/tenant=8": 3}, ())


SHAPES = (
    'must be a column of a model (Invoice.number), a model and a name (Invoice, "number"), or '
    'a text "table.column", not '
)

NONE = "branch is no scope of this numbering: it has tenant"
ELSEWHERE = "tenant must be a column of t, not invoices_of_a_model.tenant_id"

# (source, scopes, text of the error)
NO_SOURCES: list[tuple[Any, dict[str, Any], str]] = [
    ("0041", {"tenant": 1}, f"column {SHAPES}'0041'"),
    (None, {"tenant": 1}, f"column {SHAPES}None"),
    (7, {"tenant": 1}, f"column {SHAPES}7"),
    ("t.number", {}, "tenant is missing: pass it as tenant=..."),
    ("t.number", {"tenant": ""}, "tenant must not be empty"),
    ("t.number", {"tenant": 1, "branch": "t.b"}, NONE),
    ("t.number", {"tenant": Invoice.tenant_id}, ELSEWHERE),
    ("t.number", {"tenant": None}, f"tenant {SHAPES}None"),
]


@pytest.mark.parametrize(("source", "scopes", "text"), NO_SOURCES)
async def test_what_is_no_source(source: Any, scopes: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidSequence) as caught:
        await PLAIN.take_over(object(), source, **scopes)  # type: ignore[arg-type]

    assert str(caught.value) == text
