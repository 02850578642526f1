"""The auditor's question: is any invoice number missing, or there twice?"""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel

from aseq.audit import audit

from .db import ReaderDep, TenantDep
from .models import Invoice
from .numbers import invoice_numbers

router = APIRouter(prefix="/{tenant}/audit")


class Verdict(BaseModel):
    """What the auditor found."""

    ok: bool
    report: str
    database: str


@router.get("")
async def audit_invoices(request: Request, tenant: TenantDep, session: ReaderDep) -> Verdict:
    """Ask while others draw: it takes no lock."""
    found = await audit(
        session,
        Invoice.number,
        invoice_numbers.bind(tenant=tenant),
        scope={"tenant": Invoice.tenant},
        void=Invoice.void_reason,
        date=Invoice.issued_at,
    )
    database = request.app.state.engine.dialect.name
    return Verdict(ok=found.ok, report=str(found), database=database)
