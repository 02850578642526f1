"""A storm of orders on the application, and what is in the database after it.

About a third of the orders are refused, after they have taken a number. Each invoice also
has what people use instead: on PostgreSQL the identity column of its row; on SQLite a counter
kept in a transaction of its own. (SQLite gives its own AUTOINCREMENT back on rollback.)
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from .app import create_app
from .db import make_reader
from .issue import CREDIT_LIMIT
from .migrate import upgrade
from .models import Invoice
from .numbers import invoice_numbers
from .settings import Settings

ORDERS = 200
TENANT = "demo"
Advance = Callable[[], object]


@dataclass(frozen=True)
class Outcome:
    """What came of a storm.

    Attributes:
        statuses: how many responses there were of each HTTP status.
        answered: the numbers in the responses.
        numbers: the invoice numbers in the database.
        rivals: for the same invoices, what people use instead.
        report: what the auditor found wrong; empty if nothing.
    """

    statuses: Counter[int]
    answered: list[int]
    numbers: list[int]
    rivals: list[int]
    report: str = ""


def orders(count: int = ORDERS) -> list[dict[str, Any]]:
    """Orders in a random, but always the same, order: a third can't be paid."""
    amounts = [CREDIT_LIMIT + 1 if i % 3 == 2 else 5_00 for i in range(count)]
    random.Random(1).shuffle(amounts)
    return [{"customer": f"customer {i % 40}", "cents": c} for i, c in enumerate(amounts)]


async def storm(settings: Settings, advance: Advance) -> Outcome:
    """Send all orders at once to an application on an empty database."""
    await asyncio.to_thread(upgrade, settings)
    app = create_app(settings)
    async with app.router.lifespan_context(app), _client(app) as client:
        engine = app.state.engine
        await _create_counter(engine)

        async def send(order: dict[str, Any]) -> tuple[int, httpx.Response]:
            counted = await _count(engine)
            response = await client.post("/invoices", json=order)
            advance()
            return counted, response

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(send(order)) for order in orders()]
        audited = (await client.get("/audit")).json()
    sent = [task.result() for task in tasks]
    counted = [count for count, response in sent if response.status_code == 201]
    report = "" if audited["ok"] else audited["report"]
    return await _outcome(settings, [response for _, response in sent], counted, report)


def _client(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url=f"http://invoices/{TENANT}")


async def _create_counter(engine: AsyncEngine) -> None:
    async with engine.begin() as conn:
        await conn.execute(text("CREATE TABLE counter (last bigint NOT NULL)"))
        await conn.execute(text("INSERT INTO counter VALUES (0)"))


async def _count(engine: AsyncEngine) -> int:
    """The next number of the counter, committed at once: whatever becomes of the order."""
    async with engine.begin() as conn:
        update = text("UPDATE counter SET last = last + 1 RETURNING last")
        return int(await conn.scalar(update) or 0)


async def _outcome(
    settings: Settings, responses: list[httpx.Response], counted: list[int], report: str
) -> Outcome:
    """Compare with the database, on a connection that the application knows nothing of."""
    engine = make_reader(settings)
    async with engine.connect() as conn:
        rows = (await conn.execute(select(Invoice.number, Invoice.id))).all()
    await engine.dispose()
    identities = [row.id for row in rows]
    return Outcome(
        statuses=Counter(response.status_code for response in responses),
        answered=[_number(r.json()["number"]) for r in responses if r.status_code == 201],
        numbers=[_number(row.number) for row in rows],
        rivals=identities if engine.dialect.name == "postgresql" else counted,
        report=report,
    )


def _number(printed: str) -> int:
    return invoice_numbers.parse(printed, tenant=TENANT).number
