"""django-sequences, in the threads that it is made for."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import perf_counter, sleep
from typing import Any
from urllib.parse import urlsplit

from .connections import BODY
from .load import STATEMENTS, WORK, Turn
from .settings import Database

_ENGINES = {"postgresql": "postgresql", "mariadb": "mysql", "mysql": "mysql"}


def set_up(urls: Mapping[Database, str]) -> None:
    """Configure Django for some databases, and create the tables of django-sequences."""
    import django
    import pymysql
    from django.conf import settings
    from django.core.management import call_command

    pymysql.install_as_MySQLdb()
    databases: dict[str, dict[str, Any]]
    databases = {name: _database(_ENGINES[name], url) for name, url in urls.items()}
    apps = ["sequences.apps.SequencesConfig"]
    settings.configure(DATABASES={"default": {}, **databases}, INSTALLED_APPS=apps)
    django.setup()
    for name in databases:
        call_command("migrate", database=name, verbosity=0)


def _database(engine: str, url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    place = {"HOST": parts.hostname, "PORT": parts.port, "USER": parts.username}
    engine = f"django.db.backends.{engine}"
    return {**place, "NAME": parts.path[1:], "ENGINE": engine, "CONN_MAX_AGE": None}


class Threads:
    """As many threads as there are clients, each with its connection."""

    def __init__(self, clients: int, database: Database) -> None:
        self._clients = clients
        self._database: Database = database
        self._pool = ThreadPoolExecutor(clients)

    def turn(self, table: str, seconds: float, *, long: bool) -> Turn:
        """All threads at once, each one transaction after the other."""
        together = Barrier(self._clients + 1)
        work = [
            self._pool.submit(_work, self._database, together, table, seconds, long)
            for _ in range(self._clients)
        ]
        together.wait()
        start = perf_counter()
        took = [seconds for future in work for seconds in future.result()]
        return Turn(perf_counter() - start, took)

    def close(self) -> None:
        """End the threads and their connections."""
        together = Barrier(self._clients)
        ends = [
            self._pool.submit(_close, self._database, together) for _ in range(self._clients)
        ]
        for future in ends:
            future.result()
        self._pool.shutdown()


def _work(
    database: Database, together: Barrier, table: str, seconds: float, long: bool
) -> list[float]:
    from django.db import connections

    connection = connections[database]
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

    using = connection.alias
    with transaction.atomic(using), connection.cursor() as cursor:
        number = get_next_value("invoices", using=using)
        if long:
            for _ in range(STATEMENTS):
                cursor.execute("INSERT INTO more (body) VALUES ('a line of an invoice')")
            sleep(WORK)
        cursor.execute(f"INSERT INTO {table} (number, body) VALUES (%s, %s)", [number, BODY])


def _close(database: Database, together: Barrier) -> None:
    from django.db import connections

    connections[database].close()
    together.wait()
