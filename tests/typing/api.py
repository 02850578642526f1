"""What a caller's editor sees. Type-checked, never run.

An ignored line is a wrong use: mypy tells if it stops being one (`warn_unused_ignores`).
"""

from __future__ import annotations

import datetime
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, ClassVar, Literal, assert_type

from django.db.models import Model

import aseq
import aseq.django
from aseq import (
    AseqError,
    AsyncSequence,
    Connection,
    InvalidSequence,
    NotInTransaction,
    SequenceCorrupted,
    SequenceExhausted,
    SequenceLocked,
    SequenceTableMissing,
    UnsupportedConnection,
    allocate,
    create_table,
    create_table_sql,
    drop_table,
    is_retryable,
)
from aseq._core.spec import SequenceSpec
from aseq.adapters.base import (
    SQLITE,
    Bind,
    Dialect,
    Executor,
    Paramstyle,
    Row,
    TableName,
    Watcher,
)
from aseq.audit import Audit, Progress, SeriesAudit, audit
from aseq.django.audit import aaudit
from aseq.django.audit import audit as django_audit
from aseq.ledger import Ledger
from aseq.numbering import DocumentNumber, FiscalYear, Numbering, ParsedNumber
from aseq.testing import MemoryExecutor, assert_gapless


async def verbs(conn: Connection, seq: AsyncSequence) -> None:
    assert_type(await seq.next_value(conn), int)
    assert_type(await seq.next_value(conn, nowait=True), int)
    assert_type(await seq.next_values(conn, 3), Sequence[int])
    assert_type(await seq.next_values(conn, 3, nowait=True), Sequence[int])
    assert_type(await seq.last_value(conn), int | None)
    assert_type(await seq.advance_to(conn, 41), int)
    assert_type(await seq.delete(conn), bool)
    assert_type(await seq.next_value(conn, timeout=2), int)
    assert_type(await seq.next_values(conn, 3, timeout=0.5), Sequence[int])
    assert_type(await seq.advance_to(conn, 41, timeout=2), int)
    assert_type(await seq.delete(conn, timeout=2), bool)
    drawn = await allocate(conn, {seq: 3}, timeout=2)
    assert_type(drawn, dict[AsyncSequence, Sequence[int]])
    await allocate(conn, {seq: 3}, nowait=True)
    assert_type(seq.iterate(conn), AsyncGenerator[int, None])
    await seq.iterate(conn).aclose()
    every: AsyncIterator[int] = seq.iterate(conn)
    del every
    async for value in seq.iterate(conn, nowait=True):
        assert_type(value, int)


async def wrong_verbs(conn: Connection, seq: AsyncSequence) -> None:
    await seq.next_value()  # type: ignore[call-arg]
    await seq.next_value(conn=conn)  # type: ignore[call-arg]
    await seq.next_value(conn, True)  # type: ignore[call-arg]
    await seq.next_value(conn, nowait=None)  # type: ignore[arg-type]
    await seq.next_value(conn, timeout="2")  # type: ignore[arg-type]
    await seq.last_value(conn, timeout=2)  # type: ignore[call-arg]
    await allocate(conn, [seq])  # type: ignore[call-overload]
    await allocate(conn, {"invoices": 1})  # type: ignore[dict-item]
    await allocate(conn, {seq: 1}, True)  # type: ignore[call-overload]
    await seq.next_values(conn)  # type: ignore[call-arg]
    await seq.next_values(conn, "3")  # type: ignore[arg-type]
    await seq.next_values(conn, count=3)  # type: ignore[call-arg]
    await seq.next_values(conn, 3, True)  # type: ignore[call-arg]
    await seq.last_value(conn, nowait=True)  # type: ignore[call-arg]
    await seq.advance_to(conn, None)  # type: ignore[arg-type]
    await seq.advance_to(conn, value=3)  # type: ignore[call-arg]
    await seq.delete(conn=conn)  # type: ignore[call-arg]
    await seq.iterate(conn)  # type: ignore[misc]
    for _ in seq.iterate(conn):  # type: ignore[attr-defined]
        pass
    seq.next_value(conn) + 1  # type: ignore[operator]
    (await seq.last_value(conn)) + 1  # type: ignore[operator]
    (await seq.next_values(conn, 3)).append(4)  # type: ignore[attr-defined]


def parameters() -> None:
    AsyncSequence()
    AsyncSequence("cases", 1, 1000)
    seq = AsyncSequence(
        name="cases",
        initial_value=10,
        reset_value=None,
        step=-1,
        table="billing.numbers",
        require_transaction=False,
        fair=None,
        queue="billing",
    )
    assert_type(seq.name, str)
    assert_type(seq.initial_value, int)
    assert_type(seq.reset_value, int | None)
    assert_type(seq.step, int)
    assert_type(seq.table, str)
    assert_type(seq.require_transaction, bool)
    assert_type(seq.fair, bool | None)
    assert_type(seq.queue, str | None)
    assert_type({seq: 1}[seq], int)


