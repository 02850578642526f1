"""What the application stores: invoices, and the last number of each sequence."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Identity, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from aseq.sqlalchemy import sequence_table


class Base(DeclarativeBase):
    """The application's models, and its metadata for migrations."""


sequence_table(Base.metadata)  # so that migrations create it with the other tables


class Invoice(Base):
    """An invoice; its number is what an auditor looks at."""

    __tablename__ = "invoice"

    # A key for joins and URLs. On PostgreSQL it has a hole for each rollback.
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    # UNIQUE: the database itself would refuse a number that was used before.
    number: Mapped[int] = mapped_column(BigInteger, unique=True)
    customer: Mapped[str] = mapped_column(String(100), index=True)
    cents: Mapped[int] = mapped_column(BigInteger)
    order_number: Mapped[int | None] = mapped_column(BigInteger)


class CreditNote(Base):
    """A credit note; a draft as long as it has no number."""

    __tablename__ = "credit_note"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    number: Mapped[str | None] = mapped_column(String(20), unique=True)
    issued_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    invoice_number: Mapped[int] = mapped_column(BigInteger)
    cents: Mapped[int] = mapped_column(BigInteger)
