"""A lock that a thread takes and somebody else gives back, or nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread

import pytest

from aseq._concurrency import lease
from aseq._concurrency.lease import Lease, LeaseExpired

DEADLINE = 20


class Unwanted(Exception):
    pass


@contextmanager
def in_thread(work: object) -> Iterator[Thread]:
    thread = Thread(target=work)  # type: ignore[arg-type]
    thread.start()
    yield thread
    thread.join(DEADLINE)
    assert not thread.is_alive()


def wanted() -> None:
    """Nobody gave up."""


def work_in(held: Lease) -> None:
    """Take the lock in another thread, and leave it taken."""

    def work() -> None:
        with held.taken(wanted):
            assert held.held

    with in_thread(work):
        pass


def test_it_is_kept_after_the_work_until_it_is_given_back() -> None:
    lock = Lock()
    held = Lease(lock)
    work_in(held)
    assert held.held
    assert lock.locked()
    held.end()
    assert not lock.locked()
    held.end()  # once more does nothing
    assert not lock.locked()


def test_it_is_given_back_if_nobody_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop may wait for this very lock."""
    monkeypatch.setattr(lease, "GRACE", 0.01)
    lock = Lock()
    held = Lease(lock)
    work_in(held)
    assert lock.acquire(timeout=DEADLINE)
    assert held.expired
    assert not held.held
    with pytest.raises(LeaseExpired), held.kept():
        pass
    held.end()
    assert lock.locked()  # it is somebody else's by now


def test_what_comes_after_the_work_has_the_lock_as_long_as_it_likes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock = Lock()
    held = Lease(lock)
    work_in(held)
    with held.kept():
        held.expire(held._round)  # the clock comes too late
        assert lock.locked()
    assert lock.locked()
    held.expire(held._round - 1)  # the time of an earlier piece of work
    assert lock.locked()
    held.end()
    assert not lock.locked()


def test_the_end_waits_for_the_work() -> None:
    lock, entered, leave = Lock(), Event(), Event()
    held = Lease(lock)

    def work() -> None:
        with held.taken(wanted):
            entered.set()
            assert leave.wait(DEADLINE)

    with in_thread(work):
        assert entered.wait(DEADLINE)
        held.end()
        assert lock.locked()
        leave.set()
    assert not lock.locked()


def test_nobody_waits_for_a_lock_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "POLL", 0.01)
    lock = Lock()
    lock.acquire()
    held = Lease(lock)

    def unwanted() -> None:
        raise Unwanted

    with pytest.raises(Unwanted), held.taken(unwanted):
        pass
    held.end()
    assert lock.locked()


def test_all_share_one_clock() -> None:
    for _ in range(50):
        held = Lease(Lock())
        work_in(held)
        held.end()
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("aseq-leases") == 1
