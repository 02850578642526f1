"""Which driver connects, and how it is told what libpq's words say.

The one that the URL names, if it is installed; else whichever is. Nothing is prepared by
name, so that a pooler in front doesn't matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import count
from typing import Any
from urllib.parse import urlencode

from . import mysql
from .problems import Problem
from .url import Target

CONNECT_TIMEOUT = 10
"""Seconds to wait for a connection, unless the URL says otherwise."""

PREFERRED = ("psycopg", "psycopg2", "asyncpg")

_NONE = (
    "no driver for PostgreSQL is installed: pip install 'psycopg[binary]' (asyncpg and "
    "psycopg2 do as well)"
)
_BROKEN = {
    "psycopg": "psycopg can't find libpq, PostgreSQL's library: pip install 'psycopg[binary]'",
}

# Words that only one side knows. asyncpg would send them to the server as settings.
_ASYNCPGS = {
    *("ssl", "timeout", "command_timeout", "statement_cache_size", "async_fallback"),
    *("prepared_statement_cache_size", "prepared_statement_name_func"),
}
_LIBPQS = {
    *("connect_timeout", "channel_binding", "gssencmode", "fallback_application_name"),
    *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
    *("tcp_user_timeout", "sslcompression", "sslsni", "load_balance_hosts", "hostaddr"),
}
_TRUE = {"true": "require", "1": "require", "false": "disable", "0": "disable"}


@dataclass(frozen=True)
class Driver:
    """A driver that is installed.

    Attributes:
        name: as SQLAlchemy calls it.
        awaited: it knows no sync code.
        connect: opens a connection; a coroutine function, if it is awaited.
        arguments: what SQLAlchemy is to pass on, beside.
    """

    name: str
    awaited: bool
    connect: Callable[..., Any]
    arguments: Mapping[str, Any]


def driver_name(target: Target) -> str:
    """The driver that will be used.

    Raises:
        Problem: none is installed.
    """
    if target.dialect == "sqlite":
        return "pysqlite"
    on_mysql = target.dialect != "postgresql"
    known: Mapping[str, str] = mysql.MODULES if on_mysql else {name: name for name in PREFERRED}
    asked = [name for name in known if name == target.asked.removesuffix("_async")]
    for name in (*asked, *known):
        if find_spec(known[name]) is not None:
            return name
    raise Problem(mysql.NONE if on_mysql else _NONE)


def driver_for(target: Target, *, application_name: str, create: bool = False) -> Driver:
    """The driver, ready to connect.

    Args:
        target: where to.
        application_name: what the server is told, unless the URL or the environment say it.
        create: on SQLite, make the file if it isn't there.

    Raises:
        Problem: none is installed.
    """
    name = driver_name(target)
    if name == "pysqlite":
        return _sqlite(target.options["file"], create)
    if name in mysql.MODULES:
        return _mysql(name, target.options)
    module = _imported(name)
    options = {"connect_timeout": str(CONNECT_TIMEOUT), **target.options}
    options.setdefault("fallback_application_name", application_name)
    if "ssl" in options:
        options.setdefault("sslmode", _TRUE.get(options["ssl"].lower(), options["ssl"]))
    if name == "asyncpg":
        return _asyncpg(module, options, application_name)
    for word in _ASYNCPGS:
        options.pop(word, None)
    if name == "psycopg2":
        _let_ctrl_c_through(module)
        return Driver(name, False, lambda: module.connect(**options), {})
    return Driver(name, False, lambda: module.connect(**options, prepare_threshold=None), {})


def _imported(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as exc:  # it is installed, but a library of C that it stands on isn't
        reason = str(exc).partition("\n")[0]
        raise Problem(_BROKEN.get(name) or f"{name} can't be imported: {reason}") from None


def _sqlite(file: str, create: bool) -> Driver:
    from .sqlite import connect

    return Driver("pysqlite", False, lambda: connect(file, create=create), {})


def _mysql(name: str, options: Mapping[str, str]) -> Driver:
    module = _imported(mysql.MODULES[name])
    arguments = mysql.arguments(name, options, seconds=CONNECT_TIMEOUT)

    async def connect(**_: object) -> Any:
        return await module.connect(**arguments)

    if name == "asyncmy":
        return Driver(name, True, connect, {})
    return Driver(name, False, lambda: module.connect(**arguments), {})


def _asyncpg(module: Any, options: dict[str, str], application_name: str) -> Driver:
    timeout = _seconds(options["connect_timeout"])
    options.setdefault("application_name", application_name)
    known = {name: value for name, value in options.items() if name not in _LIBPQS | _ASYNCPGS}
    dsn = "postgresql://?" + urlencode(known)

    async def connect(**_: object) -> Any:
        return await module.connect(dsn, timeout=timeout, statement_cache_size=0)

    numbers = count(1)
    arguments = {
        "prepared_statement_cache_size": 0,
        "prepared_statement_name_func": lambda: f"__aseq_{id(numbers):x}_{next(numbers)}__",
    }
    return Driver("asyncpg", True, connect, arguments)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Problem("connect_timeout in the URL must be a number of seconds") from None


def _let_ctrl_c_through(psycopg2: Any) -> None:
    """By default psycopg2 waits in C, where Python can't be told of Ctrl-C."""
    extras = import_module("psycopg2.extras")
    psycopg2.extensions.set_wait_callback(extras.wait_select)
