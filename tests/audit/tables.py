"""A table of documents in a test's database."""

from __future__ import annotations

import aseq.audit
from aseq import AsyncSequence
from aseq.audit import Audit
from tests.clients import Client
from tests.database import Database

from .plant import Planted


def literal(value: object) -> str:
    """A value in SQL."""
    if value is None or isinstance(value, int):
        return "NULL" if value is None else str(value)
    return "'" + str(value).replace("'", "''") + "'"


def create(database: Database, table: str, name: str, planted: Planted) -> None:
    """Make the table and the counter as planted."""
    key = {
        "mariadb": "bigint AUTO_INCREMENT PRIMARY KEY",
        "mysql": "bigint AUTO_INCREMENT PRIMARY KEY",
        "postgresql": "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "sqlite": "integer PRIMARY KEY",
    }[database.case.dialect]
    database.run(f"CREATE TABLE {table} (id {key}, number bigint, issued date, void text)")
    rows = ", ".join(
        f"({', '.join(map(literal, (d.number, d.date, d.void)))})" for d in planted.documents
    )
    if rows:
        database.run(f"INSERT INTO {table} (number, issued, void) VALUES {rows}")
    if planted.counter is not None:
        database.run(f"INSERT INTO aseq_sequence VALUES ({literal(name)}, {planted.counter})")


def refuses(client: Client) -> bool:
    """Whether audits are refused on its transactions, which keep others from writing."""
    names = ("SessionAiosqlite", "ConnectionAiosqlite", "AatomicSqlite", "SyncSessionSqlite")
    return type(client).__name__ in names


async def audited(
    client: Client, table: str, name: str, planted: Planted, *, limit: int = 1000
) -> Audit:
    """Audit a planted table."""
    seq = AsyncSequence(name, planted.first, step=planted.step)
    return await aseq.audit.audit(
        client.conn,
        f"{table}.number",
        seq,
        void=f"{table}.void",
        date=f"{table}.issued",
        limit=limit,
    )
