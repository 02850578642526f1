"""The private names of Tortoise that aseq needs."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import aiosqlite
from tortoise.backends.base.client import ConnectionWrapper

from tests.cases import Case
from tests.clients import TortoiseSqlite, sqlite_file
from tests.database import Database


async def test_the_private_names_of_tortoise(tmp_path: Path) -> None:
    database = Database(Case(TortoiseSqlite, "sqlite"), sqlite_file(tmp_path))
    advice = (
        "Tortoise changed: aseq.adapters.tortoise._sqlite.lose() takes the connection from "
        "every client of a transaction by `_connection`, `_parent` and `_finalized`, and from "
        "statements that wait by ConnectionWrapper's `client` and `connection`. Find what a "
        "block's __aexit__ and acquire_connection() use now."
    )
    async with database.connect() as client:
        base = client.conn
        async with client.transaction():
            outer: Any = client.conn
            async with client.savepoint():
                inner: Any = client.conn
                for block, parent in ((outer, base), (inner, outer)):
                    assert block._parent is parent, advice
                    assert block._finalized is False, advice
                    assert isinstance(block._connection, aiosqlite.Connection), advice
                    turn = block.acquire_connection()
                    assert type(turn) is ConnectionWrapper, advice
                    assert turn.client is block, advice
                    assert turn.connection is block._connection, advice
                    assert gc.is_tracked(block), advice
                    assert gc.is_tracked(turn), advice
                turn.connection = stand_in = object()
                async with turn as entered:
                    assert entered is stand_in, advice
                connection: Any = outer._connection
                assert hasattr(connection._tx, "put_nowait"), advice
        assert outer._finalized is True, advice
