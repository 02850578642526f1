"""The web application: an invoice gets its number where it is written.

The number, the row and the check that may refuse them are one transaction, committed
before the response is sent: a client that has seen a number can rely on it.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from aseq import AsyncSequence, SequenceLocked, is_retryable

from . import credit_notes
from .db import PATIENCE, SessionDep, database
from .models import Invoice

CREDIT_LIMIT = 1_000_00
"""What a customer may be invoiced in all, in cents."""

invoice_numbers = AsyncSequence("invoices")
router = APIRouter()


class CreditExceeded(Exception):
    """The invoice would take its customer over the limit."""


class Order(BaseModel):
    """What is to be invoiced."""

    customer: Annotated[str, Field(min_length=1, max_length=100)]
    cents: Annotated[int, Field(gt=0, lt=2**53)]
    order_number: Annotated[int | None, Field(gt=0, lt=2**53)] = None


class IssuedInvoice(Order):
    """An invoice that is in the books."""

    model_config = ConfigDict(from_attributes=True)

    number: int


@router.post("/invoices", status_code=201, response_model=IssuedInvoice)
async def create_invoice(order: Order, session: SessionDep) -> Invoice:
    """Issue an invoice, or nothing: then its number goes to the next one."""
    # Begun and committed here. FastAPI, unless told otherwise, ends a dependency with
    # `yield` after it has sent the response: a commit there could still fail when the
    # client has the number.
    async with session.begin():
        number = await invoice_numbers.next_value(session)
        invoice = Invoice(number=number, **order.model_dump())
        session.add(invoice)
        await check_credit(session, order.customer)
    return invoice


async def check_credit(session: AsyncSession, customer: str) -> None:
    """Refuse what takes a customer over the limit, the new invoice included.

    Nobody else can write an invoice meanwhile: who wants one waits for a number. So two
    invoices can't both take the last of the credit.
    """
    owed = select(func.sum(Invoice.cents)).where(Invoice.customer == customer)
    if (await session.scalar(owed) or 0) > CREDIT_LIMIT:
        raise CreditExceeded(customer)


@router.get("/invoices", response_model=list[IssuedInvoice])
async def list_invoices(session: SessionDep) -> Sequence[Invoice]:
    """The latest invoices, the newest first."""
    latest = select(Invoice).order_by(Invoice.number.desc()).limit(1000)
    return (await session.scalars(latest)).all()


@router.get("/", include_in_schema=False)
async def page() -> FileResponse:
    """A page with the invoices and a form."""
    return FileResponse(Path(__file__).with_name("page.html"))


async def refuse(_: Request, exc: Exception) -> JSONResponse:
    """The order was fine, the customer's credit isn't."""
    return JSONResponse({"detail": f"{exc} has no credit left for this"}, status_code=409)


async def ask_to_come_back(_: Request, exc: Exception) -> JSONResponse:
    """The wait was too long, or two were in each other's way. Nothing was issued."""
    if not is_retryable(exc):
        raise exc
    body = {"detail": "too many invoices are being issued, try again"}
    return JSONResponse(body, status_code=503, headers={"Retry-After": "1"})


def lifespan(
    url: str, patience: float
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """The database, and the issuer of credit notes, as long as the application runs."""

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        async with database(url, patience) as engine, credit_notes.issuer(engine) as issuer:
            # The rows are still wanted, for the response, after the commit.
            app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
            app.state.credit_notes = issuer
            yield

    return running


def create_app(url: str | None = None, patience: float = PATIENCE) -> FastAPI:
    """The application on a database: `url`, or DATABASE_URL, or a file of SQLite."""
    url = url or os.environ.get("DATABASE_URL") or "sqlite:///invoices.db"
    app = FastAPI(title="Invoices", lifespan=lifespan(url, patience))
    app.include_router(router)
    app.include_router(credit_notes.router)
    app.add_exception_handler(CreditExceeded, refuse)
    app.add_exception_handler(SequenceLocked, ask_to_come_back)
    app.add_exception_handler(DBAPIError, ask_to_come_back)
    return app
