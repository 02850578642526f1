"""Alembic's environment. It imports nothing of the application: `migrate` hands it over."""

from __future__ import annotations

from alembic import context

engine = context.config.attributes["make_engine"]()
with engine.connect() as connection:
    context.configure(
        connection=connection, target_metadata=context.config.attributes["metadata"]
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
