"""Very many names in one transaction: what is logged, whoever wrote the executor.

Real databases: see contract and faults.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import ClassVar

import pytest

from aseq import AsyncSequence, _drive_sync, _tally
from aseq._core.plans import next_values
from aseq._log import MANY_NAMES
from aseq._tally import QueueCounter
from aseq.adapters.base import (
    POSTGRESQL,
    Bind,
    Executor,
    Paramstyle,
    Row,
    SyncExecutor,
    TableName,
)
from tests.logged import events


class InTurn(Executor):
    """Answers every draw, in the transaction that it was told."""

    dialect = POSTGRESQL
    paramstyle: Paramstyle = "format"
    driver_errors: ClassVar = (ValueError,)
    transaction: int | None = 7
    schema: str | None = None

    def outside_transaction(self) -> str | None:
        return None

    def locate(self, table: TableName) -> TableName:
        return TableName(table.name, self.schema)

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        return [(1, self.transaction)]

    async def abort(self) -> bool:
        raise AssertionError("nothing was lost")

    def terminate(self) -> None:
        raise AssertionError("nothing was lost")


class InTurnSync(SyncExecutor):
    """The same for sync code."""

    dialect = POSTGRESQL
    paramstyle: Paramstyle = "format"
    driver_errors: ClassVar = (ValueError,)

    def outside_transaction(self) -> str | None:
        return None

    def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        return [(1, 7)]

    def abort(self) -> bool:
        raise AssertionError("nothing was lost")

    def terminate(self) -> None:
        raise AssertionError("nothing was lost")


@pytest.fixture
def log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> pytest.LogCaptureFixture:
    """What is logged at WARNING and above, where two names are too many."""
    monkeypatch.setattr(_tally, "QUEUED", QueueCounter(limit=1, transactions=10))
    caplog.set_level(logging.WARNING, logger="aseq")
    return caplog


def test_what_is_logged() -> None:
    assert f"more than {_tally.QUEUED.limit:,} different sequences" in MANY_NAMES.text


async def test_a_name_in_another_table_is_another(log: pytest.LogCaptureFixture) -> None:
    executor, other = InTurn(), InTurn()
    other.schema = "tenant"
    for _ in range(2):
        await AsyncSequence("invoices").next_value(executor)
    assert log.messages == []
    await AsyncSequence("invoices").next_value(other)

    assert events(log) == ["many_sequences"]


async def test_a_queue_takes_one_slot_whatever_stands_in_it(
    log: pytest.LogCaptureFixture,
) -> None:
    executor = InTurn()
    for year in range(2020, 2030):
        await AsyncSequence(f"invoices/{year}", queue="invoices").next_value(executor)
    assert log.messages == []
    await AsyncSequence("receipts").next_value(executor)

    assert events(log) == ["many_sequences"]


async def test_without_a_transaction_there_is_nothing_to_count(
    log: pytest.LogCaptureFixture,
) -> None:
    executor = InTurn()
    executor.transaction = None
    for number in range(5):
        await AsyncSequence(f"case-{number}").next_value(executor)

    assert log.messages == []


def test_sync_code_is_told_too(log: pytest.LogCaptureFixture) -> None:
    executor = InTurnSync()
    for number in range(5):
        spec = AsyncSequence(f"case-{number}")
        plan = next_values(spec, POSTGRESQL, 1)
        assert _drive_sync.run_on_sync(spec, plan, executor, writes=True) == range(1, 2)

    assert events(log) == ["many_sequences"]


@pytest.fixture
def raising() -> Iterator[None]:
    """A log that can't be written."""

    class Raising(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("the disk is full")

    handler = Raising()
    logging.getLogger("aseq").addHandler(handler)
    yield
    logging.getLogger("aseq").removeHandler(handler)


@pytest.mark.usefixtures("raising")
async def test_a_number_is_worth_more_than_the_log(log: pytest.LogCaptureFixture) -> None:
    executor = InTurn()
    values = [await AsyncSequence(f"case-{i}").next_value(executor) for i in range(3)]

    assert values == [1, 1, 1]
