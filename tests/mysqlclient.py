"""What needs mysqlclient, which has to be compiled, is left out without it, but not in CI."""

from __future__ import annotations

import os

import pytest

from devtools.mysqldb import INSTALL, is_installed


def need_mysqlclient() -> None:
    """Leave the test out if it is missing. In CI, that is an error."""
    if is_installed():
        return
    if os.environ.get("CI"):
        pytest.fail(f"mysqlclient is missing: {INSTALL}", pytrace=False)
    pytest.skip(f"mysqlclient is missing: {INSTALL}")
