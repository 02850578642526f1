"""Which connections type checkers accept in sync code, and refuse. Type-checked, never run."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence as Values

import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from sqlmodel import Session as SQLModelSession

from aseq import AsyncSequence
from aseq.numbering import DocumentNumber
from aseq.sync import Ledger, Numbering, Sequence, allocate, create_table, number_rows

seq = Sequence("invoices")
numbering = Numbering("invoices", "INV-{number}")


def accepts(*_: object) -> None: ...


def accepted(
    session: Session,
    sqlmodel: SQLModelSession,
    scoped: scoped_session[Session],
    connection: Connection,
    pg: psycopg.Connection,
    lite: sqlite3.Connection,
) -> None:
    number: int = seq.next_value(session)
    seq.next_value(sqlmodel)
    seq.next_value(scoped)
    seq.next_value(connection)
    seq.next_value(pg)
    seq.next_value(lite)
    create_table(lite)
    document: DocumentNumber = numbering.next(session)
    both: dict[Sequence, Values[int]] = allocate(session, {seq: number})
    documents: Values[DocumentNumber] = allocate(session, {numbering: 1})[numbering]
    document = Ledger().issue(session, numbering, key="a")
    number = Ledger().issue(session, seq)
    numbers: dict[str, int] = Ledger().issue_many(session, seq, keys=["a"])
    number_rows(session, seq, "invoice.number", key="id", ledger=Ledger(), by="b")
    done: bool = Ledger().void(session, document, reason="x")
    accepts(done, document, both, documents, numbers, Sequence.of(AsyncSequence("invoices")))


def refused(
    session: AsyncSession,
    connection: AsyncConnection,
    pg: psycopg.AsyncConnection,
    engine: Engine,
    maker: sessionmaker[Session],
) -> None:
    seq.next_value(session)  # type: ignore[arg-type]
    seq.next_value(connection)  # type: ignore[arg-type]
    seq.next_value(pg)  # type: ignore[arg-type]
    seq.next_value(engine)  # type: ignore[arg-type]
    seq.next_value(maker)  # type: ignore[arg-type]
    seq.next_value("invoices")  # type: ignore[arg-type]