async def several(conn: Connection, seq: AsyncSequence, numbering: Numbering) -> None:
    both = await allocate(conn, {seq: 1, numbering: 2})
    assert_type(both[seq], Sequence[int])
    assert_type(both[numbering], Sequence[DocumentNumber])
    assert_type((await allocate(conn, {numbering: 2}))[numbering], Sequence[DocumentNumber])
    one_kind: dict[Numbering, int] = {numbering: 1}
    assert_type((await allocate(conn, one_kind))[numbering], Sequence[DocumentNumber])
    wanted: dict[AsyncSequence | Numbering, int] = {seq: 1}
    drawn = await allocate(conn, wanted, nowait=True)
    assert_type(drawn[numbering], Sequence[DocumentNumber])
    for key in drawn:
        assert_type(key, AsyncSequence | Numbering)


async def wrong_several(conn: Connection, seq: AsyncSequence, numbering: Numbering) -> None:
    await allocate(conn, {seq: 1, "receipts": 1})  # type: ignore[dict-item]
    await allocate(conn, {numbering: "1"})  # type: ignore[dict-item]
    both = await allocate(conn, {seq: 1, numbering: 2})
    both["receipts"]  # type: ignore[index]
    both[seq][0].text  # type: ignore[attr-defined]  # noqa: B018


async def document_numbers(conn: Executor, numbering: Numbering) -> None:
    at = datetime.datetime.now(datetime.UTC)
    assert_type(await numbering.next(conn), DocumentNumber)
    assert_type(await numbering.next(conn, at=at, nowait=True, tenant=7), DocumentNumber)
    assert_type(await numbering.next_many(conn, 3, entity="FR"), Sequence[DocumentNumber])
    assert_type(await numbering.preview(conn), DocumentNumber)
    assert_type(numbering.bind(tenant="acme"), Numbering)
    assert_type(numbering.sequence(at=at), AsyncSequence)
    assert_type(numbering.parse("INV-1", tenant=7), ParsedNumber)
    taken = await numbering.take_over(conn, ["INV-1", None], tenant=7)
    assert_type(taken.counters, Mapping[str, int])
    issued = await numbering.next(conn)
    assert_type((issued.text, issued.number), tuple[str, int])
    assert_type((issued.at, issued.date), tuple[datetime.datetime, datetime.date])
    assert_type((issued.period, issued.sequence), tuple[str | None, AsyncSequence])
    assert_type({numbering: 1}[numbering], int)


async def wrong_document_numbers(conn: Executor, numbering: Numbering) -> None:
    await numbering.next()  # type: ignore[call-arg]
    await numbering.next(conn, tenant=7.5)  # type: ignore[arg-type]
    await numbering.next(conn, tenant=None)  # type: ignore[arg-type]
    await numbering.next(conn, at="2026")  # type: ignore[arg-type]
    await numbering.next(conn, nowait=None)  # type: ignore[arg-type]
    await numbering.next_many(conn)  # type: ignore[call-arg]
    await numbering.take_over(conn)  # type: ignore[call-arg]
    numbering.bind(7)  # type: ignore[call-arg]
    numbering.name = "other"  # type: ignore[misc]
    issued = await numbering.next(conn)
    issued.text = "other"  # type: ignore[misc]
    numbering.next(conn).text  # type: ignore[attr-defined]  # noqa: B018


def numberings() -> None:
    Numbering("invoices", "INV-{number}")
    Numbering(
        name="invoices",
        pattern="INV-{entity}-{fiscal_year}-{number:05}",
        scope=["tenant"],
        period=FiscalYear(4, named_after="end"),
        tz=datetime.UTC,
        step=1,
        initial_value=1,
        check=lambda digits: str(len(digits) % 10),
        table="billing.numbers",
        fair=None,
        require_transaction=True,
    )
    Numbering("invoices")  # type: ignore[call-arg]
    Numbering("invoices", "{number}", period="yearly")  # type: ignore[arg-type]
    Numbering("invoices", "{number}", reset_value=9)  # type: ignore[call-arg]
    Numbering("invoices", "{number}", ["tenant"])  # type: ignore[call-arg]
    FiscalYear(4, named_after="middle")  # type: ignore[arg-type]


