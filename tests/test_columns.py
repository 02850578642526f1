"""Each library's way to name a column, and what none of them means."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func
from sqlalchemy.orm import DeclarativeBase, Mapped, aliased, column_property, mapped_column
from tortoise import fields
from tortoise.models import Model

from aseq import InvalidSequence
from aseq._columns import ColumnName, column_name
from aseq._core.table import TableName


class Base(DeclarativeBase):
    pass


class Invoice(Base):
    __tablename__ = "invoice"
    __table_args__ = {"schema": "billing"}  # noqa: RUF012  # SQLAlchemy's own shape

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int | None] = mapped_column("no")
    upper = column_property(func.upper("x"))


class Ticket(Model):
    id = fields.IntField(primary_key=True)
    number = fields.BigIntField(source_field="no", null=True)
    plain = fields.BigIntField(null=True)

    class Meta:
        table = "ticket"


class _Meta:
    db_table = "shop_case"


class _DjangoModel:
    _meta = _Meta


class _DjangoField:
    """What `_columns` looks at; tests/django has the real ones."""

    model, column = _DjangoModel, "number"


class _Deferred:
    field = _DjangoField


BILLING = ColumnName(TableName("invoice", "billing"), "no")


@pytest.mark.parametrize(
    ("column", "found"),
    [
        ("invoice.number", ColumnName(TableName("invoice"), "number")),
        ("billing.invoice.no", BILLING),
        ('in"voice.number', ColumnName(TableName('in"voice'), "number")),
        (Invoice.number, BILLING),
        (Invoice.__table__.c.no, BILLING),
        ((Invoice, "number"), BILLING),
        ((Ticket, "number"), ColumnName(TableName("ticket"), "no")),
        ((Ticket, "plain"), ColumnName(TableName("ticket"), "plain")),
        (_DjangoField, ColumnName(TableName("shop_case"), "number")),
        (_Deferred, ColumnName(TableName("shop_case"), "number")),
    ],
)
def test_is_found(column: Any, found: ColumnName) -> None:
    assert column_name(column) == found


@pytest.mark.parametrize(
    "column",
    [
        *(
            "number",
            "",
            ".number",
            "invoice.",
            "a.b.c.d",
            "invoice..number",
            "in\0voice.number",
        ),
        *(None, 3, Invoice, Invoice.upper, aliased(Invoice).number, func.max(Invoice.number)),
        *((), (Invoice,), (Invoice, "nothing"), (Ticket, "nothing"), (Invoice, 3)),
        ("invoice.number", "number"),
    ],
)
def test_is_refused(column: Any) -> None:
    with pytest.raises(InvalidSequence, match=r"^void must be a column of a model"):
        column_name(column, "void")


def test_is_printed_as_it_is_written() -> None:
    assert str(column_name(Invoice.number)) == "billing.invoice.no"
