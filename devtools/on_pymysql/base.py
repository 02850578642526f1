"""Django's backend for MariaDB and MySQL, on PyMySQL.

As its users do it, with ``pymysql.install_as_MySQLdb()``, but not for the whole process: tests
and benchmarks run on mysqlclient, too, beside it. Django takes the driver when the backend is
imported.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import pymysql

from devtools.mysqldb import replaceable

_BACKEND = "django.db.backends.mysql"


def _backend() -> Any:
    """A copy of the backend's modules, which nobody else finds."""
    before = {name: sys.modules.pop(name) for name in [*sys.modules] if _is_backend(name)}
    try:
        with replaceable():
            pymysql.install_as_MySQLdb()
            return import_module(f"{_BACKEND}.base").DatabaseWrapper
    finally:
        for name in [*sys.modules]:
            if _is_backend(name):
                del sys.modules[name]
        sys.modules.update(before)


def _is_backend(name: str) -> bool:
    return f"{name}.".startswith(f"{_BACKEND}.")


DatabaseWrapper = _backend()
