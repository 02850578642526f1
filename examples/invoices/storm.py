"""A storm of orders on the application, and what is in the database after it.

About a third of the orders are refused, after they have taken a number. Each row also
carries what people use instead: on PostgreSQL its identity column; on SQLite a counter
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
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from .app import CREDIT_LIMIT, create_app
from .db import make_engine
from .models import Invoice

ORDERS = 200
Advance = Callable[[], object]


@dataclass(frozen=True)
class Outcome:
    """What came of a storm.

    Attributes:
        statuses: how many responses there were of each HTTP status.
        answered: the numbers in the responses.
        numbers: the invoice numbers in the database.
        rivals: in the same rows, what people use instead.
    """

    statuses: Counter[int]
    answered: list[int]
    numbers: list[int]
    rivals: list[int]


def orders(count: int = ORDERS) -> list[dict[str, Any]]:
    """Orders in a random, but always the same, order: a third can't be paid."""
    amounts = [CREDIT_LIMIT + 1 if i % 3 == 2 else 5_00 for i in range(count)]
    random.Random(1).shuffle(amounts)
    return [{"customer": f"customer {i % 40}", "cents": c} for i, c in enumerate(amounts)]


async def storm(url: str, advance: Advance, *, patience: float) -> Outcome:
    """Send all orders at once to an application on the database at `url`."""
    app = create_app(url, patience)
    async with app.router.lifespan_context(app), _client(app) as client:
        sessions = app.state.sessions
        await _create_counter(sessions)

        async def send(order: dict[str, Any]) -> httpx.Response:
            order_number = await _count(sessions)
            response = await client.post(
                "/invoices", json=order | {"order_number": order_number}
            )
            advance()
            return response

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(send(order)) for order in orders()]
    return await _outcome(url, [task.result() for task in tasks])


def _client(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://invoices")


async def _create_counter(sessions: async_sessionmaker[AsyncSession]) -> None:
    async with sessions.begin() as session:
        await session.execute(text("CREATE TABLE counter (last bigint NOT NULL)"))
        await session.execute(text("INSERT INTO counter VALUES (0)"))


async def _count(sessions: async_sessionmaker[AsyncSession]) -> int:
    """The next order number, committed at once: whatever becomes of the order."""
    async with sessions.begin() as session:
        update = text("UPDATE counter SET last = last + 1 RETURNING last")
        return int(await session.scalar(update) or 0)


async def _outcome(url: str, responses: list[httpx.Response]) -> Outcome:
    """Compare with the database, on a connection that the application knows nothing of."""
    engine = make_engine(url)
    rival = Invoice.id if engine.dialect.name == "postgresql" else Invoice.order_number
    async with engine.connect() as conn:
        rows = (await conn.execute(select(Invoice.number, rival))).all()
    await engine.dispose()
    return Outcome(
        statuses=Counter(response.status_code for response in responses),
        answered=[r.json()["number"] for r in responses if r.status_code == 201],
        numbers=[row[0] for row in rows],
        rivals=[row[1] for row in rows if row[1] is not None],
    )