def wrong_parameters(seq: AsyncSequence) -> None:
    AsyncSequence(1)  # type: ignore[arg-type]
    AsyncSequence("cases", "1")  # type: ignore[arg-type]
    AsyncSequence("cases", 1, 9, 2)  # type: ignore[call-arg]
    AsyncSequence(sequence_name="cases")  # type: ignore[call-arg]
    AsyncSequence(step=None)  # type: ignore[arg-type]
    AsyncSequence(fair="no")  # type: ignore[arg-type]
    seq.name = "other"  # type: ignore[misc]
    seq.step += 1  # type: ignore[misc]
    seq < seq  # type: ignore[operator]  # noqa: B015


async def tables(conn: Connection) -> None:
    await create_table(conn)
    await create_table(conn, "billing.numbers")
    await drop_table(conn, "billing.numbers")
    assert_type(create_table_sql("sqlite"), str)
    assert_type(create_table_sql("postgresql", "billing.numbers"), str)
    await create_table(conn, table="numbers")  # type: ignore[call-arg]
    await drop_table()  # type: ignore[call-arg]
    create_table_sql("oracle")  # type: ignore[arg-type]


def failures(exc: BaseException) -> None:
    assert_type(is_retryable(exc), bool)
    assert_type(aseq.__version__, str)
    is_retryable(exc=exc)  # type: ignore[call-arg]
    is_retryable("40001")  # type: ignore[arg-type]
    if isinstance(exc, InvalidSequence):
        assert_type((exc.argument, exc.problem), tuple[str, str])
    elif isinstance(exc, UnsupportedConnection):
        assert_type((exc.type, exc.hint), tuple[str, str])
    elif isinstance(exc, NotInTransaction | SequenceLocked):
        assert_type((exc.sequence, exc.hint), tuple[str, str])
    elif isinstance(exc, SequenceTableMissing):
        assert_type(exc.table, str)
    elif isinstance(exc, SequenceExhausted):
        assert_type((exc.sequence, exc.last), tuple[str, int | None])
    elif isinstance(exc, SequenceCorrupted):
        assert_type((exc.sequence, exc.problem), tuple[str, str])
    elif isinstance(exc, AseqError):
        exc.sequence  # type: ignore[attr-defined]  # noqa: B018


def unknown_names() -> None:
    aseq.next_value  # type: ignore[attr-defined]  # noqa: B018
    aseq.django.atomic_  # type: ignore[attr-defined]  # noqa: B018


async def in_django() -> None:
    async with aseq.django.aatomic() as tx:
        assert_type(await AsyncSequence("cases").next_value(tx), int)
        assert_type(await aseq.django.get_next_value("cases"), int)
        assert_type(await aseq.django.aget_next_values(3), Sequence[int])
        assert_type(await aseq.django.get_next_value(timeout=1.5), int)
        bills = aseq.django.Numbering("bills", "B{number}")
        assert_type(await bills.next(), DocumentNumber)
        assert_type(await bills.next_many(2, timeout=3), Sequence[DocumentNumber])
        assert_type(await bills.sequence().get_next_value(), int)
        assert_type((await aseq.django.allocate({bills: 1}))[bills], Sequence[DocumentNumber])
        await bills.next(tx)  # type: ignore[call-arg, arg-type]
        await bills.next(tenant=1.5)  # type: ignore[arg-type]
    assert_type(await decorated("cases"), int)


async def late_in_django(model: type[Model], bills: aseq.django.Numbering) -> None:
    issuer = aseq.django.Issuer(model, "number", "cases", timeout=1.5, using="default")
    assert_type(await issuer.issue(1), int)
    assert_type(issuer.issue_now(1, timeout=2), int)
    assert_type(aseq.django.Issuer(model, "n", AsyncSequence("cases")), aseq.django.Issuer[int])
    assert_type(
        aseq.django.Issuer(
            model,
            "number",
            bills,
            scope={"tenant": "tenant"},
            at_field="issued_at",
            on_issued=lambda issued: issued[0].key,
        ),
        aseq.django.Issuer[str],
    )
    aseq.django.Issuer(model, "number", 3)  # type: ignore[call-overload]
    aseq.django.Issuer(model, "number", "cases", at_field="at")  # type: ignore[call-overload]
    aseq.django.Issuer("Invoice", "number", "cases")  # type: ignore[call-overload]


@aseq.django.aatomic
async def decorated(name: str) -> int:
    return await aseq.django.get_next_value(name)


class Brief(Executor):
    """An executor of a third party, with no more than it needs."""

    dialect = SQLITE
    paramstyle: Paramstyle = "qmark"
    driver_errors: ClassVar = (OSError,)

    def outside_transaction(self) -> str | None:
        return None

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        return [(1,)]

    async def abort(self) -> bool:
        return True

    def terminate(self) -> None:
        return


