"""How a thread that waits for a database is made to return; another thread does so."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from aseq._concurrency import call


def wake(connection: BaseDatabaseWrapper) -> None:
    """Ask the server to cancel what the thread waits for."""
    driver = connection.connection
    if hasattr(driver, "cancel_safe"):  # psycopg
        driver.cancel_safe(timeout=call.CANCEL_TIMEOUT)
    elif hasattr(driver, "cancel"):  # psycopg2
        _bounded(driver.cancel, connection)


def _bounded(cancel: Callable[[], object], connection: BaseDatabaseWrapper) -> None:
    """psycopg2's `cancel` has no timeout: it connects, and waits for the server to hang up.

    One that comes through later would hit another statement, so there must be none.
    """
    thread = Thread(target=_quietly, args=[cancel], daemon=True)
    thread.start()
    thread.join(call.CANCEL_TIMEOUT)
    if thread.is_alive():
        give_up(connection)


def _quietly(work: Callable[[], object]) -> None:
    with suppress(Exception):
        work()


def give_up(connection: BaseDatabaseWrapper) -> None:
    """End the connection to a server that doesn't react.

    From another thread than the one that waits for the server. Django is told so that
    `Atomic.__exit__` neither sends anything nor opens another connection, which wouldn't
    react either (`set_autocommit` would do so).
    """
    driver = connection.connection
    if hasattr(driver, "fileno"):
        connection.closed_in_transaction = connection.needs_rollback = True
        with suppress(Exception):  # it is closed
            call.hang_up(driver.fileno())


def discard(connection: BaseDatabaseWrapper, driver: Any) -> None:
    """Close what was given up, in its thread: or a pool would miss it.

    Args:
        connection: Django's, which may have forgotten the driver's by now.
        driver: the driver's connection.
    """
    if driver is not None:
        connection.connection, connection.closed_in_transaction = driver, False
        with suppress(Error):
            connection.close()
