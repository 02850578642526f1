"""How a thread that waits for a database is made to return; another thread does so."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType

from django.db.backends.base.base import BaseDatabaseWrapper

from aseq._concurrency.call import hang_up

PATIENCE = 1.0
"""Seconds in which a server should hear that it is to cancel."""

# By the driver's method: psycopg's and psycopg2's. A driver without either isn't woken.
CANCELS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {"cancel_safe": {"timeout": PATIENCE}, "cancel": {}}
)


def wake(connection: BaseDatabaseWrapper) -> None:
    """Ask the server to cancel what the thread waits for."""
    driver = connection.connection
    for name, options in CANCELS.items():
        if hasattr(driver, name):
            getattr(driver, name)(**options)
            return


def give_up(connection: BaseDatabaseWrapper) -> None:
    """End the connection to a server that doesn't react."""
    driver = connection.connection
    if hasattr(driver, "fileno"):
        with suppress(Exception):  # it is closed
            hang_up(driver.fileno())
