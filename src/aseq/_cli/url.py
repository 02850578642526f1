"""The URL of a database, as hosters and SQLAlchemy write it, and what of it may be printed.

A password that has an ``@`` or a ``/`` in it and isn't quoted makes a URL that can be read in
two ways, and a part of the password would be taken for the host or the database. Such a URL is
refused, since those are printed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import unquote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from .problems import Problem
from .secrets import SECRETS

VARIABLE = "ASEQ_DSN"

Dialect: TypeAlias = Literal["mariadb", "mysql", "postgresql", "sqlite"]

_SCHEMES: dict[str, Dialect] = {
    **dict.fromkeys(("postgres", "postgresql", "pgsql", "psql"), "postgresql"),
    **dict.fromkeys(("mysql", "mysql2"), "mysql"),
    "mariadb": "mariadb",
    **dict.fromkeys(("sqlite", "sqlite3"), "sqlite"),
}
_FORMS = (
    "postgresql://user:password@host:5432/database, mariadb://user:password@host:3306/database "
    "or sqlite:///path/to/file.db"
)
_MISSING = (
    f"which database? Give its URL in the variable {VARIABLE}, such as {_FORMS}. (Or with "
    "--dsn; but others on this machine can see that in the list of processes.)"
)
_UNREADABLE = (
    f"this isn't the URL of a database, which is like {_FORMS}. In a password, write @ as %40, "
    ": as %3A, / as %2F and % as %25. (The URL isn't shown, since it may have a password.)"
)
_UNKNOWN = (
    "the command works on PostgreSQL (postgresql://), MariaDB (mariadb://), MySQL (mysql://) "
    "and SQLite (sqlite://): this URL is for something else"
)
_IN_MEMORY = "this is a database in memory, gone when the command ends: name a file"

# Values that are words of libpq's and no secret; anything else is hidden.
_HARMLESS = re.compile(
    r"host|hostaddr|port|dbname|database|ssl|sslmode|connect_timeout|timeout|channel_binding|"
    r"gssencmode|target_session_attrs|keepalives.*|load_balance_hosts|client_encoding|"
    r"mode|uri|cache|.*cache_size|async_fallback|command_timeout|ssl[-_]mode|charset|reconnect"
)


@dataclass(frozen=True)
class Target:
    """A database that was named.

    Attributes:
        dialect: which kind it is. "mysql" may be MariaDB, too.
        asked: the driver that the URL names; "" if none.
        options: how to connect to it, in libpq's words; of SQLite, ``file`` alone.
    """

    dialect: Dialect
    asked: str
    options: Mapping[str, str] = field(repr=False)

    def shown(self, driver: str) -> str:
        """Driver, host, port and database."""
        scheme = f"{self.dialect}+{driver}" if driver else self.dialect
        if self.dialect == "sqlite":
            return f"{scheme}:///{self.options['file']}"
        host, port = self.options.get("host", ""), self.options.get("port")
        place = host + (f":{port}" if port else "")
        if host.startswith("/"):
            place = f"[{place}]"
        return f"{scheme}://{place}/{self.options.get('dbname', '')}"


def target(given: str | None) -> Target:
    """The database that is meant: the one given, or that of the environment.

    Raises:
        Problem: none was named, or it can't be read, or it is of another kind.
    """
    text = given or os.environ.get(VARIABLE, "")
    if not text:
        raise Problem(_MISSING)
    SECRETS.add(text, os.environ.get("PGPASSWORD"))
    scheme, colon, _ = text.partition("://")
    try:
        if not colon:
            raise ArgumentError("no scheme")
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise Problem(_UNREADABLE) from None
    _hide(url)
    name, _, asked = scheme.partition("+")
    dialect = _SCHEMES.get(name.lower())
    if dialect is None:
        raise Problem(_UNKNOWN)
    if dialect == "sqlite":
        return Target("sqlite", asked, {"file": _file(url)})
    return Target(dialect, asked, _options(url))


def _hide(url: URL) -> None:
    SECRETS.add(url.username, str(url.password) if url.password is not None else None)
    for name, value in _query(url).items():
        if not _HARMLESS.fullmatch(name):
            SECRETS.add(value)


def _query(url: URL) -> dict[str, str]:
    """The part behind the question mark; a host that is named twice is a list for libpq."""
    return {
        name: value if isinstance(value, str) else ",".join(value)
        for name, value in url.query.items()
    }


def _file(url: URL) -> str:
    path = url.database or ""
    if url.host or url.username:
        raise Problem(_UNREADABLE)
    path = path.removeprefix("file:").partition("?")[0]
    if not path or path == ":memory:" or url.query.get("mode") == "memory":
        raise Problem(_IN_MEMORY)
    return path


def _options(url: URL) -> dict[str, str]:
    host, database = unquote(url.host or ""), url.database or ""
    parts = {
        "host": host,
        "port": str(url.port or ""),
        "dbname": database,
        "user": url.username or "",
        "password": str(url.password or ""),
    }
    named = {name: value for name, value in parts.items() if value}
    options = {**named, **_query(url)}
    shown = (options.get("host", ""), options.get("port", ""), options.get("dbname", ""))
    if any("@" in part for part in shown) or re.search(r"[:/=\s]", shown[2]):
        raise Problem(_UNREADABLE)
    return options
