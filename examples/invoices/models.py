"""What the application stores: invoices, credit notes, and the last number of each series."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from aseq.sqlalchemy import sequence_table


class Base(DeclarativeBase):
    """The application's models, and its metadata for migrations."""


sequence_table(Base.metadata)  # so that migrations know it, with the other tables


class Invoice(Base):
    """An invoice; a draft as long as it has no number."""

    __tablename__ = "invoice"
    # The database itself would refuse a number that the tenant has used before.
    __table_args__ = (UniqueConstraint("tenant", "number", name="invoice_number_key"),)

    # A key for joins and URLs. On PostgreSQL it has a hole for each rollback.
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(40))
    number: Mapped[str | None] = mapped_column(String(20))
    # The moment of the number: dates never run against numbers. No time stamp of our own.
    issued_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    customer: Mapped[str] = mapped_column(String(100), index=True)
    cents: Mapped[int] = mapped_column(BigInteger)
    # Invoices are never deleted: the number of a void one stays, and this says why.
    void_reason: Mapped[str | None] = mapped_column(String(200))


class CreditNote(Base):
    """A credit note; it corrects one invoice, and has a number of its own series."""

    __tablename__ = "credit_note"
    __table_args__ = (UniqueConstraint("tenant", "number", name="credit_note_number_key"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(40))
    number: Mapped[str] = mapped_column(String(20))
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"))
    cents: Mapped[int] = mapped_column(BigInteger)
