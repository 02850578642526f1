"""What is done about a lost call, whoever wrote the executor. Real databases: see faults."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Generator, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from types import coroutine
from typing import ClassVar

import anyio
import anyio.lowlevel
import pytest

from aseq import (
    AsyncSequence,
    InvalidSequence,
    SequenceCorrupted,
    SequenceLocked,
    _drive,
    _loss,
)
from aseq._core.statement import Statement, Template
from aseq.adapters.base import SQLITE, Bind, Executor, Paramstyle, Row, TableName
from tests.cases import BACKENDS
from tests.logged import events


@pytest.fixture(params=list(BACKENDS))
def anyio_backend(request: pytest.FixtureRequest) -> object:
    """Every event loop: an executor may run on any."""
    return BACKENDS[request.param]


class Lost(BaseException):
    """Neither an answer nor an error of the driver's."""


class Stuck(Executor):
    """A call on it gets no answer: it waits, or ends in `error`."""

    dialect = SQLITE
    paramstyle: Paramstyle = "qmark"
    driver_errors: ClassVar[tuple[type[Exception], ...]] = (ValueError,)

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error
        self.waits = anyio.Event()
        self.done: list[str] = []

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
        if self.error is not None:
            raise self.error
        self.waits.set()
        await anyio.sleep_forever()
        return ()

    async def abort(self) -> bool:
        await anyio.lowlevel.checkpoint()
        self.done.append("aborted")
        return True

    def terminate(self) -> None:
        self.done.append("terminated")


class Unsent(Stuck):
    async def abort(self) -> bool:
        return False


class Refusing(Stuck):
    async def abort(self) -> bool:
        raise OSError("the network is gone")


class Silent(Stuck):
    async def abort(self) -> bool:
        await anyio.sleep_forever()
        return True


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What is logged."""
    caplog.set_level(logging.INFO, logger="aseq")
    return caplog


async def test_a_cancelled_call_is_spoilt_inside_the_cancelled_scope(
    log: pytest.LogCaptureFixture,
) -> None:
    executor = Stuck()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(AsyncSequence("invoices").next_value, executor)
        await executor.waits.wait()
        tasks.cancel_scope.cancel()

    assert executor.done == ["aborted"]
    assert events(log) == ["number_lost"]


async def test_any_other_end_is_a_loss_too(log: pytest.LogCaptureFixture) -> None:
    executor = Stuck(Lost())
    with pytest.raises(Lost) as caught:
        await AsyncSequence("invoices").next_value(executor)

    assert executor.done == ["aborted"]
    assert caught.value.__notes__ == [_loss.UNUSABLE_NOTE]
    assert events(log) == ["number_lost"]


@pytest.mark.parametrize("error", [ValueError("no"), SequenceLocked("invoices", "busy")])
async def test_an_error_of_the_driver_is_an_answer(
    error: Exception, log: pytest.LogCaptureFixture
) -> None:
    executor = Stuck(error)
    with pytest.raises(type(error)) as caught:
        await AsyncSequence("invoices").next_value(executor)

    assert caught.value is error
    assert executor.done == log.messages == []


async def test_what_was_not_sent_is_not_told(log: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Lost) as caught:
        await AsyncSequence("invoices").next_value(Unsent(Lost()))

    assert not hasattr(caught.value, "__notes__")
    assert log.messages == []


@pytest.mark.parametrize("kind", [Refusing, Silent])
async def test_a_connection_that_cannot_be_spoilt_is_given_up(
    kind: type[Stuck], log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_drive, "ABORT_TIMEOUT", 0.01)
    executor = kind(Lost())
    with pytest.raises(Lost) as caught:
        await AsyncSequence("invoices").next_value(executor)

    assert executor.done == ["terminated"]
    assert caught.value.__notes__ == [_loss.GIVEN_UP_NOTE]
    assert events(log) == ["connection_closed"]


class Answering(Stuck):
    """Answers a draw with `rows`, and notes who was let in and out."""

    driver_errors: ClassVar[tuple[type[Exception], ...]] = (OSError,)

    def __init__(self, rows: Sequence[Row] = ((1,),)) -> None:
        super().__init__()
        self.rows = rows

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        self.done.append("held")
        try:
            yield
        finally:
            self.done.append("free")

    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        self.done.append("inside" if inside else "anywhere")
        return self.rows


async def test_what_the_plan_cannot_read_was_drawn_all_the_same(
    log: pytest.LogCaptureFixture,
) -> None:
    """A codec of the caller's gave something that is no number: nobody may commit."""
    executor = Answering([("one",)])
    with pytest.raises(SequenceCorrupted, match="last value is 'one', not an int") as caught:
        await AsyncSequence("invoices").next_value(executor)

    assert caught.value.__notes__ == [_loss.UNUSABLE_NOTE]
    assert events(log) == ["number_lost"]


@pytest.mark.parametrize("error", [InvalidSequence("check", "is wrong"), KeyboardInterrupt()])
async def test_whatever_comes_after_the_draw_is_a_loss(error: BaseException) -> None:
    def plan() -> Generator[Statement, Sequence[Row], int]:
        yield Statement(Template("SELECT 1"), TableName("aseq_sequence"))
        raise error

    executor = Answering()
    with pytest.raises(type(error)):
        await _drive.run(plan(), executor, "invoices")

    assert executor.done == ["held", "anywhere", "aborted", "free"]


async def test_what_comes_before_the_first_statement_is_none() -> None:
    def plan() -> Generator[Statement, Sequence[Row], int]:
        raise InvalidSequence("check", "is wrong")
        yield  # makes it a generator

    executor = Answering()
    with pytest.raises(InvalidSequence):
        await _drive.run(plan(), executor, "invoices")

    assert executor.done == ["held", "free"]


