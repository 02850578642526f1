"""Which tests are of one database: what `make test-servers` runs on a server of that kind."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

SERVERS = {"mariadb": "mariadb", "mysql": "mysql", "postgresql": "postgres"}
"""The fixture of each server's URL."""


def select(items: list[pytest.Item], config: pytest.Config) -> None:
    """Keep the tests of the database that was asked for, if one was."""
    dialect = config.getoption("on")
    if dialect is None:
        return
    others = [item for item in items if not is_of(item, dialect)]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]


def is_of(item: pytest.Item, dialect: str) -> bool:
    """Whether a test runs on a database: its row says so, or else it wants the server's URL."""
    call = getattr(item, "callspec", None)
    rows: Mapping[str, object] = call.params if call is not None else {}
    said = {getattr(row, "dialect", row) for row in rows.values() if _says_which(row)}
    if said:
        return dialect in said
    return SERVERS[dialect] in getattr(item, "fixturenames", ())


def _says_which(row: object) -> bool:
    return hasattr(row, "dialect") or (isinstance(row, str) and row in SERVERS)
