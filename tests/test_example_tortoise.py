"""The example with Tortoise: its numbers, and the order of commit and response."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tortoise.backends.base.executor import EXECUTOR_CACHE

from aseq.testing import assert_gapless
from examples.tortoise_invoices.app import CREDIT_LIMIT, create_app
from tests.invoices import Witness, committed, empty_database, serving

FINE = {"customer": "Ada", "cents": 1}
TOO_MUCH = {"customer": "Bob", "cents": CREDIT_LIMIT + 1}


class Urls(NamedTuple):
    """One database: as Tortoise names it, and as the tests do."""

    tortoises: str
    ours: str


@pytest.fixture(autouse=True)
def _another_database() -> None:
    """Tortoise remembers texts by the names of connection and table, not by the dialect."""
    EXECUTOR_CACHE.clear()


@pytest.fixture(params=["sqlite", "asyncpg", "psycopg"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Urls]:
    if request.param == "sqlite":
        path = tmp_path / "invoices.db"
        yield Urls(f"sqlite://{path}", f"sqlite:///{path}")
        return
    with empty_database(request.getfixturevalue("postgres")) as url:
        yield Urls(url.replace("postgresql:", f"{request.param}:"), url)


async def test_refused_orders_leave_no_gap(urls: Urls) -> None:
    orders = [TOO_MUCH if i % 3 == 1 else FINE for i in range(40)]
    async with serving(create_app(urls.tortoises)) as client:
        posts = (client.post("/invoices", json=order) for order in orders)
        responses = await asyncio.gather(*posts)
    assert [r.status_code for r in responses] == [
        201 if order is FINE else 409 for order in orders
    ]
    issued = [r.json()["number"] for r in responses if r.status_code == 201]
    assert sorted(issued) == committed(urls.ours)
    assert len(issued) == 27
    assert_gapless(issued)


async def test_committed_before_the_response(urls: Urls) -> None:
    app = create_app(urls.tortoises)
    witness = Witness(app, urls.ours)
    async with serving(app, witness) as client:
        for order in FINE, TOO_MUCH, FINE:
            await client.post("/invoices", json=order)

    assert witness.saw == [(201, [1]), (409, [1]), (201, [1, 2])]


async def test_invoices_are_listed(urls: Urls) -> None:
    async with serving(create_app(urls.tortoises)) as client:
        for _ in range(2):
            await client.post("/invoices", json=FINE)
        invoices = (await client.get("/invoices")).json()

    assert invoices == [FINE | {"number": 2}, FINE | {"number": 1}]
