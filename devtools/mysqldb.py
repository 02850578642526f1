"""mysqlclient, which has to be compiled, and what may stand in for it.

Under its name, `MySQLdb`, PyMySQL can stand in for it, in the whole process. Must not know aseq
or pytest.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType

INSTALL = (
    "apt-get install gcc libmariadb-dev pkg-config python3-dev, then make test WITH=mysqlclient"
)
"""What installs it on Debian and Ubuntu, and runs the tests."""

_NAME = "MySQLdb"


def is_installed() -> bool:
    """Whether it is there."""
    return find_spec(_NAME) is not None


@contextmanager
def replaceable() -> Iterator[None]:
    """Whatever stands in for it in the block, stands in for it no more afterwards."""
    before = _modules()
    for name in before:
        del sys.modules[name]
    try:
        yield
    finally:
        for name in _modules():
            del sys.modules[name]
        sys.modules.update(before)


def _modules() -> dict[str, ModuleType]:
    """Its modules that are imported."""
    return {name: module for name, module in sys.modules.items() if _is_of_it(name)}


def _is_of_it(name: str) -> bool:
    return name.partition(".")[0] == _NAME
