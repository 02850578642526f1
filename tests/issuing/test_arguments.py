"""What can't work is refused before anything is sent, with the reason."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from aseq import AsyncSequence, InvalidSequence, UnsupportedConnection
from aseq.issuing import number_rows
from aseq.numbering import Numbering

PLAIN = AsyncSequence("invoices")
DATED = Numbering("invoices", "{year}-{number}", period="year", tz=UTC)
SCOPED = Numbering("invoices", "{tenant}-{number}", scope=["branch"])


class Base(DeclarativeBase):
    pass


class Invoice(Base):
    __tablename__ = "invoice"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int | None]


class Line(Base):
    __tablename__ = "line"

    invoice: Mapped[int] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int | None]


KEYLESS = Table("keyless", MetaData(), Column("number", BigInteger))

SHAPES = (
    'must be a column of a model (Invoice.number), a model and a name (Invoice, "number"), or '
    'a text "table.column", not '
)
KEY = "key is needed: the column that tells the rows of {} apart, such as their primary key"

NO_BRANCH = (
    "scope has no column for 'branch': name it, as {'branch': ...}, or bind the numbering to "
    "one value, with .bind(branch=...)"
)

# (what, column, other arguments, what is said)
REFUSED: list[tuple[object, object, dict[str, Any], str]] = [
    (
        "invoices",
        Invoice.number,
        {},
        "what must be an AsyncSequence or a Numbering, not 'invoices'",
    ),
    (PLAIN, "number", {"key": "id"}, f"column {SHAPES}'number'"),
    (PLAIN, None, {"key": "id"}, f"column {SHAPES}None"),
    (PLAIN, "invoice.number", {}, KEY.format("invoice")),
    (PLAIN, Line.number, {}, KEY.format("line")),
    (PLAIN, KEYLESS.c.number, {}, KEY.format("keyless")),
    (PLAIN, Invoice.number, {"key": ""}, f"key {SHAPES}''"),
    (PLAIN, Invoice.number, {"key": 7}, f"key {SHAPES}7"),
    (PLAIN, Invoice.number, {"key": "line.id"}, "key must be a column of invoice, not line.id"),
    (
        PLAIN,
        Invoice.number,
        {"key": "number"},
        "key must be another column than the one that gets numbers",
    ),
    (PLAIN, Invoice.number, {"order_by": 1}, f"order_by {SHAPES}1"),
    (PLAIN, Invoice.number, {"order_by": ["id", None]}, f"order_by {SHAPES}None"),
    (
        PLAIN,
        Invoice.number,
        {"order_by": Line.number.desc()},
        "order_by must be a column of invoice, not line.number",
    ),
    (PLAIN, Invoice.number, {"order_by": "-"}, f"order_by {SHAPES}''"),
    (
        PLAIN,
        Invoice.number,
        {"where": ""},
        "where must be a condition in SQL, such as \"status <> 'draft'\", not ''",
    ),
    (PLAIN, Invoice.number, {"where": Invoice.id == 1}, None),  # type: ignore[list-item]
    (
        PLAIN,
        Invoice.number,
        {"limit": 0},
        "limit must be an integer of at least 1, or None for all rows, not 0",
    ),
    (
        PLAIN,
        Invoice.number,
        {"limit": True},
        "limit must be an integer of at least 1, or None for all rows, not True",
    ),
    (
        PLAIN,
        Invoice.number,
        {"limit": "5; DROP"},
        "limit must be an integer of at least 1, or None for all rows, not '5; DROP'",
    ),
    (
        PLAIN,
        Invoice.number,
        {"locked": "nowait"},
        'locked must be "skip" or "wait", not \'nowait\'',
    ),
    (
        PLAIN,
        Invoice.number,
        {"scope": {"tenant": "id"}},
        "scope has 'tenant', which is no scope that needs a column: none",
    ),
    (
        PLAIN,
        Invoice.number,
        {"at_from": "day"},
        "at_from is for the numbers of a Numbering: those of a sequence have no date",
    ),
    (
        PLAIN,
        Invoice.number,
        {"at_column": "day"},
        "at_column is for the numbers of a Numbering: those of a sequence have no date",
    ),
    (
        DATED,
        Invoice.number,
        {"at_column": "number"},
        "at_column must be a column of its own, not 'number'",
    ),
    (DATED, Invoice.number, {"at_column": Invoice.id}, None),  # type: ignore[list-item]
    (
        SCOPED,
        Invoice.number,
        {},
        NO_BRANCH,
    ),
    (
        SCOPED.bind(branch=1),
        Invoice.number,
        {"scope": ["tenant"]},
        "scope must name a column for each scope, as {\"tenant\": ...}, not ['tenant']",
    ),
    (
        SCOPED.bind(branch=1),
        Invoice.number,
        {"scope": {"tenant": "id", "branch": "id"}},
        "scope has 'branch', which is no scope that needs a column: tenant",
    ),
    (
        SCOPED.bind(branch=1),
        Invoice.number,
        {"scope": {"tenant": Line.place}},
        "scope must be a column of invoice, not line.place",
    ),
]


@pytest.mark.parametrize(("what", "column", "options", "text"), REFUSED)
async def test_refused(
    what: Any, column: object, options: dict[str, Any], text: str | None
) -> None:
    with pytest.raises(InvalidSequence) as caught:
        await number_rows(None, what, column, **options)  # type: ignore[arg-type]

    if text is not None:
        assert str(caught.value) == text


async def test_no_connection() -> None:
    with pytest.raises(UnsupportedConnection):
        await number_rows(None, PLAIN, Invoice.number)  # type: ignore[arg-type]
