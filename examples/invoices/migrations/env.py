"""Alembic's environment: the application's database, and its metadata."""

from __future__ import annotations

from alembic import context

from examples.invoices.db import make_sync_engine
from examples.invoices.models import Base
from examples.invoices.settings import Settings

engine = make_sync_engine(
    context.config.attributes.get("settings") or Settings.from_environment()
)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
