"""Serve the application on this machine: ``python -m examples.invoices``.

On the database that DATABASE_URL names. Without it, on a PostgreSQL that lives as long as
the application; where there can be none, on the file invoices.db.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import uvicorn

from devtools.postgres import PostgresUnavailable, postgres_dsn

from .app import create_app
from .migrate import upgrade
from .settings import Settings


@contextlib.contextmanager
def settings() -> Iterator[tuple[Settings, str]]:
    """The database to serve, and what to say of it."""
    if os.environ.get("DATABASE_URL"):
        yield Settings.from_environment(), "the database of DATABASE_URL"
        return
    with contextlib.ExitStack() as stack:
        try:
            url = stack.enter_context(postgres_dsn())
        except PostgresUnavailable:
            yield Settings(), "SQLite's file invoices.db; no PostgreSQL could be run"
            return
        yield Settings(url), "a PostgreSQL of its own, which is gone afterwards"


def main() -> None:
    """Serve until Ctrl-C."""
    port = int(os.environ.get("PORT") or 8000)
    with settings() as (chosen, where), contextlib.suppress(KeyboardInterrupt):
        upgrade(chosen)
        print(f"Invoices: http://127.0.0.1:{port}/ on {where} (Ctrl-C ends it)", flush=True)
        uvicorn.run(create_app(chosen), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