class Whole:
    """An executor of a third party that inherits nothing."""

    kind: ClassVar[str] = "third party"
    dialect: Dialect = SQLITE
    paramstyle: Paramstyle = "format"
    driver_errors: ClassVar[tuple[type[Exception], ...]] = ()
    errors: Mapping[type[AseqError], type[AseqError]] = {}

    async def prepare(self) -> None:
        return

    def outside_transaction(self) -> str | None:
        return "begin"

    def refused(self, exc: BaseException, /) -> bool:
        return False

    def watch(self, watcher: Watcher, /) -> None:
        return

    def locate(self, table: TableName) -> TableName:
        return TableName(table.name, "tenant")

    def adapt(self, spec: SequenceSpec) -> SequenceSpec:
        return spec

    def hold(self) -> AbstractAsyncContextManager[object]:
        return nullcontext()

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> list[tuple[Any, ...]]:
        return []

    async def abort(self) -> bool:
        return False

    def terminate(self) -> None:
        return


class Blocking(Whole):
    """No executor: it doesn't await."""

    def fetch(  # type: ignore[override]
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> list[tuple[Any, ...]]:
        return []


def executors() -> list[Executor]:
    assert_type(Whole().paramstyle, Literal["qmark", "format", "numeric_dollar"])
    wrong: Executor = Blocking()  # type: ignore[assignment]
    half: Executor = Executor()  # type: ignore[misc]
    return [Brief(), Whole(), MemoryExecutor(), wrong, half]


def helpers() -> None:
    assert_gapless([1, 2, 3])
    assert_gapless([1, 2, 3], last=3)
    assert_gapless([1, 2, 3], last="3")  # type: ignore[arg-type]
    assert_gapless((n for n in (4, 2)), 4, step=-2)
    assert_gapless(["1"])  # type: ignore[list-item]


async def audits(conn: Connection, seq: AsyncSequence, numbering: Numbering) -> None:
    found = await audit(conn, "invoice.number", seq)
    assert_type(found, Audit)
    assert_type(found.ok, bool)
    assert_type(found.series, tuple[SeriesAudit, ...])
    assert_type(found.to_json(), str)
    assert_type(found.series[0].counter, int | None)

    def tell(step: Progress) -> None:
        assert_type(step.done, int)

    columns: list[object] = ["invoice.number", "credit.number"]
    await audit(conn, columns, numbering, scope={"tenant": "invoice.tenant"}, progress=tell)
    await audit(conn, "invoice.number", seq, where=["a", None], first=7, limit=3)
    await audit(conn, "invoice.number", "invoices")  # type: ignore[arg-type]
    await audit(conn, "invoice.number", seq, scope="tenant")  # type: ignore[arg-type]
    await audit(conn, "invoice.number", seq, limit="3")  # type: ignore[arg-type]
    await audit(conn, "invoice.number", seq, progress=7)  # type: ignore[arg-type]
    found.at = "now"  # type: ignore[misc]


async def ledgers(conn: Connection, seq: AsyncSequence, numbering: Numbering) -> None:
    ledger = Ledger()
    assert_type(await ledger.issue(conn, seq, key="a", by="b", note="c"), int)
    issued = await ledger.issue(conn, numbering, tenant=7, timeout=5)
    assert_type(issued, DocumentNumber)
    assert_type(await ledger.issue_many(conn, seq, keys=["a"], by="b"), dict[str, int])
    many = await ledger.issue_many(conn, numbering, keys=("a", "b"), tenant=7)
    assert_type(many["a"], DocumentNumber)
    assert_type(await ledger.void(conn, issued, reason="x"), bool)
    await ledger.void(conn, 7, of=seq, reason="x")
    await ledger.void(conn, numbering.parse("INV-7"), reason="x", by="b")
    await audit(conn, "invoice.number", seq, ledger=ledger)
    await ledger.issue(None, seq)  # type: ignore[arg-type]
    await ledger.issue(conn, "invoices")  # type: ignore[arg-type]
    await ledger.issue(conn, seq, key=7)  # type: ignore[arg-type]
    await ledger.issue_many(conn, seq)  # type: ignore[call-arg]
    await ledger.void(conn, issued)  # type: ignore[call-arg]
    await ledger.void(conn, issued, reason=None)  # type: ignore[arg-type]


def audits_of_django(numbering: aseq.django.Numbering) -> None:
    assert_type(django_audit("invoice.number", "invoices"), Audit)
    assert_type(django_audit("invoice.number", numbering, using="default"), Audit)
    django_audit("invoice.number", 7)  # type: ignore[arg-type]


async def async_audits_of_django(seq: AsyncSequence) -> None:
    assert_type(await aaudit("invoice.number", seq), Audit)
