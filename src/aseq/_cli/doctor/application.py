"""What only the application's own objects tell: its engine, and its metadata."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, inspect
from sqlalchemy.ext.asyncio import AsyncEngine

from aseq.adapters.sqlalchemy import begins_immediate, executor_for, sync_executor_for
from aseq.errors import UnsupportedConnection

from ..database import told
from ..options import loaded
from ..problems import Problem
from .answer import Answer, ok, unknown, warn

_ENGINE = "say --engine module:object, with the SQLAlchemy engine of your code"
_IMMEDIATE = "aseq.sqlalchemy.begin_immediate(engine)"


def engine(path: str | None) -> list[Answer]:
    """What is to be said of the application's engine: whether a draw is refused on it.

    Args:
        path: where it is.

    Raises:
        Problem: it isn't an engine, or can't connect.
    """
    if path is None:
        told = "whether your own connections commit each statement by itself can't be seen here"
        return [unknown("autocommit", told, _ENGINE)]
    found = loaded(path)
    if not isinstance(found, Engine | AsyncEngine):
        kind = type(found).__qualname__
        raise Problem(f"{path} isn't an engine of SQLAlchemy's, but of the class {kind}")
    with told_of(path):
        try:
            advice = _advice(found)
        except UnsupportedConnection as exc:
            return [warn("autocommit", str(exc))]
    answers = [
        ok("autocommit", f"{path} draws inside transactions")
        if advice is None
        else warn("autocommit", f"on {path} a draw would be refused", advice)
    ]
    sync = found.sync_engine if isinstance(found, AsyncEngine) else found
    if sync.dialect.name == "sqlite":
        answers.append(_begin(begins_immediate(sync), path))
    return answers


def told_of(path: str) -> Any:
    """Errors of the application's own engine are told by the name of it."""
    return told(path, connecting=True)


def _advice(found: Engine | AsyncEngine) -> str | None:
    if isinstance(found, AsyncEngine):
        return asyncio.run(_advice_awaited(found))
    with found.connect() as connection:  # rolled back when it is closed
        executor = sync_executor_for(connection)
        executor.prepare()
        return executor.outside_transaction()


async def _advice_awaited(found: AsyncEngine) -> str | None:
    try:
        async with found.connect() as connection:  # rolled back when it is closed
            executor = executor_for(connection)
            await executor.prepare()
            return executor.outside_transaction()
    finally:
        await found.dispose()


def _begin(immediate: bool, path: str) -> Answer:
    if immediate:
        return ok("BEGIN", f"transactions of {path} begin with BEGIN IMMEDIATE")
    told = 'a transaction that reads first and draws later may end with "database is locked"'
    return warn("BEGIN", told, _IMMEDIATE)


def metadata_of(path: str) -> MetaData:
    """The application's metadata.

    Args:
        path: where it is, or a declarative base that has it.

    Raises:
        Problem: it isn't metadata.
    """
    found: Any = loaded(path)
    metadata = getattr(found, "metadata", found)
    if not isinstance(metadata, MetaData):
        raise Problem(f"{path} isn't a MetaData, but of the class {type(found).__qualname__}")
    return metadata


def alembic(connection: Connection, metadata: MetaData | None, table: str) -> Answer:
    """Whether Alembic's autogenerate would propose to drop the table.

    Args:
        connection: to the database.
        metadata: the application's.
        table: the table of sequences.
    """
    topic = "Alembic"
    if metadata is not None and table in metadata.tables:
        return ok(topic, "the table is in the metadata")
    if metadata is not None:
        text = (
            "the table isn't in the metadata: autogenerate drops it, unless env.py has a filter"
        )
        return warn(topic, text, "aseq.sqlalchemy.sequence_table(metadata)")
    # Asked whether there is one, MariaDB refuses an account that may not see each table.
    if "alembic_version" not in inspect(connection).get_table_names():
        return ok(topic, "it isn't used here: there is no table alembic_version")
    text = "whether autogenerate would drop the table depends on your metadata"
    return unknown(topic, text, "say --metadata module:object")
