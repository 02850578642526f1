"""Credit notes: a series of their own, drawn in the transaction as an invoice's number is."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel
from sqlalchemy import select

from .db import PatienceDep, SessionDep, TenantDep
from .issue import Cents
from .models import CreditNote, Invoice
from .numbers import credit_note_numbers

router = APIRouter(prefix="/{tenant}/invoices/{number}/credit-notes")


class Credit(BaseModel):
    """What the customer gets back."""

    cents: Cents


class IssuedCreditNote(Credit):
    """A credit note that is in the books."""

    number: str


@router.post("", status_code=201)
async def create_credit_note(
    tenant: TenantDep,
    number: str,
    credit: Credit,
    session: SessionDep,
    patience: PatienceDep,
) -> IssuedCreditNote:
    """Correct an invoice that has been sent."""
    invoice = select(Invoice.id).where(Invoice.tenant == tenant, Invoice.number == number)
    async with session.begin():
        invoice_id = await session.scalar(invoice)
        if invoice_id is None:  # asked before the draw: nobody waits for what comes to nothing
            raise HTTPException(404, f"there is no invoice {number}")
        issued = await credit_note_numbers.next(session, tenant=tenant, timeout=patience)
        session.add(
            CreditNote(
                tenant=tenant,
                number=issued.text,
                issued_at=issued.at,
                invoice_id=invoice_id,
                cents=credit.cents,
            )
        )
    return IssuedCreditNote(number=issued.text, cents=credit.cents)
