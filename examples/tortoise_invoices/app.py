"""The web application: an invoice gets its number where it is written."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, HTTPException
from pydantic import BaseModel, Field
from tortoise.contrib.fastapi import RegisterTortoise
from tortoise.functions import Sum
from tortoise.transactions import in_transaction

from aseq import AsyncSequence

from .models import Invoice

CREDIT_LIMIT = 1_000_00
"""What a customer may be invoiced in all, in cents."""

MODELS: dict[str, Iterable[str | ModuleType]] = {
    "models": ["examples.tortoise_invoices.models"],
    "aseq": ["aseq.tortoise.models"],  # the table of sequences
}

invoice_numbers = AsyncSequence("invoices")
router = APIRouter()


class Order(BaseModel):
    """What is to be invoiced."""

    customer: Annotated[str, Field(min_length=1, max_length=100)]
    cents: Annotated[int, Field(gt=0, lt=2**53)]


@router.post("/invoices", status_code=201)
async def create_invoice(order: Order) -> dict[str, Any]:
    """Issue an invoice, or nothing: then its number goes to the next one."""
    # Begun and committed here, before the response. A dependency with `yield` would
    # commit after it, and could still fail when the client has the number.
    async with in_transaction() as client:
        number = await invoice_numbers.next_value(client)
        await Invoice.create(number=number, **order.model_dump())
        if await owed(order.customer) > CREDIT_LIMIT:
            raise HTTPException(409, f"{order.customer} would be over the limit")
    return {"number": number, **order.model_dump()}


async def owed(customer: str) -> int:
    """What a customer was invoiced in all, in cents."""
    invoices = Invoice.filter(customer=customer).annotate(total=Sum("cents"))
    [(total,)] = await invoices.values_list("total")
    return int(total)


@router.get("/invoices")
async def list_invoices() -> list[dict[str, Any]]:
    """The last hundred, the newest first."""
    invoices = Invoice.all().order_by("-number").limit(100)
    return list(await invoices.values("number", "customer", "cents"))


def create_app(url: str | None = None) -> FastAPI:
    """The application, on a database: by default DATABASE_URL's, or a file here.

    Args:
        url: as Tortoise writes them, "sqlite://tortoise.db" or "asyncpg://...".
    """
    database = url or os.environ.get("DATABASE_URL") or "sqlite://tortoise.db"

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with RegisterTortoise(
            app, db_url=database, modules=MODELS, generate_schemas=True
        ):
            yield

    app = FastAPI(title="Invoices", lifespan=lifespan)
    app.include_router(router)
    return app
