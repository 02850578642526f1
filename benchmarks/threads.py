"""django-sequences, in the threads that it is made for."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import perf_counter, sleep
from typing import Any
from urllib.parse import urlsplit

from devtools.mysqldb import is_installed

from .connections import BODY
from .load import STATEMENTS, WORK, Turn
from .settings import Database

# Two drivers in one process; the usual one is there unasked.
_POSTGRESQL, _MYSQLDB = "django.db.backends.postgresql", "django.db.backends.mysql"
_PYMYSQL = "devtools.on_pymysql"


def alias(database: Database, mysqldb: bool = False) -> str:
    """What Django calls a database, by way of its usual driver or of mysqlclient."""
    return f"{database}_mysqldb" if mysqldb else database


def set_up(urls: Mapping[Database, str]) -> None:
    """Configure Django for some databases, and create the tables of django-sequences."""
    import django
    from django.conf import settings
    from django.core.management import call_command

    databases: dict[str, dict[str, Any]] = {}
    for name, url in urls.items():
        usual = _POSTGRESQL if name == "postgresql" else _PYMYSQL
        databases[alias(name)] = _database(usual, url)
        if usual == _PYMYSQL and is_installed():
            databases[alias(name, mysqldb=True)] = _database(_MYSQLDB, url)
    apps = ["sequences.apps.SequencesConfig"]
    settings.configure(DATABASES={"default": {}, **databases}, INSTALLED_APPS=apps)
    django.setup()
    for name in urls:
        call_command("migrate", database=alias(name), verbosity=0)


def _database(engine: str, url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    place = {"HOST": parts.hostname, "PORT": parts.port, "USER": parts.username}
    return {**place, "NAME": parts.path[1:], "ENGINE": engine, "CONN_MAX_AGE": None}


class Threads:
    """As many threads as there are clients, each with its connection."""

    def __init__(self, clients: int, using: str) -> None:
        self._clients, self._using = clients, using
        self._pool = ThreadPoolExecutor(clients)

    def turn(self, table: str, seconds: float, *, long: bool) -> Turn:
        """All threads at once, each one transaction after the other."""
        together = Barrier(self._clients + 1)
        work = [
            self._pool.submit(_work, self._using, together, table, seconds, long)
            for _ in range(self._clients)
        ]
        together.wait()
        start = perf_counter()
        took = [seconds for future in work for seconds in future.result()]
        return Turn(perf_counter() - start, took)

    def close(self) -> None:
        """End the threads and their connections."""
        together = Barrier(self._clients)
        ends = [self._pool.submit(_close, self._using, together) for _ in range(self._clients)]
        for future in ends:
            future.result()
        self._pool.shutdown()


def _work(using: str, together: Barrier, table: str, seconds: float, long: bool) -> list[float]:
    from django.db import connections

    connection = connections[using]
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
        number = get_next_value(table, using=using)  # a sequence for each driver
        if long:
            for _ in range(STATEMENTS):
                cursor.execute("INSERT INTO more (body) VALUES ('a line of an invoice')")
            sleep(WORK)
        cursor.execute(f"INSERT INTO {table} (number, body) VALUES (%s, %s)", [number, BODY])


def _close(using: str, together: Barrier) -> None:
    from django.db import connections

    connections[using].close()
    together.wait()
