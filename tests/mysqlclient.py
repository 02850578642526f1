"""mysqlclient, which has to be compiled: what needs it is left out without it, but not in CI.

Under its name, `MySQLdb`, PyMySQL can stand in for it, in the whole process. So where a test
lets it do so, that is undone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType

import pytest

INSTALL = (
    "apt-get install gcc libmariadb-dev pkg-config python3-dev, then make test WITH=mysqlclient"
)
"""What installs it on Debian and Ubuntu, and runs the tests."""

NAME = "MySQLdb"


def need_mysqlclient() -> None:
    """Leave the test out if it is missing. In CI, that is an error."""
    if find_spec(NAME) is not None:
        return
    if os.environ.get("CI"):
        pytest.fail(f"mysqlclient is missing: {INSTALL}", pytrace=False)
    pytest.skip(f"mysqlclient is missing: {INSTALL}")


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
    return {
        name: module for name, module in sys.modules.items() if name.partition(".")[0] == NAME
    }
