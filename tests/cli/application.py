"""An application's engines and metadata, for the doctor."""

from __future__ import annotations

from sqlalchemy import MetaData, NullPool, create_engine
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase

from aseq.sqlalchemy import begin_immediate, sequence_table

_FILE = "shop.db"  # in the current folder

good = begin_immediate(create_engine(f"sqlite:///{_FILE}", poolclass=NullPool))
plain = create_async_engine(f"sqlite+aiosqlite:///{_FILE}", poolclass=NullPool)
autocommit = create_async_engine(
    f"sqlite+aiosqlite:///{_FILE}", poolclass=NullPool, isolation_level="AUTOCOMMIT"
)
broken = create_engine("sqlite:////nowhere/at/all.db", poolclass=NullPool)

empty = MetaData()


class Base(DeclarativeBase):
    """With our table."""


sequence_table(Base.metadata)
