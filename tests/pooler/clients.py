"""How each library is set up for a PgBouncer in transaction mode.

Before 1.21, and without ``max_prepared_statements``, it knows no prepared statements: one
that was prepared on a server connection isn't on the next.
"""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import uuid4

import asyncpg
import psycopg
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests import clients


class Asyncpg(clients.Asyncpg):
    options: ClassVar[dict[str, Any]] = {"statement_cache_size": 0}

    async def open(self) -> None:
        self.conn = await asyncpg.connect(self.url, **self.options)


class Psycopg(clients.PsycopgBlock):
    options: ClassVar[dict[str, Any]] = {"prepare_threshold": None}

    async def open(self) -> None:
        self.conn = await psycopg.AsyncConnection.connect(
            self.url, autocommit=True, **self.options
        )


class SQLAlchemyAsyncpg(clients.SessionAsyncpg):
    options: ClassVar[dict[str, Any]] = {
        "statement_cache_size": 0,
        "prepared_statement_cache_size": 0,
        "prepared_statement_name_func": lambda: f"__asyncpg_{uuid4()}__",
    }

    def make_engine(self) -> AsyncEngine:
        url = self.url.replace("postgresql:", f"postgresql+{self.driver}:")
        return create_async_engine(url, poolclass=NullPool, connect_args=self.options)


class SQLAlchemyPsycopg(SQLAlchemyAsyncpg):
    driver = "psycopg"
    options: ClassVar[dict[str, Any]] = {"prepare_threshold": None}

    async def open(self) -> None:
        await clients.SQLAlchemySession.open(self)


OLD: tuple[type[clients.Client], ...] = (Asyncpg, Psycopg, SQLAlchemyAsyncpg, SQLAlchemyPsycopg)
"""For every PgBouncer."""

NEW: tuple[type[clients.Client], ...] = tuple(
    type(f"Default{kind.__name__}", (kind,), {"options": {}}) for kind in OLD
)
"""As the libraries are by default: for 1.21 and newer, with ``max_prepared_statements``."""
