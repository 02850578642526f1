"""What a PostgreSQL server does to those who draw, with the settings that this role has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, text

from .answer import Answer, ok, unknown, warn

_SETTINGS = text("SELECT name, setting FROM pg_settings")
_STANDBY = text("SELECT pg_is_in_recovery()")
_PID = text("SELECT pg_backend_pid()")
_MAY_SEE = text(
    "SELECT pg_has_role(current_user, 'pg_monitor', 'member') OR "
    "(SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
)
_STANDBYS = text(
    "SELECT count(*), count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')) "
    "FROM pg_stat_replication"
)

_SET = "ALTER ROLE CURRENT_USER SET {} = {};"


def server(connection: Connection) -> Iterator[Answer]:
    """What is to be said of the server."""
    settings = {row.name: row.setting for row in connection.execute(_SETTINGS)}
    yield _primary(connection)
    yield _isolation(settings)
    yield from _time_outs(settings)
    yield from _durable(settings)
    yield _standbys(connection, settings)
    yield _pooler(connection)


def _primary(connection: Connection) -> Answer:
    if connection.execute(_STANDBY).scalar_one():
        return warn("server", "it is a standby, where nobody can draw", "name the primary")
    return ok("server", "it is a primary")


def _isolation(settings: Mapping[str, str]) -> Answer:
    level = settings["default_transaction_isolation"]
    if level == "read committed":
        return ok("isolation level", "it is READ COMMITTED by default")
    told = f"it is {level.upper()} by default: whoever waits for a number gets a serialization "
    paste = _SET.format("default_transaction_isolation", "'read committed'")
    return warn("isolation level", told + "failure (40001), and has to try again", paste)


def _time_outs(settings: Mapping[str, str]) -> Iterator[Answer]:
    lock, statement, idle = (
        int(settings[name])
        for name in (
            *("lock_timeout", "statement_timeout"),
            "idle_in_transaction_session_timeout",
        )
    )
    if lock:
        told = f"it is {lock} ms: a longer wait for a number ends with SequenceLocked"
        yield warn("lock_timeout", told, _SET.format("lock_timeout", 0))
    else:
        yield ok("lock_timeout", "it isn't set")
    if statement:
        told = (
            f"it is {statement} ms: a longer wait for a number ends with an error (57014) that "
        )
        told += "isn't worth another try by itself; pass a shorter timeout= to each draw"
        yield warn("statement_timeout", told, _SET.format("statement_timeout", 0))
    else:
        yield ok("statement_timeout", "it isn't set")
    topic = "idle_in_transaction_session_timeout"
    if idle:
        yield ok(topic, f"it is {idle} ms")
    else:
        told = "it isn't set: a client that hangs with a number in its hands stops all others"
        yield warn(topic, told, _SET.format(topic, "'60s'"))


def _durable(settings: Mapping[str, str]) -> Iterator[Answer]:
    topic, level = "synchronous_commit", settings["synchronous_commit"]
    if level == "off":
        told = "it is off: a crash takes back the last numbers, and they are given again"
        yield warn(topic, told, _SET.format(topic, "on"))
    else:
        yield ok(topic, f"it is {level}")
    off = [name for name in ("fsync", "full_page_writes") if settings[name] == "off"]
    if off:
        told = f"{off[0]} is off: a crash can destroy the database"
        yield warn("crashes", told, f"ALTER SYSTEM SET {off[0]} = on;")
    else:
        yield ok("crashes", "fsync and full_page_writes are on")


def _standbys(connection: Connection, settings: Mapping[str, str]) -> Answer:
    topic, named = "standbys", settings["synchronous_standby_names"]
    if not connection.execute(_MAY_SEE).scalar_one():
        told = "this role can't see whether a failover would lose numbers that were given"
        return unknown(topic, told, "GRANT pg_monitor TO ...;")
    all_of_them, synchronous = connection.execute(_STANDBYS).one()
    if not all_of_them and not named:
        return ok(topic, "there are none")
    if synchronous and settings["synchronous_commit"] != "local":
        return ok(topic, f"{synchronous} of {all_of_them} are synchronous")
    told = "none is synchronous: a failover loses the last numbers, and they are given again"
    return warn(topic, told, "ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)';")


def _pooler(connection: Connection) -> Answer:
    topic = "pooler"
    pid = _driver_pid(connection.connection.driver_connection)
    if pid == connection.execute(_PID).scalar_one():
        return ok(topic, "there is no PgBouncer in front (another proxy can't be seen)")
    told = "a PgBouncer is in front: let drivers prepare no statement by name"
    return warn(topic, told, "asyncpg: statement_cache_size=0; psycopg: prepare_threshold=None")


def _driver_pid(driver: Any) -> int:
    """The process that was told to the driver when it connected."""
    if hasattr(driver, "get_server_pid"):  # asyncpg
        return int(driver.get_server_pid())
    return int(driver.info.backend_pid)
