"""What is done about a lost call, whoever wrote the executor. Real databases: see faults."""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence
from types import coroutine
from typing import ClassVar

import anyio
import anyio.lowlevel
import pytest

from aseq import AsyncSequence, SequenceLocked, _drive
from aseq.adapters.base import SQLITE, Bind, Executor, Paramstyle, Row
from tests.cases import BACKENDS


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
    driver_errors: ClassVar = (ValueError,)

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error
        self.waits = anyio.Event()
        self.done: list[str] = []

    def autocommits(self) -> str | None:
        return None

    async def fetch(
        self, sql: str, args: tuple[Bind, ...], /, *, nowait: bool = False
    ) -> Sequence[Row]:
        if self.error is not None:
            raise self.error
        self.waits.set()
        await anyio.sleep_forever()
        return ()

    async def spoil(self) -> bool:
        await anyio.lowlevel.checkpoint()
        self.done.append("spoilt")
        return True

    def abandon(self) -> None:
        self.done.append("abandoned")


class Unsent(Stuck):
    async def spoil(self) -> bool:
        return False


class Refusing(Stuck):
    async def spoil(self) -> bool:
        raise OSError("the network is gone")


class Silent(Stuck):
    async def spoil(self) -> bool:
        await anyio.sleep_forever()
        return True


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What is logged at WARNING and above."""
    caplog.set_level(logging.WARNING, logger="aseq")
    return caplog


async def test_a_cancelled_call_is_spoilt_inside_the_cancelled_scope(
    log: pytest.LogCaptureFixture,
) -> None:
    executor = Stuck()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(AsyncSequence("invoices").next_value, executor)
        await executor.waits.wait()
        tasks.cancel_scope.cancel()

    assert executor.done == ["spoilt"]
    assert log.messages == [_drive.UNUSABLE]


async def test_any_other_end_is_a_loss_too(log: pytest.LogCaptureFixture) -> None:
    executor = Stuck(Lost())
    with pytest.raises(Lost) as caught:
        await AsyncSequence("invoices").next_value(executor)

    assert executor.done == ["spoilt"]
    assert caught.value.__notes__ == [_drive.UNUSABLE]
    assert log.messages == [_drive.UNUSABLE]


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
    monkeypatch.setattr(_drive, "SPOIL_LIMIT", 0.01)
    executor = kind(Lost())
    with pytest.raises(Lost) as caught:
        await AsyncSequence("invoices").next_value(executor)

    assert executor.done == ["abandoned"]
    assert caught.value.__notes__ == [_drive.GIVEN_UP]
    assert log.messages == [_drive.GIVEN_UP]


class Suspended(Stuck):
    async def fetch(
        self, sql: str, args: tuple[Bind, ...], /, *, nowait: bool = False
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

    assert executor.done == ["abandoned"]
