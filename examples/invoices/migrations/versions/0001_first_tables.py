"""Invoices, credit notes, and the table of sequences."""

import sqlalchemy as sa
from alembic import op

import aseq.alembic  # noqa: F401  # adds `create_aseq_sequence`

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_aseq_sequence()  # type: ignore[attr-defined]
    op.create_table(
        "invoice",
        sa.Column("id", sa.Integer(), sa.Identity(), primary_key=True),
        sa.Column("tenant", sa.String(40), nullable=False),
        sa.Column("number", sa.String(20)),
        sa.Column("issued_at", sa.DateTime(timezone=True)),
        sa.Column("customer", sa.String(100), nullable=False, index=True),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("void_reason", sa.String(200)),
        sa.UniqueConstraint("tenant", "number", name="invoice_number_key"),
    )
    op.create_table(
        "credit_note",
        sa.Column("id", sa.Integer(), sa.Identity(), primary_key=True),
        sa.Column("tenant", sa.String(40), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("invoice_id", sa.Integer(), sa.ForeignKey("invoice.id"), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("tenant", "number", name="credit_note_number_key"),
    )


def downgrade() -> None:
    op.drop_table("credit_note")
    op.drop_table("invoice")
    op.drop_aseq_sequence()  # type: ignore[attr-defined]
