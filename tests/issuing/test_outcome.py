"""What an error says of the group that was under way: whether nothing was saved for certain."""

from __future__ import annotations

import pytest

from aseq._core.dialects import MARIADB, MYSQL, Dialect
from aseq.issuing._outcome import is_about_all, is_about_rows
from tests.core.errors import OperationalError, as_orig

# (code, whether nothing was saved, and the same again would end the same way)
CODES = [
    (1062, True),  # a duplicate
    (1644, True),  # SIGNAL
    (1153, True),  # too many of them for a packet: fewer may go
    (1197, True),  # or for the binary log's cache
    (1213, False),
    (1206, False),  # no room for more locks: all is rolled back
    (1021, False),  # no room on the disk, as each part of the server says it
    (1026, False),
    (1030, False),
    (1114, False),
    (1180, False),  # a COMMIT failed
    (3100, False),  # so did the hook of group replication: the group may have it
    (3101, False),
    (3797, False),
    (2013, False),
]


@pytest.mark.parametrize("dialect", [MARIADB, MYSQL], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize(("code", "about_rows"), CODES)
def test_codes_of_mariadb_and_mysql(dialect: Dialect, code: int, about_rows: bool) -> None:
    assert is_about_rows(as_orig(OperationalError(code, "text")), dialect) is about_rows


# (code, whether each row would end in it)
OF_ALL = [
    (1044, True),  # no right
    (1054, True),  # no such column
    (1142, True),
    (1143, True),
    (1146, True),
    (1792, True),  # a transaction that only reads
    (1062, False),
    (1644, False),
]


@pytest.mark.parametrize("dialect", [MARIADB, MYSQL], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize(("code", "about_all"), OF_ALL)
def test_codes_that_are_about_all_rows(dialect: Dialect, code: int, about_all: bool) -> None:
    """Not while they are written: then a row's trigger may be what has no right."""
    error = as_orig(OperationalError(code, "text"))
    assert is_about_all(error, dialect, assigning=False) is about_all
    assert not is_about_all(error, dialect, assigning=True)
