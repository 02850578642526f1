"""django-sequences, in the threads that it is made for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import perf_counter, sleep
from typing import Any
from urllib.parse import urlsplit

from .connections import BODY
from .load import STATEMENTS, WORK, Turn


def set_up(url: str) -> None:
    """Configure Django for a database, and create the tables of django-sequences."""
    import django
    from django.conf import settings
    from django.core.management import call_command

    parts = urlsplit(url)
    database = {"HOST": parts.hostname, "PORT": parts.port, "USER": parts.username}
    database |= {"NAME": parts.path[1:], "ENGINE": "django.db.backends.postgresql"}
    database |= {"CONN_MAX_AGE": None}
    apps = ["sequences.apps.SequencesConfig"]
    settings.configure(DATABASES={"default": database}, INSTALLED_APPS=apps)
    django.setup()
    call_command("migrate", verbosity=0)


class Threads:
    """As many threads as there are clients, each with its connection."""

    def __init__(self, clients: int) -> None:
        self._clients = clients
        self._pool = ThreadPoolExecutor(clients)

    def turn(self, table: str, seconds: float, *, long: bool) -> Turn:
        """All threads at once, each one transaction after the other."""
        together = Barrier(self._clients + 1)
        work = [
            self._pool.submit(_work, together, table, seconds, long)
            for _ in range(self._clients)
        ]
        together.wait()
        start = perf_counter()
        took = [seconds for future in work for seconds in future.result()]
        return Turn(perf_counter() - start, took)

    def close(self) -> None:
        """End the threads and their connections."""
        together = Barrier(self._clients)
        for future in [self._pool.submit(_close, together) for _ in range(self._clients)]:
            future.result()
        self._pool.shutdown()


def _work(together: Barrier, table: str, seconds: float, long: bool) -> list[float]:
    from django.db import connection

    connection.ensure_connection()
    together.wait()
    start, took = perf_counter(), []
    while (begun := perf_counter()) < start + seconds:
        _transaction(connection, table, long=long)
        took.append(perf_counter() - begun)
    return took


def _transaction(connection: Any, table: str, *, long: bool) -> None:
    from django.db import transaction
    from sequences import get_next_value

    with transaction.atomic(), connection.cursor() as cursor:
        number = get_next_value("invoices")
        if long:
            for _ in range(STATEMENTS):
                cursor.execute("INSERT INTO more (body) VALUES ('a line of an invoice')")
            sleep(WORK)
        cursor.execute(f"INSERT INTO {table} (number, body) VALUES (%s, %s)", [number, BODY])


def _close(together: Barrier) -> None:
    from django.db import connection

    connection.close()
    together.wait()
