"""A MariaDB that is too old is refused in plain words: `make test-servers` has one."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import asyncmy
import pytest

from aseq import AsyncSequence, UnsupportedConnection
from aseq._core.dialects import KNOWN
from tests.clients.mysql import connect_pymysql, where


async def test_a_server_that_is_too_old(mariadb: str) -> None:
    with closing(connect_pymysql(mariadb)) as admin:
        greeting = admin.get_server_info()
    if "10.5." not in greeting:
        pytest.skip("this server isn't too old")
    conn: Any
    async with asyncmy.connect(**where(mariadb)) as conn:
        with pytest.raises(UnsupportedConnection) as caught:
            await AsyncSequence("invoices").next_value(conn)
    assert greeting in caught.value.hint
    assert caught.value.hint.endswith(KNOWN)
