"""What a URL says, in the words of MariaDB's and MySQL's drivers."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

from .problems import Problem

MODULES = {"pymysql": "pymysql", "mysqldb": "MySQLdb", "asyncmy": "asyncmy"}
"""By SQLAlchemy's name of a driver, its module. The first that is installed is taken."""

NONE = (
    "no driver for MariaDB and MySQL is installed: pip install pymysql (mysqlclient or asyncmy "
    "will do, too)"
)

_UNKNOWN = "a word about TLS in the URL isn't known: ssl-mode, ssl-ca, ssl-cert and ssl-key are"

_NOT_ENFORCED = (
    "the URL wants the connection encrypted, and mysqlclient, as it is mostly built, goes on "
    "without if the server can't: pip install pymysql, and say mysql+pymysql://"
)
_PREFERRED = "PREFERRED"
_MODES = ("DISABLED", _PREFERRED, "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")
# As other databases, and other languages, write them.
_OTHERS = {
    **dict.fromkeys(("TRUE", "1", "REQUIRE", "ACCEPT_INVALID_CERTS"), "REQUIRED"),
    **dict.fromkeys(("FALSE", "0", "DISABLE"), "DISABLED"),
    **dict.fromkeys(("VERIFY_FULL", "STRICT"), "VERIFY_IDENTITY"),
    **dict.fromkeys(("PREFER", "ALLOW"), _PREFERRED),
}
_MODE_WORDS = ("ssl_mode", "sslmode", "ssl", "usessl", "sslaccept", "tls")
_FILES = {
    "ca": ("ssl_ca", "sslca", "sslrootcert"),
    "cert": ("ssl_cert", "sslcert"),
    "key": ("ssl_key", "sslkey"),
}
_TLS_WORDS = {*_MODE_WORDS, *(word for words in _FILES.values() for word in words)}


def arguments(driver: str, options: Mapping[str, str], *, seconds: int) -> dict[str, Any]:
    """What to pass to a driver's `connect`.

    Args:
        driver: SQLAlchemy's name of it.
        options: what the URL says. What isn't about the connection is left out.
        seconds: to wait for the connection, unless the URL says otherwise.

    Raises:
        Problem: something in the URL can't be done.
    """
    words = {name.lower().replace("-", "_"): value for name, value in options.items()}
    known = {
        "host": words.get("host"),
        "user": words.get("user"),
        "password": words.get("password"),
        "database": words.get("dbname"),
        "unix_socket": words.get("unix_socket", words.get("socket")),
    }
    return {
        **{name: value for name, value in known.items() if value},
        "port": _number("port", words.get("port", "3306")),
        "connect_timeout": _number("connect_timeout", words.get("connect_timeout", seconds)),
        "charset": "utf8mb4",
        **_tls(driver, words),
    }


def _number(name: str, text: object) -> int:
    try:
        return int(str(text))
    except ValueError:
        raise Problem(f"{name} in the URL must be a whole number") from None


def _tls(driver: str, words: Mapping[str, str]) -> dict[str, Any]:
    """How to encrypt: what the URL says of it and can't be followed isn't passed over."""
    if any(word.startswith(("ssl", "tls", "usessl")) for word in words.keys() - _TLS_WORDS):
        raise Problem(_UNKNOWN)
    files = {
        name: words[word]
        for name, several in _FILES.items()
        for word in several
        if word in words
    }
    mode = _mode(words, "VERIFY_CA" if "ca" in files else _PREFERRED)
    if mode == _PREFERRED:
        return {}
    if mode == "DISABLED":
        return {"ssl_disabled": True} if driver == "pymysql" else {}
    if driver == "mysqldb":
        raise Problem(_NOT_ENFORCED)
    return {"ssl": _context(mode, files)}


def _mode(words: Mapping[str, str], usual: str) -> str:
    said = [words[word] for word in _MODE_WORDS if word in words]
    if not said:
        return usual
    mode = said[0].upper().replace("-", "_")
    mode = _OTHERS.get(mode, mode)
    if mode not in _MODES:
        raise Problem(f"ssl-mode in the URL must be one of {', '.join(_MODES)}")
    return mode


def _context(mode: str, files: Mapping[str, str]) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=files.get("ca"))
        context.check_hostname = mode == "VERIFY_IDENTITY"
        if mode == "REQUIRED":
            context.verify_mode = ssl.CERT_NONE
        if "cert" in files:
            context.load_cert_chain(files["cert"], files.get("key"))
    except OSError:
        raise Problem("a file that the URL names for TLS can't be read") from None
    return context