async def test_the_second_statement_of_a_plan_may_fail_after_the_first_has_drawn() -> None:
    """On SQLite, an error leaves the transaction usable."""

    def plan() -> Generator[Statement, Sequence[Row], int]:
        for _ in range(2):
            yield Statement(Template("SELECT 1"), TableName("aseq_sequence"))
        raise OSError("of the driver")

    executor = Answering()
    with pytest.raises(OSError, match="driver"):
        await _drive.run(plan(), executor, "invoices")

    assert executor.done == ["held", "anywhere", "anywhere", "aborted", "free"]


@pytest.mark.parametrize(
    ("reads", "drew"),
    [
        ((False,), False),
        ((True, False), False),  # it only looked before: this one is the first that may draw
        ((False, True), True),
        ((False, True, False), True),  # a look in between takes nothing back
        ((True, False, True), True),
    ],
)
async def test_an_error_after_a_look(reads: Sequence[bool], drew: bool) -> None:
    def plan() -> Generator[Statement, Sequence[Row], int]:
        for each in reads:
            yield Statement(Template("SELECT 1", reads=each), TableName("aseq_sequence"))
        raise OSError("of the driver")

    executor = Answering()
    with pytest.raises(OSError, match="driver"):
        await _drive.run(plan(), executor, "invoices")

    assert ("aborted" in executor.done) is drew


class Deadlock(OSError):
    """As MariaDB's 1213: the server has rolled the transaction back, and says no more of it."""

    code = 1213


def _code(exc: BaseException) -> int | None:
    return getattr(exc, "code", None)


async def test_after_an_error_that_ended_the_transaction_nothing_may_be_sent() -> None:
    executor = Stuck(Deadlock())
    executor.driver_errors = (OSError,)  # type: ignore[misc]  # an attribute of this one
    executor.dialect = replace(SQLITE, code=_code, ends_transaction=frozenset({1213}))
    with pytest.raises(Deadlock) as caught:
        await AsyncSequence("invoices").next_value(executor)

    assert executor.done == ["aborted"]
    assert caught.value.__notes__ == [_loss.UNUSABLE_NOTE]


@pytest.mark.parametrize("refused", [True, False])
async def test_that_nothing_was_drawn_counts_only_if_the_server_said_so(refused: bool) -> None:
    """The same code can have ended the transaction, and then only the executor knows."""
    goes_on = list[Sequence[Row]]()

    def plan() -> Generator[Statement, Sequence[Row], None]:
        template = Template("SELECT 1", nothing_on=frozenset({1213}))
        goes_on.append((yield Statement(template, TableName("aseq_sequence"))))

    class Doubtful(Stuck):
        driver_errors: ClassVar[tuple[type[Exception], ...]] = (OSError,)
        dialect = replace(SQLITE, code=_code)

        def refused(self, exc: BaseException, /) -> bool:
            return refused

    executor = Doubtful(Deadlock())
    with nullcontext() if refused else pytest.raises(Deadlock):
        await _drive.run(plan(), executor, "invoices")

    assert goes_on == ([()] if refused else [])
    assert executor.done == ([] if refused else ["aborted"])


@pytest.mark.parametrize("required", [True, False])
async def test_a_look_at_the_last_moment_is_asked_for_where_it_counts(required: bool) -> None:
    executor = Answering()
    seq = AsyncSequence("invoices", require_transaction=required)
    assert await seq.next_value(executor) == 1
    await seq.last_value(executor)

    draw = "inside" if required else "anywhere"
    assert executor.done == ["held", draw, "free", "held", "anywhere", "free"]


async def test_a_log_handler_that_raises_hides_nothing(
    log: pytest.LogCaptureFixture,
) -> None:
    class Raising(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("the disk is full")

    handler = Raising()
    logging.getLogger("aseq").addHandler(handler)
    try:
        with pytest.raises(Lost) as caught:
            await AsyncSequence("invoices").next_value(Stuck(Lost()))
    finally:
        logging.getLogger("aseq").removeHandler(handler)

    assert caught.value.__notes__ == [_loss.UNUSABLE_NOTE]


class Slow(Stuck):
    """Is asked to abort, and answers when it is let go."""

    def __init__(self, error: BaseException | None = None) -> None:
        super().__init__(error)
        self.asked, self.go = anyio.Event(), anyio.Event()

    async def abort(self) -> bool:
        self.asked.set()
        await self.go.wait()
        return await super().abort()


def test_a_task_that_is_cancelled_in_the_abort_after_an_error() -> None:
    """The abort goes on to its end, and the cancellation isn't lost for the error's sake."""

    async def main() -> None:
        executor = Slow(Lost())
        task = asyncio.ensure_future(AsyncSequence("invoices").next_value(executor))
        await executor.asked.wait()
        task.cancel()
        await asyncio.sleep(0)
        assert executor.done == []
        executor.go.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert executor.done == ["aborted"]

    asyncio.run(main())


class Suspended(Stuck):
    async def fetch(
        self,
        sql: str,
        args: tuple[Bind, ...],
        /,
        *,
        timeout: float | None = None,
        inside: bool = False,
    ) -> Sequence[Row]:
        await _turn()
        return ()


@coroutine
def _turn() -> Generator[None]:
    yield


def test_a_closed_coroutine_gives_the_connection_up() -> None:
    executor = Suspended()
    draw = AsyncSequence("invoices").next_value(executor)
    draw.send(None)
    draw.close()

    assert executor.done == ["terminated"]
