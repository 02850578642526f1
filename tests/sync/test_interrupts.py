"""Promise 3 in sync code: whatever a signal handler raises, and wherever, loses no number.

Python looks for signals when it enters a function, and when a function written in C returns.
A profiler is called at just these moments, so it can play the signal: at the first of them, at
the second, and so on through the whole call.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

import anyio
import psycopg
import pytest

from aseq import sync
from aseq._loss import UNUSABLE_NOTE
from tests.observer import observing
from tests.sync.kinds import KINDS, Kind

THOROUGH = "ASEQ_SEARCH_SECONDS" in os.environ
"""Every moment, in a soak; else one in so many, times so much where there are more of them."""
STRIDES = {0: 3, 1: 11, 8: 13}
SLOWER = {"psycopg": 4, "psycopg2": 4, "sqlite": 4, "pymysql": 14}
"""Under SQLAlchemy; PyMySQL is written in Python throughout."""


class Interrupts:
    """Raises `KeyboardInterrupt` at some of the moments at which a signal could.

    Args:
        first: which one.
        again: how many later there is another one; 0 if there is none.
    """

    def __init__(self, first: int, again: int = 0) -> None:
        self._left, self._again = first, again
        self.came = False

    def __call__(self, frame: FrameType, event: str, arg: object) -> None:
        if event not in ("call", "c_return"):
            return
        self._left -= 1
        if self._left == 0:
            self.came = True
            self._left, self._again = self._again, 0
            raise KeyboardInterrupt


def interrupted(draw: Callable[[], object], interrupts: Interrupts) -> bool:
    """Whether a draw that is interrupted is over before it has given a number."""
    # Garbage that complains meanwhile: pytest, which listens, would be interrupted instead.
    listens, sys.unraisablehook = sys.unraisablehook, deque[object](maxlen=0).append
    try:
        sys.setprofile(interrupts)
        draw()
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(None)
        sys.unraisablehook = listens
    return False


# An interrupted pool may forget a connection, which says so when it is collected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("again", [0, 1, 8])
def test_no_moment_is_unsafe(
    kind: Kind, url: str, name: str, last: Callable[[str], int | None], again: int
) -> None:
    moment, lost = 0, []
    conn = kind.open(url)
    sync.Sequence(name).next_value(conn)  # imports what it needs
    conn.rollback()
    stride = 1 if THOROUGH else STRIDES[again] * SLOWER.get(kind.name.partition("-")[2], 1)
    while True:
        moment += stride
        sequence = sync.Sequence(f"{name}-{moment}")
        interrupts = Interrupts(moment, again)
        stopped = interrupted(lambda q=sequence, c=conn: q.next_value(c), interrupts)  # type: ignore[misc]
        if not interrupts.came:
            break
        if not stopped:  # swallowed where nothing can be raised: the number was given
            conn.rollback()
            continue
        with suppress(Exception):
            conn.commit()  # as somebody would who swallows it
        if last(sequence.name) is not None:
            lost.append(moment)
        conn.close()
        if kind.name == "Session-sqlite":
            gc.collect()  # what an interrupted pool has forgotten may still be in a transaction
        conn = kind.open(url)
    conn.close()
    gc.collect()

    assert lost == []
    assert moment > 50, "the profiler saw the call"


class TimeLimit(Exception):
    """As a worker raises it in a signal handler."""


@pytest.mark.parametrize("error", [KeyboardInterrupt, TimeLimit])
def test_interrupted_while_it_waits(
    postgres: str, name: str, error: type[BaseException]
) -> None:
    assert threading.current_thread() is threading.main_thread(), "where signals arrive"
    [kind] = [each for each in KINDS if each.name == "psycopg"]
    sequence = sync.Sequence(name)

    def handler(*_: Any) -> None:
        raise error

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with kind.connect(postgres) as holder, kind.connect(postgres) as waiter:
            sync.create_table(holder)
            holder.commit()
            sequence.next_value(holder)
            pid = waiter.info.backend_pid
            main = threading.main_thread().ident
            assert main is not None

            def interrupt() -> None:
                with observing(postgres) as observer:
                    anyio.run(observer.until_waiting, pid)
                    signal.pthread_kill(main, signal.SIGUSR1)

            thread = threading.Thread(target=interrupt)
            thread.start()
            with pytest.raises(error) as raised:
                sequence.next_value(waiter)
            thread.join()
            assert waiter.info.transaction_status == psycopg.pq.TransactionStatus.INERROR
            waiter.rollback()
            holder.commit()
            assert sequence.next_value(waiter) == 2, "the connection is as good as before"
            waiter.commit()
    finally:
        signal.signal(signal.SIGUSR1, before)

    assert set(getattr(raised.value, "__notes__", ())) <= {UNUSABLE_NOTE}
