"""On SQLite, what makes its asker wait for a statement's end isn't asked on the event loop.

With SQLite 3.53, `in_transaction` and `total_changes` do, while Python holds its
GIL: if the statement waits for another task, that is forever.
"""

from __future__ import annotations

import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import aseq
from aseq import AsyncSequence, SequenceTableMissing
from aseq.adapters.sqlalchemy._listeners import is_open
from tests.blocks import Undo
from tests.database import Database

pytestmark = pytest.mark.only(dialect="sqlite", awaited=True)

OURS = str(Path(aseq.__file__).parent)
# Before a statement of SQLAlchemy's, which uses a connection from one task alone.
BEFORE_EACH_STATEMENT = is_open.__code__

asked_on_the_loop: list[str] = []


def by_aseq() -> bool:
    """Whether aseq asks, on the event loop."""
    frame: FrameType | None = sys._getframe(2)
    ours = False
    while frame is not None:
        if frame.f_code is BEFORE_EACH_STATEMENT:
            return False
        ours = ours or frame.f_code.co_filename.startswith(OURS)
        frame = frame.f_back
    return ours and threading.current_thread() is threading.main_thread()


class Asked(sqlite3.Connection):
    """A connection that notes who asks."""

    @property
    def in_transaction(self) -> bool:
        if by_aseq():
            asked_on_the_loop.append("in_transaction")
        return super().in_transaction

    @property
    def total_changes(self) -> int:
        if by_aseq():
            asked_on_the_loop.append("total_changes")
        return super().total_changes


@pytest.fixture(autouse=True)
def _asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    connect = sqlite3.connect

    def connect_and_note(*args: Any, **options: Any) -> Any:
        return connect(*args, **{"factory": Asked, **options})

    monkeypatch.setattr(sqlite3, "connect", connect_and_note)
    asked_on_the_loop.clear()
    yield
    asked_on_the_loop.clear()


async def test_nothing_is_asked_on_the_event_loop(database: Database, name: str) -> None:
    seq, nowhere = AsyncSequence(name), AsyncSequence(name, table="nowhere")
    async with database.connect() as client:
        for fails in (False, True):
            with suppress(Undo):
                async with client.transaction():
                    await client.save(name, await seq.next_value(client.conn, nowait=True))
                    await client.save(name, await seq.next_value(client.conn))
                    if fails:
                        with pytest.raises(SequenceTableMissing):
                            await nowhere.next_value(client.conn)
                        raise Undo
        async with client.transaction():
            assert await seq.last_value(client.conn) == 2

    assert database.saved(name) == [1, 2]
    assert asked_on_the_loop == []
