"""Invoices: each gets its number in the transaction that writes it.

Number, row and the check that may refuse them are one transaction, committed before the
response is sent: a client that has seen a number can rely on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from .db import PatienceDep, ReaderDep, SessionDep, TenantDep
from .models import Invoice
from .numbers import invoice_numbers

CREDIT_LIMIT = 1_000_00
"""What a customer may be invoiced in all, in cents."""

Cents = Annotated[int, Field(gt=0, lt=2**53)]
router = APIRouter(prefix="/{tenant}/invoices")


class CreditExceeded(Exception):
    """The invoice would take its customer over the limit."""


class Order(BaseModel):
    """What is to be invoiced."""

    customer: Annotated[str, Field(min_length=1, max_length=100)]
    cents: Cents


class IssuedInvoice(Order):
    """An invoice that is in the books."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    number: str
    void_reason: str | None


class Reason(BaseModel):
    """Why an invoice is void."""

    reason: Annotated[str, Field(min_length=1, max_length=200)]


@router.post("", status_code=201, response_model=IssuedInvoice)
async def create_invoice(
    tenant: TenantDep, order: Order, session: SessionDep, patience: PatienceDep
) -> Invoice:
    """Issue an invoice, or nothing: then its number goes to the next one."""
    # Begun and committed here. FastAPI, unless told otherwise, ends a dependency with
    # `yield` after it has sent the response: a commit there could still fail when the
    # client has the number.
    async with session.begin():
        issued = await invoice_numbers.next(session, tenant=tenant, timeout=patience)
        invoice = Invoice(
            tenant=tenant, number=issued.text, issued_at=issued.at, **order.model_dump()
        )
        session.add(invoice)
        await check_credit(session, tenant, order.customer)
    return invoice


async def check_credit(session: AsyncSession, tenant: str, customer: str) -> None:
    """Refuse what takes a customer over the limit, the new invoice included.

    Nobody else can issue an invoice of this tenant meanwhile: they all wait for a number.
    So two invoices can't both take the last of the credit.
    """
    owed = select(func.sum(Invoice.cents)).where(
        Invoice.tenant == tenant,
        Invoice.customer == customer,
        Invoice.number.is_not(None),
        Invoice.void_reason.is_(None),
    )
    if (await session.scalar(owed) or 0) > CREDIT_LIMIT:
        raise CreditExceeded(customer)


@router.get("", response_model=list[IssuedInvoice])
async def list_invoices(tenant: TenantDep, session: ReaderDep) -> Sequence[Invoice]:
    """The latest invoices, the newest first."""
    issued = select(Invoice).where(Invoice.tenant == tenant, Invoice.number.is_not(None))
    latest = issued.order_by(Invoice.issued_at.desc(), Invoice.number.desc()).limit(1000)
    return (await session.scalars(latest)).all()


@router.post("/{number}/void", status_code=204)
async def void_invoice(
    tenant: TenantDep, number: str, void: Reason, session: SessionDep
) -> None:
    """Keep the invoice and its number, and say why it isn't owed."""
    async with session.begin():
        changed = await session.execute(
            update(Invoice)
            .where(Invoice.tenant == tenant, Invoice.number == number)
            .where(Invoice.void_reason.is_(None))
            .values(void_reason=void.reason)
            .returning(Invoice.id)
        )
        if changed.first() is None:
            raise HTTPException(404, f"there is no invoice {number} that could be made void")
