"""Drafts: invoices that are saved first and numbered later, many in one transaction.

A draft is in nobody's books, so nothing is locked while it is written, and a client may go
away at any time: whoever asks for its number, now or after a restart, gets the same one.
What nobody asks for is numbered at the end of the month, by `worker`.
"""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from aseq.issuing import Issuer

from .db import SessionDep, TenantDep
from .issue import Order
from .models import Invoice
from .numbers import invoice_numbers

router = APIRouter(prefix="/{tenant}/drafts")


class Draft(BaseModel):
    """A draft; its number is null until it is issued."""

    id: int
    number: str | None = None


def issuer(engine: AsyncEngine, patience: float) -> Issuer[str]:
    """What numbers drafts, as long as the application runs: see `app.lifespan`."""
    return Issuer(
        engine,
        invoice_numbers,
        Invoice.number,
        scope={"tenant": Invoice.tenant},
        at_column=Invoice.issued_at,
        timeout=patience,
    )


def _issuer(request: Request) -> Issuer[str]:
    return cast("Issuer[str]", request.app.state.issuer)


@router.post("", status_code=201)
async def save_draft(tenant: TenantDep, order: Order, session: SessionDep) -> Draft:
    """Save an invoice without a number. Nobody waits for anybody."""
    async with session.begin():
        session.add(draft := Invoice(tenant=tenant, **order.model_dump()))
    return Draft(id=draft.id)


@router.post("/{key}/number")
async def issue_draft(
    tenant: TenantDep,
    key: int,
    session: SessionDep,
    issuer: Annotated[Issuer[str], Depends(_issuer)],
) -> Draft:
    """Its number: the same one, however often it is asked for."""
    draft = select(Invoice.id).where(Invoice.tenant == tenant, Invoice.id == key)
    async with session.begin():
        if await session.scalar(draft) is None:
            raise HTTPException(404, f"there is no draft {key}")
    return Draft(id=key, number=await issuer.issue(key))
