"""Credit notes: saved as drafts first, and numbered by an issuer, many at a time.

A draft is in the books of nobody. So nothing is locked while it is written, and the client may
go away at any time: whoever asks for its number, now or after a restart, gets the same one.
"""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncEngine

from aseq import NotIssuable
from aseq.issuing import Issuer
from aseq.numbering import Numbering

from .db import SessionDep
from .models import CreditNote

credit_note_numbers = Numbering(
    "credit notes", "CN-{year}-{number:05}", period="year", tz="UTC"
)
router = APIRouter()


class Credit(BaseModel):
    """What a customer gets back."""

    invoice_number: Annotated[int, Field(gt=0, lt=2**53)]
    cents: Annotated[int, Field(gt=0, lt=2**53)]


class IssuedCreditNote(BaseModel):
    """A credit note that is in the books."""

    id: int
    number: str


def issuer(engine: AsyncEngine) -> Issuer[str]:
    """What numbers them, as long as the application runs."""
    return Issuer(
        engine, credit_note_numbers, CreditNote.number, at_column=CreditNote.issued_at
    )


def get_issuer(request: Request) -> Issuer[str]:
    """The one of this process, which the lifespan opened."""
    return cast("Issuer[str]", request.app.state.credit_notes)


IssuerDep = Annotated[Issuer[str], Depends(get_issuer)]


@router.post("/credit-notes", status_code=201)
async def create_credit_note(
    credit: Credit, session: SessionDep, issuer: IssuerDep
) -> IssuedCreditNote:
    """Save a draft, and have it numbered."""
    async with session.begin():
        draft = CreditNote(**credit.model_dump())
        session.add(draft)
    # Committed, so the issuer sees it. Nobody waits for anybody until here.
    return IssuedCreditNote(id=draft.id, number=await issuer.issue(draft.id))


@router.post("/credit-notes/{key}/number")
async def number_credit_note(key: int, issuer: IssuerDep) -> IssuedCreditNote:
    """Its number, the same whenever it is asked for: for drafts that a crash has left."""
    try:
        return IssuedCreditNote(id=key, number=await issuer.issue(key))
    except NotIssuable:
        raise HTTPException(404, f"there is no credit note {key}") from None
