"""What an error says of the group that was under way: whether nothing was saved for certain."""

from __future__ import annotations

import pytest

from aseq._core.dialects import MARIADB, MYSQL, Dialect
from aseq.issuing._outcome import is_about_rows
from tests.core.errors import OperationalError, as_orig

# (code, whether nothing was saved, and the same again would end the same way)
CODES = [
    (1062, True),  # a duplicate
    (1644, True),  # SIGNAL
    (1213, False),
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
