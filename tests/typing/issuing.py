"""What a caller's editor sees of an issuer. Type-checked, never run: see `api.py`."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from typing import Any, assert_type

import aiomysql
import asyncmy.pool
import psycopg
import psycopg_pool
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from aseq import AsyncSequence, IssuerClosed, IssuerFull, IssueTimeout, NotIssuable
from aseq.issuing import CounterRows, Issued, Issuer, NumberedRows, number_rows
from aseq.ledger import Ledger
from aseq.numbering import DocumentNumber, Numbering

Pool = psycopg_pool.AsyncConnectionPool[psycopg.AsyncConnection[Any]]


class Base(DeclarativeBase):
    pass


class Invoice(Base):
    __tablename__ = "invoice"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int | None]


async def set_tenant(conn: AsyncConnection) -> None:
    del conn


async def write_events(conn: AsyncConnection, issued: Sequence[Issued]) -> None:
    del conn
    for each in issued:
        assert_type(each.key, int | str | Decimal)
        assert_type(each.number, int | str)
        assert_type(each.document, DocumentNumber | None)


async def pools(one: asyncmy.pool.Pool, other: aiomysql.Pool, seq: AsyncSequence) -> None:
    assert_type(Issuer(one, seq, "invoice.number", key="id"), Issuer[int])
    assert_type(Issuer(other, seq, "invoice.number", key="id"), Issuer[int])


async def issuers(engine: AsyncEngine, pool: Pool, seq: AsyncSequence, inv: Numbering) -> None:
    assert_type(Issuer(engine, seq, Invoice.number), Issuer[int])
    assert_type(Issuer(pool, seq, "invoice.number", key="id"), Issuer[int])
    assert_type(Issuer(engine, inv, (Invoice, "number")), Issuer[str])
    issuer = Issuer(
        engine,
        inv,
        Invoice.number,
        key=Invoice.id,
        scope={"tenant": "tenant_id"},
        at_column="issued_at",
        timeout=2.5,
        limit=500,
        on_begin=set_tenant,
        on_issued=write_events,
        ledger=Ledger(),
        by="api",
    )
    async with issuer as same:
        assert_type(same, Issuer[str])
        assert_type(await issuer.issue(7), str)
        assert_type(await issuer.issue(uuid.uuid4(), timeout=2), str)


async def in_bulk(session: AsyncSession, seq: AsyncSequence, inv: Numbering) -> None:
    done = await number_rows(session, seq, Invoice.number)
    assert_type(done, NumberedRows)
    await number_rows(session, seq, Invoice.number, ledger=Ledger(), by="b", note="c")
    assert_type((done.count, done.skipped), tuple[int, int])
    assert_type(done.by_counter["invoices"], CounterRows)
    await number_rows(
        session,
        inv,
        "invoice.number",
        key="id",
        order_by=[Invoice.id],
        where="paid",
        scope={"tenant": "tenant_id"},
        at_from="day",
        at_column="issued_at",
        limit=5000,
        locked="wait",
    )


async def in_tests(issuer: Issuer[int], session: AsyncSession) -> None:
    assert_type(issuer.on(session), AbstractAsyncContextManager[Issuer[int]])
    async with issuer.on(session):
        assert_type(await issuer.issue("7") + 1, int)


def failures(exc: BaseException) -> None:
    if isinstance(exc, NotIssuable):
        assert_type(exc.table, str)
    if isinstance(exc, IssueTimeout):
        assert_type((exc.hint, exc.waited), tuple[str, float])
    if isinstance(exc, IssuerFull):
        assert_type(exc.limit, int)
    if isinstance(exc, IssuerClosed):
        assert_type(exc.reason, str)


async def wrong(
    engine: AsyncEngine,
    sync_engine: Engine,
    conn: AsyncConnection,
    sync_pool: psycopg_pool.ConnectionPool[psycopg.Connection[Any]],
    seq: AsyncSequence,
    inv: Numbering,
) -> None:
    Issuer(sync_engine, seq, Invoice.number)  # type: ignore[call-overload]
    Issuer(conn, seq, Invoice.number)  # type: ignore[call-overload]
    Issuer(sync_pool, seq, Invoice.number)  # type: ignore[call-overload]
    Issuer("postgresql://", seq, Invoice.number)  # type: ignore[call-overload]
    Issuer(None, seq, Invoice.number)  # type: ignore[call-overload]
    Issuer(engine, "invoices", Invoice.number)  # type: ignore[call-overload]
    Issuer(engine, seq)  # type: ignore[call-overload]
    Issuer(engine, seq, Invoice.number, Invoice.id)  # type: ignore[call-overload]
    Issuer(engine, seq, Invoice.number, scope={"tenant": "t"})  # type: ignore[call-overload]
    Issuer(engine, seq, Invoice.number, timeout="2")  # type: ignore[call-overload]
    Issuer(engine, inv, Invoice.number, limit=2.5)  # type: ignore[call-overload]
    Issuer(engine, inv, Invoice.number, on_begin=print)  # type: ignore[arg-type]
    Issuer(engine, inv, Invoice.number, on_issued=set_tenant)  # type: ignore[arg-type]
    await number_rows(engine, seq, Invoice.number)  # type: ignore[arg-type]
    await number_rows(conn, "invoices", Invoice.number)  # type: ignore[arg-type]
    await number_rows(conn, seq, Invoice.number, locked="no")  # type: ignore[arg-type]
    await number_rows(conn, seq, Invoice.number, limit="5")  # type: ignore[arg-type]
    await number_rows(conn, seq)  # type: ignore[call-arg]
    await number_rows(conn, seq, Invoice.number, ledger="l")  # type: ignore[arg-type]
    Issuer(engine, seq, Invoice.number, ledger=Ledger)  # type: ignore[call-overload]
    issuer = Issuer(engine, inv, Invoice.number)
    await issuer.issue()  # type: ignore[call-arg]
    await issuer.issue(7, 2)  # type: ignore[call-arg]
    await issuer.issue(7, timeout="2")  # type: ignore[arg-type]
    await issuer.issue(7, tenant=3)  # type: ignore[call-arg]
    await issuer.issue(7) + 1  # type: ignore[operator]
    issuer.issue(7) + "x"  # type: ignore[operator]
    issuer.on(engine)  # type: ignore[arg-type]
    with issuer:  # type: ignore[attr-defined]
        pass
