"""Threads with connections of their own, as a Django server has them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from django.db import connection, connections, transaction

T = TypeVar("T")

DEADLINE = 20.0
"""Seconds after which what doesn't happen is a failure."""

PATIENCE = 120.0
"""Seconds for many transactions that wait for each other: a busy machine takes its time."""


def in_threads(*works: Callable[[], T]) -> list[T]:
    """Run each in a thread, all at once; gives what they return."""
    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result(PATIENCE) for future in start(pool, *works)]


def start(pool: ThreadPoolExecutor, *works: Callable[[], T]) -> list[Future[T]]:
    """Begin each in a thread of the pool; its connections are closed at its end."""

    def closing(work: Callable[[], T]) -> T:
        try:
            return work()
        finally:
            connections.close_all()

    return [pool.submit(closing, work) for work in works]


@contextmanager
def elsewhere(work: Callable[[], object], using: str) -> Iterator[None]:
    """Another thread's transaction in which `work` was done, open as long as the block."""
    done, over = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(using=using):
            try:
                work()
            finally:
                done.set()
            assert over.wait(DEADLINE)

    with ThreadPoolExecutor(1) as pool:
        [holder] = start(pool, hold)
        assert done.wait(DEADLINE)
        try:
            yield
        finally:
            over.set()
            holder.result(DEADLINE)


def until_waiting() -> None:
    """Return as soon as another backend of the default database waits for a lock."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            # pg_stat_activity would stay as this transaction first saw it.
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND database ="
                " (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.002)
    raise AssertionError("nobody waits")
